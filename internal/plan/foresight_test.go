package plan_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

// foreseen is a rule that forecasts the rate, of which an instance is to carry 100.
func foreseen(budget, fallback float64) policy.Rule {
	return policy.Rule{Name: "forecast/rate", Forecast: &policy.Forecast{
		Signal: "rate", Value: 100, Quorum: 1, Budget: budget, Fallback: fallback, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
	}}
}

// days is a load of so many days, each with a steep morning, of 2 to 22 instances.
func days(n int) *load.Load {
	random := rand.New(rand.NewPCG(1, 2))
	instances := make([]float64, n*24*60)
	for i := range instances {
		hour := float64(i%(24*60)) / 60
		instances[i] = (12 - 10*math.Tanh(8*math.Cos(2*math.Pi*hour/24))) * (0.97 + 0.06*random.Float64())
	}
	return rate(instances...)
}

func foreseeing(l *load.Load, budget, fallback float64) *plan.Scenario {
	s := scenario(l)
	s.Spec.Policies = []policy.Rule{foreseen(budget, fallback)}
	s.Cloud.ToServe, s.Cloud.Delay = plan.Always(10*time.Minute), 1
	return s
}

func TestAForecastThatKnowsTheMorningOrdersBeforeIt(t *testing.T) {
	t.Parallel()
	const scored = 5 * 24 * 60
	ahead := foreseeing(days(8), 0.01, 70)
	ahead.From = scored
	behind := scenario(days(8))
	behind.Spec.Policies[0].Target.Value = 70
	behind.Cloud, behind.From = ahead.Cloud, scored
	foresees, reacts := replay(t, ahead), replay(t, behind)
	if out := foresees.Forecasts[0]; out.Short > 0.013 || out.Abstained > 0.01 || out.Budget != 0.01 {
		t.Errorf("the forecast came out as %+v", out)
	}
	if f, r := foresees.Metrics, reacts.Metrics; f.OverloadMinutes > 0.8*r.OverloadMinutes || f.InstanceHours > 0.85*r.InstanceHours {
		t.Errorf("with a forecast it is overloaded for %v minutes at %v hours, with a target for %v at %v", f.OverloadMinutes, f.InstanceHours, r.OverloadMinutes, r.InstanceHours)
	}
}

func TestWhatWasExpectedOfAStepIsNearWhatItBrought(t *testing.T) {
	t.Parallel()
	s := foreseeing(days(5), 0.01, 70)
	s.Signals[0].Capacity = 200 // so that what the rule calls two instances' worth keeps one busy
	r := replay(t, s)
	out := r.Forecasts[0]
	if out.High[60] != 0 || r.Step != time.Minute {
		t.Errorf("an hour after the beginning %v is expected", out.High[60])
	}
	within, known := 0, 0
	off := func(i, by int) float64 { return math.Abs(float64(out.Expected[i+by]) - r.Load[i]) }
	var there, late float64
	for i := 3 * 24 * 60; i < len(r.Load); i++ {
		if out.Low[i] > out.Expected[i] || out.Expected[i] > out.High[i] || out.High[i] == 0 {
			t.Fatalf("of step %d %v to %v is expected, in the middle %v", i, out.Low[i], out.High[i], out.Expected[i])
		}
		if i+10 < len(r.Load) {
			there, late = there+off(i, 0), late+off(i, 10)
		}
		if known++; float32(r.Load[i]) >= out.Low[i] && float32(r.Load[i]) <= out.High[i] {
			within++
		}
	}
	if share := float64(within) / float64(known); share < 0.75 || share > 0.99 {
		t.Errorf("%v of the loads lie where nine of ten should", share)
	}
	if !(there < 0.8*late) {
		t.Errorf("what is expected is off by %v in all, and by %v of ten minutes earlier", there, late)
	}
	s.Brief = true
	if brief := replay(t, s); brief.Forecasts[0].Expected != nil || brief.Forecasts[0].Short != out.Short || brief.Metrics != r.Metrics || brief.Flow != r.Flow {
		t.Errorf("a brief result is %+v, and else %+v", brief.Metrics, r.Metrics)
	}
}

func TestARunKnowsWhatBudgetsCostOnItsLoad(t *testing.T) {
	t.Parallel()
	brief := foreseeing(days(1), 0.01, 70)
	brief.Load.Signals[0].Totals = brief.Load.Signals[0].Totals[:20*60]
	if costs := replay(t, brief).Forecasts[0].Costs; costs != nil {
		t.Errorf("of twenty hours, budgets cost %v", costs)
	}
	s := foreseeing(days(5), 0.01, 70)
	costs := replay(t, s).Forecasts[0].Costs
	if !slices.IsSortedFunc(costs, func(a, b policy.Cost) int { return cmp.Compare(b.Short, a.Short) }) || len(costs) < 2 {
		t.Fatalf("budgets cost %v", costs)
	}
	for i, cost := range costs {
		if cost.Ratio < 1 || cost.Ratio > 2 || i > 0 && cost.Ratio < costs[i-1].Ratio {
			t.Errorf("budgets cost %v", costs)
		}
	}
	silent := slices.Repeat([]float64{math.NaN()}, 2*24*60) // it abstains at the end
	s.Load.Signals[0].Totals = slices.Concat(s.Load.Signals[0].Totals, silent)
	s.From = 1
	if r := replay(t, s); !slices.Equal(r.Forecasts[0].Costs, costs) || r.Forecasts[0].Abstained < 0.1 {
		t.Errorf("budgets cost %v, and after two days without readings %v", costs, r.Forecasts[0].Costs)
	}
}

