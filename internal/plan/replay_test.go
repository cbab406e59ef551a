package plan_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAGrowthServesWhenItsMachinesHaveBeenMade(t *testing.T) {
	t.Parallel()
	s := scenario(rate(1, 1, 3, 3, 3, 3, 1, 1))
	s.Cloud.ToServe, s.Cloud.Delay = plan.Always(2*time.Minute), 1
	r := replay(t, s)
	// The load of minute 2 is seen at minute 3; what is ordered then serves at minute 5. That
	// of minute 6 is seen at minute 7, when two stop, and one step later are gone.
	expect(t, "need", r.Need, 1, 1, 3, 3, 3, 3, 1, 1)
	expect(t, "desired", r.Desired, 1, 1, 1, 3, 3, 3, 3, 1)
	expect(t, "serving", r.Serving, 1, 1, 1, 1, 1, 3, 3, 1)
	expect(t, "paid", r.Paid, 1, 1, 1, 3, 3, 3, 3, 3)
	want := plan.Flow{Offered: 16e9, Served: 10e9, Lost: 6e9}
	if r.Flow != want {
		t.Errorf("the load went %+v, and should have gone %+v", r.Flow, want)
	}
}

func TestWhatIsSeenAtOnceIsDecidedOnInTheSameStep(t *testing.T) {
	t.Parallel()
	r := replay(t, scenario(rate(1, 4, 2, 7, 1)))
	expect(t, "serving", r.Serving, 1, 4, 2, 7, 1)
	expect(t, "need", r.Need, 1, 4, 2, 7, 1)
	if r.Flow.Lost != 0 {
		t.Errorf("%d are lost", r.Flow.Lost)
	}
}

func TestASaturatedSignalHidesTheLoadBeyondIt(t *testing.T) {
	t.Parallel()
	// 12 instances' worth on 2: each shows 100 %, twice the target, so that the group doubles,
	// three times, until it shows what it carries.
	s := ofInstances(phases(phase{2, 1}, phase{6, 12}), 50)
	s.Cloud.Initial = 2
	expect(t, "with a ceiling desired", replay(t, s).Desired, 2, 2, 4, 8, 16, 24, 24, 24)
	s.Signals[0] = plan.SignalModel{Name: "busy", From: "rate", PerInstance: true, Capacity: 100}
	expect(t, "without one desired", replay(t, s).Desired, 2, 2, 24, 24, 24, 24, 24, 24)
}

func TestASignalOfTheGroupThatIsAMeanFallsAsTheGroupGrows(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{1, 4}, phase{4, 8}))
	s.Spec.Policies[0].Target.Each = true // the mean of what the instances carry is to be 100
	r := replay(t, s)
	expect(t, "desired", r.Desired, 4, 8, 8, 8, 8)
	means := scenario(phases(phase{1, 4}, phase{4, 8}))
	expect(t, "as a total desired", replay(t, means).Desired, 4, 8, 8, 8, 8)
}

func TestWhatWarmsUpIsNotBelievedAndHoldsBackShrinking(t *testing.T) {
	t.Parallel()
	s := ofInstances(phases(phase{2, 1}, phase{2, 2}, phase{8, 1}), 100)
	s.Signals[0].Ceiling, s.Signals[0].Capacity = 0, 100
	s.WarmUp = 4 * time.Minute
	r := replay(t, s)
	// The second instance serves from minute 2 and is believed from minute 6.
	expect(t, "desired", r.Desired, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1)
	s.WarmUp = 0
	expect(t, "without warming up desired", replay(t, s).Desired, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1)
}

func TestWhatIsNotKnownShrinksNothingAndIsMarked(t *testing.T) {
	t.Parallel()
	unknown := math.NaN()
	s := scenario(rate(3, unknown, unknown, 1, 1))
	s.Load.Signals[0].Censored = []bool{false, false, false, false, true}
	r := replay(t, s)
	expect(t, "desired", r.Desired, 3, 3, 3, 1, 1)
	expect(t, "need", r.Need, 3, 3, 3, 1, 1)
	if want := []bool{false, true, true, false, true}; !slices.Equal(r.Censored, want) {
		t.Errorf("marked are %v, and should be %v", r.Censored, want)
	}
}

func TestTheLoadIsToldByTheSignalThatKeepsMostInstancesBusy(t *testing.T) {
	t.Parallel()
	s := scenario(rate(2, 2, 2))
	s.Load.Signals = append(s.Load.Signals, load.Signal{Name: "jobs", Totals: []float64{10, 50, math.NaN()}})
	s.Signals = append(s.Signals, plan.SignalModel{Name: "jobs", Capacity: 10})
	expect(t, "need", replay(t, s).Need, 2, 5, 2)
}

