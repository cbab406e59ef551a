package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// fakeGroup is a group whose choices are carried out, turn by turn, on a cloud that
// does what it is asked for: what is ordered appears, what is becoming serves, what
// leaves stops, and what stands by and is not fit is overwritten, each after some turns.
type fakeGroup struct {
	t        *rapid.T
	spec     policy.Spec
	desired  int
	rollout  policy.Rollout
	bad      func(*machine) // what becomes of an instance of the new template that serves or should; nil: nothing
	now      time.Time
	machines []*machine
	pending  []int // turns until each ordered machine appears
	recalls  int   // how often an instance may be called back while it leaves
	log      []string
}

// machine is an instance of a fakeGroup.
type machine struct {
	policy.Made
	ill  policy.Cause // Failing or Expiring, or Sound
	due  int          // turns until it gets on; 0: it stays as it is
	left int          // how often it was sent away
}

const (
	turn         = 30 * time.Second
	slowestTurns = 5   // that anything takes
	restTurns    = 500 // by which every group is at rest
)

func drawFakeGroup(t *rapid.T) *fakeGroup {
	g := &fakeGroup{t: t, now: noon, desired: rapid.IntRange(1, 12).Draw(t, "desired"), rollout: policy.Rollout{Configured: "v1"}}
	g.spec = policy.Spec{
		Max: g.desired + rapid.IntRange(0, 3).Draw(t, "room"), Surge: 1, OrderMax: rapid.IntRange(1, 4).Draw(t, "order max"),
		Standby: 100, LaunchFailuresMax: 3, Brake: 0.45, Pick: drawPick(t),
		HealBudget: rapid.SampledFrom([]float64{0.1, 0.3, 1}).Draw(t, "budget"),
		Bake:       time.Duration(rapid.IntRange(0, 10).Draw(t, "bake")) * turn,
	}
	return g
}

func (g *fakeGroup) turns() int { return rapid.IntRange(1, slowestTurns).Draw(g.t, "turns") }

// add adds an instance of a template, as old as it says.
func (g *fakeGroup) add(template string, in policy.Instance) *machine {
	in.Code = code(len(g.machines))
	m := &machine{Made: policy.Made{Instance: in, Template: template}, ill: in.Cause, due: g.turns()}
	g.machines = append(g.machines, m)
	g.diagnose(m)
	g.log = append(g.log, fmt.Sprintf("%s of %s: %s, stage %d, cause %d", m.Code, template, m.Goal, m.Stage, m.Cause))
	return m
}

// diagnose finds out why the instance should make place, if it should.
func (g *fakeGroup) diagnose(m *machine) {
	m.Cause = m.ill
	if m.ill == policy.Sound && m.Template != g.rollout.InForce() {
		m.Cause = policy.Outdated
	}
}

// count counts the instances that are to serve.
func (g *fakeGroup) count(counted func(*machine) bool) int {
	n := 0
	for _, m := range g.machines {
		if m.Goal == policy.InService && counted(m) {
			n++
		}
	}
	return n
}

func anyMachine(*machine) bool    { return true }
func isProtected(m *machine) bool { return m.Protected }
func serves(m *machine) bool      { return m.Stage == policy.Serving }
func hasCause(m *machine) bool    { return serves(m) && m.Cause != policy.Sound && !m.Protected }

func (g *fakeGroup) made() (made []policy.Made, instances []policy.Instance) {
	for _, m := range g.machines {
		made, instances = append(made, m.Made), append(instances, m.Instance)
	}
	return made, instances
}

