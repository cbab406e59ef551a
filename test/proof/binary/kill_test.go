package binary

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

const killsPerCloud = 15

// The daemon is killed again and again while its load goes up and down: at random
// moments, and in the middle of calls. It is frozen meanwhile, and so is the cloud, or the
// cloud dies as well. Then it may come to rest, and the books are opened.
func TestProofBooksBalanceAfterKills(t *testing.T) {
	t.Parallel()
	t.Logf("repeat with -proof.seed %d", *seed)
	seen := &tally{counts: map[string]int{}}
	t.Cleanup(func() { seen.show(t) })
	for n := 0; n*killsPerCloud < *kills; n++ {
		left := min(killsPerCloud, *kills-n*killsPerCloud)
		t.Run(fmt.Sprintf("cloud %d", n+1), func(t *testing.T) {
			t.Parallel()
			newOrdeal(t, uint64(n), seen).run(left)
		})
	}
}

// ordeal is one simulated cloud with a daemon that is killed again and again.
type ordeal struct {
	*scene
	random        *rand.Rand
	seen          *tally
	sim           *simulator
	load          *page
	relay         *relay
	configuration string
	daemon        *daemon
	wanted        int // what the load asks for
}

func newOrdeal(t *testing.T, part uint64, seen *tally) *ordeal {
	o := &ordeal{scene: newScene(t), random: seeded(t, part), seen: seen}
	o.sim = o.simulate()
	o.load = o.servePage()
	o.relay = o.relayTo(o.sim, rand.New(rand.NewPCG(o.random.Uint64(), 0)))
	o.configuration = o.scene.configuration(o.relay.url, o.load.signal())
	return o
}

func (o *ordeal) run(kills int) {
	o.wanted = least
	o.daemon = o.scene.run(o.configuration)
	o.daemon.restsAt(o.wanted)
	for n := range kills {
		before := o.wanted
		o.demand()
		way := onTheWayOut
		if o.wanted < before {
			way = onTheWayIn
		}
		o.t.Logf("kill %d, with load for %d: %s", n+1, o.wanted, o.kill(way))
	}
	o.wanted = least + o.random.IntN(most-least+1)
	o.atLast()
}

// atLast lets the group come to rest, and opens the books.
func (o *ordeal) atLast() {
	o.t.Helper()
	o.load.demand(o.wanted)
	o.daemon.restsAt(o.wanted)
	o.sim.again() // the books are those of its state file
	e := evidence{books: o.sim.books(), nodes: o.sim.nodes(), now: time.Now()}
	o.daemon.restsAt(o.wanted)
	e.group = o.statusOfProgram()
	for _, wrong := range judge(e) {
		o.t.Error(wrong)
	}
	o.seen.add(e.books)
}

// demand changes the load: often to all that is allowed, so that anything bought twice
// would be too much.
func (o *ordeal) demand() {
	before := o.wanted
	for o.wanted == before {
		o.wanted = most
		if o.random.IntN(5) >= 2 {
			o.wanted = least + o.random.IntN(most-least+1)
		}
	}
	o.load.demand(o.wanted)
}

// kill kills the daemon in a manner that chance picks, starts it again, and says how.
// The calls are those that the way brings along.
func (o *ordeal) kill(way []string) string {
	switch manner := o.random.IntN(20); {
	case manner < 10:
		return o.killInACall(way)
	case manner < 13:
		return o.cutACall(way)
	case manner < 16:
		return o.killAfter(o.span(time.Second))
	case manner < 18:
		o.daemon.freeze()
		frozen := o.span(time.Second)
		<-time.After(frozen)
		o.daemon.thaw()
		return fmt.Sprintf("frozen for %v, and then %s", frozen, o.killAfter(o.span(500*time.Millisecond)))
	case manner < 19:
		o.sim.freeze()
		frozen := o.span(time.Second)
		<-time.After(frozen)
		o.sim.thaw()
		return fmt.Sprintf("the cloud frozen for %v, and then %s", frozen, o.killAfter(o.span(500*time.Millisecond)))
	default:
		return o.killBoth()
	}
}

// span is a span of random length.
func (o *ordeal) span(atMost time.Duration) time.Duration {
	return time.Duration(o.random.Int64N(int64(atMost))).Round(time.Millisecond)
}

