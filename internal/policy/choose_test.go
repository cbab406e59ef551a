package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func choose(spec *policy.Spec, desired int, instances []policy.Instance, pending int, now time.Time) policy.Choice {
	return policy.Choose(spec, policy.Situation{Desired: desired, Instances: instances, Pending: pending}, now)
}

// instance is one with a code, a goal and a stage, the older the smaller its number.
func instance(i int, goal policy.Goal, stage policy.Stage) policy.Instance {
	return policy.Instance{Code: code(i), Goal: goal, Stage: stage, Since: noon.Add(time.Duration(i) * time.Hour)}
}

func serving(i int) policy.Instance  { return instance(i, policy.InService, policy.Serving) }
func becoming(i int) policy.Instance { return instance(i, policy.InService, policy.Becoming) }
func leaving(i int) policy.Instance  { return instance(i, policy.Standby, policy.Leaving) }

// stopped is a standby that is paid for as many hours as its number says.
func stopped(i int) policy.Instance {
	in := instance(i, policy.Standby, policy.Stopped)
	in.PaidUntil = noon.Add(time.Duration(i) * time.Hour)
	return in
}

func quarantined(in policy.Instance) policy.Instance {
	in.Quarantined = true
	return in
}

func goals(goal policy.Goal, numbers ...int) []policy.Assignment {
	var assignments []policy.Assignment
	for _, i := range numbers {
		assignments = append(assignments, policy.Assignment{Code: code(i), Goal: goal})
	}
	return assignments
}

func TestChooseGrows(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, OrderMax: 4, Surge: 1, Standby: 10}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		pending   int
		want      policy.Choice
	}{
		"nothing to do":                         {2, []policy.Instance{serving(1), becoming(2)}, 0, policy.Choice{}},
		"from nothing: orders":                  {3, nil, 0, policy.Choice{Order: 3}},
		"turns the newest leaving one back":     {2, []policy.Instance{serving(1), leaving(2), leaving(3)}, 0, policy.Choice{Goals: goals(policy.InService, 3)}},
		"leaving ones before those standing by": {3, []policy.Instance{serving(1), stopped(3), leaving(2)}, 0, policy.Choice{Goals: goals(policy.InService, 2, 3)}},
		"the standby paid for longest first":    {2, []policy.Instance{serving(1), stopped(4), stopped(6)}, 0, policy.Choice{Goals: goals(policy.InService, 6)}},
		"those standing by before an order":     {4, []policy.Instance{serving(1), stopped(2)}, 0, policy.Choice{Goals: goals(policy.InService, 2), Order: 2}},
		"pending orders count":                  {4, []policy.Instance{serving(1)}, 2, policy.Choice{Order: 1}},
		"pending orders are enough":             {3, []policy.Instance{serving(1), leaving(2), stopped(3)}, 2, policy.Choice{}},
		"an order has its largest size":         {9, nil, 0, policy.Choice{Order: 4}},
		"an ended contract is no capacity": {2, []policy.Instance{
			serving(1), instance(2, policy.InService, policy.Ending), instance(3, policy.Released, policy.Ending),
		}, 0, policy.Choice{Order: 1}},
		"a release is not turned round": {2, []policy.Instance{serving(1), instance(2, policy.Released, policy.Stopped)}, 0, policy.Choice{Order: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, c.pending, noon), c.want)
		})
	}
}

func TestQuarantinedInstancesBoundTheOrders(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 4, OrderMax: 10, Surge: 1}
	broken := func(n int) []policy.Instance {
		instances := []policy.Instance{serving(1)}
		for i := range n {
			instances = append(instances, quarantined(becoming(2+i)))
		}
		return instances
	}
	for name, c := range map[string]struct {
		broken, pending, order int
	}{
		"none":                                {0, 0, 3},
		"the first one is replaced by surge":  {1, 0, 3},
		"each further one takes a place":      {2, 0, 2},
		"pending orders have a place as well": {2, 1, 1},
		"until nothing more is bought":        {4, 0, 0},
		"however many there are":              {9, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, 4, broken(c.broken), c.pending, noon), policy.Choice{Order: c.order})
		})
	}
}