func TestALoadAtTheEdgeNeedsNoFurtherInstance(t *testing.T) {
	t.Parallel()
	s := scenario(rate(0.1+0.2+2.7, 3.000000002, 0, 1e12))
	expect(t, "need", replay(t, s).Need, 3, 4, 1, 1_000_000)
}

func TestALaterBeginOfScoringLeavesOutWhatWasBefore(t *testing.T) {
	t.Parallel()
	s := scenario(rate(1, 5, 5, 2, 2))
	s.Cloud.ToServe = plan.Always(time.Minute)
	whole := replay(t, s)
	s.From = 3
	part := replay(t, s)
	if whole.Flow.Lost != 4e9 || whole.Metrics.Scalings != 2 {
		t.Errorf("of all steps %d were lost and %d changed the size", whole.Flow.Lost, whole.Metrics.Scalings)
	}
	if part.Flow != (plan.Flow{Offered: 4e9, Served: 4e9}) || part.Metrics.OverloadMinutes != 0 {
		t.Errorf("of the last two steps there is %+v, %+v", part.Flow, part.Metrics)
	}
	if len(part.Decisions) != 2 {
		t.Errorf("%d decisions are kept, and should be both", len(part.Decisions))
	}
}

func TestADecisionThatChangedTheSizeCanBeExplained(t *testing.T) {
	t.Parallel()
	s := scenario(rate(2, 2, 5, 5, 1))
	r := replay(t, s)
	if len(r.Decisions) != 2 {
		t.Fatalf("%d decisions changed the size: %+v", len(r.Decisions), r.Decisions)
	}
	up := r.Decisions[0]
	if up.Step != 2 || !up.At.Equal(after(2)) || up.From != 2 || up.To != 5 || up.Wanted != 5 || up.Reason != policy.ReasonWant {
		t.Errorf("the first is %+v", up)
	}
	for _, moment := range r.Decisions {
		explained, ok := moment.Explain()
		if !ok || explained.Current.Count != moment.From || explained.Desired.Count != moment.To || explained.Reason != moment.Reason || explained.Nearest == nil {
			t.Errorf("of %+v the explanation is %v, %+v", moment, ok, explained)
		}
	}
}

func TestABriefResultHasTheFiguresOfAWholeOne(t *testing.T) {
	t.Parallel()
	s := scenario(rate(1, 5, 5, 2, 2))
	whole := replay(t, s)
	s.Brief = true
	brief := replay(t, s)
	if !reflect.DeepEqual(brief.Metrics, whole.Metrics) || brief.Flow != whole.Flow {
		t.Errorf("brief: %+v; whole: %+v", brief, whole)
	}
	if brief.Load != nil || brief.Decisions != nil || brief.Contracts != nil || brief.Paid != nil {
		t.Errorf("the brief one still holds %+v", brief)
	}
}

func TestMoreThanMaxIsCountedAsCapped(t *testing.T) {
	t.Parallel()
	s := scenario(rate(1, 3, 4, 5, 2, 6))
	s.Spec.Max = 3
	r := replay(t, s)
	expect(t, "desired", r.Desired, 1, 3, 3, 3, 2, 3)
	if want := (plan.Bound{Steps: 3, First: after(2)}); r.Capped != want {
		t.Errorf("capped is %+v, and should be %+v", r.Capped, want)
	}
}

// fixed is a classic scaler that always wants the same.
type fixed int

func (fixed) Name() string              { return "fixed" }
func (f fixed) Decide(classic.Seen) int { return int(f) }

// following wants what it sees, and keeps what that was.
type following struct{ seen *[]classic.Seen }

func (following) Name() string { return "following" }

func (f following) Decide(seen classic.Seen) int {
	*f.seen = append(*f.seen, seen)
	return int(math.Ceil(seen.Load))
}

func classical(l *load.Load, scaler func() classic.Scaler) *plan.Scenario {
	s := scenario(l)
	s.Spec, s.Classic, s.Min, s.Max = nil, scaler, 1, 10
	return s
}

func TestAClassicScalerMovesInstancesAtOnceNewestFirst(t *testing.T) {
	t.Parallel()
	var seen []classic.Seen
	s := classical(rate(2, 5, 5, 1, 1), func() classic.Scaler { return following{&seen} })
	s.Cloud.ToServe, s.Cloud.Delay = plan.Always(2*time.Minute), 1
	r := replay(t, s)
	// Minute 1's load is seen at 2, served from 4 on: by then 2 serve what is 1.
	expect(t, "desired", r.Desired, 2, 2, 5, 5, 1)
	expect(t, "serving", r.Serving, 2, 2, 2, 2, 1)
	expect(t, "paid", r.Paid, 2, 2, 5, 5, 1)
	if last := seen[3]; last.Becoming != 3 || last.Measured != 2 || last.Serving != 2 || last.Desired != 5 || last.Utilisation != 2.5 || last.Load != 5 {
		t.Errorf("at minute 3 it saw %+v", last)
	}
	for _, contract := range r.Contracts[1:] {
		if !contract.Ended.Equal(after(4)) {
			t.Errorf("a contract ends %v", contract.Ended)
		}
	}
	if !r.Contracts[0].Ended.IsZero() {
		t.Error("the oldest one went")
	}
}

