package forecast_test

import (
	"math"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

func BenchmarkAnUpdate(b *testing.B) {
	m := forecast.New(forecast.Settings{Ahead: 11, Budget: 0.01})
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		at = at.Add(time.Minute)
		m.Observe(forecast.Reading{At: at, Load: 10 + 7*math.Sin(2*math.Pi*float64(i)/1440) + .6*math.Sin(float64(i)*.7), Serving: 30})
	}
}

func BenchmarkAnEvaluation(b *testing.B) {
	for _, brief := range []bool{false, true} {
		b.Run(map[bool]string{false: "whole", true: "brief"}[brief], func(b *testing.B) {
			f := forecast.NewForecaster(ruled())
			if brief {
				f.Brief()
			}
			b.ReportAllocs()
			in, minute := showing(1, 30), 0
			for b.Loop() {
				in.Signals[0].Value = 250 * season(minute)
				f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
				minute++
			}
		})
	}
}

func BenchmarkASnapshot(b *testing.B) {
	f := forecast.NewForecaster(ruled(keepsStandby))
	f.Foresee(showing(3, 30), monday, forecast.Leads{})
	b.ReportAllocs()
	for b.Loop() {
		f.Snapshot()
	}
}
