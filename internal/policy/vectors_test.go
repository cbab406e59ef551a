package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// The vectors are what other autoscalers decide by their rules: Kubernetes'
// HorizontalPodAutoscaler (HPA), the scaling policies of AWS, Azure, GCE, SoftLayer and
// Nomad. Those about removal budgets, fallback sizes and forecasts (V20 to V22) are about
// nothing that decides here.

func TestVectorsV1ToV7OfTargets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ceiling  float64
		becoming int
		samples  []policy.Sample
		want     int
	}{
		"V1 HPA plain":                        {0, 0, readings(4, 75), 6},
		"V2 HPA tolerance, just inside":       {0, 0, readings(10, 54.9), 10},
		"V2 HPA tolerance, inclusive":         {0, 0, readings(10, 55), 10},
		"V2 HPA tolerance, just outside":      {0, 0, readings(10, 55.1), 12},
		"V3 HPA missing, in, raw":             {0, 0, slices.Concat(readings(8, 20), missing(2, policy.Failed)), 6},
		"V3 HPA missing, in, utilisation":     {100, 0, slices.Concat(readings(8, 20), missing(2, policy.Failed)), 8},
		"V4 HPA missing, out":                 {0, 0, slices.Concat(readings(8, 80), missing(2, policy.Failed)), 13},
		"V5 HPA unready, out":                 {0, 4, slices.Concat(readings(6, 100), missing(4, policy.Warming)), 12},
		"V6 HPA unready, the direction flips": {0, 4, slices.Concat(readings(6, 80), missing(4, policy.Warming)), 10},
		// HPA says 2, since it counts from those that are ready: we count from the decided size, and wait.
		"V7 HPA trap": {0, 6, slices.Concat(readings(4, 25), missing(6, policy.Warming)), 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			target, signal := holdAt50(), ofInstances(c.samples)
			target.Quorum, signal.Ceiling = 0.8, c.ceiling
			spec.Policies = policy.Targets(target)
			group := begin(t, spec, len(c.samples))
			group.Becoming = c.becoming
			if got := group.evaluate(signal); got.Desired.Count != c.want {
				t.Errorf("got %d (%s), want %d", got.Desired.Count, got.Reason, c.want)
			}
		})
	}
}

// hpaOut are the rates by which HPA grows unless told otherwise.
func hpaOut() policy.Direction {
	return policy.Direction{Rates: []policy.Rate{{Share: 1, Period: 15 * time.Second}, {Count: 4, Period: 15 * time.Second}}}
}

func TestVectorV8OfRatesOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ added, current, want int }{{0, 3, 7}, {0, 10, 20}, {6, 10, 10}} {
		spec := unlimited()
		spec.Out = hpaOut()
		group := begin(t, spec, c.current)
		group.memory.Changes = []policy.PastChange{{At: noon.Add(-14 * time.Second), By: c.added}}
		if got := group.evaluate(load(500)); got.Desired.Count != c.want {
			t.Errorf("from %d, after %d were added: got %d, want %d", c.current, c.added, got.Desired.Count, c.want)
		}
	}
}

func TestVectorV9OfRatesIn(t *testing.T) {
	t.Parallel()
	tenth, single := policy.Rate{Share: 0.1, Period: time.Minute}, policy.Rate{Count: 1, Period: time.Minute}
	for _, c := range []struct {
		rates                 []policy.Rate
		before, current, want int
	}{
		{[]policy.Rate{tenth}, 20, 19, 18}, // 1 was removed in the period
		{[]policy.Rate{tenth}, 9, 9, 8},
		{[]policy.Rate{tenth}, 6, 5, 5},  // HPA's 10% of 6, rounded in its favour, is the one that is gone
		{[]policy.Rate{single}, 6, 5, 5}, // and so is its one member
	} {
		spec := unlimited()
		spec.In.Rates = c.rates
		group := begin(t, spec, c.before)
		group.evaluate(load(c.current))
		group.wait(59 * time.Second)
		if got := group.evaluate(load(1)); got.Current.Count != c.current || got.Desired.Count != c.want {
			t.Errorf("from %d, having been %d: got %d, want %d", got.Current.Count, c.before, got.Desired.Count, c.want)
		}
	}
}

func TestVectorsV10AndV11OfStabilization(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		current, earlier, now int
		want                  int
	}{
		"V10 in: the highest of the window": {10, 9, 7, 9},
		"V11 out: the lowest of the window": {2, 3, 7, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.In.Stabilization, spec.Out.Stabilization = 5*time.Minute, 5*time.Minute
			group := begin(t, spec, c.current)
			past := []policy.PastWant{{At: noon.Add(-time.Minute), Count: c.earlier}}
			group.memory = policy.Memory{LastWant: noon, Peaks: past, Troughs: slices.Clone(past)}
			if got := group.evaluate(load(c.now)); got.Desired.Count != c.want {
				t.Errorf("got %d (%s), want %d", got.Desired.Count, got.Reason, c.want)
			}
		})
	}
}

