package fleet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// DrillPlan is what a fire drill would do now, and what it costs.
type DrillPlan struct {
	Group         string        `json:"group"`
	Instance      string        `json:"instance,omitempty"`   // that stands by and is brought up; empty: one is ordered
	Overwrites    bool          `json:"overwrites,omitempty"` // it is overwritten from the template first
	Template      string        `json:"template"`             // that machines are ordered from
	Type          string        `json:"type"`                 // of the machines
	PaidUntil     time.Time     `json:"paid_until"`           // end of the paid period of now
	Standing      int           `json:"standing"`             // how many stand by afterwards
	Kept          int           `json:"kept"`                 // how many of them are kept beyond their paid period
	TimeToServe   time.Duration `json:"time_to_serve_ns,omitempty"`
	LaunchTimeout time.Duration `json:"launch_timeout_ns"` // after which it is given up
}

// DrillRequest asks for a fire drill. Instance is the plan's: it is refused if another
// would be brought up by now.
type DrillRequest struct {
	Instance string `json:"instance,omitempty"`
	By       string `json:"by"`
	Why      string `json:"why,omitempty"`
}

// PlanDrill says what a fire drill of the group would do, changing nothing.
func (f *Fleet) PlanDrill(ctx context.Context, group string) (DrillPlan, error) {
	g, err := f.group(group)
	if err != nil {
		return DrillPlan{}, err
	}
	var plan DrillPlan
	err = g.command(ctx, func() (err error) {
		plan, _, err = g.planDrill()
		return err
	})
	if err == nil && plan.Instance == "" {
		err = g.checkDrillOrder(ctx)
	}
	return plan, err
}

// Drill begins a fire drill of the group. Status shows how it goes on.
func (f *Fleet) Drill(ctx context.Context, group string, request DrillRequest) (Drill, error) {
	if _, err := f.PlanDrill(ctx, group); err != nil {
		return Drill{}, err
	}
	g, err := f.group(group)
	if err != nil {
		return Drill{}, err
	}
	var begun Drill
	return begun, g.command(ctx, func() (err error) {
		begun, err = g.beginDrill(request)
		return err
	})
}

// checkDrillOrder refuses when the cloud leaves no room for one more machine.
func (g *Group) checkDrillOrder(ctx context.Context) error {
	for _, check := range g.Crew.Preflight(ctx, 1) {
		if check.State == actions.CheckBlocked {
			return g.noDrill("no machine could be ordered for it: %s: %s", check.Name, check.Why)
		}
	}
	return nil
}

func (g *Group) noDrill(format string, args ...any) error {
	return RefusedError{Why: fmt.Sprintf("no fire drill of group %s now: ", g.Name) + fmt.Sprintf(format, args...)}
}

// planDrill says what a drill would do, with the instance that it would bring up if
// there is one, or why there is none.
func (g *Group) planDrill() (DrillPlan, policy.Instance, error) {
	if err := g.mayDrill(); err != nil {
		return DrillPlan{}, policy.Instance{}, err
	}
	instances := g.Crew.Instances()
	choices := g.choices(instances, nil)
	fittest, found := policy.Fittest(choices)
	template := g.Crew.InForce()
	plan := DrillPlan{
		Group: g.Name, Instance: fittest.Code, Template: template.Source, Type: template.Type, PaidUntil: g.billing(g.Now()).PeriodEnd,
		Kept: g.Spec.Standby, TimeToServe: g.state.Value.timeToServe(), LaunchTimeout: g.Crew.LaunchTimeout,
	}
	for _, in := range instances {
		if in.Goal == policy.Standby && in.Quarantine == "" && in.Phase.Stage() == policy.Stopped {
			plan.Standing++
		}
		if found && in.Code == fittest.Code {
			plan.Overwrites = in.Phase == actions.Unfit
		}
	}
	if found {
		return plan, fittest, nil
	}
	plan.Standing++
	if policy.LaunchesFail(g.Spec, choices) {
		return plan, fittest, g.noDrill("nothing is ordered after launches in a row that never served: look at the quarantined machines, then `autoscaled resume %s`", g.Name)
	}
	return plan, fittest, nil
}

// mayDrill says why the group is in no state for a drill; nil if it is.
func (g *Group) mayDrill() error {
	instances, pending, _ := g.roster()
	observed := g.observation(nil, instances, pending)
	drilled := slices.ContainsFunc(instances, func(in actions.InstanceStatus) bool { return in.Goal == policy.Ready })
	switch {
	case g.state.Value.Drill.UnderWay():
		return g.noDrill("one is under way, begun by %s: see `autoscaled status`", g.state.Value.Drill.By)
	case g.state.Value.Memory.Override.Pauses():
		return g.noDrill("the group is paused: `autoscaled resume %s` ends that", g.Name)
	case g.troubled():
		return g.noDrill("what it does cannot be written down: see `autoscaled status`")
	case !g.looked.Load() || g.state.Revision == 0:
		return g.noDrill("the group has decided nothing yet: wait a minute")
	case len(g.Crew.Balancers) == 0:
		return g.noDrill("it has no balancer, so that what answers its probe serves at once")
	case len(g.Crew.Account.Unsettled()) > 0:
		return g.noDrill("an order on its account is not settled: see `autoscaled orders`")
	case observed.Doubtful:
		return g.noDrill("its account cannot be trusted just now: see `autoscaled status`")
	case drilled:
		return g.noDrill("the machine of the one before is not done with: see `autoscaled status`")
	case g.Crew.Moving() || observed.Lacking > 0 || observed.Leaving > 0:
		return g.noDrill("the group is not at rest: wait until nothing is becoming or leaving")
	case g.Crew.Room() == 0:
		return g.noDrill("max (%d) and the one beyond it leave no room for a machine: wait until the group is smaller, or raise max", g.Spec.Max)
	}
	return nil
}

