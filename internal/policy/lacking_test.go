package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// mean is a signal of the group that shows what each of its instances does.
func mean(value float64) policy.Signal { return ofGroup("mean", policy.ValueAt(value, noon)) }

func holdMeanAt(value float64) policy.Rule {
	return policy.Rule{Name: "target/mean", Target: &policy.Target{Name: "target/mean", Signal: "mean", Value: value, Quorum: 1, Each: true}}
}

// What is decided and not there yet carries nothing: the mean of those that serve must not
// be taken for theirs.
func TestAMeanIsThatOfTheInstancesThatServe(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = []policy.Rule{holdMeanAt(0.6)}
	for name, observed := range map[string]policy.Observation{
		"becoming":       {Size: policy.Size{Count: 9}, Becoming: 3},
		"never ordered":  {Size: policy.Size{Count: 9}, Lacking: 3},
		"some of either": {Size: policy.Size{Count: 9}, Becoming: 1, Lacking: 2},
	} {
		observed.Signals = []policy.Signal{mean(0.9)} // of six: nine are needed
		if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Desired.Count != 9 {
			t.Errorf("%s: it becomes %d", name, got.Desired.Count)
		}
	}
	observed := policy.Observation{Size: policy.Size{Count: 6}, Signals: []policy.Signal{mean(0.9)}}
	if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Desired.Count != 9 {
		t.Errorf("six that serve become %d", got.Desired.Count)
	}
}

// Whoever asks then must not be told that the signal is missing: it is shown, and good.
func TestAMeanOverInstancesThatHaveNotSettledIsWarming(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = []policy.Rule{holdMeanAt(0.6)}
	for name, c := range map[string]struct {
		observed    policy.Observation
		says, which string
	}{
		"the first one settles": {
			policy.Observation{Size: policy.Size{Count: 1}, Becoming: 1, Settling: 1, Signals: []policy.Signal{mean(0.9)}},
			"target/mean cannot tell: mean is warming", "  mean is warming: no instance has served for long enough yet",
		},
		"nothing is ordered": {
			policy.Observation{Size: policy.Size{Count: 1}, Lacking: 1, Signals: []policy.Signal{mean(0.9)}},
			"target/mean cannot tell: mean is warming", "  mean is warming: no instance has served for long enough yet",
		},
		"it cannot be read": {
			policy.Observation{Size: policy.Size{Count: 1}, Becoming: 1, Signals: []policy.Signal{ofGroup("mean", policy.Missing(policy.Failed, noon))}},
			"target/mean cannot tell: mean is failed", "  mean is failed: `autoscaled signals` says why",
		},
	} {
		in := c.observed.Inputs()
		e := policy.Explain(&spec, &in, noon, policy.Memory{})
		if got := e.Recommendations[0].String(); got != c.says {
			t.Errorf("%s: status says %q, want %q", name, got, c.says)
		}
		if got := e.Words(); !slices.Contains(got, c.which) {
			t.Errorf("%s: no line of the explanation says %q:\n%s", name, c.which, strings.Join(got, "\n"))
		}
	}
}

func TestAnExplanationSaysThatTooFewInstancesShowASignal(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	target := holdMeanAt(0.6)
	target.Target.Signal, target.Target.Each = "cpu", false
	spec.Policies = []policy.Rule{target}
	in := policy.Observation{Size: policy.Size{Count: 4}, Signals: []policy.Signal{
		ofInstances(readings(1, 0.1), missing(3, policy.Failed)),
	}}.Inputs()
	words := policy.Explain(&spec, &in, noon, policy.Memory{}).Words()
	if text := strings.Join(words, "\n"); strings.Contains(text, "(present)") || !strings.Contains(text, "only 1 of 4 instances show cpu") {
		t.Errorf("it says\n%s", text)
	}
}

// Orders that fail must not make the group want more and more.
func TestAStepWantsNoMoreWhileItsOrdersFail(t *testing.T) {
	t.Parallel()
	above := 50.0
	for name, rule := range map[string]policy.Rule{
		"a step":      {Name: "step", Step: &policy.Step{Signal: "mean", Above: []policy.Band{{Bound: 50, Change: policy.Change{Count: 1}}}}},
		"a threshold": {Name: "threshold", Threshold: &policy.Threshold{When: []policy.Condition{{Signal: "mean", Above: &above}}, Change: policy.Change{Count: 1}, Hits: 1, Of: 1}},
	} {
		spec := unlimited()
		spec.Policies = []policy.Rule{rule}
		size, memory := 3, policy.Memory{}
		for n := range 20 {
			observed := policy.Observation{Size: policy.Size{Count: size}, Lacking: size - 3, Signals: []policy.Signal{mean(90)}}
			size = policy.Evaluate(&spec, observed, noon.Add(time.Duration(n)*10*time.Second), &memory).Desired.Count
		}
		if size != 4 {
			t.Errorf("%s: three serve, and it wants %d", name, size)
		}
	}
}

