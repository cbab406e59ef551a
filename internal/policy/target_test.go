package policy_test

import (
	"math"
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// holdAt50 keeps the signal cpu at 50, give or take a tenth.
func holdAt50() policy.Target {
	return policy.Target{Name: "target/cpu", Signal: "cpu", Value: 50, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}
}

// recommend is what one target says of a group of the given size.
func recommend(target policy.Target, size int, signals ...policy.Signal) policy.Recommendation {
	spec := unlimited()
	spec.Policies = policy.Targets(target)
	observed := policy.Observation{Size: policy.Size{Count: size}, Signals: signals}
	return policy.Evaluate(&spec, observed, noon, &policy.Memory{}).Recommendations[0]
}

// The expected counts of the HPA and AWS cases come from Kubernetes' controller
// and AWS' documentation of target tracking.
func TestTargetWantsTheSizeThatBringsTheSignalToItsValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples []policy.Sample
		want    int
	}{
		"HPA: half as much again":                       {readings(4, 75), 6},
		"HPA: just inside the tolerance":                {readings(10, 54.9), 10},
		"HPA: at the tolerance counts as inside":        {readings(10, 55.0), 10},
		"HPA: just outside the tolerance":               {readings(10, 55.1), 12},
		"at the lower tolerance counts as inside":       {readings(10, 45), 10},
		"just below the lower tolerance":                {readings(10, 44.9), 9},
		"AWS: fractions favour capacity when growing":   {readings(6, 62.5), 8},
		"AWS: fractions favour capacity when shrinking": {readings(7, 39.3), 6},
		"exactly on target":                             {readings(3, 50), 3},
		"idle: nothing is needed":                       {readings(3, 0), 0},
		"a negative reading counts as idle":             {slices.Concat(readings(1, -1000), readings(1, 120)), 3},
		"uneven load is added up":                       {slices.Concat(readings(2, 20), readings(1, 170)), 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := recommend(holdAt50(), len(c.samples), ofInstances(c.samples))
			if got.Verdict != policy.Want || got.Count != c.want {
				t.Errorf("got %v %d, want %d", got.Verdict, got.Count, c.want)
			}
		})
	}
}

func TestTargetRoundsTheLoadAndNotItsParts(t *testing.T) {
	t.Parallel()
	third := holdAt50()
	third.Value, third.ToleranceOut = 60, 1.0/3
	for name, c := range map[string]struct {
		target  policy.Target
		samples []policy.Sample
		want    int
	}{
		"three times five thirds is five":            {policy.Target{Value: 60}, readings(3, 100), 5},
		"six times seven thirds is fourteen":         {policy.Target{Value: 0.6}, readings(6, 1.4), 14},
		"three times two thirds is two":              {policy.Target{Value: 0.9}, readings(3, 0.6), 2},
		"a total at a tolerance, added up inexactly": {policy.Target{Value: 0.6, ToleranceIn: 0.1}, readings(20, 0.54), 20},
		"a total at a tolerance that is no tenth":    {third, slices.Concat(readings(2, 60), readings(1, 120)), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.target.Signal = "cpu"
			if got := recommend(c.target, len(c.samples), ofInstances(c.samples)); got.Count != c.want {
				t.Errorf("got %d, want %d", got.Count, c.want)
			}
		})
	}
}

func TestTargetCountsWhatIsMissingAtItsWorst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quorum  float64
		ceiling float64
		samples []policy.Sample
		verdict policy.Verdict
		want    int
	}{
		"idle, raw quantity: missing ones are on target":                {0.8, 0, slices.Concat(readings(8, 20), missing(2, policy.Failed)), policy.Want, 6},
		"idle, utilisation: missing ones are at the ceiling":            {0.8, 100, slices.Concat(readings(8, 20), missing(2, policy.Failed)), policy.Want, 8},
		"idle: a missing one is never taken to be below target":         {0.8, 30, slices.Concat(readings(8, 20), missing(2, policy.Failed)), policy.Want, 6},
		"idle, one hot: missing ones may be as hot":                     {0.8, 0, slices.Concat(readings(7, 0), readings(1, 200), missing(2, policy.Failed)), policy.Want, 10},
		"idle: the direction never turns round":                         {0.5, 500, slices.Concat(readings(5, 20), missing(5, policy.Failed)), policy.Want, 10},
		"idle, quorum missed":                                           {1, 0, slices.Concat(readings(8, 20), missing(2, policy.Failed)), policy.Unknown, 0},
		"idle, a quorum of 55% is reached by 55 of 100":                 {0.55, 0, slices.Concat(readings(55, 0), missing(45, policy.Failed)), policy.Want, 45},
		"busy: missing ones are idle":                                   {1, 0, slices.Concat(readings(8, 80), missing(2, policy.Failed)), policy.Want, 13},
		"busy: those that warm up are idle":                             {1, 0, slices.Concat(readings(6, 100), missing(4, policy.Warming)), policy.Want, 12},
		"busy: idle ones among the missing keep the size":               {1, 0, slices.Concat(readings(6, 80), missing(4, policy.Warming)), policy.Want, 10},
		"busy: the direction never turns round":                         {1, 0, slices.Concat(readings(2, 80), missing(8, policy.Failed)), policy.Want, 10},
		"on target: missing ones change nothing":                        {1, 0, slices.Concat(readings(2, 50), missing(8, policy.Failed)), policy.Want, 10},
		"no value at all":                                               {0, 0, missing(4, policy.Failed), policy.Unknown, 0},
		"no instance at all":                                            {0, 0, nil, policy.Unknown, 0},
		"those that warm up are no part of the quorum, yet count fully": {1, 0, slices.Concat(readings(4, 25), missing(6, policy.Warming)), policy.Want, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, signal := holdAt50(), ofInstances(c.samples)
			target.Quorum, signal.Ceiling = c.quorum, c.ceiling
			got := recommend(target, len(c.samples), signal)
			if got.Verdict != c.verdict || got.Count != c.want {
				t.Errorf("got %v %d, want %v %d", got.Verdict, got.Count, c.verdict, c.want)
			}
		})
	}
}

