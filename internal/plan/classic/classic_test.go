package classic_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/classic"
)

// all are a value of each scaler, for one run.
func all() []classic.Scaler {
	return []classic.Scaler{
		&classic.Static{Size: 7}, classic.NewHPA(0.7, classic.Saturating), classic.NewHPA(0.7, classic.Unbounded),
		classic.NewTargetTracking(0.7), classic.NewStep(), classic.NewTargetValue(0.7),
		&classic.TargetValue{Target: 0.7, WaitReady: true}, classic.NewReact(0.7), &classic.React{Target: 0.7, Metric: classic.Saturating},
		&classic.HPA{Target: 0.7, Metric: classic.Saturating}, &classic.Step{Above: 0.7, Below: 0.35, Change: 3}, &classic.TargetTracking{Target: 0.7},
	}
}

func TestWhateverIsSeenTheSizeStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	odd := []float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e300, 1e-300}
	for _, scaler := range all() {
		size := 3
		for minute := range 2000 {
			seen := at(minute, random.IntN(9), 2*random.Float64())
			seen.Becoming, seen.Measured, seen.Desired, seen.Min, seen.Max = random.IntN(4), random.IntN(9), size, 2, 12
			if random.IntN(4) == 0 {
				seen.Utilisation, seen.Load = odd[random.IntN(len(odd))], odd[random.IntN(len(odd))]
			}
			if size = scaler.Decide(seen); size < 2 || size > 12 {
				t.Fatalf("seed %d: %s: %d for %+v", seed, scaler.Name(), size, seen)
			}
		}
	}
}

func TestAScalerThatSeesNothingChangesNothing(t *testing.T) {
	t.Parallel()
	for _, scaler := range all()[1:] {
		for minute := range 30 {
			seen := at(minute, 5, math.NaN())
			seen.Load = math.NaN()
			if got := scaler.Decide(seen); got != 5 {
				t.Errorf("%s: got %d", scaler.Name(), got)
			}
		}
	}
}

func TestAScalerRepeatsItself(t *testing.T) {
	t.Parallel()
	again := all()
	for i, scaler := range all() {
		random := rand.New(rand.NewPCG(1, 2))
		size := 5
		for minute := range 500 {
			seen := at(minute, size, 1.5*random.Float64())
			size = scaler.Decide(seen)
			if other := again[i].Decide(seen); other != size {
				t.Fatalf("%s at minute %d: %d, and %d", scaler.Name(), minute, size, other)
			}
		}
	}
}

func TestALoadThatExactlyFillsInstancesWantsNoMore(t *testing.T) {
	t.Parallel()
	for size := 1; size <= 200; size++ {
		seen := at(0, size, 0.07/0.1) // 0.7000000000000001
		if got := classic.NewReact(0.7).Decide(seen); got != size {
			t.Errorf("%d at the target: React wants %d", size, got)
		}
		if got := (&classic.TargetValue{Target: 0.7}).Decide(seen); got != size {
			t.Errorf("%d at the target: target-value wants %d", size, got)
		}
	}
}

func TestNamesSayTheSettings(t *testing.T) {
	t.Parallel()
	for want, scaler := range map[string]classic.Scaler{
		"static 7":                    &classic.Static{Size: 7},
		"static mean 2":               classic.Mean([]float64{1, 3}),
		"HPA cpu 70%":                 classic.NewHPA(0.7, classic.Saturating),
		"HPA load 66.6667%":           classic.NewHPA(2.0/3, classic.Unbounded),
		"AWS target tracking 55%":     classic.NewTargetTracking(0.55),
		"±1 at 70%/35%, cooldown 10m": classic.NewStep(),
		"nomad target-value 70%":      classic.NewTargetValue(0.7),
		"React 70%":                   classic.NewReact(0.7),
	} {
		if got := scaler.Name(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheFixedSizesCarryTheMeanAndThePeak(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		loads      []float64
		mean, peak int
	}{
		{nil, 1, 1},
		{[]float64{0, 0}, 1, 1},
		{[]float64{1, 2, 6}, 3, 6},
		{[]float64{1, 6.1, 2}, 4, 7},
		{[]float64{0.1, 0.1, 0.1}, 1, 1},
	} {
		mean, peak := classic.Mean(c.loads), classic.Peak(c.loads)
		if mean.Size != c.mean || peak.Size != c.peak {
			t.Errorf("%v: got mean %d and peak %d, want %d and %d", c.loads, mean.Size, peak.Size, c.mean, c.peak)
		}
		if got := mean.Decide(at(0, 5, 3)); got != c.mean {
			t.Errorf("%v: decided %d, want %d", c.loads, got, c.mean)
		}
	}
}
