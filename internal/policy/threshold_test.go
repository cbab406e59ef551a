package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func above(signal string, bound float64) policy.Condition {
	return policy.Condition{Signal: signal, Quorum: 1, Above: &bound}
}

func below(signal string, bound float64) policy.Condition {
	return policy.Condition{Signal: signal, Quorum: 1, Below: &bound}
}

// threshold changes by so many while all of the conditions hold.
func threshold(change int, when ...policy.Condition) policy.Threshold {
	return policy.Threshold{When: when, Change: policy.Change{Count: change}, Hits: 1, Of: 1}
}

// watching is a spec without any guard, of thresholds.
func watching(thresholds ...policy.Threshold) policy.Spec {
	spec := unlimited()
	spec.Policies = nil
	for i := range thresholds {
		spec.Policies = append(spec.Policies, policy.Rule{Name: "threshold/" + code(i), Threshold: &thresholds[i]})
	}
	return spec
}

func TestThresholdHoldsOnlyBeyondItsBound(t *testing.T) {
	t.Parallel()
	out, in := threshold(2, above("load", 8)), threshold(-1, below("load", 3))
	for _, c := range []struct {
		value float64
		want  int
	}{{9, 12}, {8.0000001, 12}, {8, 10}, {5, 10}, {3, 10}, {2.9999999, 9}, {0, 9}} {
		signal := ofGroup("load", policy.ValueAt(c.value, noon))
		if got := begin(t, watching(out, in), 10).evaluate(signal); got.Desired.Count != c.want {
			t.Errorf("at %g: got %d, want %d", c.value, got.Desired.Count, c.want)
		}
	}
}

// Three times 0.1, added up, is a little more than 0.3, and ten times a little less than 1.
func TestAverageAtTheBoundIsNotBeyondIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		threshold policy.Threshold
		n         int
	}{{threshold(1, above("cpu", 0.1)), 3}, {threshold(-1, below("cpu", 0.1)), 10}} {
		if got := begin(t, watching(c.threshold), c.n).evaluate(ofInstances(readings(c.n, 0.1))); got.Change() != 0 {
			t.Errorf("%d at the bound: changes by %d", c.n, got.Change())
		}
	}
}

func TestThresholdFiresAtSoManyOfTheLastEvaluations(t *testing.T) {
	t.Parallel()
	spec := watching(policy.Threshold{When: []policy.Condition{above("load", 8)}, Change: policy.Change{Count: 1}, Hits: 3, Of: 5})
	spec.Max = 1000
	const high, low, none = 9, 5, -1
	for name, c := range map[string]struct {
		loads []int
		want  []int // changes
	}{
		"three in a row":                    {[]int{high, high, high, high}, []int{0, 0, 1, 1}},
		"three of five":                     {[]int{high, low, high, low, high}, []int{0, 0, 0, 0, 1}},
		"three of six":                      {[]int{high, low, low, high, low, high}, []int{0, 0, 0, 0, 0, 0}},
		"it need not be the newest":         {[]int{high, high, high, low, low, low}, []int{0, 0, 1, 1, 1, 0}},
		"those without data count for none": {[]int{high, none, none, high, none, high}, []int{0, 0, 0, 0, 0, 1}},
		"and fire nothing":                  {[]int{high, high, high, none, low}, []int{0, 0, 1, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, spec, 10)
			for i, value := range c.loads {
				signal := load(value)
				if value == none {
					signal = noLoad()
				}
				if got := group.evaluate(signal); got.Change() != c.want[i] {
					t.Errorf("evaluation %d: changes by %d (%s), want %d", i, got.Change(), got.Reason, c.want[i])
				}
				group.wait(10 * time.Second)
			}
		})
	}
}

func TestEvaluationsBeforeAnInterruptionCountNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pause time.Duration
		want  int
	}{{time.Minute, 11}, {time.Minute + 1, 10}} {
		spec := watching(policy.Threshold{When: []policy.Condition{above("load", 8)}, Change: policy.Change{Count: 1}, Hits: 2, Of: 2})
		group := begin(t, spec, 10)
		group.evaluate(load(9))
		group.wait(c.pause)
		if got := group.evaluate(load(9)); got.Desired.Count != c.want {
			t.Errorf("after %v: got %d, want %d", c.pause, got.Desired.Count, c.want)
		}
	}
}