// choose takes a turn: it chooses, carries the choice out and lets the cloud work.
func (g *fakeGroup) choose() policy.Choice {
	for _, m := range g.machines {
		g.diagnose(m)
	}
	made, instances := g.made()
	choice := policy.Choose(&g.spec, policy.Situation{Desired: g.desired, Instances: instances, Pending: len(g.pending)}, g.now)
	if len(choice.Goals) > 0 || choice.Order > 0 {
		g.log = append(g.log, fmt.Sprintf("%s %+v", g.now.Format(time.TimeOnly), choice))
	}
	served := g.count(serves)
	for _, a := range choice.Goals {
		g.assign(a)
	}
	if now := g.count(serves); now < min(served, g.desired) {
		g.fatal("%d go on serving of %d, and %d are desired", now, served, g.desired)
	}
	if g.rollout.Judge(made, g.spec.Bake, g.now) {
		g.log = append(g.log, fmt.Sprintf("%s the rollout is %s %s", g.now.Format(time.TimeOnly), g.rollout.State, g.rollout.Why))
	}
	for range choice.Order {
		g.pending = append(g.pending, g.turns())
	}
	g.work()
	return choice
}

func (g *fakeGroup) assign(a policy.Assignment) {
	m := g.machines[slices.IndexFunc(g.machines, func(m *machine) bool { return m.Code == a.Code })]
	m.Goal, m.due = a.Goal, g.turns()
	switch {
	case a.Goal != policy.InService:
		m.left++
		if m.Stage == policy.Serving {
			m.Stage = policy.Leaving
		}
		return
	case m.Stage == policy.Stopped:
		g.refresh(m)
	case m.left > g.recalls:
		g.fatal("%s was sent away %d times, and is called back while it leaves", m.Code, m.left)
	}
	m.Stage, m.Rested = policy.Becoming, time.Time{}
}

// refresh overwrites an instance that is off, unless it is fit.
func (g *fakeGroup) refresh(m *machine) {
	if m.ill == policy.Failing {
		m.ill = policy.Sound
	}
	m.Template = g.rollout.InForce()
}

// work lets a turn pass.
func (g *fakeGroup) work() {
	g.now = g.now.Add(turn)
	for _, m := range g.machines {
		if m.due--; m.due == 0 {
			g.getOn(m)
		}
		if g.bad != nil && m.Template == g.rollout.Configured && m.Goal == policy.InService {
			g.bad(m)
		}
	}
	for i := range g.pending {
		if g.pending[i]--; g.pending[i] == 0 {
			g.add(g.rollout.InForce(), policy.Instance{Goal: policy.InService, Since: g.now})
		}
	}
	g.pending = slices.DeleteFunc(g.pending, func(turns int) bool { return turns == 0 })
}

// getOn brings an instance to what it was on its way to.
func (g *fakeGroup) getOn(m *machine) {
	switch {
	case m.Quarantined || m.Stage == policy.Ending || m.Stage == policy.Serving:
	case m.Goal == policy.InService:
		m.Stage, m.Joined = policy.Serving, g.now
	case m.ill == policy.Expiring:
		m.Stage = policy.Ending
	case m.Stage == policy.Stopped:
		g.refresh(m)
	default:
		m.Stage, m.Rested, m.due = policy.Stopped, g.now, g.turns()
	}
}

func (g *fakeGroup) fatal(format string, args ...any) {
	g.t.Fatalf("%s; %+v\n%s", fmt.Sprintf(format, args...), g.spec, strings.Join(g.log, "\n"))
}

// settle takes turns until nothing changes any more, and returns the last choice. In
// every turn, holds must hold.
func (g *fakeGroup) settle(holds func()) policy.Choice {
	quiet := 0
	for range restTurns {
		choice := g.choose()
		holds()
		quiet++
		if len(choice.Goals) > 0 || choice.Order > 0 || len(g.pending) > 0 {
			quiet = 0
		}
		if quiet > 2*slowestTurns+int(g.spec.Bake/turn) {
			return choice
		}
	}
	g.fatal("it does not come to rest")
	return policy.Choice{}
}