func (o *ordeal) killAfter(moment time.Duration) string {
	<-time.After(moment)
	o.daemon.kill()
	o.daemon = o.scene.run(o.configuration)
	o.seen.note("killed at a random moment")
	return fmt.Sprintf("after %v", moment)
}

// killInACall kills the daemon while a changing call is under way.
func (o *ordeal) killInACall(way []string) string {
	caught := &trap{fate: fates[o.random.IntN(len(fates))], linger: o.span(time.Second)}
	action := o.catch(caught, way)
	o.daemon.kill()
	close(caught.done)
	o.daemon = o.scene.run(o.configuration)
	if action == "" {
		o.seen.note("killed at a random moment")
		return "no call came"
	}
	o.seen.note("killed in " + action)
	o.seen.note("killed in a call that is " + string(caught.fate))
	return fmt.Sprintf("in %s, which is %s", action, caught.fate)
}

// cutACall cuts the connection of a changing call, and kills the daemon a while later.
func (o *ordeal) cutACall(way []string) string {
	caught := &trap{fate: []fate{lost, unanswered}[o.random.IntN(2)]}
	action := o.catch(caught, way)
	close(caught.done)
	if action != "" {
		o.seen.note("cut " + action)
	}
	return fmt.Sprintf("%s cut, which is %s, and then %s", action, caught.fate, o.killAfter(o.span(1500*time.Millisecond)))
}

// catch waits for a while for a changing call to be caught, and says which it is; empty:
// none came. Sometimes it waits for the one that was caught least often.
func (o *ordeal) catch(t *trap, way []string) (action string) {
	if o.random.IntN(3) == 0 {
		t.action = o.seen.rarest(way)
	}
	t.sprung, t.done = make(chan string, 1), make(chan struct{})
	o.relay.set(t)
	defer o.relay.set(nil)
	select {
	case action = <-t.sprung:
	case <-time.After(1500 * time.Millisecond):
	}
	return action
}

// killBoth kills the cloud and the daemon, in either order, and starts them in either
// order.
func (o *ordeal) killBoth() string {
	moment := o.span(time.Second)
	<-time.After(moment)
	cloudFirst := o.random.IntN(2) == 0
	if cloudFirst {
		o.sim.kill()
		<-time.After(o.span(200 * time.Millisecond))
	}
	o.daemon.kill()
	o.sim.kill()
	o.sim.begin()
	if o.random.IntN(2) == 0 {
		o.sim.serves()
	}
	o.daemon = o.scene.run(o.configuration)
	o.sim.serves()
	o.seen.note("killed with the cloud")
	return fmt.Sprintf("with the cloud after %v (the cloud first: %v)", moment, cloudFirst)
}

// tally counts what happened over all clouds.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (y *tally) note(what string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.counts[what]++
}

func (y *tally) add(books gpsim.Books) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, call := range books.Calls {
		if call.Effect {
			y.counts["done: "+call.Action]++
		}
	}
	for _, m := range books.Machines {
		if m.OrderID != "" {
			y.counts["machines bought"]++
		}
	}
}

// rarest is the call in which the daemon was killed least often.
func (y *tally) rarest(of []string) string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return slices.MinFunc(of, func(a, b string) int { return cmp.Compare(y.counts["killed in "+a], y.counts["killed in "+b]) })
}

// show prints the counts. In a long run nothing of the workflow may be missing, and in a
// very long one it must have been interrupted everywhere.
func (y *tally) show(t *testing.T) {
	t.Log(table(y.counts))
	for _, action := range append(onTheWayOut, onTheWayIn...) {
		switch {
		case action == "DeleteVirtualMachine" && !givesBack(time.Now()):
		case *kills >= 100 && y.counts["done: "+action] == 0:
			t.Errorf("%s was never called: the proof has a hole", action)
		case *kills >= 1000 && y.counts["killed in "+action] == 0:
			t.Errorf("the daemon was never killed in %s: the proof has a hole", action)
		}
	}
}

// givesBack says that the paid period ends soon enough for machines to be given back
// throughout a long run before now.
func givesBack(now time.Time) bool {
	hour := now.In(time.FixedZone("JST", 9*60*60)).Hour()
	return hour >= 13 // the window is from noon to midnight
}

func table(counts map[string]int) string {
	var text strings.Builder
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&text, "\n%6d  %s", counts[what], what)
	}
	return text.String()
}
