package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// How autoscaled is configured in every story.
const (
	installation  = "test"
	accountName   = "cloud"
	machineType   = "V40"
	templateCode  = "gc00000000"
	templateLabel = "template"

	surge         = 1
	interval      = 40 * time.Second
	pollMoving    = 20 * time.Second
	pollIdle      = 2 * time.Minute
	lookTimeout   = 3 * time.Minute
	callTimeout   = 12 * time.Minute // of a step
	settleWindow  = 5 * time.Minute
	lateEffect    = settleWindow + 4*time.Minute
	probeInterval = 5 * time.Second
	drain         = 30 * time.Second
	longest       = 25 * time.Second // that a request takes
	stopTimeout   = 6 * time.Minute
	launchTimeout = 40 * time.Minute
	staleRead     = time.Minute // the bound that autoscaled knows
	absenceAfter  = 30 * time.Second
	warmUp        = 20 * time.Second
	watch         = 40 * time.Second
	bake          = 3 * time.Minute

	healthInterval    = time.Minute
	healthFailures    = 2
	launchFailuresMax = 3
	releaseBefore     = 15 * time.Minute
	stabilization     = 100 * time.Second
	hidden            = 2 * time.Minute // an order's machines that answer with 404
)

// How a world goes on.
const (
	glance   = 15 * time.Second // between looks whether the world is at rest
	round    = 4 * time.Minute  // between the operator's
	patience = 12 * time.Hour   // from calm to rest
	callsMax = 1_000_000
)

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant string
	At        time.Duration // since the story began
	What      string
}

func (v Violation) String() string { return fmt.Sprintf("%s, after %v: %s", v.Invariant, v.At, v.What) }

// Verdict is what became of a story.
type Verdict struct {
	Violations []Violation
	Fired      []Strike   // in the order in which they struck
	Boundaries []Boundary // every one that was passed, in order
	Calls      int        // to the cloud
	Took       time.Duration
	Bought     int
	Decisions  []Decided
}

// Decided is what a group decided.
type Decided struct {
	Group string
	At    time.Duration // since the story began
	Count int
}

// World is what outlives a process of autoscaled, and the process that lives now.
type World struct {
	story  Story
	chance chance
	begun  time.Time
	wide   bool         // also what does not matter
	line   func(string) // takes what happens, in words; nil: nobody wants to know

	mu           sync.Mutex // guards everything below
	cloud        *Cloud
	disk         *Disk
	groups       []*group
	strikes      map[Boundary]Fault
	passed       map[Boundary]passage // by what a boundary is without N
	omitted      map[string]time.Time
	verdict      Verdict
	ordered      map[string]bool      // orders that have left, by their ID
	boughtBy     map[string][]string  // machines, by the ID of their order
	lostAt       map[string]time.Time // when an order was first on disk as unknown, by its ID
	late         map[string]bool      // machines of orders that took effect when nobody looked for them any more
	lastPassed   time.Duration        // when a boundary was last passed
	lastBoundary int                  // the first one that was passed then
	upsets       int                  // how often something happened after which steps may be repeated
	blindAt      time.Time            // when a signal was last lost
	offset       time.Duration        // of wall time
	fullTill     time.Time            // the disk is full
	mute         time.Time            // until then the cloud does not answer
	faulty       bool                 // machines that are bought never serve
	relabel      string               // the group whose next machine to be released gets somebody else's label

	lastListing   listing
	lastDescribed map[string]described
	lastNodes     map[*Pool]poolRead
	lastOrdered   []string
	listings      []time.Time // when the observer got the last listings that were true
	liedAt        time.Time   // when a pool was last not told as it is

	lives int
	life  *life // only the story's goroutine changes it
}

// passage is how often a boundary was passed, and when last.
type passage struct {
	count int
	at    time.Duration
}

// The last answers, which a Duplicate repeats.
type (
	listing struct {
		machines []cloud.Machine
		at       time.Time
	}
	described struct {
		machine cloud.Machine
		at      time.Time
	}
	poolRead struct {
		nodes []cloud.Node
		at    time.Time
	}
)

// group is one group of the world.
type group struct {
	GroupStory
	pools    []*Pool
	load     load
	interval time.Duration // between decisions; each group's is another, so that they seldom coincide
}