func TestAGroupComesToRestWithNothingLeftToReplace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawFakeGroup(t)
		for range rapid.IntRange(0, 15).Draw(t, "instances") {
			g.add(rapid.SampledFrom([]string{"v1", "v1", "v0"}).Draw(t, "template"), drawMember(t))
		}
		ceiling := max(g.count(anyMachine), g.desired+max(1, int(g.spec.HealBudget*float64(g.desired))))
		if g.count(anyMachine) > g.desired {
			g.recalls = 1 // one too many goes, and may be wanted as a successor after all
		}
		last := g.settle(func() {
			if active := g.count(anyMachine) + len(g.pending); active > ceiling {
				g.fatal("%d are to serve of %d desired", active, g.desired)
			}
		})
		active, braked := g.count(anyMachine), slices.Contains(last.Held, policy.HoldBrake)
		switch {
		case active < g.desired || active > max(g.desired, g.count(isProtected)) && !braked:
			g.fatal("%d are to serve, and %d are desired", active, g.desired)
		case active != g.count(serves):
			g.fatal("%d of %d serve", g.count(serves), active)
		case g.count(hasCause) > 0 && !braked:
			g.fatal("%d are not replaced", g.count(hasCause))
		case len(last.Held) > 0 && !braked:
			g.fatal("at rest and held by %v", last.Held)
		}
	})
}

// drawMember is any instance of a group.
func drawMember(t *rapid.T) policy.Instance {
	in := policy.Instance{
		Goal:      rapid.SampledFrom([]policy.Goal{policy.InService, policy.InService, policy.Standby}).Draw(t, "goal"),
		Stage:     rapid.SampledFrom([]policy.Stage{policy.Serving, policy.Serving, policy.Becoming, policy.Stopped}).Draw(t, "stage"),
		Cause:     rapid.SampledFrom([]policy.Cause{policy.Sound, policy.Sound, policy.Sound, policy.Expiring, policy.Failing}).Draw(t, "ill"),
		Since:     noon.Add(-time.Duration(rapid.IntRange(1, 100).Draw(t, "age")) * time.Hour),
		Protected: rapid.IntRange(0, 9).Draw(t, "protected") == 0,
		Location:  rapid.SampledFrom([]string{"L", "R"}).Draw(t, "location"),
	}
	if in.Protected { // one that fails and may not go would hold up the others for ever
		in.Cause = policy.Sound
	}
	switch {
	case in.Stage == policy.Serving && in.Goal == policy.Standby:
		in.Stage = policy.Leaving
	case in.Stage == policy.Serving:
		in.Joined = in.Since
	case in.Goal == policy.InService:
		in.Stage, in.Cause = policy.Becoming, policy.Sound
	}
	return in
}

func TestARolloutEndsAndTheGroupServesThroughout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawFakeGroup(t)
		g.spec.Max += 3 // instances that never serve take room
		g.spec.Bake += turn
		for range g.desired {
			g.add("v1", policy.Instance{Goal: policy.InService, Stage: policy.Serving, Since: noon.Add(-time.Hour), Joined: noon.Add(-time.Hour)})
		}
		g.rollout.Configure("v2", g.now)
		sick := rapid.IntRange(0, 2).Draw(t, "kind of the new template")
		switch sick {
		case 1: // it never serves
			g.bad = func(m *machine) { m.Quarantined, m.Stage, m.Joined = true, policy.Becoming, time.Time{} }
		case 2: // it fails as soon as it serves
			g.bad = func(m *machine) {
				if m.Stage == policy.Serving {
					m.ill = policy.Failing
				}
			}
		}
		g.settle(func() {
			healthy := g.count(func(m *machine) bool { return serves(m) && m.ill == policy.Sound })
			if healthy < g.desired {
				g.fatal("%d serve well, and %d are desired", healthy, g.desired)
			}
		})
		want, inForce := policy.RolloutDone, "v2"
		if sick > 0 {
			want, inForce = policy.RolloutGivenUp, "v1"
		}
		serving := g.count(func(m *machine) bool { return serves(m) && m.Template == inForce })
		if g.rollout.State != want || serving != g.desired || g.count(serves) != g.desired {
			g.fatal("the rollout is %+v, and %d of %d serve from %s", g.rollout, serving, g.desired, inForce)
		}
	})
}
