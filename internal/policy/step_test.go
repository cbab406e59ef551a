package policy_test

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// stepping is a spec without any guard, of one step.
func stepping(step policy.Step) policy.Spec {
	spec := unlimited()
	spec.Policies = []policy.Rule{{Name: "step", Step: &step}}
	return spec
}

// bands grow from 70 and from 90, and shrink down from 30 and from 10.
func bands() policy.Step {
	return policy.Step{
		Signal: "cpu", Quorum: 0.5,
		Above: []policy.Band{{Bound: 90, Change: policy.Change{Count: 4}}, {Bound: 70, Change: policy.Change{Count: 2}}},
		Below: []policy.Band{{Bound: 30, Change: policy.Change{Count: -1}}, {Bound: 10, Change: policy.Change{Count: -3}}},
	}
}

func TestStepChangesByTheBandThatTheSignalIsIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		want  int
	}{
		{1000, 14}, {90, 14}, {89.9, 12}, {70, 12}, {69.9, 10}, {50, 10}, {30.1, 10}, {30, 9}, {10.1, 9}, {10, 7}, {0, 7},
	} {
		if got := begin(t, stepping(bands()), 10).evaluate(ofInstances(readings(10, c.value))); got.Desired.Count != c.want {
			t.Errorf("at %g: got %d, want %d", c.value, got.Desired.Count, c.want)
		}
	}
}

// Ten times 0.8, added up, is a little less than 8.
func TestStepBeginsAtItsBoundHoweverAnAverageIsRounded(t *testing.T) {
	t.Parallel()
	step := policy.Step{Signal: "cpu", Above: []policy.Band{{Bound: 0.8, Change: policy.Change{Count: 1}}}}
	if got := begin(t, stepping(step), 10).evaluate(ofInstances(readings(10, 0.8))); got.Desired.Count != 11 {
		t.Errorf("got %d, want 11", got.Desired.Count)
	}
	step = policy.Step{Signal: "cpu", Quorum: 1, Below: []policy.Band{{Bound: 0.1, Change: policy.Change{Count: -1}}}}
	if got := begin(t, stepping(step), 3).evaluate(ofInstances(readings(3, 0.1))); got.Desired.Count != 2 {
		t.Errorf("got %d, want 2: three times 0.1 is a little more than 0.3", got.Desired.Count)
	}
}

func TestStepByAShareChangesByAtLeastSoMany(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		current int
		change  policy.Change
		want    int
	}{
		{10, policy.Change{Share: 0.5, AtLeast: 3}, 15},
		{4, policy.Change{Share: 0.5, AtLeast: 3}, 7},
		{10, policy.Change{Share: -0.5, AtLeast: 3}, 5},
		{4, policy.Change{Share: -0.5, AtLeast: 3}, 1},
		{2, policy.Change{Share: -0.5, AtLeast: 3}, 0},
		{2, policy.Change{Count: -5}, 0},
	} {
		step, value := policy.Step{Signal: "load", Above: []policy.Band{{Bound: 5, Change: c.change}}}, 5
		if c.change.Share < 0 || c.change.Count < 0 {
			step, value = policy.Step{Signal: "load", Below: []policy.Band{{Bound: 5, Change: c.change}}}, 5
		}
		if got := begin(t, stepping(step), c.current).evaluate(load(value)); got.Desired.Count != c.want || got.Wanted != c.want {
			t.Errorf("%d by %+v: got %d of %d, want %d", c.current, c.change, got.Desired.Count, got.Wanted, c.want)
		}
	}
}

func TestStepShrinksWithWhatIsMissingAtItsWorst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quorum  float64
		ceiling float64
		size    int
		samples []policy.Sample
		verdict policy.Verdict
		count   int
	}{
		"complete":                           {1, 0, 10, readings(10, 20), policy.Want, 9},
		"the quorum is missed":               {1, 0, 10, slices.Concat(readings(9, 20), missing(1, policy.Failed)), policy.Unknown, 0},
		"a missing one may be at every band": {0.5, 0, 10, slices.Concat(readings(9, 20), missing(1, policy.Failed)), policy.Want, 9},
		"two of them are too many":           {0.5, 0, 10, slices.Concat(readings(8, 20), missing(2, policy.Failed)), policy.Want, 10},
		"a missing one may be at the top":    {0.5, 200, 10, slices.Concat(readings(9, 20), missing(1, policy.Failed)), policy.Want, 10},
		"one that is not listed is missing":  {1, 0, 12, readings(10, 20), policy.Want, 12},
		"doubted ones are missing":           {0.5, 0, 10, slices.Concat(readings(8, 20), doubted(2, 0)), policy.Want, 10},
		"only doubted ones":                  {0.5, 0, 10, doubted(10, 0), policy.Unknown, 0},
		"only doubted ones, and busy":        {1, 0, 10, doubted(10, 75), policy.Want, 12},
		"growing takes what is there":        {1, 0, 10, slices.Concat(readings(1, 75), missing(9, policy.Failed)), policy.Want, 12},
		"no value":                           {0, 0, 10, missing(10, policy.Stale), policy.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step, signal := bands(), ofInstances(c.samples)
			step.Quorum, signal.Ceiling = c.quorum, c.ceiling
			got := begin(t, stepping(step), c.size).evaluate(signal).Recommendations[0]
			if got.Verdict != c.verdict || got.Count != c.count {
				t.Errorf("got %v %d, want %v %d", got.Verdict, got.Count, c.verdict, c.count)
			}
		})
	}
}

func TestStepWithoutBandsBelowLetsOthersShrink(t *testing.T) {
	t.Parallel()
	step := bands()
	step.Below = nil
	spec := stepping(step)
	spec.Policies = append(spec.Policies, policy.Targets(followLoad())...)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(readings(10, 20))), 4, policy.ReasonWant)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(missing(10, policy.Failed))), 10, policy.ReasonUnknown)
}

func TestStepThatShrinksKeepsOthersFromShrinkingUntilThen(t *testing.T) {
	t.Parallel()
	spec := stepping(bands())
	spec.Policies = append(spec.Policies, policy.Targets(followLoad())...)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(readings(10, 50))), 10, policy.ReasonSteady)
}

func TestStepNeverWantsFewerForSomeBeingOnTheirWay(t *testing.T) {
	t.Parallel()
	busy := threshold(2, above("cpu", 60))
	spec := stepping(bands())
	spec.Policies = append(spec.Policies, policy.Rule{Name: "threshold", Threshold: &busy})
	group := begin(t, spec, 10)
	group.Becoming = 5
	for _, got := range group.evaluate(ofInstances(readings(10, 75))).Recommendations {
		if got.Verdict != policy.Want || got.Count != 10 {
			t.Errorf("%s: got %v %d, want 10", got.Policy, got.Verdict, got.Count)
		}
	}
}

func TestStepSaysWhichBandItIsAbout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, target float64 }{{95, 90}, {70, 70}, {50, 0}, {20, 30}, {5, 10}} {
		got := begin(t, stepping(bands()), 10).evaluate(ofInstances(readings(10, c.value))).Recommendations[0]
		if value, _ := got.Value.Value(); got.Target != c.target || value != c.value || got.Measured != 10 || got.Of != 10 {
			t.Errorf("at %g: got %+v, want it to be about %g", c.value, got, c.target)
		}
	}
}