// An instance more than decided, such as the new one of a rollout, is no reason to grow.
func TestWhatIsMissingNeverAddsToTheSize(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples []policy.Sample
		want    int
	}{
		"idle ones beside it":            {slices.Concat(readings(2, 0), missing(2, policy.Warming)), 2},
		"quiet ones beside it":           {slices.Concat(readings(2, 40), missing(2, policy.Warming)), 3},
		"busy ones beside it":            {slices.Concat(readings(2, 80), missing(2, policy.Warming)), 3},
		"as much load as four can carry": {slices.Concat(readings(2, 95), missing(2, policy.Warming)), 4},
		"and more than that":             {slices.Concat(readings(2, 150), missing(2, policy.Warming)), 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := holdAt50()
			target.Quorum = 0.5
			if got := recommend(target, 3, ofInstances(c.samples)); got.Verdict != policy.Want || got.Count != c.want {
				t.Errorf("three are decided and four serve: got %v %d, want %d", got.Verdict, got.Count, c.want)
			}
		})
	}
}

func TestTargetCountsTheUnlistedAsMissing(t *testing.T) {
	t.Parallel()
	if got := recommend(holdAt50(), 10, ofInstances(readings(4, 25))); got.Count != 8 {
		t.Errorf("four idle instances of ten: got %d, want 8 (six at target, four at half of it)", got.Count)
	}
	if got := recommend(holdAt50(), 10, ofInstances(readings(4, 100))); got.Count != 10 {
		t.Errorf("four busy instances of ten: got %d, want 10 (six may be idle)", got.Count)
	}
}

func TestGroupDoesNotShrinkWhileSomeOfItStart(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = policy.Targets(holdAt50())
	signal := ofInstances(readings(4, 25), missing(6, policy.Warming))
	for name, becoming := range map[string]int{"on their way to serving": 6, "serving, and not yet settled": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := policy.Observation{Size: policy.Size{Count: 10}, Becoming: becoming, Signals: []policy.Signal{signal}}
			expect(t, policy.Evaluate(&spec, observed, noon, &policy.Memory{}), 10, policy.ReasonWarming)
		})
	}
}

func TestTargetOfTheMaximumTakesEveryInstanceForTheBusiest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples []policy.Sample
		want    int
	}{
		"the busiest decides to grow":                   {slices.Concat(readings(3, 10), readings(1, 75)), 6},
		"the busiest decides to shrink":                 {slices.Concat(readings(3, 10), readings(1, 25)), 2},
		"the busiest may be among the missing":          {slices.Concat(readings(9, 10), missing(1, policy.Failed)), 10},
		"growing: a missing one adds nothing to others": {slices.Concat(readings(8, 75), missing(2, policy.Failed)), 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, signal := holdAt50(), ofInstances(c.samples)
			target.Quorum, signal.Statistic = 0.5, policy.Maximum
			if got := recommend(target, len(c.samples), signal); got.Verdict != policy.Want || got.Count != c.want {
				t.Errorf("got %v %d, want %d", got.Verdict, got.Count, c.want)
			}
		})
	}
}

