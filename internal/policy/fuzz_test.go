package policy_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// input hands out the bytes of a fuzzed input as what a test asks for, and zeros at its end.
type input []byte

func (in *input) number() uint64 {
	var word [8]byte
	*in = (*in)[copy(word[:], *in):]
	return binary.LittleEndian.Uint64(word[:])
}

func (in *input) below(n int) int         { return int(in.number() % uint64(n)) }
func (in *input) float() float64          { return math.Float64frombits(in.number()) }
func (in *input) share() float64          { return float64(in.below(1001)) / 1000 }
func (in *input) duration() time.Duration { return time.Duration(in.below(math.MaxInt64)) }

func (in *input) sample(now time.Time) policy.Sample {
	if why := policy.Absence(in.below(len(policy.Absences()))); why != policy.Present {
		if in.below(2) == 1 {
			return policy.Doubted(in.float(), why, now)
		}
		return policy.Missing(why, now)
	}
	return policy.ValueAt(in.float(), now)
}

var statistics = []policy.Statistic{
	policy.Average, policy.Maximum, policy.Sum, policy.Minimum, policy.Median, policy.Percentile(50), policy.Percentile(99),
}

func (in *input) signal(name string, now time.Time) policy.Signal {
	signal := policy.Signal{Name: name, PerInstance: in.below(2) == 1, Statistic: statistics[in.below(len(statistics))], Ceiling: in.float()}
	if !signal.PerInstance {
		signal.Group = in.sample(now)
		return signal
	}
	for i := range in.below(50) {
		signal.Instances = append(signal.Instances, policy.InstanceSample{Instance: code(i), Sample: in.sample(now)})
	}
	return signal
}

func (in *input) spec() policy.Spec {
	spec := policy.Spec{Min: in.below(1000), Gap: in.duration()}
	spec.Max = spec.Min + 1 + in.below(1000)
	spec.Out = policy.Direction{Stabilization: in.duration(), Cooldown: in.duration()}
	spec.In = policy.Direction{Stabilization: in.duration(), Cooldown: in.duration()}
	for _, signal := range []string{"a", "b", "b", "none"}[:in.below(5)] {
		spec.Policies = append(spec.Policies, policy.Targets(policy.Target{
			Signal: signal, Value: in.float(), ToleranceOut: in.share(), ToleranceIn: in.share(), Quorum: in.share(),
		})...)
	}
	return spec
}

func FuzzEvaluate(f *testing.F) {
	f.Add([]byte{}, `{}`)
	f.Add(slices.Repeat([]byte{1}, 2000), `{"last_out":"2026-04-01T11:59:00Z","peaks":[{"at":"2026-04-01T11:59:00Z","count":9}]}`)
	f.Add(slices.Repeat([]byte{3, 0, 0, 0, 0, 0, 0, 0}, 200), `{"last_want":"9999-12-31T23:59:59Z","troughs":[{"at":"0001-01-01T00:00:00Z","count":-9}]}`)
	f.Add(slices.Repeat([]byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, 200), `{"paused":{"since":"2026-04-01T12:00:00Z","by":"kim"}}`)
	f.Fuzz(func(t *testing.T, data []byte, stored string) {
		var memory policy.Memory
		if json.Unmarshal([]byte(stored), &memory) != nil {
			t.Skip("no memory that could have been stored")
		}
		in := input(data)
		spec := in.spec()
		size, now := in.below(3000), noon
		for range 5 {
			observed := policy.Observation{
				Size:        policy.Size{Count: size},
				Becoming:    in.below(3),
				LastServing: now.Add(in.duration() - math.MaxInt64/2),
				Signals:     []policy.Signal{in.signal("a", now), in.signal("b", now)},
			}
			decision := policy.Evaluate(&spec, observed, now, &memory)
			size = decision.Desired.Count
			switch {
			case memory.Override.Pauses() && decision.Change() != 0:
				t.Errorf("a paused group changes by %d", decision.Change())
			case !memory.Override.Pauses() && (size < spec.Min || size > max(spec.Max, observed.Size.Count)):
				t.Errorf("decided %d (%s) from %d, outside %d to %d", size, decision.Reason, observed.Size.Count, spec.Min, spec.Max)
			case !slices.Contains(policy.Reasons(), decision.Reason):
				t.Errorf("reason %q is not in the list", decision.Reason)
			}
			now = now.Add(time.Duration(in.below(7200)-3600) * time.Second)
		}
		if _, err := json.Marshal(memory); err != nil {
			t.Errorf("memory cannot be stored: %v", err)
		}
	})
}
