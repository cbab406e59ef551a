package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// servings is n instances that serve, numbered from the given one.
func servings(from, n int) []policy.Instance {
	var list []policy.Instance
	for i := range n {
		list = append(list, serving(from+i))
	}
	return list
}

// each is the instances, each of them changed.
func each(change func(policy.Instance) policy.Instance, instances []policy.Instance) []policy.Instance {
	list := slices.Clone(instances)
	for i := range list {
		list[i] = change(list[i])
	}
	return list
}

func TestAnInstanceWithACauseIsReplacedNewOneFirst(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, OrderMax: 10, Standby: 10, HealBudget: 0.1, Brake: 1}
	bad := map[string]func(policy.Instance) policy.Instance{"failing": failing, "expiring": expiring, "outdated": outdated}
	for cause, spoil := range bad {
		for name, c := range map[string]struct {
			instances []policy.Instance
			pending   int
			want      policy.Choice
		}{
			"a new one is ordered":                {[]policy.Instance{serving(1), spoil(serving(2))}, 0, policy.Choice{Order: 1}},
			"one standing by comes back":          {[]policy.Instance{serving(1), spoil(serving(2)), stopped(3)}, 0, policy.Choice{Goals: goals(policy.InService, 3)}},
			"one leaving comes back":              {[]policy.Instance{serving(1), spoil(serving(2)), leaving(3)}, 0, policy.Choice{Goals: goals(policy.InService, 3)}},
			"none beside the one on order":        {[]policy.Instance{serving(1), spoil(serving(2))}, 1, policy.Choice{}},
			"not before the new one serves":       {[]policy.Instance{serving(1), spoil(serving(2)), becoming(3)}, 0, policy.Choice{}},
			"once the new one serves":             {[]policy.Instance{serving(1), spoil(serving(2)), serving(3)}, 0, policy.Choice{Goals: goals(policy.Standby, 2)}},
			"nothing when it is protected":        {[]policy.Instance{serving(1), protected(spoil(serving(2)))}, 0, policy.Choice{}},
			"nothing before it serves":            {[]policy.Instance{serving(1), spoil(becoming(2))}, 0, policy.Choice{}},
			"nothing when it is to leave anyway":  {[]policy.Instance{serving(1), serving(3), spoil(leaving(2))}, 0, policy.Choice{}},
			"also when the group is one too many": {[]policy.Instance{serving(1), spoil(serving(2)), serving(3), becoming(4)}, 0, policy.Choice{Goals: goals(policy.Standby, 2)}},
		} {
			t.Run(cause+": "+name, func(t *testing.T) {
				t.Parallel()
				expectChoice(t, choose(&spec, 2, c.instances, c.pending, noon), c.want)
			})
		}
	}
}

func TestTheMostPressingCauseIsReplacedFirst(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, HealBudget: 1, Brake: 1}
	spoilt := []policy.Instance{outdated(serving(1)), expiring(serving(2)), failing(serving(3)), serving(4), outdated(serving(5)), outdated(serving(6))}
	for surplus, want := range [][]policy.Assignment{
		nil, goals(policy.Standby, 3), goals(policy.Standby, 3, 2), goals(policy.Standby, 3, 2, 1), goals(policy.Standby, 3, 2, 1, 5), goals(policy.Standby, 3, 2, 1, 5, 6),
	} {
		expectChoice(t, choose(&spec, len(spoilt)-surplus, spoilt, 5, noon), policy.Choice{Goals: want})
	}
	alike := []policy.Instance{
		serving(3), {Code: code(2), Goal: policy.InService, Stage: policy.Serving, Cause: policy.Failing}, {Code: code(1), Goal: policy.InService, Stage: policy.Serving, Cause: policy.Failing},
	}
	expectChoice(t, choose(&spec, 2, alike, 5, noon), policy.Choice{Goals: goals(policy.Standby, 1)})
}

func TestNoMoreThanTheBudgetIsReplacedAtATime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		budget          float64
		desired, causes int
		order           int
	}{
		"at least one":                      {0.1, 1, 1, 1},
		"at least one of many":              {0.1, 19, 19, 1},
		"a whole further one":               {0.1, 20, 20, 2},
		"a share that has no binary form":   {0.29, 100, 100, 29},
		"no more than there are to replace": {1, 20, 3, 3},
		"all":                               {1, 20, 20, 20},
		"none when nothing is desired":      {0.1, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 200, Surge: 1, OrderMax: 200, HealBudget: c.budget, Brake: 1}
			instances := append(each(outdated, servings(1, c.causes)), servings(1+c.causes, c.desired-c.causes)...)
			expectChoice(t, choose(&spec, c.desired, instances, 0, noon), policy.Choice{Order: c.order})
		})
	}
}