// load is a group's only signal.
type load struct {
	mu      sync.Mutex
	value   float64
	missing bool
}

// Read implements fleet.Signals.
func (l *load) Read(_ context.Context, now time.Time, _ []monitor.Target, _ []policy.Signal) []policy.Signal {
	l.mu.Lock()
	defer l.mu.Unlock()
	sample := policy.ValueAt(l.value, now)
	if l.missing {
		sample = policy.Missing(policy.Failed, now)
	}
	return []policy.Signal{{Name: "load", Group: sample}}
}

// Faults implements fleet.Signals.
func (l *load) Faults() []monitor.Fault { return nil }

func (l *load) set(value float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value = value
}

func (l *load) get() (value float64, missing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value, l.missing
}

func (l *load) lose(missing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missing = missing
}

// newWorld makes the world of a story as it is in the beginning.
func newWorld(story Story) *World {
	w := &World{
		story: story, chance: chance(story.Seed), begun: time.Now(), disk: NewDisk(),
		strikes: map[Boundary]Fault{}, passed: map[Boundary]passage{}, omitted: map[string]time.Time{}, ordered: map[string]bool{},
		boughtBy: map[string][]string{}, lostAt: map[string]time.Time{}, late: map[string]bool{},
		lastDescribed: map[string]described{}, lastNodes: map[*Pool]poolRead{},
	}
	for _, strike := range story.Strikes {
		w.strikes[strike.At] = strike.Fault
	}
	w.cloud = NewCloud(time.Now, NewTraffic(longest))
	c := w.cloud
	c.Delays, c.Period, c.Undated, c.Wandering, c.Quota = story.Delays, story.Period, story.Undated, story.Wandering, story.Quota
	if story.Bootable {
		c.Landing = cloud.PowerOff
	}
	c.Add(Machine{Type: machineType, Label: templateLabel, Content: story.Groups[0].Template, Template: true, Power: cloud.PowerOff})
	for i := range story.Groups {
		w.addGroup(story.Groups[i])
	}
	for _, foreign := range story.Foreign {
		w.addForeign(foreign)
	}
	return w
}

func (w *World) addGroup(told GroupStory) {
	g := &group{GroupStory: told, interval: interval + time.Duration(len(w.groups))*time.Second}
	for i := range told.Pools {
		g.pools = append(g.pools, w.cloud.AddPool(fmt.Sprintf("gl0000000%d/%s", i+1, told.Name), told.Name, uint16(80+i), 0))
	}
	for i := range told.Serving + told.Stopped {
		m := Machine{Type: machineType, Group: told.Name, Content: told.Template, Power: cloud.PowerOff}
		if i < told.Serving {
			m.Power = cloud.PowerOn
		}
		added := w.cloud.Add(m)
		added.Label = actions.Mark(installation, told.Name, added.Code)
		for _, p := range g.pools {
			if i < told.Serving {
				_ = w.cloud.Attach(p, netip.AddrPortFrom(added.Address, p.Port), Nature)
			}
		}
	}
	w.groups = append(w.groups, g)
	w.setLoad(g, told.Load)
}

func (w *World) setLoad(g *group, instances float64) {
	g.load.set(instances * 100)
	for _, p := range g.pools {
		w.cloud.Traffic.SetRate(p.Name, instances*100)
	}
}

func (w *World) addForeign(told ForeignStory) {
	m := Machine{Type: machineType, Label: told.Label, Power: cloud.PowerOff}
	if told.On {
		m.Power = cloud.PowerOn
	}
	added := w.cloud.Add(m)
	if pools := w.groups[0].pools; told.Pool && told.On && len(pools) > 0 {
		_ = w.cloud.Attach(pools[0], netip.AddrPortFrom(added.Address, pools[0].Port), Nature)
		added.pooled = true
	}
}

// wallNow is wall time as the process reads it.
func (w *World) wallNow() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return jumped(time.Now(), w.offset)
}

// since is how long the story lasts.
func (w *World) since() time.Duration { return time.Since(w.begun) }

// violate notes that an invariant does not hold. w.mu must be held.
func (w *World) violate(invariant, format string, args ...any) {
	if len(w.verdict.Violations) < 10 {
		w.verdict.Violations = append(w.verdict.Violations, Violation{invariant, w.since(), fmt.Sprintf(format, args...)})
		w.tell("VIOLATION %s: %s", invariant, fmt.Sprintf(format, args...))
		w.tellMachines()
	}
}

