package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// noon is when the tests begin.
var noon = time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC)

// readings is n samples of one value.
func readings(n int, value float64) []policy.Sample {
	return slices.Repeat([]policy.Sample{policy.ValueAt(value, noon)}, n)
}

// missing is n samples without a value.
func missing(n int, why policy.Absence) []policy.Sample {
	return slices.Repeat([]policy.Sample{policy.Missing(why, noon)}, n)
}

// doubted are n samples of the value that another source does not bear out.
func doubted(n int, value float64) []policy.Sample {
	return slices.Repeat([]policy.Sample{policy.Doubted(value, policy.Disagrees, noon)}, n)
}

// ofInstances is the signal named cpu, with one instance for each sample.
func ofInstances(samples ...[]policy.Sample) policy.Signal {
	signal := policy.Signal{Name: "cpu", PerInstance: true}
	for i, sample := range slices.Concat(samples...) {
		signal.Instances = append(signal.Instances, policy.InstanceSample{Instance: code(i), Sample: sample})
	}
	return signal
}

// ofGroup is a signal that belongs to the group.
func ofGroup(name string, sample policy.Sample) policy.Signal {
	return policy.Signal{Name: name, Group: sample}
}

// load is the signal named load, of the group, with the given value.
func load(value int) policy.Signal {
	return ofGroup("load", policy.ValueAt(float64(value), noon))
}

// noLoad is the signal named load while its source cannot be read.
func noLoad() policy.Signal {
	return ofGroup("load", policy.Missing(policy.Failed, noon))
}

// followLoad wants exactly as many instances as the signal load says.
func followLoad() policy.Target {
	return policy.Target{Name: "target/load", Signal: "load", Value: 1, Quorum: 1}
}

// unlimited is a spec without any guard, which follows the signal load.
func unlimited() policy.Spec {
	return policy.Spec{Min: 0, Max: 1000, Type: "V40", Policies: policy.Targets(followLoad()), Gap: time.Minute}
}

func code(i int) string { return fmt.Sprintf("gc%08d", i+1) }

// timeline is a group evaluated again and again. It carries out each decision at once.
type timeline struct {
	t      *testing.T
	spec   policy.Spec
	memory policy.Memory
	now    time.Time
	policy.Observation
}

func begin(t *testing.T, spec policy.Spec, count int) *timeline {
	return &timeline{t: t, spec: spec, now: noon, Observation: policy.Observation{Size: policy.Size{Count: count, Type: spec.Type}}}
}

// evaluate decides on the signals and makes the group that large.
func (l *timeline) evaluate(signals ...policy.Signal) policy.Decision {
	l.t.Helper()
	l.Signals = signals
	decision := policy.Evaluate(&l.spec, l.Observation, l.now, &l.memory)
	l.Size = decision.Desired
	return decision
}

// repeat evaluates every ten seconds for the span, and once more at its end.
func (l *timeline) repeat(span time.Duration, signals ...policy.Signal) policy.Decision {
	l.t.Helper()
	for end := l.now.Add(span); l.now.Before(end); l.wait(10 * time.Second) {
		l.evaluate(signals...)
	}
	return l.evaluate(signals...)
}

func (l *timeline) wait(d time.Duration) { l.now = l.now.Add(d) }

// expect fails the test unless the decision has this count for this reason.
func expect(t *testing.T, got policy.Decision, count int, reason policy.Reason) {
	t.Helper()
	if got.Desired.Count != count || got.Reason != reason {
		t.Errorf("at %s, from %d, wanting %d: decided %d (%s), want %d (%s)",
			got.At.Format(time.TimeOnly), got.Current.Count, got.Wanted, got.Desired.Count, got.Reason, count, reason)
	}
}
