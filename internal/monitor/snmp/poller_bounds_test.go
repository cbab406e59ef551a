package snmp

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// occupy takes all calls of the poller, and returns what gives them back.
func (p *Poller) occupy() (release func()) {
	for take([]chan struct{}{p.calls}) {
	}
	return func() {
		for p.Calls() > 0 {
			<-p.calls
		}
	}
}

func TestWithoutACallLeftWhatNeedsOneIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	defer p.occupy()()
	var asked atomic.Int32
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
		asked.Add(1)
		return nil
	})
	var agents []*Agent
	for _, options := range []Options{{Version: "v1"}, versions()["v3"]} {
		options.Port, options.Timeout, options.Retries = at.Port(), time.Hour, 9
		agents = append(agents, client(t, options).Question(gauges(t, twoObjects...)).Agent(at.Addr()))
	}
	for _, readings := range p.readAll(t.Context(), agents...) {
		if len(readings) != len(twoObjects) {
			t.Fatalf("%d readings", len(readings))
		}
		wantAbsence(t, readings[0], policy.Overloaded, "too many others are at this moment")
	}
	if told.of("refused") != len(agents) || asked.Load() != 0 {
		t.Errorf("told %v of %d requests, want each of %d refused, and none", told.counts, asked.Load(), len(agents))
	}
}

func TestWithoutACallLeftSilentAgentsAreStillPolled(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	defer p.occupy()()
	var asked atomic.Int32
	var well atomic.Bool
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		asked.Add(1)
		if !well.Load() {
			return nil
		}
		return [][]byte{bytesOf(answerTo(request))}
	})
	a := client(t, Options{Port: at.Port(), Timeout: hasty, Retries: 2}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	const reads = 3
	for range reads {
		wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, "no answer in ")
	}
	if n := asked.Load(); n < reads || n > 3*reads || told.of("refused") != 0 {
		t.Errorf("it was asked %d times, and told %v; want up to three times in each of %d reads, and nobody refused", n, told.counts, reads)
	}
	well.Store(true)
	a.options.Timeout = patient
	wantNumber(t, p.readOne(t.Context(), a), 7)
}

func TestMoreCallsThanThereAreLeftAreMadeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	defer p.occupy()()
	const left = 3
	for range left {
		<-p.calls
	}
	var busy, most atomic.Int32
	homes := street(7, 30)
	port := residents(t, homes, func(_ int, _ netip.AddrPort, datagram []byte) [][]byte {
		now := busy.Add(1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		request, err := decode(datagram)
		if err != nil {
			panic(err)
		}
		busy.Add(-1)
		return [][]byte{bytesOf(answerTo(request))}
	})
	q := client(t, Options{Version: "v1", Port: port, Timeout: patient}).Question(gauges(t, twoObjects...))
	var agents []*Agent
	for _, home := range homes {
		agents = append(agents, q.Agent(home))
	}
	for range 2 {
		for _, readings := range p.readAll(t.Context(), agents...) {
			wantNumber(t, readings, 7)
		}
	}
	if most.Load() > left || told.of("refused") != 0 {
		t.Errorf("%d were asked at once, and told %v; want %d at most, and nobody refused", most.Load(), told.counts, left)
	}
}

func TestIDsAreOneForEachRequestHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := newTestPoller(t)
		seen := map[uint32]bool{}
		p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
			for _, out := range datagrams {
				id, ok := idOf(out.datagram)
				if !ok || seen[id] || id < minTemplateID || id > 1<<31-1 {
					t.Errorf("ID %d, %v", id, ok)
				}
				seen[id] = true
			}
			return len(datagrams), nil
		}})
		q := client(t, Options{Port: 161, Timeout: time.Second}).Question(gauges(t, twoObjects...))
		agents := make([]*Agent, 5000)
		for i := range agents {
			agents[i] = q.Agent(after(0))
		}
		if all := p.tellings(t.Context(), agents...); len(all) != len(agents) || len(seen) != len(agents) {
			t.Errorf("%d tellings and %d IDs for %d agents", len(all), len(seen), len(agents))
		}
	})
}