func TestAllConditionsHaveToHold(t *testing.T) {
	t.Parallel()
	both := []policy.Condition{above("load", 8), above("queue", 100)}
	for name, c := range map[string]struct {
		change    int
		load      policy.Signal
		queue     policy.Sample
		verdict   policy.Verdict
		tellsLoad bool
	}{
		"growing, both":                       {1, load(9), policy.ValueAt(200, noon), policy.Want, true},
		"growing, one of them":                {1, load(9), policy.ValueAt(50, noon), policy.Abstain, false},
		"growing, the other":                  {1, load(5), policy.ValueAt(200, noon), policy.Abstain, true},
		"growing, one cannot be read":         {1, load(9), policy.Missing(policy.Stale, noon), policy.Unknown, false},
		"growing, the first cannot be read":   {1, noLoad(), policy.ValueAt(200, noon), policy.Unknown, true},
		"growing, neither can be read":        {1, noLoad(), policy.Missing(policy.Stale, noon), policy.Unknown, true},
		"growing, one that does not is known": {1, noLoad(), policy.ValueAt(50, noon), policy.Abstain, false},
		"growing, a doubted one that does":    {1, load(9), policy.Doubted(200, policy.Frozen, noon), policy.Want, true},
		"growing, a doubted one that doesn't": {1, load(9), policy.Doubted(50, policy.Frozen, noon), policy.Unknown, false},
		"shrinking, both":                     {-1, load(9), policy.ValueAt(200, noon), policy.Want, true},
		"shrinking, one of them":              {-1, load(9), policy.ValueAt(50, noon), policy.Want, false},
		"shrinking, one cannot be read":       {-1, load(9), policy.Missing(policy.Stale, noon), policy.Unknown, false},
		"shrinking, a doubted one that does":  {-1, load(9), policy.Doubted(200, policy.Frozen, noon), policy.Unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, watching(threshold(c.change, both...)), 10)
			got := group.evaluate(c.load, ofGroup("queue", c.queue)).Recommendations[0]
			if got.Verdict != c.verdict || (got.Signal == "load") != c.tellsLoad {
				t.Errorf("got %v because of %s, want %v", got.Verdict, got.Signal, c.verdict)
			}
		})
	}
}

func TestThresholdThatGrowsHasNoOtherSay(t *testing.T) {
	t.Parallel()
	spec := watching(threshold(2, above("cpu", 80)))
	spec.Policies = append(spec.Policies, policy.Targets(followLoad())...)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(readings(10, 20))), 4, policy.ReasonWant)
	expect(t, begin(t, spec, 10).evaluate(load(4), ofInstances(missing(10, policy.Failed))), 10, policy.ReasonUnknown)
}

func TestGroupShrinksOnlyWhenAllThresholdsThatShrinkAgree(t *testing.T) {
	t.Parallel()
	spec := watching(threshold(-1, below("load", 3)), threshold(-2, below("queue", 10)))
	queue := func(value float64) policy.Signal { return ofGroup("queue", policy.ValueAt(value, noon)) }
	expect(t, begin(t, spec, 10).evaluate(load(1), queue(1)), 9, policy.ReasonWant)
	expect(t, begin(t, spec, 10).evaluate(load(5), queue(1)), 10, policy.ReasonSteady)
	expect(t, begin(t, spec, 10).evaluate(load(1), queue(50)), 10, policy.ReasonSteady)
}

// Of a signal that falls under load, as idle time does, a missing instance is at its worst
// at 0 when the group might shrink.
func TestThresholdTakesWhatIsMissingForWhatSpeaksForMoreInstances(t *testing.T) {
	t.Parallel()
	gaps := func(n int, value float64) policy.Signal {
		signal := ofInstances(readings(n, value), missing(10-n, policy.Failed))
		signal.Ceiling = 100
		return signal
	}
	for name, c := range map[string]struct {
		threshold policy.Threshold
		signal    policy.Signal
		verdict   policy.Verdict
		count     int
	}{
		"idle, all known":                         {threshold(-1, above("cpu", 70)), gaps(10, 80), policy.Want, 9},
		"idle, one missing":                       {threshold(-1, above("cpu", 70)), gaps(9, 80), policy.Want, 9},
		"idle, two missing":                       {threshold(-1, above("cpu", 70)), gaps(8, 80), policy.Want, 10},
		"busy, all known":                         {threshold(-1, below("cpu", 30)), gaps(10, 20), policy.Want, 9},
		"busy, one missing":                       {threshold(-1, below("cpu", 30)), gaps(9, 20), policy.Want, 9},
		"busy, two missing":                       {threshold(-1, below("cpu", 30)), gaps(8, 20), policy.Want, 10},
		"not yet busy, all known":                 {threshold(1, above("cpu", 30)), gaps(10, 20), policy.Abstain, 0},
		"not yet busy, whatever one missing does": {threshold(1, above("cpu", 30)), gaps(9, 20), policy.Abstain, 0},
		"busy, if the missing two are":            {threshold(1, above("cpu", 30)), gaps(8, 20), policy.Unknown, 0},
		"busy, those that are known":              {threshold(1, above("cpu", 30)), gaps(1, 40), policy.Want, 11},
		"still idle, whatever one missing does":   {threshold(1, below("cpu", 70)), gaps(9, 80), policy.Abstain, 0},
		"no more idle, if the missing two are":    {threshold(1, below("cpu", 70)), gaps(8, 80), policy.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.threshold.When[0].Quorum = 0.1
			got := begin(t, watching(c.threshold), 10).evaluate(c.signal).Recommendations[0]
			if got.Verdict != c.verdict || got.Count != c.count {
				t.Errorf("got %v %d, want %v %d", got.Verdict, got.Count, c.verdict, c.count)
			}
		})
	}
}

