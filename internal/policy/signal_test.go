package policy_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestSampleHoldsAValueOrTheReasonForNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sample  policy.Sample
		value   float64
		present bool
		why     policy.Absence
	}{
		"a number is a value":                {policy.ValueAt(0.5, noon), 0.5, true, policy.Present},
		"zero is a value":                    {policy.ValueAt(0, noon), 0, true, policy.Present},
		"NaN is none":                        {policy.ValueAt(math.NaN(), noon), 0, false, policy.NotFinite},
		"an infinity is none":                {policy.ValueAt(math.Inf(1), noon), 0, false, policy.NotFinite},
		"a negative infinity is none":        {policy.ValueAt(math.Inf(-1), noon), 0, false, policy.NotFinite},
		"missing keeps its reason":           {policy.Missing(policy.Stale, noon), 0, false, policy.Stale},
		"missing is never present":           {policy.Missing(policy.Present, noon), 0, false, policy.Absent},
		"a sample never filled in is absent": {policy.Sample{}, 0, false, policy.Absent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, present := c.sample.Value()
			if value != c.value || present != c.present || c.sample.Why() != c.why {
				t.Errorf("got value %v, present %v, why %v; want %v, %v, %v", value, present, c.sample.Why(), c.value, c.present, c.why)
			}
		})
	}
}

func TestSampleKnowsWhenItWasTaken(t *testing.T) {
	t.Parallel()
	for _, sample := range []policy.Sample{
		policy.ValueAt(1, noon), policy.ValueAt(math.NaN(), noon), policy.Missing(policy.Failed, noon),
	} {
		if !sample.At().Equal(noon) {
			t.Errorf("a sample (%v) of noon says %v", sample.Why(), sample.At())
		}
	}
}

func TestSummaryOfInstances(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statistic policy.Statistic
		samples   []policy.Sample
		want      policy.Sample
		present   int
	}{
		"average of those with a value":      {policy.Average, slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(30, noon), 2},
		"maximum of those with a value":      {policy.Maximum, slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(40, noon), 2},
		"sum of those with a value":          {policy.Sum, slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(60, noon), 2},
		"maximum of negative values":         {policy.Maximum, slices.Concat(readings(1, -3), readings(1, -2)), policy.ValueAt(-2, noon), 2},
		"no value: reason of the first":      {policy.Average, slices.Concat(missing(1, policy.Absent), missing(1, policy.Failed)), policy.Missing(policy.Absent, noon), 0},
		"no instance: absent":                {policy.Average, nil, policy.Missing(policy.Absent, noon), 0},
		"a sum beyond the largest number":    {policy.Sum, readings(2, math.MaxFloat64), policy.Missing(policy.NotFinite, noon), 2},
		"every instance warming up: warming": {policy.Average, missing(3, policy.Warming), policy.Missing(policy.Warming, noon), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signal := ofInstances(c.samples)
			signal.Statistic = c.statistic
			got, present, total := signal.Summary(noon)
			if got != c.want || present != c.present || total != len(c.samples) {
				t.Errorf("got %+v from %d of %d, want %+v from %d of %d", got, present, total, c.want, c.present, len(c.samples))
			}
		})
	}
}

func TestSummaryIsAsOldAsItsNewestReading(t *testing.T) {
	t.Parallel()
	signal := ofInstances([]policy.Sample{policy.ValueAt(1, noon.Add(time.Second)), policy.ValueAt(1, noon)})
	if got, _, _ := signal.Summary(noon.Add(time.Minute)); !got.At().Equal(noon.Add(time.Second)) {
		t.Errorf("the summary is of %v, want that of the newest reading", got.At())
	}
}

func TestSummaryOfTheGroupIsItsReading(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sample  policy.Sample
		present int
	}{{policy.ValueAt(7, noon), 1}, {policy.Missing(policy.Stale, noon), 0}} {
		if got, present, total := ofGroup("rate", c.sample).Summary(noon); got != c.sample || present != c.present || total != 1 {
			t.Errorf("got %+v from %d of %d, want %+v from %d of 1", got, present, total, c.sample, c.present)
		}
	}
}

func TestEveryConstantHasAName(t *testing.T) {
	t.Parallel()
	var got []string
	for a := policy.Present; a <= policy.Warming; a++ {
		got = append(got, a.String())
	}
	for s := policy.Average; s <= policy.Sum; s++ {
		got = append(got, s.String())
	}
	for v := policy.Abstain; v <= policy.Unknown; v++ {
		got = append(got, v.String())
	}
	want := []string{
		"present", "absent", "stale", "failed", "not_finite", "out_of_range", "warming",
		"avg", "max", "sum", "abstain", "want", "unknown",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