// tell puts into words what happens. w.mu must be held.
func (w *World) tell(format string, args ...any) {
	if w.line != nil {
		w.line(fmt.Sprintf("%12v  %s", w.since().Round(time.Millisecond), fmt.Sprintf(format, args...)))
	}
}

// tellMachines puts into words what is true of every machine, and what is on record of it.
func (w *World) tellMachines() {
	if w.line == nil {
		return
	}
	for _, m := range w.cloud.Machines() {
		if m.Over || m.Template {
			continue
		}
		text := fmt.Sprintf("  %s of %q: %v at %v, serves %v, sick %v, in %d pools, label %q, content %s, last day %v", m.Code, m.Group, m.Power, m.Address,
			m.serves, m.Sick, w.inPools(m), m.Label, m.Content, m.LastDay)
		if r := w.disk.Record(m.Code); r != nil {
			facts, _ := json.Marshal(r.Facts)
			text += fmt.Sprintf("; on record of %s: %s for %v, %s", r.Group, r.Goal, time.Since(r.GoalAt), facts)
		}
		w.tell("%s", text)
	}
	for _, p := range w.cloud.Pools() {
		w.tell("  pool %s: %v", p.Name, p.Nodes)
	}
}

func (w *World) violated() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.verdict.Violations) > 0
}

// arrive says which boundary the process has come to, and what strikes there.
func (w *World) arrive(l *life, step Step, on string) (Boundary, Fault, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.dead {
		return Boundary{}, "", errDead
	}
	if l.outdated {
		if step == StepCommit {
			return Boundary{}, "", nil
		}
		return Boundary{}, TimeoutBefore, nil
	}
	at, again := w.number(step, on)
	if w.wide {
		w.tell("life %d: %v", l.number, at)
	}
	if again {
		return at, w.strikes[at], nil
	}
	if w.since() > w.lastPassed {
		w.lastPassed, w.lastBoundary = w.since(), len(w.verdict.Boundaries)
	}
	w.verdict.Boundaries = append(w.verdict.Boundaries, at)
	if step != StepCommit {
		w.verdict.Calls++
	}
	if w.verdict.Calls > callsMax {
		w.violate("progress", "more than %d calls", callsMax)
		l.die()
		return at, "", errDead
	}
	return at, w.strikeAt(at), nil
}

// number numbers a boundary. Calls that ask for the same at the same time, as steps of
// several instances look at one pool, are one boundary: nothing tells them apart that
// would be the same in another run.
func (w *World) number(step Step, on string) (at Boundary, again bool) {
	at = Boundary{Step: step, On: on}
	last, now := w.passed[at], w.since()
	again = last.count > 0 && last.at == now && step != StepCommit && !step.writes()
	if !again {
		last.count++
	}
	last.at = now
	w.passed[at] = last
	at.N = last.count
	return at, again
}

// strikeAt is what strikes at the boundary.
func (w *World) strikeAt(at Boundary) Fault {
	now := time.Now()
	fault := w.strikes[at]
	if fault == "" && w.story.Share > 0 && w.since() < w.story.Calm {
		fault = w.chance.drawFault(at, w.story.Share)
	}
	if fault != "" {
		w.tell("%v: %s", at, fault)
		w.strikes[at] = fault
		w.verdict.Fired = append(w.verdict.Fired, Strike{at, fault})
		return fault
	}
	switch {
	case at.Step == StepCommit && now.Before(w.fullTill):
		return Fails
	case at.Step != StepCommit && now.Before(w.mute):
		return Answer503
	}
	return ""
}

// latency is how long a call takes to the cloud, or from it.
func (w *World) latency(at Boundary, way string) time.Duration {
	return w.chance.between(20*time.Millisecond, 400*time.Millisecond, way, at.String())
}

// effect lets a call of the process take effect, unless the process has died.
func (w *World) effect(l *life, do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.dead {
		return errDead
	}
	if l.outdated {
		return errors.New("it stands still")
	}
	w.cloud.Settle()
	return do()
}

// later lets something take effect after a while, whoever lives then.
func (w *World) later(after time.Duration, do func()) {
	time.AfterFunc(after, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cloud.Settle()
		do()
	})
}

