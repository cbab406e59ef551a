package policy_test

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Four instances show a load of 90% where 60% is wanted, so six are needed. A
// minute later one of them cannot be read, which never makes a group smaller.
func ExampleEvaluate() {
	spec := policy.Spec{
		Min: 2, Max: 20, Type: "V40",
		Policies: policy.Targets(policy.Target{
			Name: "target/cpu", Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1,
		}),
		Gap: time.Minute,
		In:  policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute},
	}
	now := time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC)
	cpu := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 1, Instances: []policy.InstanceSample{
		{Instance: "gc00000001", Sample: policy.ValueAt(0.95, now)},
		{Instance: "gc00000002", Sample: policy.ValueAt(0.85, now)},
		{Instance: "gc00000003", Sample: policy.ValueAt(0.90, now)},
		{Instance: "gc00000004", Sample: policy.ValueAt(0.90, now)},
	}}
	observed := policy.Observation{Size: policy.Size{Count: 4, Type: "V40"}, Signals: []policy.Signal{cpu}}
	var memory policy.Memory

	decision := policy.Evaluate(&spec, observed, now, &memory)
	fmt.Println(decision.Current.Count, "->", decision.Desired.Count, decision.Reason)

	now = now.Add(time.Minute)
	for i := range cpu.Instances {
		cpu.Instances[i].Sample = policy.ValueAt(0.1, now)
	}
	cpu.Instances[3].Sample = policy.Missing(policy.Failed, now)
	decision = policy.Evaluate(&spec, observed, now, &memory)
	fmt.Println(decision.Current.Count, "->", decision.Desired.Count, decision.Reason)
	// Output:
	// 4 -> 6 want
	// 4 -> 4 unknown
}

// Five instances are wanted and two serve: the one that is leaving turns round,
// the stopped one starts again, and one is bought.
func ExampleChoose() {
	spec := policy.Spec{Min: 2, Max: 20, OrderMax: 10, Surge: 1, Standby: 1}
	instances := []policy.Instance{
		{Code: "gc00000001", Goal: policy.InService, Stage: policy.Serving},
		{Code: "gc00000002", Goal: policy.InService, Stage: policy.Serving},
		{Code: "gc00000003", Goal: policy.Standby, Stage: policy.Leaving},
		{Code: "gc00000004", Goal: policy.Standby, Stage: policy.Stopped},
	}
	choice := policy.Choose(&spec, policy.Situation{Desired: 5, Instances: instances}, time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC))
	for _, assignment := range choice.Goals {
		fmt.Println(assignment.Code, assignment.Goal)
	}
	fmt.Println("order", choice.Order)
	// Output:
	// gc00000003 in_service
	// gc00000004 in_service
	// order 1
}
