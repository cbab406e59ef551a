package policy_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func choose(spec *policy.Spec, desired int, instances []policy.Instance, pending int, now time.Time) policy.Choice {
	return policy.Choose(spec, policy.Situation{Desired: desired, Instances: instances, Pending: pending}, now)
}

// doubt is the choice while the cloud cannot be trusted.
func doubt(spec *policy.Spec, desired int, instances []policy.Instance, pending int, now time.Time) policy.Choice {
	return policy.Choose(spec, policy.Situation{Desired: desired, Instances: instances, Pending: pending, Doubtful: true}, now)
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

func leftAlone(in policy.Instance) policy.Instance {
	in.LeftAlone = true
	return in
}

func protected(in policy.Instance) policy.Instance {
	in.Protected = true
	return in
}

func with(cause policy.Cause, in policy.Instance) policy.Instance {
	in.Cause = cause
	return in
}

func outdated(in policy.Instance) policy.Instance { return with(policy.Outdated, in) }
func expiring(in policy.Instance) policy.Instance { return with(policy.Expiring, in) }
func failing(in policy.Instance) policy.Instance  { return with(policy.Failing, in) }

// joined is an instance that serves since so long before noon.
func joined(ago time.Duration, in policy.Instance) policy.Instance {
	in.Joined = noon.Add(-ago)
	return in
}

func held(holds ...policy.Hold) []policy.Hold { return holds }

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
		"a release is not turned round":                              {2, []policy.Instance{serving(1), instance(2, policy.Released, policy.Stopped), instance(3, policy.Released, policy.Leaving)}, 0, policy.Choice{Order: 1}},
		"what fails or expires is not turned back":                   {2, []policy.Instance{serving(1), failing(leaving(2)), expiring(leaving(3))}, 0, policy.Choice{Order: 1}},
		"a sound one is turned back before an outdated one":          {2, []policy.Instance{serving(1), leaving(2), outdated(leaving(3))}, 0, policy.Choice{Goals: goals(policy.InService, 2)}},
		"an outdated one is turned back before one standing by":      {2, []policy.Instance{serving(1), stopped(2), outdated(leaving(3))}, 0, policy.Choice{Goals: goals(policy.InService, 3)}},
		"one standing by that needs no refresh before one that does": {2, []policy.Instance{serving(1), stopped(2), outdated(stopped(3)), failing(stopped(4))}, 0, policy.Choice{Goals: goals(policy.InService, 2)}},
		"an outdated one standing by before a broken one":            {2, []policy.Instance{serving(1), outdated(stopped(3)), failing(stopped(4))}, 0, policy.Choice{Goals: goals(policy.InService, 3)}},
		"one standing by comes back even if broken":                  {2, []policy.Instance{serving(1), failing(stopped(4))}, 0, policy.Choice{Goals: goals(policy.InService, 4)}},
		"equally fit: the smaller code comes back":                   {2, []policy.Instance{serving(1), {Code: code(8), Goal: policy.Standby, Stage: policy.Stopped}, {Code: code(7), Goal: policy.Standby, Stage: policy.Stopped}}, 0, policy.Choice{Goals: goals(policy.InService, 7)}},
		"up to max and surge":                                        {10, []policy.Instance{serving(1), leaving(2), stopped(3)}, 5, policy.Choice{Goals: goals(policy.InService, 2, 3), Order: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, c.pending, noon), c.want)
		})
	}
}

func TestWhatIsSetAsideBoundsTheOrders(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 4, OrderMax: 10, Surge: 1}
	for name, c := range map[string]struct {
		setAside, pending, order int
		held                     []policy.Hold
	}{
		"none":                                {0, 0, 3, nil},
		"the first one is replaced by surge":  {1, 0, 3, nil},
		"each further one takes a place":      {2, 0, 2, held(policy.HoldRoom)},
		"pending orders have a place as well": {2, 1, 1, held(policy.HoldRoom)},
		"until nothing more is bought":        {4, 0, 0, held(policy.HoldRoom)},
		"however many there are":              {9, 0, 0, held(policy.HoldRoom)},
		"what is pending may be enough":       {9, 3, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, setAside := range []func(policy.Instance) policy.Instance{quarantined, leftAlone} {
				instances := []policy.Instance{serving(1)}
				for i := range c.setAside {
					instances = append(instances, setAside(becoming(2+i)))
				}
				expectChoice(t, choose(&spec, 4, instances, c.pending, noon), policy.Choice{Order: c.order, Held: c.held})
			}
		})
	}
}

func TestWhatIsSetAsideIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, OrderMax: 10}
	for _, setAside := range []func(policy.Instance) policy.Instance{quarantined, leftAlone} {
		instances := []policy.Instance{
			setAside(serving(1)), setAside(leaving(2)), setAside(stopped(0)), setAside(failing(serving(3))), setAside(instance(4, policy.InService, policy.Ending)),
		}
		expectChoice(t, choose(&spec, 0, instances, 0, noon), policy.Choice{})
		expectChoice(t, choose(&spec, 1, instances, 0, noon), policy.Choice{Order: 1})
	}
}

func TestAnEndedContractTakesNoRoom(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 1, OrderMax: 10}
	expectChoice(t, choose(&spec, 1, []policy.Instance{quarantined(instance(1, policy.InService, policy.Ending))}, 0, noon), policy.Choice{Order: 1})
}

func TestNothingIsOrderedAfterLaunchesInARowThatNeverServed(t *testing.T) {
	t.Parallel()
	served := joined(-90*time.Minute, serving(0)) // between instances 1 and 2
	for name, c := range map[string]struct {
		max       int
		instances []policy.Instance
		want      policy.Choice
	}{
		"as many as are borne": {3, []policy.Instance{served, quarantined(becoming(2)), quarantined(becoming(3))}, policy.Choice{Order: 1}},
		"one more": {
			3, []policy.Instance{served, quarantined(becoming(2)), quarantined(becoming(3)), quarantined(becoming(4))},
			policy.Choice{Held: held(policy.HoldLaunches)},
		},
		"many more": {
			1, []policy.Instance{served, quarantined(becoming(2)), quarantined(becoming(3)), quarantined(becoming(4))},
			policy.Choice{Held: held(policy.HoldLaunches)},
		},
		"none ever served":                {1, []policy.Instance{quarantined(becoming(2))}, policy.Choice{Held: held(policy.HoldLaunches)}},
		"no bound":                        {0, []policy.Instance{served, quarantined(becoming(2))}, policy.Choice{Order: 1}},
		"another one served later":        {1, []policy.Instance{served, quarantined(becoming(1))}, policy.Choice{Order: 1}},
		"another one served just then":    {1, []policy.Instance{joined(-2*time.Hour, serving(0)), quarantined(becoming(2))}, policy.Choice{Order: 1}},
		"one that served later has ended": {1, []policy.Instance{joined(-2*time.Hour, instance(0, policy.Released, policy.Ending)), serving(0), quarantined(becoming(2))}, policy.Choice{Order: 1}},
		"it did serve":                    {1, []policy.Instance{serving(0), joined(-time.Hour, quarantined(becoming(1))), joined(-2*time.Hour, quarantined(becoming(9)))}, policy.Choice{Order: 1}},
		"it is left alone by somebody":    {1, []policy.Instance{served, leftAlone(becoming(2))}, policy.Choice{Order: 1}},
		"what stands by comes back":       {1, []policy.Instance{served, quarantined(becoming(2)), stopped(5)}, policy.Choice{Goals: goals(policy.InService, 5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 10, OrderMax: 10, Standby: 10, LaunchFailuresMax: c.max}
			desired := 2
			if name == "none ever served" {
				desired = 1
			}
			expectChoice(t, choose(&spec, desired, c.instances, 0, noon), c.want)
		})
	}
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
		"a protected one stays":         {1, []policy.Instance{serving(1), serving(2), protected(serving(3))}, 0, goals(policy.Standby, 2, 1)},
		"all are protected":             {0, []policy.Instance{protected(serving(1)), protected(becoming(2))}, 0, nil},
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
		"not long before":                    {0, []policy.Instance{stopped(1)}, 30*time.Minute - 1, nil},
		"from the instant on":                {0, []policy.Instance{stopped(1)}, 30 * time.Minute, goals(policy.Released, 1)},
		"also when the period has ended":     {0, []policy.Instance{stopped(1)}, 2 * time.Hour, goals(policy.Released, 1)},
		"the last to end is kept":            {1, []policy.Instance{stopped(3), stopped(1), stopped(2)}, 3 * time.Hour, goals(policy.Released, 1, 2)},
		"those to keep are all there are":    {2, []policy.Instance{stopped(1), stopped(2)}, 3 * time.Hour, nil},
		"not without knowing the period":     {0, []policy.Instance{unknownPeriod}, 1000 * time.Hour, nil},
		"not when protected":                 {0, []policy.Instance{protected(stopped(1))}, 1000 * time.Hour, nil},
		"an unfit one rather than a fit one": {1, []policy.Instance{outdated(stopped(3)), stopped(1)}, 3 * time.Hour, goals(policy.Released, 3)},
		"not while still leaving":            {0, []policy.Instance{leaving(1)}, 1000 * time.Hour, nil},
		"less than none to keep is none":     {-1, []policy.Instance{stopped(1)}, time.Hour, goals(policy.Released, 1)},
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

func TestStandbyThatStoodByForItsAgeIsReleasedThoughItWouldBeKept(t *testing.T) {
	t.Parallel()
	rested := func(ago time.Duration, in policy.Instance) policy.Instance {
		in.Rested = noon.Add(-ago)
		return in
	}
	for name, c := range map[string]struct {
		age  time.Duration
		in   policy.Instance
		want []policy.Assignment
	}{
		"not before":                       {24 * time.Hour, rested(24*time.Hour-1, stopped(0)), nil},
		"from the instant on":              {24 * time.Hour, rested(24*time.Hour, stopped(0)), goals(policy.Released, 0)},
		"only at the end of a paid period": {24 * time.Hour, rested(1000*time.Hour, stopped(1)), nil},
		"not when protected":               {24 * time.Hour, protected(rested(1000*time.Hour, stopped(0))), nil},
		"not when its age is not known":    {24 * time.Hour, stopped(0), nil},
		"not when age does not count":      {0, rested(1000*time.Hour, stopped(0)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 10, Standby: 5, StandbyAge: c.age, ReleaseBefore: 30 * time.Minute}
			expectChoice(t, choose(&spec, 0, []policy.Instance{c.in}, 0, noon), policy.Choice{Goals: c.want})
		})
	}
}