// commit lets a commit of the process reach the disk, and judges what it changed.
func (w *World) commit(l *life, do func() error, epoch store.Epoch, txn store.Txn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.dead {
		return errDead
	}
	if err := do(); err != nil {
		return err
	}
	if l.outdated {
		w.violate("fence", "a process that another has taken over from (its epoch is %d) wrote %s", epoch, firstKey(txn))
	}
	w.cloud.Settle()
	ch, err := w.disk.absorb(txn)
	w.tellCommit(&ch)
	if err != nil {
		w.violate("record", "%v", err)
	}
	w.judgeCommit(&ch)
	w.takeOver(&ch)
	return nil
}

func (w *World) tellCommit(ch *change) {
	if w.line == nil {
		return
	}
	for _, r := range ch.enlisted {
		w.tell("  on record: %s of %s, %s, proof %s", r.Code, r.Group, r.Goal, r.Facts.Proof)
	}
	for _, r := range ch.dropped {
		w.tell("  off record: %s of %s", r.Code, r.Group)
	}
	for _, r := range ch.goals {
		w.tell("  goal of %s: %s", r.Code, r.Goal)
	}
	for _, order := range ch.orders {
		w.tell("  order %s of %d for %s: %s %s", order.ID, order.Count, order.Group, order.State, order.Error)
	}
	for name, before := range ch.decided {
		if now := w.disk.Group(name).Desired.Count; now != before {
			w.tell("  decided: %s from %d to %d", name, before, now)
		}
	}
}

// takeOver lets somebody label a machine as his at the very moment when it is to be
// released, if the story says so. It is his then, unless the label counts as a mistake
// that is to be repaired.
func (w *World) takeOver(ch *change) {
	for _, r := range ch.goals {
		if r.Goal == policy.Released && r.Group == w.relabel {
			m := w.cloud.Machine(r.Code)
			m.Label, w.relabel = "somebody else's", ""
			if w.group(r.Group).drifts()[actions.DriftRelabelled] != actions.DriftRepair {
				m.Group, m.takenAt = "", time.Now()
			}
		}
	}
}

func (w *World) isDead(l *life) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return l.dead
}

func (w *World) die(l *life) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.die()
	return errDead
}

// holder is the machine that has the address or had it last.
func (w *World) holder(address netip.Addr) *Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cloud.Holder(address)
}

// bought notes what an order bought. w.mu must be held, as in what follows.
func (w *World) bought(codes []string, fault Fault) {
	for _, code := range codes {
		m := w.cloud.Machine(code)
		m.Sick = m.Sick || w.faulty
		w.verdict.Bought++
		w.boughtBy[m.Intent] = append(w.boughtBy[m.Intent], code)
		w.late[code] = fault == Late
		if fault == Answer404 {
			m.knownAt = time.Now().Add(hidden)
			m.inServiceAt = later(m.inServiceAt, m.knownAt)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// answer is what an order is answered.
func (w *World) answer(bought []string, fault Fault) (codes []string, err error) {
	codes = bought
	switch {
	case fault == Duplicate && w.lastOrdered != nil:
		codes = w.lastOrdered
	case fault == Truncated || fault == Partial:
		codes = bought[:len(bought)-1]
	}
	w.lastOrdered = bought
	if len(codes) != len(bought) {
		err = &cloud.Error{Class: cloud.ClassUnknownOutcome, Err: fmt.Errorf("%w: %q", errShort, codes)}
	}
	return codes, err
}

// omit leaves out some of a list, at least one if it can: none that was left out
// within the last minutes, since autoscaled need not cope with a machine that is
// missing again and again.
func omit[T any](w *World, list []T, name func(T) string) []T {
	now := time.Now()
	mayGo := func(one T) bool {
		last, ever := w.omitted[name(one)]
		return !ever || last.Equal(now) || now.Sub(last) > 10*time.Minute
	}
	lucky := -1
	if n := len(list); n > 0 {
		lucky = int(w.chance.of("omit", now.String()) * float64(n))
	}
	var rest []T
	for i, one := range list {
		if mayGo(one) && (i == lucky || w.chance.of("omit", name(one), now.String()) < 0.3) {
			w.omitted[name(one)] = now
			continue
		}
		rest = append(rest, one)
	}
	return slices.Clip(rest)
}