// The missing of these groups count like the missing of an average: at the ceiling,
// or the busiest, or the target when the group might shrink, as idle when it might grow.
func TestTargetOfAPickedValueCountsWhatIsMissingAtItsWorst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statistic policy.Statistic
		ceiling   float64
		samples   []policy.Sample
		want      int
	}{
		"min: all idle but one":                             {policy.Minimum, 0, slices.Concat(readings(3, 25), readings(1, 90)), 2},
		"min: the least busy decides to grow":               {policy.Minimum, 0, slices.Concat(readings(3, 100), readings(1, 75)), 6},
		"min: growing, a missing one may be idle":           {policy.Minimum, 0, slices.Concat(readings(4, 100), missing(1, policy.Failed)), 5},
		"min: shrinking, the missing are not the least":     {policy.Minimum, 100, slices.Concat(readings(4, 25), missing(1, policy.Failed)), 3},
		"median: half of them busy":                         {policy.Median, 0, slices.Concat(readings(2, 10), readings(2, 140)), 6},
		"median: one hot instance changes nothing":          {policy.Median, 0, slices.Concat(readings(4, 25), readings(1, 500)), 3},
		"median: shrinking, few missing do not reach it":    {policy.Median, 100, slices.Concat(readings(8, 20), missing(1, policy.Failed)), 4},
		"median: shrinking, as many missing as idle":        {policy.Median, 100, slices.Concat(readings(5, 20), missing(5, policy.Failed)), 10},
		"median: growing, few missing do not reach it":      {policy.Median, 0, slices.Concat(readings(8, 75), missing(2, policy.Failed)), 12},
		"median: growing, as many missing as busy":          {policy.Median, 0, slices.Concat(readings(5, 75), missing(5, policy.Failed)), 10},
		"p90: one hot instance of ten is left out":          {policy.Percentile(90), 0, slices.Concat(readings(9, 25), readings(1, 500)), 5},
		"p90: two hot instances of ten decide":              {policy.Percentile(90), 0, slices.Concat(readings(8, 25), readings(2, 75)), 15},
		"p90: shrinking, the one missing may be that hot":   {policy.Percentile(90), 0, slices.Concat(readings(9, 25), missing(1, policy.Failed)), 5},
		"p90: shrinking, the two missing decide":            {policy.Percentile(90), 0, slices.Concat(readings(8, 25), missing(2, policy.Failed)), 10},
		"p99: of few it is the largest":                     {policy.Percentile(99), 0, slices.Concat(readings(3, 10), readings(1, 75)), 6},
		"p99: the missing one decides":                      {policy.Percentile(99), 0, slices.Concat(readings(9, 10), missing(1, policy.Failed)), 10},
		"p99: growing, a missing one adds nothing":          {policy.Percentile(99), 0, slices.Concat(readings(8, 75), missing(2, policy.Failed)), 12},
		"p50: growing, the smaller half decides":            {policy.Percentile(50), 0, slices.Concat(readings(5, 50), readings(5, 200)), 10},
		"median: the upper half counts half":                {policy.Median, 0, slices.Concat(readings(5, 50), readings(5, 200)), 25},
		"p50: the missing are those that carry the most":    {policy.Percentile(50), 100, slices.Concat(readings(6, 25), missing(4, policy.Failed)), 5},
		"p50: one more missing, and the worst is the value": {policy.Percentile(50), 100, slices.Concat(readings(4, 25), missing(6, policy.Failed)), 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, signal := holdAt50(), ofInstances(c.samples)
			target.Quorum, signal.Statistic, signal.Ceiling = 0.4, c.statistic, c.ceiling
			if got := recommend(target, len(c.samples), signal); got.Verdict != policy.Want || got.Count != c.want {
				t.Errorf("got %v %d, want %d", got.Verdict, got.Count, c.want)
			}
		})
	}
}

func TestADoubtedReadingHoldsOrGrows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples []policy.Sample
		verdict policy.Verdict
		want    int
	}{
		"all doubted and busy: grows":                       {doubted(4, 75), policy.Want, 6},
		"all doubted and idle: cannot tell":                 {doubted(4, 25), policy.Unknown, 0},
		"all doubted, within the tolerance: cannot tell":    {doubted(4, 51), policy.Unknown, 0},
		"a doubted one adds its load when it grows":         {slices.Concat(readings(3, 75), doubted(1, 75)), policy.Want, 6},
		"an idle claim takes nothing from the others":       {slices.Concat(readings(9, 100), doubted(1, 0)), policy.Want, 18},
		"a busy claim beside idle ones holds":               {slices.Concat(readings(9, 50), doubted(1, 55)), policy.Want, 10},
		"an idle claim counts at its worst when it shrinks": {slices.Concat(readings(8, 20), doubted(2, 0)), policy.Want, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := holdAt50()
			target.Quorum = 0.8
			got := recommend(target, len(c.samples), ofInstances(c.samples))
			if got.Verdict != c.verdict || got.Count != c.want {
				t.Errorf("got %v %d, want %v %d", got.Verdict, got.Count, c.verdict, c.want)
			}
		})
	}
}

