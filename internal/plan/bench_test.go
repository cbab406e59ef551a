package plan_test

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// year is a load of so many days and nights, of 3 to 17 instances at 70 %, with bursts.
func year(minutes int) *load.Load {
	totals := make([]float64, minutes)
	for i := range totals {
		day := float64(i) / (24 * 60)
		totals[i] = 700 + 450*math.Sin(2*math.Pi*day) + 40*math.Sin(float64(i)*0.7) + 30*math.Sin(float64(i)*1.3)
		if i%10007 < 30 {
			totals[i] *= 1.1
		}
	}
	return &load.Load{Start: monday, Step: time.Minute, Signals: []load.Signal{{Name: "cpu", Totals: totals}}}
}

// BenchmarkAYearOfMinutes replays 525,600 steps through one target policy with up to 20
// instances that stand by for the rest of the hour that they are paid for.
func BenchmarkAYearOfMinutes(b *testing.B) {
	benchmarkAYear(b, false, 2, policy.Targets(policy.Target{Name: "target/cpu", Signal: "cpu", Value: 70, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 0.5}))
}

// BenchmarkAYearOfMinutesForeseen is the same with a policy that forecasts: as a plan keeps
// it, as tuning and comparing do, and with standby, of which the return is forecast as well.
func BenchmarkAYearOfMinutesForeseen(b *testing.B) {
	for _, c := range []struct {
		name    string
		brief   bool
		standby int
	}{{"whole", false, 0}, {"brief", true, 0}, {"brief,standby", true, 2}} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkAYear(b, c.brief, c.standby, []policy.Rule{{Name: "forecast/cpu", Forecast: &policy.Forecast{
				Signal: "cpu", Value: 90, Quorum: 0.5, Budget: 0.01, Fallback: 63, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
			}}})
		})
	}
}

func benchmarkAYear(b *testing.B, brief bool, standby int, rules []policy.Rule) {
	b.Helper()
	s := plan.Scenario{
		Name: "year", Brief: brief, Load: year(525_600), WarmUp: time.Minute, Billing: hourly(b),
		Signals: []plan.SignalModel{{Name: "cpu", PerInstance: true, Ceiling: 100}},
		Spec: &policy.Spec{
			Min: 2, Max: 20, Interval: 10 * time.Second, Gap: time.Minute, OrderMax: 5, Surge: 1, Standby: standby, ReleaseBefore: 10 * time.Minute, HealBudget: 0.1, Brake: 0.45,
			In:       policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute},
			Policies: rules,
		},
		Cloud: plan.Cloud{ToServe: plan.Always(5 * time.Minute), ToReturn: plan.Always(2 * time.Minute), ToStop: time.Minute, Delay: 1},
	}
	b.ReportAllocs()
	var result *plan.Result
	for b.Loop() {
		var err error
		if result, err = plan.Replay(b.Context(), &s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(result.Metrics.Scalings), "scalings")
	b.ReportMetric(held(func() { result = nil })/1e6, "MB/result")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*s.Load.Len()), "ns/step")
}

// held is how many bytes are free once more when something is let go.
func held(letGo func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	letGo()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(before.HeapAlloc) - float64(after.HeapAlloc)
}

// BenchmarkAHundredPolicies replays 28 days of minutes through each of a hundred policies, on
// as many cores as there are.
func BenchmarkAHundredPolicies(b *testing.B) {
	scenarios := make([]plan.Scenario, 100)
	for i := range scenarios {
		scenarios[i] = plan.Scenario{
			Name: "month", Load: year(28 * 24 * 60), WarmUp: time.Minute, Brief: true, Cloud: plan.Cloud{ToServe: plan.Always(5 * time.Minute), Delay: 1, ReleaseAtOnce: true},
			Spec: busy(40 + float64(i)/2), Billing: hourly(b), Signals: []plan.SignalModel{{Name: "busy", From: "cpu", PerInstance: true, Ceiling: 100}},
		}
	}
	for i := range scenarios {
		scenarios[i].Spec.In.Stabilization = 10 * time.Minute
	}
	for b.Loop() {
		if _, err := plan.ReplayAll(b.Context(), scenarios, runtime.GOMAXPROCS(0), nil); err != nil {
			b.Fatal(err)
		}
	}
}
