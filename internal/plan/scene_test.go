package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var monday = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)

// after is the instant so many minutes after the first step.
func after(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }

// rate is a load by the minute, in instances of which each carries 100 requests a second.
func rate(instances ...float64) *load.Load {
	totals := make([]float64, len(instances))
	for i, n := range instances {
		totals[i] = 100 * n
	}
	return &load.Load{Origin: "a test", Start: monday, Step: time.Minute, Signals: []load.Signal{{Name: "rate", Totals: totals}}}
}

// phase is a load that stays for so many minutes.
type phase struct {
	minutes   int
	instances float64
}

func phases(phases ...phase) *load.Load {
	var list []float64
	for _, p := range phases {
		list = append(list, slices.Repeat([]float64{p.instances}, p.minutes)...)
	}
	return rate(list...)
}

// exact is a spec that wants as many instances as the rate fills, at once both ways.
func exact() *policy.Spec {
	return &policy.Spec{
		Min: 1, Max: 50, Interval: time.Minute, Gap: 5 * time.Minute, OrderMax: 50, Surge: 1, HealBudget: 0.1, Brake: 0.45, LaunchFailuresMax: 3,
		Policies: policy.Targets(policy.Target{Name: "target/rate", Signal: "rate", Value: 100, Quorum: 1}),
	}
}

// busy is a spec that holds the busy share of the instances at the given percentage.
func busy(percent float64) *policy.Spec {
	spec := exact()
	spec.Policies = policy.Targets(policy.Target{Name: "target/busy", Signal: "busy", Value: percent, Quorum: 1})
	return spec
}

// scenario has an exact spec on a signal of the group, and a cloud that does all at once.
func scenario(l *load.Load) *plan.Scenario {
	return &plan.Scenario{
		Name: "test", Spec: exact(), Load: l, Cloud: plan.Cloud{ReleaseAtOnce: true},
		Signals: []plan.SignalModel{{Name: "rate", Capacity: 100}},
	}
}

// ofInstances has a spec on how busy each instance is, which saturates.
func ofInstances(l *load.Load, percent float64) *plan.Scenario {
	s := scenario(l)
	s.Spec = busy(percent)
	s.Signals = []plan.SignalModel{{Name: "busy", From: "rate", PerInstance: true, Ceiling: 100}}
	return s
}

func replay(t testing.TB, s *plan.Scenario) *plan.Result {
	t.Helper()
	result, err := plan.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func expect(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s is\n%v, and should be\n%v", what, got, want)
	}
}
