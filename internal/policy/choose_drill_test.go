package policy_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// drilled is an instance that a fire drill has brought up, as far as the stage.
func drilled(i int, stage policy.Stage) policy.Instance { return instance(i, policy.Ready, stage) }

func TestChooseTakesWhatAFireDrillBringsUpFirst(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 4, OrderMax: 4, Surge: 1, Standby: 10, HealBudget: 0.1}
	two := []policy.Instance{serving(1), serving(2)}
	for name, c := range map[string]struct {
		desired   int
		instances []policy.Instance
		spare     int
		want      policy.Choice
	}{
		"it is no capacity, and goes on":               {2, []policy.Instance{drilled(5, policy.Becoming)}, 0, policy.Choice{}},
		"it goes on while the group shrinks":           {1, []policy.Instance{drilled(5, policy.Becoming)}, 0, policy.Choice{Goals: goals(policy.Standby, 2)}},
		"growth takes it as far as it is":              {3, []policy.Instance{drilled(5, policy.Becoming)}, 0, policy.Choice{Goals: goals(policy.InService, 5)}},
		"also while it is off":                         {3, []policy.Instance{drilled(5, policy.Stopped)}, 0, policy.Choice{Goals: goals(policy.InService, 5)}},
		"before what leaves and what stands by":        {4, []policy.Instance{leaving(3), stopped(4), drilled(5, policy.Becoming)}, 0, policy.Choice{Goals: goals(policy.InService, 5, 3)}},
		"what is ordered for it comes next":            {3, []policy.Instance{stopped(4)}, 1, policy.Choice{Spare: 1}},
		"what is ordered for it spares no shrinking":   {1, nil, 1, policy.Choice{Goals: goals(policy.Standby, 2)}},
		"what is ordered for it is not needed":         {2, nil, 1, policy.Choice{}},
		"more than it is ordered":                      {4, nil, 1, policy.Choice{Order: 1, Spare: 1}},
		"a broken one has a place, and is not taken":   {4, []policy.Instance{failing(drilled(5, policy.Becoming)), quarantined(becoming(6))}, 0, policy.Choice{Order: 1, Held: held(policy.HoldRoom)}},
		"an outdated one is taken for what is missing": {3, []policy.Instance{outdated(drilled(5, policy.Becoming))}, 0, policy.Choice{Goals: goals(policy.InService, 5)}},
		"an outdated one is nobody's successor":        {3, []policy.Instance{outdated(joined(time.Hour, serving(3))), outdated(drilled(5, policy.Becoming))}, 0, policy.Choice{Order: 1}},
		"a sound one is a successor":                   {3, []policy.Instance{failing(serving(3)), drilled(5, policy.Becoming)}, 0, policy.Choice{Goals: goals(policy.InService, 5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instances := append(append([]policy.Instance{}, two...), c.instances...)
			situation := policy.Situation{Desired: c.desired, Instances: instances, Drill: code(5), Spare: c.spare}
			expectChoice(t, policy.Choose(&spec, situation, noon), c.want)
		})
	}
}

func TestWhatADrillBroughtUpStandsByWhenTheDrillIsOver(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 4, OrderMax: 4, Surge: 1}
	situation := policy.Situation{Desired: 1, Instances: []policy.Instance{serving(1), drilled(5, policy.Becoming), quarantined(drilled(6, policy.Becoming))}}
	expectChoice(t, policy.Choose(&spec, situation, noon), policy.Choice{Goals: goals(policy.Standby, 5)})
	situation.Doubtful = true
	expectChoice(t, policy.Choose(&spec, situation, noon), policy.Choice{})
}

func TestTheFittestOfThoseThatStandByIsTheOneThatComesBackFirst(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{Max: 10, Standby: 10}
	instances := []policy.Instance{serving(1), outdated(stopped(9)), stopped(4), stopped(6), quarantined(stopped(8)), leaving(7), drilled(5, policy.Stopped)}
	if got, found := policy.Fittest(instances); !found || got.Code != code(6) {
		t.Errorf("it is %+v, %t", got, found)
	}
	standing := []policy.Instance{serving(1), outdated(stopped(9)), stopped(4), stopped(6)}
	expectChoice(t, choose(&spec, 2, standing, 0, noon), policy.Choice{Goals: goals(policy.InService, 6)})
	if got, found := policy.Fittest([]policy.Instance{serving(1), leaving(7)}); found {
		t.Errorf("nobody stands by, and it is %+v", got)
	}
}

func TestLaunchesFailWhenSoManyInARowNeverServed(t *testing.T) {
	t.Parallel()
	spec := policy.Spec{LaunchFailuresMax: 2}
	instances := []policy.Instance{joined(time.Hour, serving(1)), quarantined(becoming(3))}
	if policy.LaunchesFail(&spec, instances) {
		t.Error("one is enough")
	}
	if instances = append(instances, quarantined(drilled(4, policy.Becoming))); !policy.LaunchesFail(&spec, instances) {
		t.Error("two are not enough")
	}
}