func TestAShareOfNoInstanceIsOne(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Out.Rates = []policy.Rate{{Share: 1, Period: time.Minute}}
	observed := policy.Observation{Signals: []policy.Signal{load(5)}}
	if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Desired.Count != 1 {
		t.Errorf("from none it becomes %d (%s)", got.Desired.Count, got.Reason)
	}
}

func TestWhatAnOperatorOrSchedulesKeptIsStabilizedAfterwards(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization = 5 * time.Minute
	spec.Gap = time.Minute
	memory := policy.Memory{Override: &policy.Override{Kind: policy.AtLeast, Count: 8, Since: noon, Until: noon.Add(10 * time.Minute), By: "sato"}}
	size := 2
	at := func(after time.Duration) int {
		observed := policy.Observation{Size: policy.Size{Count: size}, Signals: []policy.Signal{load(2)}}
		size = policy.Evaluate(&spec, observed, noon.Add(after), &memory).Desired.Count
		return size
	}
	for after := time.Duration(0); after < 14*time.Minute; after += 10 * time.Second {
		if got := at(after); got != 8 {
			t.Fatalf("after %s it has %d", after, got)
		}
	}
	for after := 14 * time.Minute; after <= 16*time.Minute; after += 10 * time.Second {
		at(after)
	}
	if size != 2 {
		t.Errorf("a span after the end it has %d", size)
	}
}

// A rule that only grows, and cannot tell, would perhaps have the group grow again.
func TestDataThatGoesMissingNeverShrinksAGroupThatItHeld(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	held := policy.Targets(policy.Target{Name: "target/mean", Signal: "rate", Value: 1, Quorum: 1})[0]
	held.Only = policy.OnlyOut
	spec.Policies = append(spec.Policies, held)
	decide := func(rate policy.Sample) int {
		observed := policy.Observation{Size: policy.Size{Count: 20}, Signals: []policy.Signal{load(6), ofGroup("rate", rate)}}
		return policy.Evaluate(&spec, observed, noon, &policy.Memory{}).Desired.Count
	}
	if got := decide(policy.ValueAt(20, noon)); got != 20 {
		t.Fatalf("with its data it becomes %d", got)
	}
	if got := decide(policy.Missing(policy.Failed, noon)); got != 20 {
		t.Errorf("without, it becomes %d", got)
	}
}

// A person may have made the group smaller than it is.
func TestWhatServesIsCountedWhateverSizeWasDecided(t *testing.T) {
	t.Parallel()
	for size := range 12 {
		for serving := 1; serving < 12; serving++ {
			for becoming := range 4 {
				observed := policy.Observation{
					Size: policy.Size{Count: size}, Becoming: becoming, Lacking: size - serving - becoming,
					Signals: []policy.Signal{mean(0.6)},
				}
				in := observed.Inputs()
				if got := in.Carrying(); got != serving {
					t.Fatalf("of %d decided, %d serve and %d are becoming; %d are counted", size, serving, becoming, got)
				}
				spec := unlimited()
				spec.Min, spec.Policies = 0, []policy.Rule{holdMeanAt(0.6)}
				if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Desired.Count != serving && becoming == 0 { // else it waits for those
					t.Fatalf("of %d decided, %d serve at their target; it becomes %d", size, serving, got.Desired.Count)
				}
			}
		}
	}
}

// Like orders that fail, instances that are not sent away yet give no reason to grow further.
func TestAStepCountsFromTheDecidedSizeWhileMoreServe(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = []policy.Rule{{Name: "step", Step: &policy.Step{Signal: "mean", Above: []policy.Band{{Bound: 50, Change: policy.Change{Count: 1}}}}}}
	observed := policy.Observation{Size: policy.Size{Count: 2}, Lacking: -3, Signals: []policy.Signal{mean(90)}}
	if got := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); got.Desired.Count != 3 {
		t.Errorf("of two it becomes %d", got.Desired.Count)
	}
}