func TestSuccessorsKeepWithinMaxAndSurge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		max, surge int
		standby    []policy.Instance
		want       policy.Choice
	}{
		"room for all":                     {6, 0, nil, policy.Choice{Order: 2}},
		"room for one":                     {5, 0, nil, policy.Choice{Order: 1, Held: held(policy.HoldRoom)}},
		"room by surge":                    {4, 1, nil, policy.Choice{Order: 1, Held: held(policy.HoldRoom)}},
		"no room":                          {4, 0, nil, policy.Choice{Held: held(policy.HoldRoom)}},
		"a max lowered below what desired": {2, 1, nil, policy.Choice{Held: held(policy.HoldRoom)}},
		"standby needs room as well":       {4, 1, []policy.Instance{stopped(8), stopped(9)}, policy.Choice{Goals: goals(policy.InService, 9), Held: held(policy.HoldRoom)}},
		"none of standby without room":     {2, 1, []policy.Instance{stopped(9)}, policy.Choice{Held: held(policy.HoldRoom)}},
		"what is set aside takes room":     {4, 1, []policy.Instance{quarantined(becoming(9))}, policy.Choice{Held: held(policy.HoldRoom)}},
		"room for all of standby":          {4, 2, []policy.Instance{stopped(8), stopped(9)}, policy.Choice{Goals: goals(policy.InService, 9, 8)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: c.max, Surge: c.surge, OrderMax: 10, Standby: 10, HealBudget: 0.5, Brake: 1}
			instances := append(each(expiring, servings(1, 4)), c.standby...)
			expectChoice(t, choose(&spec, 4, instances, 0, noon), c.want)
		})
	}
}

func TestNobodyGoesForWantOfRoom(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 1, OrderMax: 10, Standby: 10, HealBudget: 1, Brake: 1}
	instances := []policy.Instance{expiring(serving(1)), expiring(serving(2)), becoming(3)}
	expectChoice(t, choose(&spec, 3, instances, 0, noon), policy.Choice{Held: held(policy.HoldRoom)})
}

func TestOneThatLeavesBecauseItIsOutdatedIsNobodysSuccessor(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, OrderMax: 10, Standby: 10, HealBudget: 0.1, Brake: 1}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		want      policy.Choice
	}{
		"another is ordered":                 {2, []policy.Instance{serving(1), outdated(serving(2)), outdated(leaving(3))}, policy.Choice{Order: 1}},
		"another comes back":                 {2, []policy.Instance{serving(1), outdated(serving(2)), outdated(leaving(3)), stopped(0)}, policy.Choice{Goals: goals(policy.InService, 0)}},
		"it comes back when one is missing":  {3, []policy.Instance{serving(1), outdated(serving(2)), outdated(leaving(3)), outdated(leaving(4))}, policy.Choice{Goals: goals(policy.InService, 4), Order: 1}},
		"a sound one comes back in its turn": {3, []policy.Instance{serving(1), outdated(serving(2)), outdated(leaving(3)), leaving(4)}, policy.Choice{Goals: goals(policy.InService, 4), Order: 1}},
		"both of the missing come back":      {4, []policy.Instance{serving(1), outdated(serving(2)), outdated(leaving(3)), leaving(4)}, policy.Choice{Goals: goals(policy.InService, 4, 3), Order: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, 0, noon), c.want)
		})
	}
}

func TestNoneIsReplacedWhenTooManyFailTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		brake           float64
		failing, served int // of these serving
		braked          bool
	}{
		"one alone":                            {0.45, 1, 1, false},
		"two of two":                           {0.45, 2, 2, true},
		"less than the share":                  {0.45, 8, 20, false},
		"just the share":                       {0.45, 9, 20, false},
		"more than the share":                  {0.45, 10, 20, true},
		"just a share that has no binary form": {0.29, 29, 100, false},
		"more than it":                         {0.29, 30, 100, true},
		"all, and all is the share":            {1, 5, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := policy.Spec{Max: 200, Surge: 1, OrderMax: 200, HealBudget: 0.01, Brake: c.brake}
			instances := append(each(failing, servings(1, c.failing)), servings(1+c.failing, c.served-c.failing)...)
			want := policy.Choice{Order: 1}
			if c.braked {
				want = policy.Choice{Held: held(policy.HoldBrake)}
			}
			expectChoice(t, choose(&spec, c.served, instances, 0, noon), want)
		})
	}
}