func TestAShortageIsByTheValueOfTheForecastAndNotByWhatFillsAnInstance(t *testing.T) {
	t.Parallel()
	s := foreseeing(rate(1, 1, 3, 3.5, 1), 0.01, 0)
	s.Signals[0].Capacity = 200
	s.Cloud.Initial = 2
	r := replay(t, s) // the outlook abstains, and without a fallback nobody has a say
	expect(t, "desired", r.Desired, 2, 2, 2, 2, 2)
	expect(t, "need", r.Need, 1, 1, 2, 2, 1)
	if out := r.Forecasts[0]; out.Short != 0.4 || out.Abstained != 1 || out.Policy != "forecast/rate" {
		t.Errorf("it came out as %+v", out)
	}
	if s.From = 3; replay(t, s).Forecasts[0].Short != 0.5 {
		t.Errorf("of the last two %v are short", replay(t, s).Forecasts[0].Short)
	}
}

// ahead is the spec of a daemon that forecasts, with the guards that a group has by default.
func ahead(budget float64) policy.Spec {
	spec := daily()
	spec.Policies = slices.Concat(spec.Policies, []policy.Rule{{Name: "forecast/cpu", Forecast: &policy.Forecast{
		Signal: "cpu", Value: 55, Quorum: 0.5, Budget: budget, TimeToServe: 5 * time.Minute, TimeToReturn: 2 * time.Minute,
	}}})
	return spec
}

// forecaster is one that knows the load of the last week already, as a daemon's does.
func forecaster(spec *policy.Spec, until time.Time) *forecast.Forecaster {
	f := forecast.NewForecaster(spec)
	for at := until.Add(-7 * 24 * time.Hour); at.Before(until); at = at.Add(time.Minute) {
		f.Learn("forecast/cpu", at, usualLoad(at))
	}
	return f
}

func TestADaemonsForecastsReplayedGiveItsOwnDecisions(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, ahead(0.01))
	d.forecaster = forecaster(&d.spec, d.now)
	d.run(2 * 24 * time.Hour)
	s := d.history(d.spec)
	r := replay(t, s)
	made := d.changes()
	if len(made) < 10 || len(r.Decisions) != len(made) || r.Recorded != len(d.loads) {
		t.Fatalf("the daemon changed the size %d times, and the replay %d times; it is as recorded for %d of %d steps", len(made), len(r.Decisions), r.Recorded, len(d.loads))
	}
	led := 0
	for i, moment := range r.Decisions {
		explained, ok := moment.Explain()
		if !ok || !moment.Recorded || asJSON(t, explained.Decision) != asJSON(t, made[i]) {
			t.Fatalf("change %d was\n%s\nand is (recorded: %v)\n%s", i, asJSON(t, made[i]), moment.Recorded, asJSON(t, explained.Decision))
		}
		if says := explained.Recommendations; says[2].Count > says[0].Count {
			led++
		}
	}
	if led == 0 {
		t.Error("the forecast wanted more than the target at no change")
	}
	if r.Forecasts[0].Abstained > 0 {
		t.Errorf("of a daemon that knew its load, the outlook abstained %v of the time", r.Forecasts[0].Abstained)
	}
}

func TestAnotherBudgetIsReplayedWithOutlooksOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, ahead(0.01))
	d.forecaster = forecaster(&d.spec, d.now)
	d.run(24 * time.Hour)
	r := replay(t, d.history(ahead(0.2)))
	if r.Recorded == len(d.loads) || r.Forecasts[0].Budget != 0.2 {
		t.Errorf("%d of %d steps are as recorded, with a budget of %v", r.Recorded, len(d.loads), r.Forecasts[0].Budget)
	}
	if share := r.Forecasts[0].Abstained; share < 0.2 || share > 0.5 { // six hours of a day
		t.Errorf("one that begins without a past abstains %v of the day", share)
	}
}

func TestAForecasterThatLookedOnSpeaksWhenTheRecordEnds(t *testing.T) {
	t.Parallel()
	d := newDaemon(t, ahead(0.01))
	d.forecaster = forecaster(&d.spec, d.now)
	d.run(24 * time.Hour)
	s := d.history(d.spec)
	s.Load = &load.Load{Start: monday, Step: time.Minute, Signals: []load.Signal{{Name: "cpu", Totals: slices.Concat(d.loads, d.loads[:4*60])}}}
	s.From = len(d.loads)
	if r := replay(t, s); r.Recorded != s.From || r.Forecasts[0].Abstained > 0 {
		t.Errorf("after %d of %d steps of record it abstains %v of the time", r.Recorded, s.From, r.Forecasts[0].Abstained)
	}
}

func TestADecisionOfAForecastIsExplainedByTheOutlookThatItHad(t *testing.T) {
	t.Parallel()
	r := replay(t, foreseeing(days(2), 0.01, 70))
	spoke := 0
	for _, moment := range r.Decisions {
		explained, ok := moment.Explain()
		if !ok || explained.Desired.Count != moment.To || explained.Wanted != moment.Wanted {
			t.Fatalf("%+v is explained as %s", moment, asJSON(t, explained.Decision))
		}
		if strings.Contains(strings.Join(explained.Words(), "\n"), "expected in ") {
			spoke++
		}
	}
	if spoke < 10 {
		t.Errorf("%d of %d changes are explained by what was expected", spoke, len(r.Decisions))
	}
}