func TestAClassicScalerSeesNoMoreThanASaturatedMetricShows(t *testing.T) {
	t.Parallel()
	var seen []classic.Seen
	s := classical(rate(2, 6, 6), func() classic.Scaler { return following{&seen} })
	s.Signals = []plan.SignalModel{{Name: "busy", From: "rate", PerInstance: true, Ceiling: 100}}
	replay(t, s)
	if at := seen[1]; at.Utilisation != 1 || at.Load != 6 || at.Measured != 2 {
		t.Errorf("with 2 of 6 needed it saw %+v", at)
	}
}

func TestAClassicScalerStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	s := classical(rate(2, 2), func() classic.Scaler { return fixed(99) })
	r := replay(t, s)
	expect(t, "desired", r.Desired, 10, 10)
	s.Classic = func() classic.Scaler { return fixed(-1) }
	expect(t, "desired", replay(t, s).Desired, 1, 1)
}

func TestAScenarioThatMeansNothingIsRefusedWithWhatToChange(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]struct {
		spoil func(*plan.Scenario)
		says  string
	}{
		"no load":           {func(s *plan.Scenario) { s.Load = nil }, "give it a longer span"},
		"no steps":          {func(s *plan.Scenario) { s.Load = rate() }, "give it a longer span"},
		"no time":           {func(s *plan.Scenario) { s.Load.Step = 0 }, "give it one above 0"},
		"scored too late":   {func(s *plan.Scenario) { s.From = 3 }, "begin earlier"},
		"nobody decides":    {func(s *plan.Scenario) { s.Spec = nil }, "either a spec or a classic scaler"},
		"no group":          {func(s *plan.Scenario) { s.Spec.Min = 60 }, "lower min"},
		"no orders":         {func(s *plan.Scenario) { s.Spec.OrderMax = 0 }, "allow orders of 1"},
		"unknown load":      {func(s *plan.Scenario) { s.Signals[0].From = "cpu" }, "no signal cpu"},
		"no capacity":       {func(s *plan.Scenario) { s.Signals[0].Capacity = 0 }, "give one of them a capacity"},
		"unknown signal":    {func(s *plan.Scenario) { s.Spec.Policies[0].Target.Signal = "jobs" }, "decides on signal jobs"},
		"uneven signals":    {func(s *plan.Scenario) { s.Load.Signals[0].Censored = make([]bool, 1) }, "give all of them as many"},
		"uneven serving":    {func(s *plan.Scenario) { s.Load.Serving = []int{1} }, "knows of 1 steps"},
		"all launches fail": {func(s *plan.Scenario) { s.Cloud.Failing = 1 }, "below 1"},
		"NaN launches fail": {func(s *plan.Scenario) { s.Cloud.Failing = math.NaN() }, "below 1"},
		"negative quota":    {func(s *plan.Scenario) { s.Cloud.Quota = -1 }, "none can be below 0"},
		"negative drain":    {func(s *plan.Scenario) { s.Cloud.ToStop = -1 }, "none can be below 0"},
		"a loss of twice":   {func(s *plan.Scenario) { s.Cloud.Losses = []plan.Loss{{Share: 2}} }, "from 0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scenario(rate(1, 2, 3))
			bad.spoil(s)
			if _, err := plan.Replay(t.Context(), s); err == nil || !strings.Contains(err.Error(), bad.says) {
				t.Errorf("the error is %v, and should say %q", err, bad.says)
			}
		})
	}
}

func TestAReplayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := plan.Replay(ctx, scenario(phases(phase{20_000, 1}))); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if _, err := plan.ReplayAll(ctx, []plan.Scenario{*scenario(rate(1))}, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestOfVeryManyDecisionsTheLaterOnesAreKeptUnexplained(t *testing.T) {
	t.Parallel()
	totals := make([]float64, 10_003)
	for i := range totals {
		totals[i] = float64(1 + i%2)
	}
	r := replay(t, scenario(rate(totals...)))
	if len(r.Decisions) != 10_002 {
		t.Fatalf("%d decisions are kept", len(r.Decisions))
	}
	for i, want := range map[int]bool{0: true, 9_999: true, 10_000: false, 10_001: false} {
		if _, ok := r.Decisions[i].Explain(); ok != want {
			t.Errorf("decision %d can be explained: %v", i, ok)
		}
	}
}
