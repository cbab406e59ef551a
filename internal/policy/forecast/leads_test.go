package forecast_test

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

func TestNothingTakesLongerToComeBackThanToBeMade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leads        forecast.Leads
		within, back time.Duration
	}{
		"learned":            {forecast.Leads{Serve: 14 * time.Minute, Return: 40 * time.Minute}, 14 * time.Minute, 14 * time.Minute},
		"faster than it was": {forecast.Leads{Serve: 2 * time.Minute}, 2 * time.Minute, 2 * time.Minute},
	} {
		f, in := forecast.NewForecaster(ruled(keepsStandby)), showing(3, 30)
		f.Foresee(in, monday, c.leads)
		if o := in.Outlooks[0]; o.Within != c.within || o.Back != c.back {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestWhatStandsByIsNotWantedSoonerThanWhatIsOrdered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		assumed, learned time.Duration
	}{
		"assumed": {time.Hour, 0},
		"learned": {3 * time.Minute, time.Hour},
	} {
		f := forecast.NewForecaster(ruled(keepsStandby, func(_ *policy.Spec, r *policy.Forecast) { r.TimeToReturn = c.assumed }))
		for minute := range 2 * minutesADay {
			in := showing(season(minute), 30)
			in.Standby = 2
			f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{Return: c.learned})
			if o := in.Outlooks[0]; o.Soon > o.Count || o.Back != o.Within {
				t.Fatalf("%s: minute %d: %+v", name, minute, o)
			}
		}
	}
}

// What is assumed of the leads, and where reaction holds the group, may change over a restart:
// it counts from then on, the leads as long as the group has learned none of its own.
func TestAnotherAssumptionKeepsWhatWasLearned(t *testing.T) {
	t.Parallel()
	changed := ruled(keepsStandby, func(_ *policy.Spec, r *policy.Forecast) {
		r.TimeToServe, r.TimeToReturn, r.Fallback = 40*time.Minute, 6*time.Minute, 125
	})
	for name, c := range map[string]struct {
		leads        forecast.Leads
		within, back time.Duration
	}{
		"none was learned":       {forecast.Leads{}, 40 * time.Minute, 6 * time.Minute},
		"one was learned":        {forecast.Leads{Serve: 14 * time.Minute}, 14 * time.Minute, 6 * time.Minute},
		"both were learned":      {forecast.Leads{Serve: 14 * time.Minute, Return: 5 * time.Minute}, 14 * time.Minute, 5 * time.Minute},
		"as long as was assumed": {forecast.Leads{Serve: 10 * time.Minute}, 10 * time.Minute, 6 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced.Passes(2) {
				t.Skip("one of two under the race detector")
			}
			f, minute := forecast.NewForecaster(ruled(keepsStandby)), 0
			foresee := func(f *forecast.Forecaster) policy.Outlook {
				in := showing(season(minute), 30)
				f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), c.leads)
				return in.Outlooks[0]
			}
			for ; minute < 4*minutesADay; minute++ {
				foresee(f)
			}
			snapshot := f.Snapshot()
			for range 10 {
				foresee(f)
				minute++
			}
			twin, err := forecast.Restore(changed, snapshot)
			if err != nil {
				t.Fatal(err)
			}
			twin.Follow(f.Tail())
			for range 120 {
				if o := foresee(twin); o.Abstains != "" || o.Within != c.within || o.Back != c.back {
					t.Fatalf("minute %d: %+v", minute, o)
				}
				minute++
			}
			ahead := int(c.within/time.Minute) + 1
			if o, comes := foresee(twin), season(minute+ahead); math.Abs(o.Expected-comes) > 0.15*comes {
				t.Errorf("%.2f comes: %+v", comes, o)
			}
		})
	}
}

func TestReactionIsThatOfTheRuleAsItIsNow(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled())
	f.Foresee(showing(10, 30), monday, forecast.Leads{})
	spec := ruled(func(_ *policy.Spec, r *policy.Forecast) { r.Fallback = 100 }) // two and a half instances do the work of one
	twin, err := forecast.Restore(spec, f.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if got := twin.Wants(10); got != 25 {
		t.Errorf("for a load of ten reaction has %d", got)
	}
}

func TestARuleThatWasShortForLongRepays(t *testing.T) {
	t.Parallel()
	f, minute := forecast.NewForecaster(ruled()), 0
	foresee := func(serving, minutes int) (o policy.Outlook) {
		for range minutes {
			in := showing(5, serving)
			f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			o = in.Outlooks[0]
			minute++
		}
		return o
	}
	for _, c := range []struct {
		serving, minutes int
		repays           bool
	}{
		{9, 2 * minutesADay, false},
		{4, 1, false}, // one minute may be
		{9, 400, false},
		{4, 20, true},
		{9, 600, true},
		{9, 3 * minutesADay, false},
	} {
		if o := foresee(c.serving, c.minutes); o.Repays != c.repays {
			t.Errorf("after %d minutes: %+v", minute, o)
		}
	}
	// A load that is not believed shows, and nothing is to be made good for it.
	for range 60 {
		in := showing(90, 9)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		minute++
		if o := in.Outlooks[0]; o.Repays {
			t.Fatalf("in an odd hour: %+v", o)
		}
	}
	if o := foresee(9, 1); o.Short < 81./10_080 || math.Abs(o.Short*1e5-math.Round(o.Short*1e5)) > 1e-6 || math.Abs(o.Short*1e3-math.Round(o.Short*1e3)) < 1e-3 {
		t.Errorf("%+v", o)
	}
}

func TestAForecasterWithoutAStoreKeepsNoTail(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled())
	fed := func() int {
		for minute := range 30 {
			f.Foresee(showing(3, 30), monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		}
		return len(f.Tail().Horizons[0].Fed)
	}
	if n := fed(); n != 0 {
		t.Errorf("it keeps %d readings that nobody asks for", n)
	}
	f.Snapshot()
	if n := fed(); n != 20 {
		t.Errorf("after a snapshot it keeps %d readings", n)
	}
}