func TestNobodyIsSentAwayInDoubt(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, OrderMax: 10, HealBudget: 0.1, Brake: 1}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		want      policy.Choice
	}{
		"nothing to do":               {2, []policy.Instance{serving(1), becoming(2)}, policy.Choice{}},
		"a group too large stays":     {1, []policy.Instance{serving(1), serving(2)}, policy.Choice{Held: held(policy.HoldDoubt)}},
		"one that fails stays":        {1, []policy.Instance{failing(serving(1)), serving(2)}, policy.Choice{Held: held(policy.HoldDoubt)}},
		"its successor is ordered":    {1, []policy.Instance{failing(serving(1))}, policy.Choice{Order: 1, Held: held(policy.HoldDoubt)}},
		"one standing by stays":       {1, []policy.Instance{serving(1), stopped(0)}, policy.Choice{}},
		"what is missing comes back":  {2, []policy.Instance{serving(1), leaving(2)}, policy.Choice{Goals: goals(policy.InService, 2)}},
		"what is missing is ordered":  {3, []policy.Instance{serving(1)}, policy.Choice{Order: 2}},
		"a protected one is no cause": {1, []policy.Instance{protected(failing(serving(1)))}, policy.Choice{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, doubt(&spec, c.desired, c.instances, 0, noon), c.want)
		})
	}
}

func TestEveryHoldIsListedOnce(t *testing.T) {
	t.Parallel()
	want := []policy.Hold{policy.HoldBake, policy.HoldBrake, policy.HoldDoubt, policy.HoldLaunches, policy.HoldRoom, policy.HoldYoung}
	if got := slices.Sorted(slices.Values(policy.Holds())); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestChoiceDoesNotDependOnTheOrderOfInstances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, situation := drawChoice(t)
		shuffled := situation
		shuffled.Instances = rapid.Permutation(situation.Instances).Draw(t, "shuffled")
		a, b := policy.Choose(&spec, situation, noon), policy.Choose(&spec, shuffled, noon)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("got %+v, and %+v in another order", a, b)
		}
	})
}

func TestChoiceLeavesTheSituationAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, situation := drawChoice(t)
		before := slices.Clone(situation.Instances)
		policy.Choose(&spec, situation, noon)
		if !slices.Equal(before, situation.Instances) {
			t.Fatalf("got %+v, was %+v", situation.Instances, before)
		}
	})
}

// tally is what a group comes to.
type tally struct {
	active   int // to serve
	serving  int // of these
	failing  int // serving ones that fail
	spare    int // can come back, save the outdated ones that are leaving
	drilled  int // by fire drills
	setAside int
	causes   int // serving ones that are to be replaced
}

