package policy_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// shrinking follows the signal load down, beside the rule.
func shrinking(rule policy.Rule) policy.Spec {
	spec := unlimited()
	spec.Policies = append(spec.Policies, rule)
	return spec
}

func stepFrom(bound float64) policy.Rule {
	return policy.Rule{Name: "step", Step: &policy.Step{Signal: "cpu", Quorum: 1, Above: []policy.Band{{Bound: bound, Change: policy.Change{Count: 1}}}}}
}

func outTarget(value float64) policy.Rule {
	return policy.Rule{Name: "target", Only: policy.OnlyOut, Target: &policy.Target{Signal: "cpu", Value: value, Quorum: 1}}
}

func TestGroupShrinksToTheSmallestSizeAtWhichNoRuleWantsMore(t *testing.T) {
	t.Parallel()
	rule := threshold(1, above("cpu", 60))
	for name, c := range map[string]struct {
		rule   policy.Rule
		wanted int
		want   int
		reason policy.Reason
	}{
		"a step":                      {stepFrom(60), 2, 7, policy.ReasonProjected}, // 400/7 is 57, and 400/6 is 66
		"a step, far enough away":     {stepFrom(60), 8, 8, policy.ReasonWant},
		"a step, exactly at its band": {stepFrom(50), 2, 9, policy.ReasonProjected}, // 400/8 is 50, and a band begins with its bound
		"a threshold":                 {policy.Rule{Name: "threshold", Threshold: &rule}, 2, 7, policy.ReasonProjected},
		"a target that only grows":    {outTarget(60), 2, 7, policy.ReasonProjected},
		"a step that wants more now":  {stepFrom(40), 2, 11, policy.ReasonWant},
		"a step that may not grow":    {policy.Rule{Name: "step", Only: policy.OnlyIn, Step: stepFrom(60).Step}, 2, 2, policy.ReasonWant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, begin(t, shrinking(c.rule), 10).evaluate(load(c.wanted), ofInstances(readings(10, 40))), c.want, c.reason)
		})
	}
}

func TestProjectionSpreadsTheLoadOfAllInstances(t *testing.T) {
	t.Parallel()
	// Two more than decided serve, while they are replaced.
	expect(t, begin(t, shrinking(stepFrom(60)), 10).evaluate(load(2), ofInstances(readings(12, 40))), 9, policy.ReasonProjected)
}

func TestARuleThatOnlyGrowsHoldsWhileItCannotTell(t *testing.T) {
	t.Parallel()
	signal := ofInstances(readings(8, 40), doubted(2, 80))
	expect(t, begin(t, shrinking(outTarget(60)), 10).evaluate(load(2), signal), 10, policy.ReasonUnknown)
}

func TestSumOfTheInstancesIsTheSameHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	signal := ofInstances(readings(10, 40))
	signal.Statistic = policy.Sum
	expect(t, begin(t, shrinking(stepFrom(401)), 10).evaluate(load(2), signal), 2, policy.ReasonWant)
}

func TestGroupOfOneIsProjectedToCarryItsLoadItself(t *testing.T) {
	t.Parallel()
	expect(t, begin(t, shrinking(stepFrom(60)), 2).evaluate(load(0), ofInstances(readings(2, 20))), 0, policy.ReasonWant)
	expect(t, begin(t, shrinking(stepFrom(40)), 2).evaluate(load(0), ofInstances(readings(2, 20))), 2, policy.ReasonProjected)
}

// Idle time does not grow by there being fewer instances.
func TestSignalThatFallsUnderLoadIsProjectedAsItIs(t *testing.T) {
	t.Parallel()
	rule := threshold(1, below("cpu", 30))
	rule.Hits, rule.Of = 2, 2
	spec := shrinking(policy.Rule{Name: "threshold", Threshold: &rule})
	expect(t, begin(t, spec, 10).evaluate(load(2), ofInstances(readings(10, 20))), 10, policy.ReasonProjected)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(readings(10, 40))), 4, policy.ReasonWant)
}

func TestProjectionDoesNotKeepAGroupAboveItsBounds(t *testing.T) {
	t.Parallel()
	lowered := shrinking(stepFrom(60))
	lowered.Max = 3
	expect(t, begin(t, lowered, 10).evaluate(load(2), ofInstances(readings(10, 40))), 3, policy.ReasonProjected)
	expect(t, begin(t, lowered, 10).evaluate(load(10), ofInstances(readings(10, 40))), 3, policy.ReasonAtMax)
	scheduled := shrinking(stepFrom(60))
	scheduled.Policies = append(scheduled.Policies, bounded(t, always, 0, 3))
	expect(t, begin(t, scheduled, 10).evaluate(load(2), ofInstances(readings(10, 40))), 3, policy.ReasonProjected)
	expect(t, begin(t, scheduled, 10).evaluate(load(10), ofInstances(readings(10, 40))), 3, policy.ReasonAtCeiling)
}

// Targets want no less than what they would want of the smaller group.
func TestProjectionHoldsUpNoGroupOfTargetsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", rapid.Float64Range(0, 1).Draw(t, "quorum"))
		values := drawValues(t, target.Value)
		cpu := ofInstances(samplesOf(values))
		cpu.Statistic = drawStatistic(t)
		for i := range cpu.Instances {
			if rapid.IntRange(0, 5).Draw(t, "gap") == 0 {
				cpu.Instances[i].Sample = drawAbsent(t)
			}
		}
		spec := unlimited()
		spec.Policies = policy.Targets(target, drawTarget(t, "rate", 1))
		rate := ofGroup("rate", policy.ValueAt(rapid.Float64Range(0, 50).Draw(t, "rate")*spec.Policies[1].Target.Value, noon))
		observed := policy.Observation{Size: policy.Size{Count: len(values)}, Signals: []policy.Signal{cpu, rate}}
		if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Reason == policy.ReasonProjected {
			t.Fatalf("from %d, wanting %d: held at %d", got.Current.Count, got.Wanted, got.Desired.Count)
		}
	})
}

// What somebody else says the size is, or asked for, is wanted at every size.
func TestGroupDoesNotShrinkBelowWhatARuleThatOnlyGrowsWouldUndo(t *testing.T) {
	t.Parallel()
	size := policy.Rule{Name: "size", Only: policy.OnlyOut, Size: &policy.SizeOf{Signal: "size"}}
	hook := policy.Rule{Name: "webhook", Only: policy.OnlyOut, Webhook: &policy.Webhook{Signal: "push"}}
	seven := ofGroup("size", policy.ValueAt(7, noon))
	expect(t, begin(t, shrinking(size), 10).evaluate(load(2), seven), 7, policy.ReasonProjected)
	group := begin(t, shrinking(hook), 5)
	expect(t, group.evaluate(load(2), pushed(3, 0)), 8, policy.ReasonWant)
	expect(t, group.evaluate(load(2), pushed(3, 0)), 8, policy.ReasonProjected)
	expect(t, group.evaluate(load(2), noPush()), 2, policy.ReasonWant)
}