func TestQuarantinedInstancesAreLeftAlone(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, OrderMax: 10}
	instances := []policy.Instance{
		quarantined(serving(1)), quarantined(leaving(2)), quarantined(stopped(0)), quarantined(instance(4, policy.InService, policy.Ending)),
	}
	expectChoice(t, choose(&spec, 0, instances, 0, noon), policy.Choice{})
	expectChoice(t, choose(&spec, 1, instances, 0, noon), policy.Choice{Order: 1})
}

func TestChooseShrinks(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, OrderMax: 4, Standby: 10}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		pending   int
		want      []policy.Assignment
	}{
		"the newest goes first":                   {1, []policy.Instance{serving(2), serving(3), serving(1)}, 0, goals(policy.Standby, 3, 2)},
		"what does not serve yet goes before it":  {2, []policy.Instance{serving(3), becoming(1), serving(2)}, 0, goals(policy.Standby, 1)},
		"what was to come back goes before it":    {1, []policy.Instance{instance(1, policy.InService, policy.Stopped), serving(3)}, 0, goals(policy.Standby, 1)},
		"what was turned back goes before it":     {1, []policy.Instance{instance(1, policy.InService, policy.Leaving), serving(3)}, 0, goals(policy.Standby, 1)},
		"equally old: the larger code goes first": {1, []policy.Instance{{Code: "gc1", Goal: policy.InService}, {Code: "gc2", Goal: policy.InService}}, 0, []policy.Assignment{{Code: "gc2", Goal: policy.Standby}}},
		"all":                           {0, []policy.Instance{serving(1), serving(2)}, 0, goals(policy.Standby, 2, 1)},
		"what is leaving goes on":       {1, []policy.Instance{serving(1), leaving(2)}, 0, nil},
		"none goes for what is to come": {2, []policy.Instance{serving(1), serving(2)}, 2, nil},
		"what is to come replaces none": {2, []policy.Instance{serving(1), serving(2), becoming(3)}, 2, goals(policy.Standby, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, c.pending, noon), policy.Choice{Goals: c.want})
		})
	}
}

func TestSurplusStandbyIsReleasedShortlyBeforeItsPaidPeriodEnds(t *testing.T) {
	t.Parallel()
	unknownPeriod := stopped(1)
	unknownPeriod.PaidUntil = time.Time{}
	for name, c := range map[string]struct {
		standby   int
		instances []policy.Instance
		after     time.Duration // noon
		want      []policy.Assignment
	}{
		"not long before":                 {0, []policy.Instance{stopped(1)}, 30*time.Minute - 1, nil},
		"from the instant on":             {0, []policy.Instance{stopped(1)}, 30 * time.Minute, goals(policy.Released, 1)},
		"also when the period has ended":  {0, []policy.Instance{stopped(1)}, 2 * time.Hour, goals(policy.Released, 1)},
		"the last to end is kept":         {1, []policy.Instance{stopped(3), stopped(1), stopped(2)}, 3 * time.Hour, goals(policy.Released, 1, 2)},
		"those to keep are all there are": {2, []policy.Instance{stopped(1), stopped(2)}, 3 * time.Hour, nil},
		"not without knowing the period":  {0, []policy.Instance{unknownPeriod}, 1000 * time.Hour, nil},
		"not while still leaving":         {0, []policy.Instance{leaving(1)}, 1000 * time.Hour, nil},
		"less than none to keep is none":  {-1, []policy.Instance{stopped(1)}, time.Hour, goals(policy.Released, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 10, Standby: c.standby, ReleaseBefore: 30 * time.Minute}
			expectChoice(t, choose(&spec, 0, c.instances, 0, noon.Add(c.after)), policy.Choice{Goals: c.want})
		})
	}
}

func TestStandbyComesBackRatherThanBeingReleased(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, OrderMax: 10, ReleaseBefore: 30 * time.Minute}
	choice := choose(&spec, 1, []policy.Instance{stopped(1), stopped(2)}, 0, noon.Add(2*time.Hour))
	expectChoice(t, choice, policy.Choice{Goals: slices.Concat(goals(policy.InService, 2), goals(policy.Released, 1))})
}