func TestWhatCountsForTheBrake(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, OrderMax: 10, Standby: 10, HealBudget: 0.1, Brake: 0.5}
	braked, order := policy.Choice{Held: held(policy.HoldBrake)}, policy.Choice{Order: 1}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		want      policy.Choice
	}{
		"those that are protected":             {3, []policy.Instance{failing(serving(1)), protected(failing(serving(2))), serving(3)}, braked},
		"not those that do not serve yet":      {4, []policy.Instance{failing(serving(1)), failing(becoming(2)), serving(3), serving(4)}, order},
		"nor those among the serving ones":     {5, []policy.Instance{failing(serving(1)), failing(serving(2)), serving(3), becoming(4), becoming(5)}, braked},
		"not those that have another cause":    {3, []policy.Instance{failing(serving(1)), outdated(serving(2)), expiring(serving(3))}, order},
		"not those on their way out":           {1, []policy.Instance{failing(serving(1)), failing(leaving(2)), failing(stopped(3))}, policy.Choice{Goals: goals(policy.InService, 3)}},
		"not those that are set aside":         {3, []policy.Instance{failing(serving(1)), quarantined(failing(serving(2))), serving(3), serving(4)}, order},
		"others are replaced all the same":     {4, []policy.Instance{failing(serving(1)), failing(serving(2)), failing(serving(4)), expiring(serving(3))}, policy.Choice{Order: 1, Held: held(policy.HoldBrake)}},
		"a successor on its way is not needed": {2, []policy.Instance{failing(serving(1)), failing(serving(2)), becoming(3)}, policy.Choice{Goals: goals(policy.Standby, 3), Held: held(policy.HoldBrake)}},
		"a group too large loses failing ones": {3, []policy.Instance{failing(serving(1)), failing(serving(2)), failing(serving(3)), serving(4)}, policy.Choice{Goals: goals(policy.Standby, 3), Held: held(policy.HoldBrake)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, 0, noon), c.want)
		})
	}
}

func TestAnOutdatedInstanceLeavesOnlyOnceTheRestHasServedForBake(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, OrderMax: 10, Standby: 10, HealBudget: 1, Brake: 1, Bake: bake}
	fresh, baked := func(i int) policy.Instance { return joined(bake-1, serving(i)) }, func(i int) policy.Instance { return joined(bake, serving(i)) }
	baking := held(policy.HoldBake)
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		want      policy.Choice
	}{
		"its successor has not":               {2, []policy.Instance{outdated(baked(1)), baked(2), fresh(3)}, policy.Choice{Held: baking}},
		"its successor has":                   {2, []policy.Instance{outdated(baked(1)), baked(2), baked(3)}, policy.Choice{Goals: goals(policy.Standby, 1)}},
		"its successor does not serve yet":    {2, []policy.Instance{outdated(baked(1)), baked(2), becoming(3)}, policy.Choice{}},
		"other outdated ones have, by nature": {2, []policy.Instance{outdated(fresh(1)), outdated(fresh(2)), baked(3)}, policy.Choice{Goals: goals(policy.Standby, 1), Order: 1}},
		"protected outdated ones as well":     {2, []policy.Instance{outdated(fresh(1)), protected(outdated(fresh(2))), baked(3)}, policy.Choice{Goals: goals(policy.Standby, 1)}},
		"a failing one is not of the rest":    {2, []policy.Instance{outdated(baked(1)), protected(failing(baked(2))), baked(3)}, policy.Choice{Held: baking}},
		"a failing one does not wait":         {2, []policy.Instance{failing(baked(1)), baked(2), fresh(3)}, policy.Choice{Goals: goals(policy.Standby, 1)}},
		"an expiring one does not wait":       {2, []policy.Instance{expiring(baked(1)), baked(2), fresh(3)}, policy.Choice{Goals: goals(policy.Standby, 1)}},
		"as many leave as others have": {
			2, []policy.Instance{outdated(baked(1)), outdated(baked(2)), outdated(baked(3)), fresh(4), fresh(5)},
			policy.Choice{Goals: goals(policy.Standby, 1), Held: baking},
		},
		"an expiring one that leaves counts no more": {
			3, []policy.Instance{expiring(baked(1)), outdated(baked(2)), baked(3), baked(4), fresh(5)},
			policy.Choice{Goals: goals(policy.Standby, 1), Held: baking},
		},
		"a failing one that leaves never did": {
			3, []policy.Instance{failing(baked(1)), outdated(baked(2)), baked(3), baked(4), baked(5)},
			policy.Choice{Goals: goals(policy.Standby, 1, 2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectChoice(t, choose(&spec, c.desired, c.instances, 0, noon), c.want)
		})
	}
}

func TestAGroupTooLargeLosesOutdatedInstancesThoughTheOthersBake(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Surge: 1, Standby: 10, HealBudget: 0.1, Brake: 1, Bake: time.Hour}
	fresh := func(i int) policy.Instance { return joined(0, serving(i)) }
	instances := []policy.Instance{outdated(serving(1)), fresh(2), fresh(3), fresh(4)}
	expectChoice(t, choose(&spec, 1, instances, 0, noon), policy.Choice{Goals: goals(policy.Standby, 1, 4), Held: held(policy.HoldBake)})
	instances = []policy.Instance{outdated(serving(9)), fresh(2), fresh(3), becoming(4)}
	expectChoice(t, choose(&spec, 1, instances, 0, noon), policy.Choice{Goals: goals(policy.Standby, 4, 9), Held: held(policy.HoldBake)})
}
