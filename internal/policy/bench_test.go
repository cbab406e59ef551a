package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// BenchmarkEvaluate decides for a group of 20 instances on two signals of the
// instances and one of the group, by four policies.
func BenchmarkEvaluate(b *testing.B) {
	cpu, memoryUse := ofInstances(readings(20, 0.5)), ofInstances(readings(20, 0.4))
	memoryUse.Name = "memory"
	spec := policy.Spec{
		Min: 2, Max: 40, Type: "V40",
		Policies: policy.Targets(
			policy.Target{Name: "target/cpu", Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
			policy.Target{Name: "target/cpu/2", Signal: "cpu", Value: 0.9, Quorum: 1},
			policy.Target{Name: "target/memory", Signal: "memory", Value: 0.8, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
			policy.Target{Name: "target/rate", Signal: "rate", Value: 250, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1},
		),
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

// BenchmarkEvaluateEveryKind decides for a group of 20 instances by one rule of each kind,
// with every guard on.
func BenchmarkEvaluateEveryKind(b *testing.B) {
	cpu, step, busy := ofInstances(readings(20, 0.5)), bands(), threshold(2, above("cpu", 0.9))
	step.Signal, busy.Hits, busy.Of = "queue", 3, 5
	spec := policy.Spec{
		Min: 2, Max: 40, Type: "V40",
		Policies: append(policy.Targets(policy.Target{Name: "target", Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}),
			policy.Rule{Name: "step", Step: &step},
			policy.Rule{Name: "threshold", Threshold: &busy},
			policy.Rule{Name: "size", Only: policy.OnlyOut, Size: &policy.SizeOf{Signal: "size"}},
			policy.Rule{Name: "webhook", Webhook: &policy.Webhook{Signal: "push"}},
			bounded(b, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour}, 4, 0)),
		Gap:      time.Minute,
		Out:      hpaOut(),
		In:       policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute, Rates: []policy.Rate{{Share: 0.1, Period: time.Minute}}},
		LoadLoss: policy.LoadLoss{Fall: 0.6, Release: 30 * time.Minute},
	}
	observed := policy.Observation{
		Size: policy.Size{Count: 20, Type: "V40"},
		Signals: []policy.Signal{
			cpu, ofGroup("queue", policy.ValueAt(50, noon)), ofGroup("size", policy.ValueAt(10, noon)), pushed(0, 0),
		},
	}
	var memory policy.Memory
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		policy.Evaluate(&spec, observed, now, &memory)
	}
}

// BenchmarkDecideAhead decides for a group of one forecast and a schedule.
func BenchmarkDecideAhead(b *testing.B) {
	spec := ahead(bounded(b, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour}, 4, 0))
	in := policy.Observation{Size: policy.Size{Count: 8}, Signals: []policy.Signal{load(5)}}.Inputs()
	in.Outlooks = []policy.Outlook{{Policy: "forecast", Count: 8, Within: 10 * time.Minute}}
	var memory policy.Memory
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Minute)
		policy.Decide(&spec, &in, now, &memory)
	}
}

// BenchmarkChoose chooses for groups in several situations. A tenth of the instances
// stand by.
func BenchmarkChoose(b *testing.B) {
	for _, count := range []int{10, 100, 1_000, 10_000} {
		spec := policy.Spec{
			Max: 2 * count, OrderMax: 10, Surge: 1, Standby: count, HealBudget: 0.1, Brake: 0.45, LaunchFailuresMax: 3,
			Pick: []policy.PickRule{policy.PickLocation, policy.PickLeastBusy, policy.PickNewest}, ReleaseBefore: time.Hour,
		}
		for _, situation := range situations(count) {
			b.Run(fmt.Sprintf("%s/%d", situation.name, count), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					policy.Choose(&spec, situation.Situation, noon)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/instance")
			})
		}
	}
}

type situation struct {
	name string
	policy.Situation
}

// situations are those of a group of count instances whose load calls for nothing, for a
// third fewer, for a third more, and whose template was changed.
func situations(count int) []situation {
	instances := make([]policy.Instance, count)
	for i := range instances {
		in := serving(i * 7919 % count)
		if i%10 == 9 {
			in = stopped(i * 7919 % count)
		}
		in.Code, in.Location = code(i), [...]string{"L", "R"}[i*7%3%2]
		in.Load = policy.ValueAt(float64(i*7919%count), noon)
		instances[i] = in
	}
	desired := count - count/10
	outdated := slices.Clone(instances)
	for i := range outdated {
		outdated[i].Cause = policy.Outdated
	}
	return []situation{
		{"at rest", policy.Situation{Desired: desired, Instances: instances}},
		{"shrinks", policy.Situation{Desired: desired * 2 / 3, Instances: instances}},
		{"grows", policy.Situation{Desired: desired * 4 / 3, Instances: instances}},
		{"replaces", policy.Situation{Desired: desired, Instances: outdated}},
	}
}
