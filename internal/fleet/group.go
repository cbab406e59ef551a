package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
	"github.com/autoscaled/autoscaled/internal/words"
)

// state is what a group must not forget.
type state struct {
	Desired policy.Size    `json:"desired"`
	Memory  policy.Memory  `json:"memory"`
	Rollout policy.Rollout `json:"rollout,omitzero"`
	Shadow  *shadowState   `json:"shadow,omitempty"`

	Builds    []time.Duration `json:"builds,omitempty"`    // from order to service, of the newest, oldest first
	Returns   []time.Duration `json:"returns,omitempty"`   // likewise back from standing by
	Returning []string        `json:"returning,omitempty"` // codes of those that stand by, or are on their way back from it
	Drill     *Drill          `json:"drill,omitempty"`     // the newest; nil: there was none
	Forecast  *foresaw        `json:"forecast,omitempty"`  // of the file's policies; nil: none of them forecasts
}

// clone is a copy that an evaluation may change.
func (s state) clone() state {
	s.Memory, s.Shadow, s.Drill = s.Memory.Clone(), s.Shadow.clone(), s.Drill.clone()
	s.Builds, s.Returns, s.Returning = slices.Clone(s.Builds), slices.Clone(s.Returns), slices.Clone(s.Returning)
	return s
}

func stateKey(group string) string { return "group/" + group + "/state" }

// GroupOptions are what a Group needs. All fields are required but
// Shadow.
type GroupOptions struct {
	DeciderOptions
	Crew    *actions.Crew
	Journal store.Journal
	Billing func(now time.Time) cloud.Billing
	WarmUp  time.Duration // an instance's signals are not believed for this long after it began to serve
	Shadow  *Shadow       // nil: none
}

// Group runs one group in mode act.
type Group struct {
	decider
	Crew    *actions.Crew
	journal store.Journal
	billing func(now time.Time) cloud.Billing
	warmUp  time.Duration
	*reader
	clock       clockWatch
	held        []policy.Hold  // by the last choice; guarded by mu
	rollout     policy.Rollout // as last decided, for status; guarded by mu
	state       *store.Document[state]
	snapshots   <-chan *cloud.Snapshot
	looked      atomic.Bool              // at least one snapshot has been seen
	inherited   []actions.InstanceStatus // as a predecessor in this process saw them; never changed
	unborn      map[string]bool          // codes of instances that never served, at the last turn, and whether they always were to
	Shadow      *Shadow
	foresights  foresights
	shadowed    virtualTurn   // of the shadow; of the group's goroutine
	shadow      *ShadowStatus // guarded by mu
	timeToServe time.Duration // guarded by mu
	drill       *Drill        // guarded by mu; never changed in place
	commands    chan func()
	ended       chan struct{} // closed when Run returns

	hands  sync.RWMutex // held for reading while a person's command goes to the crew, beside the group's goroutine
	halted bool         // for good; guarded by hands
}

// NewGroup reads the group's state.
func NewGroup(options GroupOptions) (*Group, error) {
	document, err := store.Read[state](options.Journal.Store, stateKey(options.Name))
	if err != nil {
		return nil, fmt.Errorf("read the state of group %s: %w", options.Name, err)
	}
	g := &Group{
		Crew:     options.Crew,
		journal:  options.Journal,
		billing:  options.Billing,
		warmUp:   options.WarmUp,
		state:    document,
		commands: make(chan func()),
		clock:    clockWatch{last: options.Now()},
		ended:    make(chan struct{}),
		Shadow:   options.Shadow,
		reader:   newReader(),
	}
	g.DeciderOptions = options.DeciderOptions
	g.configureRollout()
	if err := g.configureForesights(); err != nil {
		return nil, fmt.Errorf("group %s: take up the forecast: %w", options.Name, err)
	}
	if err := g.configureShadow(); err != nil {
		return nil, fmt.Errorf("group %s: take up the shadow: %w", options.Name, err)
	}
	g.resume(document.Value.Desired, document.Value.Memory.Override)
	g.resumeDrill()
	g.snapshots = options.Observer.Subscribe()
	return g, nil
}

