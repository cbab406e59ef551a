package tune

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var monday = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)

// days is a load in instances of so many days, by steps of five minutes; the shape says how
// much there is on a day at an hour.
func days(n int, shape func(day int, hour float64) float64) *load.Load {
	const perHour = 12
	totals := make([]float64, n*24*perHour)
	for i := range totals {
		totals[i] = shape(i/(24*perHour), float64(i%(24*perHour))/perHour)
	}
	return &load.Load{Origin: "a test", Start: monday, Step: 5 * time.Minute, Signals: []load.Signal{{Name: "cpu", Totals: totals}}}
}

// smooth rises and falls once a day, between 2 and 10 instances.
func smooth(_ int, hour float64) float64 { return 6 - 4*math.Cos(2*math.Pi*hour/24) }

// noisy is smooth with hours of noise, of its own every day.
func noisy(seed uint64) func(int, float64) float64 {
	random := rand.New(rand.NewPCG(seed, 7))
	hours := make([]float64, 400*24)
	for i := range hours {
		hours[i] = 0.6 + 0.8*random.Float64()
	}
	return func(day int, hour float64) float64 {
		return smooth(day, hour) * hours[day*24+int(hour)] * (0.95 + 0.1*random.Float64())
	}
}

// scenario holds the share that each instance is busy at a value.
func scenario(l *load.Load, value float64) *plan.Scenario {
	return &plan.Scenario{
		Name: "test", Load: l,
		Signals: []plan.SignalModel{{Name: "cpu", PerInstance: true, Ceiling: 1}},
		Spec: &policy.Spec{
			Min: 2, Max: 40, Interval: 10 * time.Second, Gap: 90 * time.Second, OrderMax: 10, Surge: 1, HealBudget: 0.1, Brake: 0.45, LaunchFailuresMax: 3,
			In: policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute},
			Policies: policy.Targets(policy.Target{
				Name: "target/cpu", Signal: "cpu", Value: value, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1,
			}),
		},
		Cloud: plan.Cloud{ToServe: plan.Always(5 * time.Minute), ToStop: time.Minute, ReleaseAtOnce: true},
	}
}

// hourly charges by the hour of each contract, in advance.
func hourly(t testing.TB) *billing.Model {
	t.Helper()
	model, err := billing.Parse("hourly.yaml", []byte(`{name: hourly, currency: JPY, zone: Asia/Tokyo, unit: hour, price: "10", charge_by: hour, anchor: contract, stopped: full}`))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func tuned(t testing.TB, s *plan.Scenario, o Options) *Result {
	t.Helper()
	result, err := Tune(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
