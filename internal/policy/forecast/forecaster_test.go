package forecast_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// ruled is a spec of one rule that forecasts the load of a group of which every instance
// carries 250.
func ruled(change ...func(*policy.Spec, *policy.Forecast)) *policy.Spec {
	rule := policy.Forecast{Signal: "rate", Value: 250, Quorum: 1, Budget: 0.01, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute}
	spec := &policy.Spec{Min: 1, Max: 100, Interval: time.Minute, Policies: []policy.Rule{{Name: "ahead", Forecast: &rule}}}
	for _, c := range change {
		c(spec, &rule)
	}
	return spec
}

func keepsStandby(spec *policy.Spec, _ *policy.Forecast) { spec.Standby = 2 }

// showing is what an evaluation rests on of a group that carries a load, in full instances.
func showing(load float64, serving int) *policy.Inputs {
	in := &policy.Inputs{Size: policy.Size{Count: serving}, Signals: []policy.Input{{Name: "rate", Why: policy.Failed}}}
	if !math.IsNaN(load) {
		in.Signals[0] = policy.Input{Name: "rate", Present: true, Value: load * 250}
	}
	return in
}

func TestAGroupWithoutARuleThatForecastsHasNoForecaster(t *testing.T) {
	t.Parallel()
	spec := &policy.Spec{Policies: []policy.Rule{{Name: "t", Target: &policy.Target{Signal: "rate", Value: 1}}}}
	f := forecast.NewForecaster(spec)
	if f != nil {
		t.Fatal("there is one")
	}
	in := showing(1, 1)
	f.Brief()
	f.Learn("t", monday, 1)
	f.Follow(f.Tail())
	f.Foresee(in, monday, forecast.Leads{})
	if in.Outlooks != nil || f.Snapshot() != nil {
		t.Errorf("it says %v", in.Outlooks)
	}
	if f, err := forecast.Restore(spec, nil); f != nil || err != nil {
		t.Errorf("restored: %v, %v", f, err)
	}
}

func TestAnOutlookIsThePlanOfAModelThatWasFedAlike(t *testing.T) {
	t.Parallel()
	f, m := forecast.NewForecaster(ruled()), forecast.New(forecast.Settings{Ahead: 11, Budget: 0.01})
	for minute := range 3 * minutesADay {
		at, load := monday.Add(time.Duration(minute)*time.Minute), season(minute)
		in := showing(load, 30)
		f.Foresee(in, at, forecast.Leads{})
		p := m.Observe(forecast.Reading{At: at, Load: load, Serving: 30})
		o := in.Outlooks[0]
		if p.Abstains != (o.Abstains != "") || !p.Abstains && (o.Count != p.Size || math.Abs(o.Expected-p.Expected) > 0.005) {
			t.Fatalf("minute %d: %+v, and the plan %+v", minute, o, p)
		}
		if o.Policy != "ahead" || o.Within != 10*time.Minute || math.Abs(o.Load-load) > 0.005 || o.Soon != 0 {
			t.Fatalf("minute %d: %+v", minute, o)
		}
	}
}

func TestSeveralEvaluationsWithinAStepAreOneReading(t *testing.T) {
	t.Parallel()
	random, seed := seeded(t)
	often, once := forecast.NewForecaster(ruled()), forecast.NewForecaster(ruled())
	foresee := func(f *forecast.Forecaster, load float64, at time.Duration) []policy.Outlook {
		in := showing(load, 30)
		f.Foresee(in, monday.Add(at), forecast.Leads{})
		return in.Outlooks
	}
	foresee(often, 5, 0)
	last := foresee(once, 5, 0)
	for minute := time.Minute; minute < 48*time.Hour; minute += time.Minute {
		sum := 0.0
		for before := 50 * time.Second; before >= 0; before -= 10 * time.Second {
			load := season(int(minute/time.Minute)) * (1 + 0.1*random.NormFloat64())
			sum += load
			got := foresee(often, load, minute-before)
			if before > 0 {
				if !reflect.DeepEqual(got, last) {
					t.Fatalf("seed %d: %v: %+v became %+v within the step", seed, minute, last, got)
				}
				continue
			}
			last = got
		}
		want := foresee(once, sum/6, minute)
		if !reflect.DeepEqual(last, want) {
			t.Fatalf("seed %d: %v: %+v, and of the means %+v", seed, minute, last, want)
		}
	}
}

func TestAnOutlookStaysAsItWasGiven(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled(keepsStandby))
	type given struct {
		outlooks []policy.Outlook
		said     string
	}
	var all []given
	for minute := range 2 * minutesADay {
		in := showing(season(minute), 30)
		in.Standby = minute % 7 % 2
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		said, _ := json.Marshal(in.Outlooks)
		all = append(all, given{in.Outlooks, string(said)})
	}
	for minute, g := range all {
		if said, _ := json.Marshal(g.outlooks); string(said) != g.said {
			t.Fatalf("minute %d: %s became %s", minute, g.said, said)
		}
	}
}

func TestWhatStandsByIsWantedForItsOwnLead(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled(keepsStandby))
	grew := 0
	for minute := range 8 * minutesADay {
		in := showing(season(minute), 30)
		in.Standby = minute % 2
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		o := in.Outlooks[0]
		switch {
		case o.Abstains != "" && o.Soon != 0, o.Soon != 0 && in.Standby == 0, o.Back != 3*time.Minute:
			t.Fatalf("minute %d: %+v", minute, o)
		case minute < 5*minutesADay || in.Standby == 0:
		case float64(o.Soon) < season(minute+3), float64(o.Count) < season(minute+10):
			t.Fatalf("minute %d: %d and %d wanted, and %.2f and %.2f came", minute, o.Soon, o.Count, season(minute+3), season(minute+10))
		case o.Count > o.Soon:
			grew++
		}
	}
	if grew < 100 {
		t.Errorf("only %d times a morning wants more of what takes longer", grew)
	}
}