func TestMoreRequestsThanMayBeInFlightAreRefused(t *testing.T) {
	t.Parallel()
	var f flight
	polls := make([]poll, maxInFlight+1)
	for i := range maxInFlight {
		if !f.add(&polls[i]) {
			t.Fatalf("request %d was refused", i)
		}
	}
	if f.add(&polls[maxInFlight]) || f.count != maxInFlight {
		t.Errorf("one more than %d was taken", maxInFlight)
	}
	for i := range maxInFlight {
		if f.find(polls[i].id) != &polls[i] {
			t.Fatalf("request %d is not found again", i)
		}
		f.remove(&polls[i])
	}
	if !f.add(&polls[maxInFlight]) || len(f.polls) > 2*maxInFlight {
		t.Errorf("with room again, it is refused; or there are %d places", len(f.polls))
	}
}

func TestWhatWaitsWhenAPollerIsClosedComesToAnEnd(t *testing.T) {
	t.Parallel()
	p := NewPoller(PollerOptions{})
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
		p.Close()
		return nil
	})
	a := client(t, Options{Port: at.Port(), Timeout: hasty}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, "no answer")
	p.Close()
}

func TestAClosedPollerReadsByCalls(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	p.Close()
	at := responder(t, func(datagram []byte) [][]byte { return [][]byte{saying(7, datagram)} })
	wantNumber(t, p.readOne(t.Context(), client(t, Options{Port: at.Port(), Timeout: patient}).Question(gauges(t, twoObjects...)).Agent(at.Addr())), 7)
	if told.of("fallback "+fallbackSocket) != 1 || told.fallbacks() != 1 {
		t.Errorf("told %v, want a call because of the socket", told.counts)
	}
}

// Agents of all kinds are read from many goroutines, which give up at random.
func TestManyMayReadAtOnceAndGiveUp(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	homes, secured := street(8, 20), newEngineer(t, versions()["v3"])
	port := residents(t, homes, func(which int, _ netip.AddrPort, datagram []byte) [][]byte {
		if _, dropped := readHeader(datagram); dropped == nil {
			return secured.replies(datagram)
		}
		request, err := decode(datagram)
		switch {
		case err != nil || which%5 == 0:
			return nil
		case which%5 == 1:
			return [][]byte{datagram, saying(666, datagram)[:20], bytesOf(answerTo(request)), bytesOf(answerTo(request))}
		}
		return [][]byte{bytesOf(answerTo(request))}
	})
	p, _ := newTestPoller(t)
	var questions []*Question
	for _, options := range []Options{{}, {Version: "v1"}, {Retries: 2}, versions()["v3"]} {
		options.Port, options.Timeout = port, hasty/3
		questions = append(questions, client(t, options).Question(gauges(t, twoObjects...)))
	}
	var readers sync.WaitGroup
	for n := range 8 {
		readers.Go(func() {
			chance := rand.New(rand.NewPCG(seed, uint64(n)))
			var agents []*Agent
			for i, home := range homes {
				agents = append(agents, questions[i%len(questions)].Agent(home))
			}
			for range 15 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(chance.IntN(40))*time.Millisecond)
				p.readTruth(ctx, t, agents)
				cancel()
			}
		})
	}
	readers.Wait()
}

// readTruth wants each agent to be told of once, and to be believed for nothing but the truth.
func (p *Poller) readTruth(ctx context.Context, t *testing.T, agents []*Agent) {
	t.Helper()
	seen := make([]atomic.Int32, len(agents))
	p.Read(ctx, agents, func(i int, readings []reading.Reading, _ time.Duration) {
		seen[i].Add(1)
		for _, got := range readings {
			if value, ok := got.Sample.Value(); len(readings) != len(twoObjects) || ok && value != 7 || ok != (got.Err == nil) {
				t.Errorf("agent %d: %v", i, got)
			}
		}
	})
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("agent %d was told of %d times", i, n)
		}
	}
}