func TestVectorsV12V15AndV16OfShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vector  string
		current int
		share   float64
		want    int // the change
	}{
		{"V12 AWS", 10, 0.10, 1},
		{"V12 AWS", 11, 0.30, 3},
		{"V12 AWS", 14, -0.10, -1},
		{"V12 AWS", 13, -0.30, -3},
		{"V12 AWS", 4, 0.25, 1},
		{"V12 AWS", 2, 0.10, 1},
		{"V12 AWS", 3, -0.20, -1},
		// Nomad never shrinks a group of less than ten by 10%, and rounds growth up: we do as AWS does.
		{"V15 nomad", 5, -0.10, -1},
		{"V15 nomad", 9, -0.10, -1},
		{"V15 nomad", 10, -0.10, -1},
		{"V15 nomad", 11, -0.10, -1},
		{"V15 nomad", 5, 0.10, 1},
		{"V16 SoftLayer", 5, 0.10, 1},
		{"V16 SoftLayer", 5, -0.10, -1},
		{"V16 SoftLayer", 19, 0.10, 1},
		{"V16 SoftLayer", 25, -0.10, -2},
		{"arithmetic trap", 100, 0.07, 7},
		{"arithmetic trap", 100, -0.29, -29}, // 0.29·100 is 28.999999999999996
	} {
		step, value := policy.Step{Signal: "load", Above: []policy.Band{{Bound: 9, Change: policy.Change{Share: c.share}}}}, 9
		if c.share < 0 {
			step, value = policy.Step{Signal: "load", Below: []policy.Band{{Bound: 1, Change: policy.Change{Share: c.share}}}}, 1
		}
		t.Run(fmt.Sprintf("%s %d %+g", c.vector, c.current, c.share), func(t *testing.T) {
			t.Parallel()
			if got := begin(t, stepping(step), c.current).evaluate(load(value)); got.Change() != c.want {
				t.Errorf("got %+d, want %+d", got.Change(), c.want)
			}
		})
	}
}

func TestVectorV13OfTargetTracking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size  int
		value float64
		want  int
	}{{6, 62.5, 8}, {7, 39.3, 6}} {
		if got := recommend(holdAt50(), c.size, ofInstances(readings(c.size, c.value))); got.Count != c.want {
			t.Errorf("%d at %g: got %d, want %d", c.size, c.value, got.Count, c.want)
		}
	}
}

func TestVectorV14OfStepsWhileInstancesWarmUp(t *testing.T) {
	t.Parallel()
	group := begin(t, stepping(policy.Step{Signal: "load", Above: []policy.Band{
		{Bound: 60, Change: policy.Change{Count: 2}}, {Bound: 80, Change: policy.Change{Count: 3}},
	}}), 10)
	for _, c := range []struct{ becoming, load, want int }{{0, 70, 12}, {2, 70, 12}, {2, 90, 13}} {
		group.Becoming = c.becoming
		if got := group.evaluate(load(c.load)); got.Desired.Count != c.want {
			t.Errorf("at %d with %d warming: got %d, want %d", c.load, c.becoming, got.Desired.Count, c.want)
		}
	}
}

// In V18 Azure's documentation has 27, and its formula 28, which is what is safe.
func TestVectorsV17AndV18OfProjection(t *testing.T) {
	t.Parallel()
	above := func(bound float64) policy.Rule {
		return policy.Rule{Threshold: &policy.Threshold{
			When: []policy.Condition{{Signal: "cpu", Above: &bound}}, Change: policy.Change{Count: 1}, Hits: 1, Of: 1,
		}}
	}
	from := func(signal string, bound float64) policy.Rule {
		return policy.Rule{Step: &policy.Step{Signal: signal, Above: []policy.Band{{Bound: bound, Change: policy.Change{Count: 1}}}}}
	}
	for name, c := range map[string]struct {
		current, wanted int
		cpu, requests   float64
		rules           []policy.Rule
		want            int
	}{
		"V17 2 to 1": {2, 1, 28, 0, []policy.Rule{above(50)}, 2},
		"V17 3 to 2": {3, 2, 60, 0, []policy.Rule{from("cpu", 80)}, 3},
		"V17 safe":   {3, 2, 50, 0, []policy.Rule{from("cpu", 80)}, 2},
		"V18":        {30, 20, 65, 50, []policy.Rule{above(70), from("requests", 200)}, 28},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Policies = append(spec.Policies, c.rules...)
			cpu, requests := ofInstances(readings(c.current, c.cpu)), ofInstances(readings(c.current, c.requests))
			requests.Name = "requests"
			if got := begin(t, spec, c.current).evaluate(load(c.wanted), cpu, requests); got.Desired.Count != c.want {
				t.Errorf("got %d (%s), want %d", got.Desired.Count, got.Reason, c.want)
			}
		})
	}
}

func TestVectorV19OfTheChangeAllowedWithinAPeriod(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Rates = []policy.Rate{{Count: 3, Period: 10 * time.Minute}}
	group := begin(t, spec, 20)
	expect(t, group.evaluate(load(8)), 17, policy.ReasonRateIn)
	group.wait(10*time.Minute - 1)
	expect(t, group.evaluate(load(8)), 17, policy.ReasonRateIn)
}