// Run runs the group until ctx ends.
func (g *Group) Run(ctx context.Context) error {
	ticker := newSlotTicker(g.Slot, g.Interval)
	defer ticker.Stop()
	defer close(g.ended)
	defer g.finish()
	for {
		select {
		case <-ctx.Done():
			return nil
		case snapshot := <-g.snapshots:
			g.observe(snapshot)
		case <-g.Crew.Wake():
			if g.mayAct() {
				g.Crew.Continue()
			}
			g.watchDrill()
			continue
		case tick := <-ticker.C:
			ticker.next()
			if g.looked.Load() {
				g.read(ctx, tick, g.targets())
			}
			continue
		case <-g.woken:
			if g.looked.Load() && g.mayWake() {
				g.read(ctx, time.Now(), g.targets())
			}
			continue
		case r := <-g.readings:
			g.reading = false
			g.seeFaults(r.faults)
			g.decide(r.signals)
		case command := <-g.commands:
			command()
		}
		g.advance()
		g.watchDrill()
	}
}

// advance lets instances take their next steps, and says whether something moves.
// What cannot be written down is not done: neither is anything while the last
// thing to write was refused.
func (g *Group) advance() {
	if g.mayAct() {
		g.Crew.Advance()
	}
	g.Observer.Moving(g.Name, g.Crew.Moving())
}

func (g *Group) mayAct() bool {
	return !g.state.Value.Memory.Override.Pauses() && g.looked.Load() && !g.troubled()
}

func (g *Group) observe(snapshot *cloud.Snapshot) {
	if err := g.Crew.Observe(snapshot); err != nil {
		g.setTrouble(fmt.Errorf("record what a look at the cloud showed: %w", err))
		return
	}
	if !g.looked.Load() {
		if err := g.Crew.ExcuseLate(); err != nil {
			g.setTrouble(err)
			return
		}
		g.looked.Store(true)
	}
	g.adoptDrifts()
	ours, complete := map[string]bool{}, true
	instances := g.Crew.Instances()
	for _, in := range instances {
		ours[in.Address] = true
		complete = complete && in.Phase != actions.Running // its address is not known, and may be in a pool
	}
	if complete {
		g.seeForeign(snapshot, ours)
	}
	g.Metrics.instancesIn(g.Name, instances)
}

// targets are the instances that count as capacity, for the monitor.
func (g *Group) targets() []monitor.Target {
	var targets []monitor.Target
	for _, in := range g.Crew.Instances() {
		if !in.Capacity() {
			continue
		}
		address, _ := netip.ParseAddr(in.Address)
		targets = append(targets, monitor.Target{Code: in.Code, Address: address, Warming: g.warming(in)})
	}
	return targets
}

func (g *Group) warming(in actions.InstanceStatus) bool {
	return in.Phase != actions.InPool || g.Now().Before(in.Joined.Add(g.warmUp))
}

// decide decides on the signals, writes the decision down with the goals that
// follow, and orders what is missing.
func (g *Group) decide(signals []policy.Signal) {
	now := g.Now().Round(0) // as it will be read from disk, so that a restart decides alike
	instances, pending, spare := g.roster()
	next := g.state.Value.clone()
	g.watchClock(&next)
	g.learn(&next, instances)
	rested := next.Memory.Clone()
	observed := g.observation(signals, instances, pending)
	inputs := observed.Inputs()
	g.foresights.active(&next).foresee(&inputs, now, next.leads(g.Spec))
	g.outlooks = slices.Clone(inputs.Outlooks)
	decision := policy.Decide(g.Spec, &inputs, now, &next.Memory)
	g.decideShadow(&next, signals, decision, serving(instances), now)
	choice, choices := policy.Choice{}, g.choices(instances, signals)
	judged := g.judge(&next, instances, choices)
	g.followDrill(&next, instances)
	var drillGoals []policy.Assignment
	orderDrill := false
	if !next.Memory.Override.Pauses() && !judged { // after a judgement, another template may be in force
		situation := policy.Situation{
			Desired: decision.Desired.Count, Instances: choices, Pending: pending, Doubtful: observed.Doubtful, Drill: next.Drill.instance(), Spare: spare,
		}
		choice = policy.Choose(g.Spec, situation, now)
		drillGoals, orderDrill = g.conductDrill(next.Drill, situation, choice)
	}
	next.Desired = decision.Desired
	if err := g.commit(now, next, append(choice.Goals, drillGoals...), g.foresights.keep(&next)...); err != nil {
		g.show(signals, now)
		g.setTrouble(fmt.Errorf("write a decision down: %w", err))
		return
	}
	g.foresights.written()
	g.Recorder.Add(&inputs, &rested, &g.state.Value.Memory, decision)
	g.recordShadow()
	if g.troubled() {
		g.setTrouble(g.Crew.ExcuseLate())
	}
	if judged {
		g.useTemplate()
		g.tellRollout()
	}
	g.show(signals, now)
	g.showShadow()
	g.showTimeToServe()
	g.showOverride(next.Memory.Override)
	g.note(decision, "decided")
	g.noteHeld(choice.Held)
	switch {
	case choice.Order > 0:
		g.Crew.Order(choice.Order)
	case orderDrill:
		g.Crew.OrderDrill()
	}
}

