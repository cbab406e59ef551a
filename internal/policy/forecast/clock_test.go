package forecast_test

import (
	"math"
	"testing"
	"time"
	_ "time/tzdata" // the tests' zones

	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// office is a load that follows the wall clock: it begins at eight.
func office(at time.Time) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	return 4 + 16/(1+math.Exp(-(hour-8)*4)) - 16/(1+math.Exp(-(hour-18)*4))
}

// nightly is a job from half past three until five.
func nightly(at time.Time) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	return 1/(1+math.Exp(-(hour-3.5)*6)) - 1/(1+math.Exp(-(hour-5)*6))
}

func TestASeasonGoesByTheWallClockAcrossAShift(t *testing.T) {
	t.Parallel()
	for name, shift := range map[string]time.Time{
		"an hour is left out": time.Date(2026, 3, 29, 0, 0, 0, 0, berlin),
		"an hour comes twice": time.Date(2026, 10, 25, 0, 0, 0, 0, berlin),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced.Passes(2) {
				t.Skip("one of two under the race detector")
			}
			f := forecast.NewForecaster(ruled())
			load := func(at time.Time) float64 { return office(at) + 4*nightly(at) }
			worst, readings := 0.0, 0
			expects := map[time.Time]float64{}
			for at := shift.AddDate(0, 0, -9); at.Before(shift.AddDate(0, 0, 2)); at = at.Add(time.Minute) {
				in := showing(load(at), 25)
				f.Foresee(in, at, forecast.Leads{})
				o := in.Outlooks[0]
				if math.Abs(o.Load-load(at)) > 0.01 {
					t.Fatalf("%v: %+v, and the load was %.2f", at, o, load(at))
				}
				expects[at.Add(11*time.Minute).UTC()] = o.Expected
				if expected, ok := expects[at.UTC()]; ok && !at.Before(shift) {
					worst = max(worst, math.Abs(expected-load(at))/load(at))
					readings++
				}
			}
			if worst > 0.03 || readings < 46*60 {
				t.Errorf("off by %.3f at worst, of %d readings", worst, readings)
			}
		})
	}
}

func TestAClockThatIsSetHarmsNothing(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{
		"back by five hours":     -5 * time.Hour,
		"back by ten minutes":    -10 * time.Minute,
		"ahead by three hours":   3 * time.Hour,
		"ahead by a year":        365 * 24 * time.Hour,
		"back by a hundred ones": -876_000 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced.Passes(3) {
				t.Skip("one of three under the race detector")
			}
			f := forecast.NewForecaster(ruled())
			off := time.Duration(0)
			for minute := range 10 * minutesADay {
				if minute == 8*minutesADay {
					off = by
				}
				if minute == 9*minutesADay {
					off = 0
				}
				at := monday.Add(time.Duration(minute)*time.Minute + off)
				in := showing(office(at), 25)
				f.Foresee(in, at, forecast.Leads{})
				o := in.Outlooks[0]
				since := minute % minutesADay
				if minute < 7*minutesADay || minute >= 8*minutesADay && since < 60 {
					continue
				}
				if comes := office(at.Add(11 * time.Minute)); o.Abstains != "" || math.Abs(o.Expected-comes) > 0.15*comes {
					t.Fatalf("minute %d: %+v, and %.2f came", minute, o, comes)
				}
			}
		})
	}
}
