package policy_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// drawTarget is a target for the signal with any value and tolerances.
func drawTarget(t *rapid.T, signal string, quorum float64) policy.Target {
	return policy.Target{
		Name:         "target/" + signal,
		Signal:       signal,
		Value:        rapid.OneOf(rapid.SampledFrom([]float64{0.6, 0.7, 1.0 / 3, 50, 60, 250}), rapid.Float64Range(1e-6, 1e9)).Draw(t, "value"),
		ToleranceOut: rapid.Float64Range(0, 0.5).Draw(t, "tolerance out"),
		ToleranceIn:  rapid.Float64Range(0, 0.5).Draw(t, "tolerance in"),
		Quorum:       quorum,
	}
}

func drawStatistic(t *rapid.T) policy.Statistic {
	return rapid.SampledFrom([]policy.Statistic{
		policy.Average, policy.Maximum, policy.Sum, policy.Minimum, policy.Median, policy.Percentile(50), policy.Percentile(90), policy.Percentile(99),
	}).Draw(t, "statistic")
}

// drawValues is a value for each of 1 to 40 instances, up to three times the target.
func drawValues(t *rapid.T, target float64) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(0, 3*target), 1, 40).Draw(t, "values")
}

func samplesOf(values []float64) []policy.Sample {
	var samples []policy.Sample
	for _, value := range values {
		samples = append(samples, policy.ValueAt(value, noon))
	}
	return samples
}

// drawAbsent is a sample without a value, for any reason that a source can have.
func drawAbsent(t *rapid.T) policy.Sample {
	return rapid.SampledFrom([]policy.Sample{
		{}, policy.Missing(policy.Absent, noon), policy.Missing(policy.Stale, noon), policy.Missing(policy.Failed, noon),
		policy.Missing(policy.OutOfRange, noon), policy.ValueAt(math.NaN(), noon), policy.ValueAt(math.Inf(1), noon),
		policy.Missing(policy.Frozen, noon), policy.Missing(policy.UnitChanged, noon), policy.Missing(policy.Skewed, noon),
	}).Draw(t, "absent")
}

// decide is the size that a group without guards gets by one target.
func decide(target policy.Target, size int, signal policy.Signal) int {
	spec := unlimited()
	spec.Policies = policy.Targets(target)
	observed := policy.Observation{Size: policy.Size{Count: size}, Signals: []policy.Signal{signal}}
	return policy.Evaluate(&spec, observed, noon, &policy.Memory{}).Desired.Count
}

func TestMoreLoadNeverMeansFewerInstances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", rapid.Float64Range(0, 1).Draw(t, "quorum"))
		values := drawValues(t, target.Value)
		absent := rapid.IntRange(0, 5).Draw(t, "absent")
		before := ofInstances(samplesOf(values), missing(absent, policy.Failed))
		i := rapid.IntRange(0, len(values)-1).Draw(t, "which")
		values[i] += rapid.Float64Range(0, target.Value).Draw(t, "raise")
		after := ofInstances(samplesOf(values), missing(absent, policy.Failed))
		before.Statistic = drawStatistic(t)
		after.Statistic = before.Statistic
		size := len(values) + absent
		if low, high := decide(target, size, before), decide(target, size, after); high < low {
			t.Fatalf("%d instances of %d, and %d after a value rose", low, size, high)
		}
	})
}

func TestMoreLoadOfTheGroupNeverMeansFewerInstances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "rate", 1)
		size := rapid.IntRange(0, 40).Draw(t, "size")
		value := rapid.Float64Range(0, 100*target.Value).Draw(t, "value")
		raise := rapid.Float64Range(0, target.Value).Draw(t, "raise")
		low := decide(target, size, ofGroup("rate", policy.ValueAt(value, noon)))
		high := decide(target, size, ofGroup("rate", policy.ValueAt(value+raise, noon)))
		if high < low {
			t.Fatalf("%d instances of %d, and %d after the value rose", low, size, high)
		}
	})
}