func TestAGrowthShowsTheDoubtedValueThatItRestsOn(t *testing.T) {
	t.Parallel()
	got := recommend(holdAt50(), 4, ofInstances(doubted(4, 80)))
	if value, ok := got.Value.Value(); !ok || value != 80 || got.Measured != 4 || got.Count != 7 {
		t.Errorf("got %+v, want 7 for the value 80 of 4", got)
	}
	perInstance := policy.Target{Signal: "rate", Value: 250, Quorum: 1}
	got = recommend(perInstance, 4, ofGroup("rate", policy.Doubted(1200, policy.Skewed, noon)))
	if value, ok := got.Value.Value(); !ok || value != 1200 || got.Measured != 1 || got.Count != 5 {
		t.Errorf("got %+v, want 5 for the value 1200 of 1", got)
	}
}

func TestTargetOfWhatEachInstanceOfTheGroupDoesHoldsTheMean(t *testing.T) {
	t.Parallel()
	target := holdAt50()
	target.Each = true
	for value, want := range map[float64]int{75: 6, 55: 4, 45: 4, 25: 2, 0: 0} {
		got := recommend(target, 4, ofGroup("cpu", policy.ValueAt(value, noon)))
		if got.Verdict != policy.Want || got.Count != want || got.Load != 4*value/50 {
			t.Errorf("four at %g: got %v %d with a load of %g, want %d", value, got.Verdict, got.Count, got.Load, want)
		}
	}
}

func TestTheMeanOfAGroupInWhichNobodyServesYetSaysNothing(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	target := holdAt50()
	target.Each = true
	spec.Policies = policy.Targets(target)
	observed := policy.Observation{Size: policy.Size{Count: 2}, Becoming: 2, Signals: []policy.Signal{ofGroup("cpu", policy.ValueAt(100, noon))}}
	if r := policy.Evaluate(&spec, observed, noon, &policy.Memory{}).Recommendations[0]; r.Verdict != policy.Unknown {
		t.Errorf("got %v %d", r.Verdict, r.Count)
	}
}

func TestTargetThatIsNoNumberShrinksNoGroup(t *testing.T) {
	t.Parallel()
	target := holdAt50()
	target.Value = math.NaN()
	for _, signal := range []policy.Signal{ofGroup("cpu", policy.ValueAt(1, noon)), ofInstances(readings(4, 1))} {
		if got := recommend(target, 4, signal); got.Verdict == policy.Want && got.Count < 4 {
			t.Errorf("got %d, want 4 at least", got.Count)
		}
	}
}

func TestTargetOfTheGroupSharesItsQuantityOut(t *testing.T) {
	t.Parallel()
	perInstance := policy.Target{Signal: "rate", Value: 250, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}
	for name, c := range map[string]struct {
		size    int
		sample  policy.Sample
		verdict policy.Verdict
		want    int
	}{
		"more than the tolerance":        {4, policy.ValueAt(1200, noon), policy.Want, 5},
		"at the upper tolerance":         {4, policy.ValueAt(1100, noon), policy.Want, 4},
		"at the lower tolerance":         {4, policy.ValueAt(900, noon), policy.Want, 4},
		"less than the tolerance":        {4, policy.ValueAt(700, noon), policy.Want, 3},
		"up from nothing, no tolerance":  {0, policy.ValueAt(1, noon), policy.Want, 1},
		"nothing needed, nothing wanted": {0, policy.ValueAt(0, noon), policy.Want, 0},
		"down to nothing":                {4, policy.ValueAt(0, noon), policy.Want, 0},
		"negative counts as nothing":     {4, policy.ValueAt(-5, noon), policy.Want, 0},
		"missing":                        {4, policy.Missing(policy.Stale, noon), policy.Unknown, 0},
		"doubted, and just enough":       {4, policy.Doubted(1000, policy.Frozen, noon), policy.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := recommend(perInstance, c.size, ofGroup("rate", c.sample)); got.Verdict != c.verdict || got.Count != c.want {
				t.Errorf("got %v %d, want %v %d", got.Verdict, got.Count, c.verdict, c.want)
			}
		})
	}
}

func TestRecommendationSaysWhatItRestsOn(t *testing.T) {
	t.Parallel()
	got := recommend(holdAt50(), 4, ofInstances(readings(3, 80), missing(1, policy.Stale)))
	want := policy.Recommendation{
		Policy: "target/cpu", Signal: "cpu", Verdict: policy.Want, Count: 5,
		Value: policy.ValueAt(80, noon), Target: 50, Measured: 3, Of: 4, Load: 6.4,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTargetOfASignalThatIsNotThereIsUnknown(t *testing.T) {
	t.Parallel()
	got := recommend(holdAt50(), 4, load(1))
	if got.Verdict != policy.Unknown || got.Value.Why() != policy.Absent || got.Of != 0 {
		t.Errorf("got %+v, want unknown, for an absent value of nothing", got)
	}
}