func TestAForecasterSaysWhyItIsSilent(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled())
	minute := 0
	silence := func(load float64) policy.Silence {
		in := showing(load, 30)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		minute++
		return in.Outlooks[0].Abstains
	}
	for range 6*60 - 1 {
		if got := silence(5); got != policy.SilenceYoung {
			t.Fatalf("minute %d: %q", minute, got)
		}
	}
	for range minutesADay {
		if got := silence(5); got != "" {
			t.Fatalf("minute %d: %q", minute, got)
		}
	}
	for range minutesADay {
		if got := silence(math.NaN()); got != "" {
			t.Fatalf("minute %d without readings: %q", minute, got)
		}
	}
	if got := silence(math.NaN()); got != policy.SilenceBlind {
		t.Errorf("after a day without readings: %q", got)
	}
	if got := silence(5); got != "" {
		t.Errorf("with readings again: %q", got)
	}
}

func TestWhatIsLearnedFromElsewhereCountsAsSeen(t *testing.T) {
	t.Parallel()
	f, minute := forecast.NewForecaster(ruled()), 0
	for ; minute < 10*minutesADay; minute++ {
		f.Learn("ahead", monday.Add(time.Duration(minute)*time.Minute), 250*season(minute))
		f.Learn("another", monday.Add(time.Duration(minute)*time.Minute), 1e9)
	}
	in := showing(season(minute), 30)
	f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
	o := in.Outlooks[0]
	if comes := season(minute + 11); o.Abstains != "" || math.Abs(o.Expected-comes) > 0.02*comes || o.Short != 0 {
		t.Errorf("%.2f came: %+v", comes, o)
	}
}

func TestTheBandHoldsNineOfTenLoads(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	random, seed := seeded(t)
	f, noise, inside, n := forecast.NewForecaster(ruled()), 0.0, 0, 0
	band := make([]policy.Outlook, 0, 12*minutesADay)
	for minute := range 12 * minutesADay {
		noise = 0.9*noise + 0.05*random.NormFloat64()
		load := season(minute) * math.Exp(noise)
		if minute > 5*minutesADay {
			if o := band[minute-11]; load >= o.Low && load <= o.High {
				inside++
			}
			n++
		}
		in := showing(load, 30)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		o := in.Outlooks[0]
		if o.Abstains == "" && (o.Expected < o.Low || o.Expected > o.High || o.By == "" || o.Error <= 0) {
			t.Fatalf("seed %d: minute %d: %+v", seed, minute, o)
		}
		band = append(band, o)
	}
	if share := float64(inside) / float64(n); share < 0.87 || share > 0.94 {
		t.Errorf("seed %d: %.3f of the loads lay within", seed, share)
	}
}

func TestATighterBudgetCostsMore(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	random, seed := seeded(t)
	f, noise := forecast.NewForecaster(ruled()), 0.0
	var costs []policy.Cost
	for minute := range 8 * minutesADay {
		noise = 0.98*noise + 0.04*random.NormFloat64()
		in := showing(season(minute)*math.Exp(noise), 30)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		costs = in.Outlooks[0].Costs
		if minute < minutesADay-120 && costs != nil {
			t.Fatalf("seed %d: minute %d: %v is known already", seed, minute, costs)
		}
	}
	if len(costs) != 4 || costs[0].Ratio < 1 || costs[3].Ratio > 4 {
		t.Fatalf("seed %d: %v", seed, costs)
	}
	for i, c := range costs[1:] {
		if c.Short >= costs[i].Short || c.Ratio < costs[i].Ratio {
			t.Errorf("seed %d: %v", seed, costs)
		}
	}
}

func TestABriefForecasterSaysTheSameAndAllocatesNothing(t *testing.T) {
	brief, whole := forecast.NewForecaster(ruled(keepsStandby)), forecast.NewForecaster(ruled(keepsStandby))
	brief.Brief()
	minute := 0
	a, b := showing(1, 30), showing(1, 30)
	a.Standby, b.Standby = 1, 1
	both := func(f *forecast.Forecaster, in *policy.Inputs) {
		in.Signals[0].Value = 250 * season(minute)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
	}
	for ; minute < minutesADay; minute++ {
		both(brief, a)
		both(whole, b)
		x, y := a.Outlooks[0], b.Outlooks[0]
		y.Low, y.High, y.By, y.Error, y.Costs = 0, 0, "", 0, nil
		if !reflect.DeepEqual(x, y) {
			t.Fatalf("minute %d: %+v, and %+v", minute, x, y)
		}
	}
	if n := testing.AllocsPerRun(500, func() { minute++; both(brief, a) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAForecasterOfTwoModelsFitsInto64KiB(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled(keepsStandby))
	if n := len(f.Snapshot()); n > 64<<10 {
		t.Errorf("%d bytes of snapshot", n)
	}
	if n := f.Bytes(); n > 64<<10 {
		t.Errorf("%d bytes", n)
	}
	one := forecast.NewForecaster(ruled())
	if n := one.Bytes(); n > 16<<10 {
		t.Errorf("%d bytes where a thousand groups run", n)
	}
}

// seeded is chance that can be had again.
func seeded(t *testing.T) (*rand.Rand, uint64) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	return rand.New(rand.NewPCG(seed, 0)), seed
}