func TestGroupGrowsOnlyAboveAndShrinksOnlyBelowItsTarget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", 1)
		values := drawValues(t, target.Value)
		signal := ofInstances(samplesOf(values))
		signal.Statistic = rapid.SampledFrom([]policy.Statistic{policy.Average, policy.Maximum, policy.Minimum, policy.Median, policy.Percentile(90)}).Draw(t, "statistic")
		shown, _, _ := signal.Summary(noon)
		value, _ := shown.Value()
		size := len(values)
		switch got := decide(target, size, signal); {
		case value > target.Value && got < size:
			t.Fatalf("shrinks from %d to %d while it shows %g, above %g", size, got, value, target.Value)
		case value < target.Value && got > size:
			t.Fatalf("grows from %d to %d while it shows %g, below %g", size, got, value, target.Value)
		}
	})
}

func TestDecisionHoldsOnceItIsCarriedOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", 1)
		load := float64(rapid.IntRange(1, 40_000).Draw(t, "thousandths of what one instance should carry")) / 1000 * target.Value
		statistic := drawStatistic(t)
		spread := func(size int) policy.Signal { // the load, shared evenly
			signal := ofInstances(readings(size, load/float64(size)))
			signal.Statistic = statistic
			return signal
		}
		size := rapid.IntRange(1, 40).Draw(t, "size")
		first := decide(target, size, spread(size))
		if second := decide(target, first, spread(first)); second != first {
			t.Fatalf("from %d to %d, and then, under the same load, to %d", size, first, second)
		}
	})
}

func TestUnreadableInstanceNeverMeansFewerThanAReadableOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", rapid.Float64Range(0, 1).Draw(t, "quorum"))
		values := drawValues(t, target.Value)
		signal := ofInstances(samplesOf(values))
		signal.Statistic = drawStatistic(t)
		signal.Ceiling = max(target.Value, slices.Max(values))
		size := len(values)
		readable := decide(target, size, signal)
		for i := range signal.Instances {
			if rapid.Bool().Draw(t, "unreadable") {
				signal.Instances[i].Sample = drawAbsent(t)
			}
		}
		if got := decide(target, size, signal); got < min(size, readable) {
			t.Fatalf("from %d to %d, to %d where everything is known", size, got, readable)
		}
	})
}

// drawSignals are the signals cpu, of the instances, and rate, of the group, with any gaps.
func drawSignals(t *rapid.T, size int) []policy.Signal {
	sample := func(t *rapid.T) policy.Sample {
		if rapid.IntRange(0, 3).Draw(t, "known") == 0 {
			return drawAbsent(t)
		}
		return policy.ValueAt(rapid.Float64().Draw(t, "sample"), noon)
	}
	var samples []policy.Sample
	for range size {
		samples = append(samples, sample(t))
	}
	cpu := ofInstances(samples)
	cpu.Statistic = drawStatistic(t)
	return []policy.Signal{cpu, ofGroup("rate", sample(t))}
}

func TestSizeStaysWithinMinAndMax(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := unlimited()
		spec.Min = rapid.IntRange(0, 10).Draw(t, "min")
		spec.Max = spec.Min + rapid.IntRange(1, 10).Draw(t, "room")
		spec.Out, spec.In = drawDirection(t, "out"), drawDirection(t, "in")
		spec.Policies = policy.Targets(drawTarget(t, "cpu", 0.5), drawTarget(t, "rate", 1))
		size, now, memory := rapid.IntRange(spec.Min, spec.Max).Draw(t, "size"), noon, policy.Memory{}
		for range rapid.IntRange(1, 10).Draw(t, "evaluations") {
			observed := policy.Observation{
				Size:     policy.Size{Count: size},
				Becoming: rapid.IntRange(0, 1).Draw(t, "becoming"),
				Signals:  drawSignals(t, size),
			}
			decision := policy.Evaluate(&spec, observed, now, &memory)
			size = decision.Desired.Count
			if size < spec.Min || size > spec.Max {
				t.Fatalf("decided %d (%s), outside %d to %d", size, decision.Reason, spec.Min, spec.Max)
			}
			now = now.Add(time.Duration(rapid.IntRange(-100, 100).Draw(t, "seconds")) * time.Second)
		}
	})
}

