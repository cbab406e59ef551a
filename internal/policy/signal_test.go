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
		"a doubted number is none":           {policy.Doubted(0.5, policy.Disagrees, noon), 0, false, policy.Disagrees},
		"a doubt has a reason":               {policy.Doubted(0.5, policy.Present, noon), 0, false, policy.Absent},
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

func TestOnlyADoubtedOrAPresentNumberMayGrowAGroup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sample policy.Sample
		value  float64
		ok     bool
	}{
		"a number":             {policy.ValueAt(0.5, noon), 0.5, true},
		"a doubted number":     {policy.Doubted(0.5, policy.Frozen, noon), 0.5, true},
		"a doubted NaN":        {policy.Doubted(math.NaN(), policy.Frozen, noon), 0, false},
		"a doubted infinity":   {policy.Doubted(math.Inf(1), policy.Frozen, noon), 0, false},
		"a missing one":        {policy.Missing(policy.Frozen, noon), 0, false},
		"one never filled in":  {policy.Sample{}, 0, false},
		"an infinity as value": {policy.ValueAt(math.Inf(1), noon), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if value, ok := c.sample.ForGrowth(); value != c.value || ok != c.ok {
				t.Errorf("got %v, %v; want %v, %v", value, ok, c.value, c.ok)
			}
		})
	}
}

func TestStatisticOfValues(t *testing.T) {
	t.Parallel()
	upTo := func(n int) []float64 { // n, n-1, … 1
		var values []float64
		for ; n > 0; n-- {
			values = append(values, float64(n))
		}
		return values
	}
	for _, c := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"avg", []float64{1, 2, 6}, 3},
		{"sum", []float64{1, 2, 6}, 9},
		{"max", []float64{1, 6, 2}, 6},
		{"min", []float64{6, 1, 2}, 1},
		{"min", []float64{-1, 2}, -1},
		{"median", []float64{9}, 9},
		{"median", []float64{9, 1, 2}, 2},
		{"median", []float64{9, 1, 2, 3}, 2.5},
		{"median", []float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64},
		{"p50", []float64{9, 1, 2, 3}, 2},
		{"p50", []float64{9, 1, 2}, 2},
		{"p75", []float64{9, 1, 2, 3}, 3},
		{"p76", []float64{9, 1, 2, 3}, 9},
		{"p99", []float64{7}, 7},
		{"p90", upTo(10), 9},
		{"p91", upTo(10), 10},
		{"p95", upTo(100), 95},
		{"p99", upTo(100), 99},
		{"p99", upTo(101), 100},
		{"p99", upTo(200), 198},
	} {
		statistic, ok := policy.ParseStatistic(c.name)
		if got := statistic.Of(slices.Clone(c.values)); !ok || got != c.want || statistic.String() != c.name {
			t.Errorf("%s (%s) of %v is %v, want %v", c.name, statistic, c.values, got, c.want)
		}
	}
}

func TestOnlyNamesOfStatisticsAreParsed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "average", "p", "p49", "p100", "p050", "p+5", "p9", "P95", "95", "p9x", "percentiles"} {
		if got, ok := policy.ParseStatistic(name); ok {
			t.Errorf("%q is taken for %s", name, got)
		}
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
		"minimum of those with a value":      {policy.Minimum, slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(20, noon), 2},
		"median of those with a value":       {policy.Median, slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(30, noon), 2},
		"percentile of those with a value":   {policy.Percentile(50), slices.Concat(readings(1, 20), missing(1, policy.Failed), readings(1, 40)), policy.ValueAt(20, noon), 2},
		"doubted ones do not count":          {policy.Average, slices.Concat(readings(1, 20), doubted(1, 90)), policy.ValueAt(20, noon), 1},
		"none but doubted ones: their doubt": {policy.Average, doubted(2, 90), policy.Missing(policy.Disagrees, noon), 0},
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
	for _, a := range policy.Absences() {
		got = append(got, a.String())
	}
	for s := policy.Average; s <= policy.Median; s++ {
		got = append(got, s.String())
	}
	for v := policy.Abstain; v <= policy.Unknown; v++ {
		got = append(got, v.String())
	}
	want := []string{
		"present", "absent", "stale", "failed", "not_finite", "out_of_range", "warming",
		"frozen", "unit_changed", "disagrees", "skewed", "filling", "censored", "overloaded",
		"avg", "max", "sum", "min", "median", "abstain", "want", "unknown",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