// commit makes next the group's state and sets goals with it, and writes the rest along, or
// changes nothing. It tells of a fire drill that thereby begins or ends at now.
func (g *Group) commit(now time.Time, next state, goals []policy.Assignment, rest ...store.Writable) error {
	before := g.state.Value
	g.state.Value = next
	if err := g.Crew.Assign(goals, append(rest, g.state)...); err != nil {
		g.state.Value = before
		return err
	}
	g.showDrill()
	if g.state.Value.Drill.UnderWay() != before.Drill.UnderWay() {
		g.tellDrill(now)
	}
	return nil
}

func (g *Group) showTimeToServe() {
	took := g.state.Value.timeToServe()
	g.mu.Lock()
	g.timeToServe = took
	g.mu.Unlock()
	g.Metrics.change(g.Name, func(m *groupMetrics) { m.timeToServe = took.Seconds() })
}

// serving counts the instances in the pools.
func serving(instances []actions.InstanceStatus) (n int) {
	for _, in := range instances {
		if in.Phase == actions.InPool {
			n++
		}
	}
	return n
}

// watchClock notices a jump of wall time.
func (g *Group) watchClock(next *state) {
	now := g.Now()
	jump := g.clock.jump(now)
	if jump == 0 {
		return
	}
	g.Metrics.clockJumps.Inc()
	g.Log.Warn("wall time jumped: changes wait for one span, and nothing is cancelled", zap.Duration("jump", jump.Round(time.Second)))
	next.Memory.Jump(now.Round(0), jump)
	if next.Shadow != nil {
		next.Shadow.Virtual.jump(now.Round(0), jump)
	}
	next.Drill.anchor(now)
	if err := g.Crew.Reanchor(); err != nil {
		g.setTrouble(err)
	}
}

// roster lists the instances, and counts those that are ordered and may not be
// among them yet: to serve, and spare ones for a fire drill. One that is recorded meanwhile
// is in both rather than in neither, which would make it be ordered again.
func (g *Group) roster() (instances []actions.InstanceStatus, pending, spare int) {
	pending, spare = g.Crew.Account.Awaited(g.Name)
	if d := g.state.Value.Drill; d != nil && d.Outcome == DrillTaken {
		pending, spare = pending+spare, 0
	}
	return g.Crew.Instances(), pending, spare
}

// observation is what policy is to know of the group.
func (g *Group) observation(signals []policy.Signal, instances []actions.InstanceStatus, pending int) policy.Observation {
	observed := policy.Observation{
		Size: g.state.Value.Desired, Becoming: pending, Signals: signals, Doubtful: g.doubt() != actions.DoubtNone,
	}
	active := pending
	for _, in := range instances {
		if standsBy(in) {
			observed.Standby++
		}
		if in.Leaving() && !g.state.Value.Drill.has(in) {
			observed.Leaving++
		}
		if !in.Capacity() {
			continue
		}
		active++
		if g.warming(in) {
			observed.Becoming++
			if in.Phase == actions.InPool {
				observed.Settling++
			}
		}
		if in.Joined.After(observed.LastServing) {
			observed.LastServing = in.Joined.Round(0)
		}
	}
	observed.Lacking = observed.Size.Count - active
	if g.state.Revision == 0 { // never decided: begin with what is there
		observed.Size, observed.Lacking = policy.Size{Count: active, Type: g.Spec.Type}, 0
	}
	return observed
}