func TestMissingDataNeverShrinksAGroup(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := unlimited()
		spec.Policies = policy.Targets(drawTarget(t, "cpu", 1), drawTarget(t, "rate", 1))
		size := rapid.IntRange(1, 20).Draw(t, "size")
		signals := drawSignals(t, size)
		gap := drawAbsent(t)
		if rapid.Bool().Draw(t, "gap in the instances") {
			signals[0].Instances[rapid.IntRange(0, size-1).Draw(t, "which")].Sample = gap
		} else {
			signals[1].Group = gap
		}
		observed := policy.Observation{Size: policy.Size{Count: size}, Signals: signals}
		if decision := policy.Evaluate(&spec, observed, noon, &policy.Memory{}); decision.Change() < 0 {
			t.Fatalf("shrinks from %d to %d (%s) on %+v", size, decision.Desired.Count, decision.Reason, signals)
		}
	})
}

// A doubted value counts as missing for shrinking: what it says is of no consequence.
func TestADoubtedValueNeverShrinksAGroup(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", rapid.Float64Range(0, 1).Draw(t, "quorum"))
		values := drawValues(t, target.Value)
		size := len(values)
		signal, rest := ofInstances(samplesOf(values)), ofInstances(samplesOf(values))
		signal.Statistic = drawStatistic(t)
		signal.Ceiling = max(target.Value, slices.Max(values))
		rest.Statistic, rest.Ceiling = signal.Statistic, signal.Ceiling
		for i := range signal.Instances {
			if rapid.Bool().Draw(t, "doubted") {
				signal.Instances[i].Sample = policy.Doubted(rapid.Float64Range(0, 3*target.Value).Draw(t, "claim"), policy.Disagrees, noon)
				rest.Instances[i].Sample = policy.Missing(policy.Disagrees, noon)
			}
		}
		if got, without := decide(target, size, signal), decide(target, size, rest); got < min(size, without) {
			t.Fatalf("from %d to %d, to %d without the doubted values", size, got, without)
		}
	})
}

func TestADoubtedValueOfTheGroupHoldsOrGrows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "rate", 1)
		size := rapid.IntRange(0, 40).Draw(t, "size")
		value := rapid.Float64Range(0, 100*target.Value).Draw(t, "value")
		believed := decide(target, size, ofGroup("rate", policy.ValueAt(value, noon)))
		if got := decide(target, size, ofGroup("rate", policy.Doubted(value, policy.Disagrees, noon))); got != max(size, believed) {
			t.Fatalf("from %d to %d, where the value, if it were believed, would mean %d", size, got, believed)
		}
	})
}

func TestReadableInstancesGrowAGroupWhateverOneLiarSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t, "cpu", 1)
		honest := rapid.IntRange(2, 40).Draw(t, "honest")
		busy := rapid.Float64Range(2.3, 5).Draw(t, "times the target") * target.Value // above every tolerance, also with an idle one
		liar := drawAbsent(t)
		if rapid.Bool().Draw(t, "it claims something") {
			liar = policy.Doubted(rapid.Float64Range(0, target.Value).Draw(t, "claim"), policy.Disagrees, noon)
		}
		signal := ofInstances(readings(honest, busy), []policy.Sample{liar})
		signal.Statistic = rapid.SampledFrom([]policy.Statistic{policy.Average, policy.Maximum, policy.Sum, policy.Percentile(90)}).Draw(t, "statistic")
		if got, needed := decide(target, honest+1, signal), decide(target, honest, ofInstances(readings(honest, busy))); got < needed {
			t.Fatalf("%d honest ones need %d, and with a liar among them the group gets %d", honest, needed, got)
		}
	})
}