// beginDrill begins a drill, as far as it is still what was planned.
func (g *Group) beginDrill(request DrillRequest) (Drill, error) {
	plan, _, err := g.planDrill()
	if err != nil {
		return Drill{}, err
	}
	if plan.Instance != request.Instance {
		return Drill{}, g.noDrill("another machine would be brought up by now than was said: ask again")
	}
	now, next := g.Now(), g.state.Value.clone()
	next.Drill = &Drill{ID: now.UTC().Format("20060102T150405.000000000"), Began: now, By: request.By, Why: request.Why, Step: drillOrdered, StepAt: now}
	goals := g.launchDrill(next.Drill, g.choices(g.Crew.Instances(), nil), nil)
	if err := g.commit(now, next, goals); err != nil {
		return Drill{}, fmt.Errorf("write down the fire drill of group %s (nothing was begun): %w", g.Name, err)
	}
	if len(goals) == 0 {
		g.Crew.OrderDrill()
	}
	return *next.Drill.clone(), nil
}

// launchDrill gives the drill the fittest instance that stands by and is not to do
// something else. With none a machine is to be ordered.
func (g *Group) launchDrill(d *Drill, choices []policy.Instance, others []policy.Assignment) []policy.Assignment {
	idle := slices.DeleteFunc(slices.Clone(choices), func(in policy.Instance) bool {
		return slices.ContainsFunc(others, func(a policy.Assignment) bool { return a.Code == in.Code })
	})
	fittest, found := policy.Fittest(idle)
	if !found {
		return nil
	}
	for _, in := range g.Crew.Instances() {
		if in.Code == fittest.Code {
			d.use(in.Code, in.Phase, g.Now())
		}
	}
	return []policy.Assignment{{Code: fittest.Code, Goal: policy.Ready}}
}

// conductDrill says what the drill wants beside a choice: goals, or that a machine is
// ordered for it. It ends the drill when the group needs what it brings up.
func (g *Group) conductDrill(d *Drill, s policy.Situation, choice policy.Choice) (goals []policy.Assignment, order bool) {
	if !d.UnderWay() {
		return nil, false
	}
	idle := d.Instance == "" && s.Spare == 0
	switch {
	case choice.Spare > 0, idle && choice.Order > 0, slices.Contains(choice.Goals, policy.Assignment{Code: d.Instance, Goal: policy.InService}):
		d.end(DrillTaken, "the group grows", g.Now())
	case !idle || s.Doubtful:
	case g.Crew.Room() == 0:
		d.fail("max and the one beyond it leave no room any more", g.Now())
	default:
		goals = g.launchDrill(d, s.Instances, choice.Goals)
		order = len(goals) == 0 && !policy.LaunchesFail(g.Spec, s.Instances)
	}
	return goals, order
}

// resumeDrill goes on with the drill that an earlier process left.
func (g *Group) resumeDrill() {
	if d := g.state.Value.Drill; d.UnderWay() {
		d.anchor(g.Now())
		d.Restarts++
	}
	g.showDrill()
}

func (g *Group) showDrill() {
	drill := g.state.Value.Drill.clone()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drill = drill
}

// watchDrill takes over how far the drill under way is.
func (g *Group) watchDrill() {
	if !g.state.Value.Drill.UnderWay() || !g.looked.Load() || g.troubled() {
		return
	}
	next := g.state.Value.clone()
	if !g.followDrill(&next, g.Crew.Instances()) {
		return
	}
	if err := g.commit(g.Now(), next, nil); err != nil {
		g.setTrouble(fmt.Errorf("write down how far a fire drill is: %w", err))
	}
}

// followDrill takes over into next how far the drill under way is, and says whether that
// is news.
func (g *Group) followDrill(next *state, instances []actions.InstanceStatus) bool {
	switch d := next.Drill; {
	case !d.UnderWay():
		return false
	case next.Memory.Override.Pauses():
		return d.fail("the group was paused", g.Now())
	default:
		return d.follow(instances, g.Crew.LaunchTimeout, g.Crew.Account.Trouble(), g.Now())
	}
}

// tellDrill says how the drill began or ended.
func (g *Group) tellDrill(now time.Time) {
	d := g.state.Value.Drill
	log := g.Log.Info
	if d.Outcome == DrillFailed {
		log = g.Log.Warn
	}
	log(d.String())
	g.Recorder.Note(now, d.String())
}