// choices are the instances as policy sees them. How busy one is, the first signal of
// the instances says.
func (g *Group) choices(instances []actions.InstanceStatus, signals []policy.Signal) []policy.Instance {
	paidUntil := g.billing(g.Now()).PeriodEnd
	load := map[string]policy.Sample{}
	if i := slices.IndexFunc(signals, func(s policy.Signal) bool { return s.PerInstance }); i >= 0 {
		for _, reading := range signals[i].Instances {
			load[reading.Instance] = reading.Sample
		}
	}
	list := make([]policy.Instance, len(instances))
	for i, in := range instances {
		list[i] = policy.Instance{
			Code: in.Code, Goal: in.Goal, Stage: in.Phase.Stage(), Cause: in.Cause(), Since: in.Since, Joined: in.Joined, Rested: in.Rested,
			Quarantined: in.Quarantine != "", LeftAlone: in.LeftAlone, Protected: in.Protected != nil,
			PaidUntil: paidUntil, Location: in.Location, Load: load[in.Code],
		}
	}
	return list
}

// Override puts an operator's order into force, in place of the one before. Since is now.
func (g *Group) Override(ctx context.Context, override policy.Override) error {
	return g.command(ctx, func() error {
		override.Since = g.Now().Round(0)
		if err := g.check(override); err != nil {
			return err
		}
		return g.setOverride(&override, override.By, override.Why)
	})
}

// check refuses an order that means nothing for the group.
func (g *Group) check(o policy.Override) error {
	switch {
	case !slices.Contains(policy.OverrideKinds(), o.Kind):
		return RefusedError{Why: fmt.Sprintf("there is no override of kind `%s`", words.Shown(string(o.Kind)))}
	case o.Kind.Counts() && (o.Count < g.Spec.Min || o.Count > g.Spec.Max):
		return RefusedError{Why: fmt.Sprintf("group %s has %d to %d instances, and cannot have %d: name a number within, or change min or max", g.Name, g.Spec.Min, g.Spec.Max, o.Count)}
	case !o.Until.IsZero() && !o.Until.After(o.Since):
		return RefusedError{Why: "the override would be over before it begins: name a later end"}
	}
	return nil
}

// Resume ends an override and lifts quarantines, as by says.
func (g *Group) Resume(ctx context.Context, by, why string) error {
	return g.command(ctx, func() error {
		return errors.Join(g.Crew.LiftQuarantines(), g.setOverride(nil, by, why))
	})
}

func (g *Group) setOverride(override *policy.Override, by, why string) error {
	before := g.state.Value
	instances, pending, _ := g.roster()
	g.state.Value.Desired = g.observation(nil, instances, pending).Size
	g.state.Value.Memory.Override = override
	if err := g.journal.Write(g.state); err != nil {
		g.state.Value = before
		return fmt.Errorf("record the override of group %s: %w", g.Name, err)
	}
	g.showOverride(override)
	if override == nil {
		g.Log.Info("resumed", zap.String("by", by), zap.String("why", why))
		g.Recorder.Note(g.Now(), "resumed by "+signed(by, why))
		return nil
	}
	g.Recorder.Note(g.Now(), override.String())
	g.Log.Info("overridden", zap.String("kind", string(override.Kind)), zap.Int("count", override.Count), zap.Time("until", override.Until),
		zap.String("by", by), zap.String("why", why))
	return nil
}

// command runs f in the group's goroutine.
func (g *Group) command(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case g.commands <- func() { done <- f() }:
		return <-done
	case <-g.ended:
		return g.gone()
	case <-ctx.Done():
		return fmt.Errorf("group %s did not take the command: %w", g.Name, context.Cause(ctx))
	}
}

func (g *Group) status() GroupStatus {
	s := g.decider.status("act")
	if s.Unseen = !g.looked.Load(); s.Unseen {
		s.LookTrouble = g.Observer.lookTrouble()
	}
	s.Instances = g.instances()
	g.mu.Lock()
	s.Held, s.Shadow, s.TimeToServe, s.Drill = g.held, g.shadow, g.timeToServe, g.drill
	if rollout := g.rollout; rollout.State != "" {
		s.Rollout = &rollout
	}
	g.mu.Unlock()
	for _, in := range s.Instances {
		if in.Phase == actions.InPool && !in.Failing.IsZero() {
			s.Failing++
		}
		switch {
		case in.Phase == actions.InPool:
			s.Serving++
		case in.Capacity():
			s.Becoming++
		case in.Phase == actions.Off && in.Goal == policy.Standby:
			s.Standby++
		}
	}
	return s
}