func TestLeastOfAPickedValueTakesAClaimForNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statistic policy.Statistic
		samples   []policy.Sample
		want      int
	}{
		"sum":                                   {policy.Sum, slices.Concat(readings(9, 10), missing(1, policy.Failed)), 9},
		"sum, not enough without the missing":   {policy.Sum, slices.Concat(readings(7, 10), missing(3, policy.Failed)), 10},
		"min, a missing one may be the least":   {policy.Minimum, slices.Concat(readings(9, 80), missing(1, policy.Failed)), 10},
		"median":                                {policy.Median, slices.Concat(readings(6, 80), missing(4, policy.Failed)), 9},
		"median, a claim that may be far below": {policy.Median, slices.Concat(readings(9, 80), doubted(1, 90)), 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := threshold(-1, above("cpu", 70))
			rule.When[0].Quorum = 0.1
			signal := ofInstances(c.samples)
			signal.Statistic = c.statistic
			if got := begin(t, watching(rule), 10).evaluate(signal); got.Desired.Count != c.want {
				t.Errorf("got %d, want %d", got.Desired.Count, c.want)
			}
		})
	}
}

func TestThresholdOfAnExactSize(t *testing.T) {
	t.Parallel()
	ten := 10
	exactly := policy.Threshold{When: []policy.Condition{above("queue", 100)}, Size: &ten, Hits: 1, Of: 1}
	for name, c := range map[string]struct {
		only    policy.Way
		current int
		queue   float64
		want    int // where another rule wants 3
	}{
		"it grows to it":                         {policy.BothWays, 5, 200, 10},
		"it shrinks to it":                       {policy.BothWays, 15, 200, 10},
		"it stays there":                         {policy.BothWays, 10, 200, 10},
		"smaller, it has no say":                 {policy.BothWays, 5, 50, 3},
		"at it, it has no say":                   {policy.BothWays, 10, 50, 3},
		"larger, it has no say":                  {policy.BothWays, 15, 50, 3},
		"growing only: no say when it is larger": {policy.OnlyOut, 15, 50, 3},
		"growing only: it would grow again":      {policy.OnlyOut, 15, 200, 10},
		"growing only: it grows":                 {policy.OnlyOut, 5, 200, 10},
		"shrinking only: it does not grow":       {policy.OnlyIn, 5, 200, 5},
		"shrinking only: it shrinks":             {policy.OnlyIn, 15, 200, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := watching(exactly)
			spec.Policies[0].Only = c.only
			spec.Policies = append(spec.Policies, policy.Targets(followLoad())...)
			if got := begin(t, spec, c.current).evaluate(load(3), ofGroup("queue", policy.ValueAt(c.queue, noon))); got.Desired.Count != c.want {
				t.Errorf("got %d (%s), want %d", got.Desired.Count, got.Reason, c.want)
			}
		})
	}
}

func TestThresholdNeverWantsFewerThanNone(t *testing.T) {
	t.Parallel()
	got := begin(t, watching(threshold(-5, below("load", 3))), 2).evaluate(load(1)).Recommendations[0]
	if got.Count != 0 {
		t.Errorf("got %d, want 0", got.Count)
	}
}

func TestThresholdGrowsFromThoseThatServe(t *testing.T) {
	t.Parallel()
	group := begin(t, watching(threshold(3, above("load", 8))), 10)
	for _, c := range []struct{ becoming, want int }{{0, 13}, {3, 13}, {1, 15}} {
		group.Becoming = c.becoming
		if got := group.evaluate(load(9)); got.Desired.Count != c.want {
			t.Errorf("with %d on their way: got %d, want %d", c.becoming, got.Desired.Count, c.want)
		}
	}
}

func TestEvaluationsAheadOfTheirTimeDoNotCountByThemselves(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Interval = 10 * time.Second
	above := 80.0
	spec.Policies = []policy.Rule{{Name: "hot", Threshold: &policy.Threshold{
		When: []policy.Condition{{Signal: "load", Above: &above}}, Change: policy.Change{Count: 1}, Hits: 3, Of: 5,
	}}}
	var memory policy.Memory
	at := func(after time.Duration) int {
		now := noon.Add(after)
		signal := ofGroup("load", policy.ValueAt(90, now))
		return policy.Evaluate(&spec, policy.Observation{Size: policy.Size{Count: 2}, Signals: []policy.Signal{signal}}, now, &memory).Change()
	}
	for second := range 15 { // an event each second
		if change := at(time.Duration(second) * time.Second); change != 0 {
			t.Fatalf("after %d s it changes by %d", second, change)
		}
	}
	if change := at(20 * time.Second); change != 1 {
		t.Errorf("at the third interval it changes by %d", change)
	}
}
