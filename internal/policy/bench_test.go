package policy_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// BenchmarkEvaluate decides for a group of 20 instances on two signals of the
// instances and one of the group, by four policies.
func BenchmarkEvaluate(b *testing.B) {
	cpu, memoryUse := ofInstances(readings(20, 0.5)), ofInstances(readings(20, 0.4))
	memoryUse.Name = "memory"
	spec := policy.Spec{
		Min: 2, Max: 40, Type: "V40",
		Policies: []policy.Target{
			{Name: "target/cpu", Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
			{Name: "target/cpu/2", Signal: "cpu", Value: 0.9, Quorum: 1},
			{Name: "target/memory", Signal: "memory", Value: 0.8, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
			{Name: "target/rate", Signal: "rate", Value: 250, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
		},
		Gap: time.Minute,
		In:  policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute},
	}
	observed := policy.Observation{
		Size:    policy.Size{Count: 20, Type: "V40"},
		Signals: []policy.Signal{cpu, memoryUse, ofGroup("rate", policy.ValueAt(4800, noon))},
	}
	var memory policy.Memory
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		policy.Evaluate(&spec, observed, now, &memory)
	}
}