func count(instances map[string]policy.Instance) (n tally) {
	for _, in := range instances {
		switch {
		case in.Stage == policy.Ending:
		case in.Quarantined || in.LeftAlone:
			n.setAside++
		case in.Goal == policy.InService:
			n.active++
			if in.Stage != policy.Serving {
				continue
			}
			n.serving++
			if in.Cause == policy.Failing {
				n.failing++
			}
			if in.Cause != policy.Sound && !in.Protected {
				n.causes++
			}
		case in.Goal == policy.Ready:
			n.drilled++
		case in.Goal == policy.Standby && (in.Stage == policy.Stopped || in.Cause == policy.Sound):
			n.spare++
		}
	}
	return n
}

func TestChoiceKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, situation := drawChoice(t)
		choice := policy.Choose(&spec, situation, noon)
		instances := map[string]policy.Instance{}
		for _, in := range situation.Instances {
			instances[in.Code] = in
		}
		before := count(instances)
		changed := map[policy.Goal]int{}
		for _, a := range choice.Goals {
			in := instances[a.Code]
			expectAllowed(t, &spec, situation, in, a.Goal)
			changed[a.Goal]++
			in.Goal = a.Goal
			instances[a.Code] = in
		}
		after := count(instances)

		desired, pending, most := situation.Desired, situation.Pending+choice.Spare, spec.Max+spec.Surge
		beyond := max(1, int(spec.HealBudget*float64(desired))) // how many are replaced at a time
		growing := changed[policy.InService] > 0 || choice.Order > 0 || choice.Spare > 0
		braked := slices.Contains(choice.Held, policy.HoldBrake)
		switch {
		case len(choice.Goals) != changed[policy.InService]+changed[policy.Standby]+changed[policy.Released]:
			t.Fatalf("a goal of no kind: %+v", choice)
		case growing && after.active+pending+choice.Order > min(most, desired+min(beyond, before.causes)):
			t.Fatalf("grows to %d, %d pending and %d ordered: %d desired, %d at most", after.active, pending, choice.Order, desired, most)
		case after.active < min(before.active, desired):
			t.Fatalf("shrinks from %d to %d, of %d desired", before.active, after.active, desired)
		case after.serving < min(before.serving, desired):
			t.Fatalf("%d go on serving of %d, and %d are desired", after.serving, before.serving, desired)
		case choice.Order < 0 || choice.Order > spec.OrderMax:
			t.Fatalf("orders %d of at most %d", choice.Order, spec.OrderMax)
		case choice.Order > 0 && after.spare > 0:
			t.Fatalf("orders %d while %d could come back", choice.Order, after.spare)
		case choice.Spare < 0 || choice.Spare > situation.Spare || choice.Order > 0 && choice.Spare < situation.Spare:
			t.Fatalf("needs %d of %d ordered for a drill, and orders %d", choice.Spare, situation.Spare, choice.Order)
		case choice.Order > 0 && after.active+pending+choice.Order+after.setAside+after.drilled > most:
			t.Fatalf("orders %d beyond max and surge: %d active, %d pending, %d set aside", choice.Order, after.active, pending, after.setAside)
		case braked && before.active <= desired && after.failing < before.failing:
			t.Fatalf("%d of %d that fail are replaced though they fail together", before.failing-after.failing, before.failing)
		case braked != (before.failing >= 2 && float64(before.failing) > spec.Brake*float64(before.serving)):
			t.Fatalf("brake %t with %d of %d failing", braked, before.failing, before.serving)
		}
	})
}

// expectAllowed fails the test if the instance may not get the goal.
func expectAllowed(t *rapid.T, spec *policy.Spec, situation policy.Situation, in policy.Instance, goal policy.Goal) {
	switch {
	case in.Goal == goal || in.Goal == policy.Released || in.Stage == policy.Ending || in.Quarantined || in.LeftAlone:
		t.Fatalf("%+v may not get the goal %s, or has it already", in, goal)
	case goal != policy.InService && (in.Protected && in.Goal != policy.Ready || situation.Doubtful):
		t.Fatalf("%+v is sent away (in doubt: %t)", in, situation.Doubtful)
	case in.Goal == policy.Ready && goal == policy.Standby && in.Code == situation.Drill:
		t.Fatalf("%+v is in a fire drill, and is sent away", in)
	case goal == policy.Released && (in.Stage != policy.Stopped || noon.Before(in.PaidUntil.Add(-spec.ReleaseBefore))):
		t.Fatalf("%+v is released too early", in)
	case goal == policy.InService && in.Stage != policy.Stopped && in.Cause >= policy.Expiring:
		t.Fatalf("%+v is turned back", in)
	}
}

