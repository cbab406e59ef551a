package forecast_test

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

func TestALeadThatChangesKeepsWhatWasLearned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		learned []time.Duration // one after the other
		within  time.Duration
		ahead   time.Duration // from a reading to the load that it expects; 0: steps are too long to say
	}{
		"a little longer counts":                  {[]time.Duration{14 * time.Minute}, 14 * time.Minute, 15 * time.Minute},
		"much longer takes longer steps":          {[]time.Duration{30 * time.Minute}, 30 * time.Minute, 32 * time.Minute},
		"four hours as well":                      {[]time.Duration{4 * time.Hour}, 4 * time.Hour, 4*time.Hour + 12*time.Minute},
		"a little shorter may be chance":          {[]time.Duration{8 * time.Minute}, 10 * time.Minute, 11 * time.Minute},
		"much shorter counts":                     {[]time.Duration{7 * time.Minute}, 7 * time.Minute, 8 * time.Minute},
		"back to what was assumed":                {[]time.Duration{30 * time.Minute, 10 * time.Minute}, 10 * time.Minute, 11 * time.Minute},
		"what is not known any more stays":        {[]time.Duration{14 * time.Minute, 0}, 14 * time.Minute, 15 * time.Minute},
		"a century is a mistake":                  {[]time.Duration{876_000 * time.Hour}, 24 * time.Hour, 0},
		"the same for as long as the steps allow": {[]time.Duration{23 * time.Minute}, 23 * time.Minute, 24 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced.Passes(4) {
				t.Skip("one of four under the race detector")
			}
			f, minute := forecast.NewForecaster(ruled()), 0
			foresee := func(learned time.Duration) policy.Outlook {
				in := showing(season(minute), 30)
				f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{Serve: learned})
				minute++
				return in.Outlooks[0]
			}
			for minute < 8*minutesADay {
				foresee(0)
			}
			for _, learned := range c.learned {
				before := foresee(0)
				for since := range 240 {
					o := foresee(learned)
					if o.Abstains != "" || since == 0 && o.Count < before.Count {
						t.Fatalf("after %d minutes: %+v; before %+v", since, o, before)
					}
				}
			}
			comes := season(minute - 1 + int(c.ahead/time.Minute))
			if o := foresee(c.learned[len(c.learned)-1]); o.Within != c.within || c.ahead > 0 && math.Abs(o.Expected-comes) > 0.15*comes {
				t.Errorf("%.2f comes: %+v", comes, o)
			}
		})
	}
}

func TestEachLeadIsLearnedByItself(t *testing.T) {
	t.Parallel()
	f, in := forecast.NewForecaster(ruled(keepsStandby)), showing(3, 30)
	f.Foresee(in, monday, forecast.Leads{Serve: 14 * time.Minute, Return: 5 * time.Minute})
	if o := in.Outlooks[0]; o.Within != 14*time.Minute || o.Back != 5*time.Minute {
		t.Errorf("%+v", o)
	}
}

func TestAStepIsNoShorterThanTheIntervalAndTheLeadDemand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ interval, lead, step time.Duration }{
		{10 * time.Second, 10 * time.Minute, time.Minute},
		{time.Minute, 20 * time.Minute, time.Minute},
		{time.Minute, 21 * time.Minute, 2 * time.Minute},
		{90 * time.Second, time.Minute, 2 * time.Minute},
		{5 * time.Minute, 10 * time.Minute, 5 * time.Minute},
		{time.Minute, 4 * time.Hour, 12 * time.Minute},
		{0, 0, time.Minute},
		{48 * time.Hour, 10 * time.Minute, 6 * time.Hour},
	} {
		f := forecast.NewForecaster(ruled(func(s *policy.Spec, r *policy.Forecast) { s.Interval, r.TimeToServe = c.interval, c.lead }))
		changes, last := 0, math.NaN()
		for minute := range 24 * 60 {
			in := showing(float64(minute), 2000)
			f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			if load := in.Outlooks[0].Load; load != last {
				changes, last = changes+1, load
			}
		}
		if want := int(24 * time.Hour / c.step); changes != want {
			t.Errorf("%+v: %d steps in a day, want %d", c, changes, want)
		}
	}
}

func TestALongLeadIsForeseenByTheSeason(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled(func(_ *policy.Spec, r *policy.Forecast) { r.TimeToServe = 4 * time.Hour }))
	worst := 0.0
	for minute := range 10 * minutesADay {
		in := showing(season(minute), 30)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		if o := in.Outlooks[0]; minute > 7*minutesADay && minute%12 == 0 {
			comes := season(minute + 21*12)
			worst = max(worst, math.Abs(o.Expected-comes)/comes)
		}
	}
	if worst > 0.15 {
		t.Errorf("off by %.2f of the load at worst", worst)
	}
}

func TestALongStepCountsByItsBusiestMinute(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled(func(_ *policy.Spec, r *policy.Forecast) { r.TimeToServe = 4 * time.Hour }))
	var o policy.Outlook
	for minute := range 5 * minutesADay {
		load := 4.0
		if minute%12 == 5 {
			load = 9
		}
		in := showing(load, 6) // short in one minute of twelve
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		o = in.Outlooks[0]
	}
	if o.Load != 9 || o.Count < 9 || math.Abs(o.Short-1./12) > 0.001 {
		t.Errorf("%+v", o)
	}
}