func TestChoiceDoesNotDependOnTheOrderOfInstances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, desired, instances, pending := drawChoice(t)
		shuffled := rapid.Permutation(instances).Draw(t, "shuffled")
		a := choose(&spec, desired, instances, pending, noon)
		b := choose(&spec, desired, shuffled, pending, noon)
		if a.Order != b.Order || !slices.Equal(a.Goals, b.Goals) {
			t.Fatalf("got %+v, and %+v in another order", a, b)
		}
	})
}

func TestChoiceKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, desired, instances, pending := drawChoice(t)
		choice := choose(&spec, desired, instances, pending, noon)
		after := map[string]policy.Instance{}
		for _, in := range instances {
			after[in.Code] = in
		}
		changed := map[policy.Goal]int{}
		for _, a := range choice.Goals {
			in := after[a.Code]
			if in.Goal == a.Goal || in.Quarantined || in.Goal == policy.Released || in.Stage == policy.Ending {
				t.Fatalf("%+v may not get the goal %s, or has it already", in, a.Goal)
			}
			if a.Goal == policy.Released && (in.Stage != policy.Stopped || noon.Before(in.PaidUntil.Add(-spec.ReleaseBefore))) {
				t.Fatalf("%+v is released too early", in)
			}
			changed[a.Goal]++
			in.Goal = a.Goal
			after[a.Code] = in
		}
		active, spare, broken := 0, 0, 0
		for _, in := range after {
			switch {
			case in.Stage == policy.Ending:
			case in.Quarantined:
				broken++
			case in.Goal == policy.InService:
				active++
			case in.Goal == policy.Standby:
				spare++
			}
		}
		growing := changed[policy.InService] > 0 || choice.Order > 0
		switch {
		case growing && changed[policy.Standby] > 0:
			t.Fatalf("grows and shrinks at once: %+v", choice)
		case growing && active+pending+choice.Order > desired:
			t.Fatalf("grows to %d + %d pending + %d ordered, beyond %d", active, pending, choice.Order, desired)
		case changed[policy.Standby] > 0 && active != desired:
			t.Fatalf("shrinks to %d, not %d", active, desired)
		case choice.Order < 0 || choice.Order > spec.OrderMax:
			t.Fatalf("orders %d of at most %d", choice.Order, spec.OrderMax)
		case choice.Order > 0 && spare > 0:
			t.Fatalf("orders %d while %d could come back", choice.Order, spare)
		case choice.Order > 0 && active+pending+choice.Order+broken > spec.Max+spec.Surge:
			t.Fatalf("orders %d beyond max and surge: %d active, %d pending, %d quarantined", choice.Order, active, pending, broken)
		}
	})
}

func drawChoice(t *rapid.T) (spec policy.Spec, desired int, instances []policy.Instance, pending int) {
	spec.Max = rapid.IntRange(1, 12).Draw(t, "max")
	spec.Standby = rapid.IntRange(0, 3).Draw(t, "standby")
	spec.OrderMax = rapid.IntRange(0, 5).Draw(t, "order max")
	spec.Surge = rapid.IntRange(0, 1).Draw(t, "surge")
	spec.ReleaseBefore = time.Hour
	desired = rapid.IntRange(0, spec.Max).Draw(t, "desired")
	pending = rapid.IntRange(0, 4).Draw(t, "pending")
	for i := range rapid.IntRange(0, 12).Draw(t, "instances") {
		in := instance(i, rapid.SampledFrom([]policy.Goal{policy.InService, policy.InService, policy.Standby, policy.Released}).Draw(t, "goal"),
			policy.Stage(rapid.IntRange(int(policy.Becoming), int(policy.Ending)).Draw(t, "stage")))
		in.Since = noon.Add(time.Duration(rapid.IntRange(-2, 0).Draw(t, "since")) * time.Hour)
		in.PaidUntil = noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "paid until")) * time.Hour)
		in.Quarantined = rapid.IntRange(0, 5).Draw(t, "quarantined") == 0
		instances = append(instances, in)
	}
	return spec, desired, instances, pending
}

func expectChoice(t *testing.T, got, want policy.Choice) {
	t.Helper()
	if got.Order != want.Order || !slices.Equal(got.Goals, want.Goals) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
