package policy_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// plainTarget is a target as its docstrings have it, on the samples themselves.
type plainTarget struct {
	policy.Target
	statistic policy.Statistic
	ceiling   float64
}

func (p plainTarget) adds() bool { return p.statistic == policy.Average || p.statistic == policy.Sum }

// load is what the values amount to together, in billionths of the target: with a statistic
// that picks, so many of the values carry as much as the one that it picks.
func (p plainTarget) load(values []float64, carrying int) int64 {
	total := 0.0
	if p.adds() {
		for _, value := range values {
			total += value
		}
	} else {
		total = p.statistic.Of(slices.Clone(values)) * float64(carrying)
	}
	return int64(math.Round(min(total/p.Value, 1e6) * 1e9))
}

// count is how many instances the load takes, of n: within the tolerances n.
func (p plainTarget) count(load int64, n int) int {
	lower := int64(math.Round((1 - p.ToleranceIn) * float64(n) * 1e9))
	upper := int64(math.Round((1 + p.ToleranceOut) * float64(n) * 1e9))
	if lower <= load && load <= upper {
		return n
	}
	return int((load + 1e9 - 1) / 1e9)
}

// want is what the target wants of a group of the size; unknown where it cannot tell.
func (p plainTarget) want(samples []policy.Sample, size int) (want int, unknown bool) {
	var trusted, known []float64
	warming := 0
	for _, sample := range samples {
		value, ok := sample.ForGrowth()
		if ok {
			known = append(known, max(0, value))
		}
		if _, ok := sample.Value(); ok {
			trusted = append(trusted, max(0, value))
		}
		if !ok && sample.Why() == policy.Warming {
			warming++
		}
	}
	n := max(size, len(samples))
	missing := n - len(trusted)
	if len(known) == 0 {
		return 0, true
	}
	idle := slices.Concat(known, make([]float64, n-len(known)))
	claimed := p.load(idle, len(known))
	if count := p.count(claimed, n); count > n {
		return count, false
	}
	most := max(size, p.count(claimed, size))
	if len(trusted) == 0 {
		return 0, true
	}
	if p.load(trusted, len(trusted)) >= int64(len(trusted))*1e9 {
		return most, false
	}
	if float64(len(trusted)) < p.Quorum*float64(len(samples)-warming)-1e-9 {
		return 0, true
	}
	worst := max(p.Value, p.ceiling, slices.Max(known))
	filled := slices.Concat(trusted, slices.Repeat([]float64{worst}, missing))
	if p.adds() { // summed up in the same order
		sum := 0.0
		for _, value := range trusted {
			sum += value
		}
		filled = []float64{sum, worst * float64(missing)}
	}
	return min(most, p.count(p.load(filled, len(trusted)+missing), n)), false
}

// drawSample is a sample of any kind.
func drawSample(t *rapid.T, most float64) policy.Sample {
	value := rapid.OneOf(rapid.SampledFrom([]float64{0, most / 3, most / 2, most, -most}), rapid.Float64Range(0, most)).Draw(t, "value")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return drawAbsent(t)
	case 1:
		return policy.Missing(policy.Warming, noon)
	case 2:
		return policy.Doubted(value, policy.Disagrees, noon)
	}
	return policy.ValueAt(value, noon)
}

func TestTargetDecidesOnTheReductionAsOnTheSamples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", rapid.SampledFrom([]float64{0, 0.3, 0.5, 2.0 / 3, 0.8, 1}).Draw(t, "quorum"))
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) policy.Sample { return drawSample(t, 3*target.Value) }), 0, 30).Draw(t, "samples")
		signal := ofInstances(samples)
		signal.Statistic = drawStatistic(t)
		signal.Ceiling = rapid.SampledFrom([]float64{0, target.Value / 2, target.Value, 2 * target.Value, 4 * target.Value}).Draw(t, "ceiling")
		size := max(0, len(samples)+rapid.IntRange(-3, 3).Draw(t, "more than are listed"))
		want, unknown := plainTarget{target, signal.Statistic, signal.Ceiling}.want(samples, size)
		got := recommend(target, size, signal)
		if (got.Verdict == policy.Unknown) != unknown || !unknown && got.Count != want {
			t.Fatalf("of %d: got %v %d, want %d (unknown: %v)", size, got.Verdict, got.Count, want, unknown)
		}
	})
}

func TestReductionSaysWhatTheSignalDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) policy.Sample { return drawSample(t, 100) }), 0, 30).Draw(t, "samples")
		signal := ofInstances(samples)
		signal.Statistic = drawStatistic(t)
		observed := policy.Observation{Size: policy.Size{Count: len(samples)}, Signals: []policy.Signal{signal}}
		in := observed.Inputs().Signals[0]
		var trusted, known []float64
		for _, sample := range samples {
			value, ok := sample.ForGrowth()
			if ok {
				known = append(known, max(0, value))
			}
			if _, ok := sample.Value(); ok {
				trusted = append(trusted, max(0, value))
			}
		}
		switch {
		case in.Of != len(samples) || in.Trusted != len(trusted) || in.Known != len(known) || in.Missing != len(samples)-len(trusted):
			t.Fatalf("%+v of %d, %d believed, %d known", in, len(samples), len(trusted), len(known))
		case in.Present != (len(trusted) > 0) || in.Doubted != (len(trusted) == 0 && len(known) > 0):
			t.Fatalf("%+v", in)
		case len(trusted) > 0 && in.Value != signal.Statistic.Of(trusted):
			t.Fatalf("value %g, want %g", in.Value, signal.Statistic.Of(trusted))
		case len(known) > 0 && math.Abs(in.Growth-signal.Statistic.Of(known)) > 1e-9*in.Growth:
			t.Fatalf("growth %g, want %g", in.Growth, signal.Statistic.Of(known))
		}
	})
}

func TestReductionIsTheSameInWhateverRoom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		used := policy.Inputs{Becoming: 1, Outlooks: []policy.Outlook{{}}}
		for range 3 {
			observed := policy.Observation{Size: policy.Size{Count: rapid.IntRange(0, 12).Draw(t, "size")}, Lacking: rapid.IntRange(0, 2).Draw(t, "lacking")}
			for range rapid.IntRange(0, 3).Draw(t, "signals") {
				signal := ofInstances(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) policy.Sample { return drawSample(t, 100) }), 0, 12).Draw(t, "samples"))
				signal.Statistic = drawStatistic(t)
				observed.Signals = append(observed.Signals, signal)
			}
			observed.Reduce(&used)
			if fresh := observed.Inputs(); !reflect.DeepEqual(used, fresh) {
				t.Fatalf("in used room %+v, in new %+v", used, fresh)
			}
		}
	})
}

// What is kept of a decision has to be readable, and decide alike, whatever was measured.
func TestReductionIsWrittenAndReadWhateverWasMeasured(t *testing.T) {
	t.Parallel()
	huge := readings(3, math.MaxFloat64)
	for _, statistic := range []policy.Statistic{policy.Average, policy.Sum, policy.Median, policy.Maximum, policy.Percentile(90)} {
		for _, ceiling := range []float64{0, math.MaxFloat64, math.Inf(1), math.NaN()} {
			for _, samples := range [][]policy.Sample{huge, slices.Concat(huge, doubted(2, math.MaxFloat64), missing(1, policy.Failed)), nil} {
				signal := ofInstances(samples)
				signal.Statistic, signal.Ceiling = statistic, ceiling
				in := policy.Observation{Size: policy.Size{Count: 4}, Signals: []policy.Signal{signal, load(3)}}.Inputs()
				written, err := json.Marshal(in)
				var read policy.Inputs
				if err != nil || json.Unmarshal(written, &read) != nil || !reflect.DeepEqual(in, read) {
					t.Fatalf("%s of %d with ceiling %g: wrote %s (%v), read %+v", statistic, len(samples), ceiling, written, err, read)
				}
			}
		}
	}
}

func TestCeilingThatIsNoNumberShrinksNoGroup(t *testing.T) {
	t.Parallel()
	for _, ceiling := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for statistic, want := range map[policy.Statistic]int{policy.Average: 5, policy.Sum: 5, policy.Median: 4} { // the missing one at the target
			signal := ofInstances(readings(9, 20), missing(1, policy.Failed))
			signal.Ceiling, signal.Statistic = ceiling, statistic
			target := holdAt50()
			target.Quorum = 0.5
			if got := recommend(target, 10, signal).Count; got != want {
				t.Errorf("%s with ceiling %g: got %d, want %d", statistic, ceiling, got, want)
			}
		}
	}
}