func TestAGroupWithoutCausesShrinksToExactlyWhatIsDesired(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, situation := drawChoice(t)
		situation.Doubtful = false
		active := 0
		for i := range situation.Instances {
			in := &situation.Instances[i]
			in.Cause, in.Protected = policy.Sound, false
			if in.Goal == policy.InService && in.Stage != policy.Ending && !in.Quarantined && !in.LeftAlone {
				active++
			}
		}
		gone := 0
		for _, a := range policy.Choose(&spec, situation, noon).Goals {
			drilled := slices.ContainsFunc(situation.Instances, func(in policy.Instance) bool { return in.Code == a.Code && in.Goal == policy.Ready })
			if a.Goal == policy.Standby && !drilled {
				gone++
			}
		}
		if want := max(0, active-situation.Desired); gone != want {
			t.Fatalf("%d of %d are sent away, and %d are desired", gone, active, situation.Desired)
		}
	})
}

func drawChoice(t *rapid.T) (spec policy.Spec, situation policy.Situation) {
	spec.Max = rapid.IntRange(1, 12).Draw(t, "max")
	spec.Standby = rapid.IntRange(0, 3).Draw(t, "standby")
	spec.OrderMax = rapid.IntRange(0, 5).Draw(t, "order max")
	spec.Surge = rapid.IntRange(0, 1).Draw(t, "surge")
	spec.ReleaseBefore = time.Hour
	spec.LaunchFailuresMax = rapid.IntRange(0, 3).Draw(t, "launch failures max")
	spec.HealBudget = rapid.SampledFrom([]float64{0, 0.1, 0.25, 0.5, 1}).Draw(t, "heal budget")
	spec.Brake = rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}).Draw(t, "brake")
	spec.Bake = time.Duration(rapid.IntRange(0, 2).Draw(t, "bake")) * time.Hour
	spec.StandbyAge = time.Duration(rapid.IntRange(0, 2).Draw(t, "standby age")) * time.Hour
	spec.Pick = drawPick(t)
	situation.Desired = rapid.IntRange(0, spec.Max).Draw(t, "desired")
	situation.Pending = rapid.IntRange(0, 4).Draw(t, "pending")
	situation.Doubtful = rapid.IntRange(0, 3).Draw(t, "doubtful") == 0
	situation.Drill = code(rapid.IntRange(0, 14).Draw(t, "drill"))
	situation.Spare = rapid.IntRange(0, 2).Draw(t, "spare")
	hours := func(name string, from, to int) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Hour)
	}
	for i := range rapid.IntRange(0, 14).Draw(t, "instances") {
		in := instance(i, rapid.SampledFrom([]policy.Goal{policy.InService, policy.InService, policy.InService, policy.Standby, policy.Standby, policy.Released, policy.Ready}).Draw(t, "goal"),
			policy.Stage(rapid.IntRange(int(policy.Becoming), int(policy.Ending)).Draw(t, "stage")))
		in.Cause = rapid.SampledFrom([]policy.Cause{policy.Sound, policy.Sound, policy.Outdated, policy.Expiring, policy.Failing}).Draw(t, "cause")
		in.Since = hours("since", -2, 0)
		in.PaidUntil = hours("paid until", 0, 3)
		if rapid.Bool().Draw(t, "has joined") {
			in.Joined = hours("joined", -2, 0)
		}
		if rapid.Bool().Draw(t, "has rested") {
			in.Rested = hours("rested", -2, 0)
		}
		if rapid.Bool().Draw(t, "shows its load") {
			in.Load = policy.ValueAt(float64(rapid.IntRange(0, 2).Draw(t, "load")), noon)
		}
		in.Location = rapid.SampledFrom([]string{"", "L", "R"}).Draw(t, "location")
		in.Quarantined = rapid.IntRange(0, 5).Draw(t, "quarantined") == 0
		in.LeftAlone = rapid.IntRange(0, 9).Draw(t, "left alone") == 0
		in.Protected = rapid.IntRange(0, 5).Draw(t, "protected") == 0
		situation.Instances = append(situation.Instances, in)
	}
	return spec, situation
}

// drawPick is any rules in any order.
func drawPick(t *rapid.T) []policy.PickRule {
	rules := rapid.Permutation([]policy.PickRule{
		policy.PickLocation, policy.PickLeastBusy, policy.PickNewest, policy.PickOldest, policy.PickPaidPeriodEnd,
	}).Draw(t, "pick")
	return rules[:rapid.IntRange(0, len(rules)).Draw(t, "rules")]
}

func expectChoice(t *testing.T, got, want policy.Choice) {
	t.Helper()
	if got.Order != want.Order || got.Spare != want.Spare || !slices.Equal(got.Goals, want.Goals) || !slices.Equal(got.Held, want.Held) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
