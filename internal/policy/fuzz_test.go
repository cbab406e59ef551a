package policy_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
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

// change is any change, out or in.
func (in *input) change() policy.Change {
	sign := 1 - 2*in.below(2)
	if in.below(2) == 1 {
		return policy.Change{Share: float64(sign) * in.share(), AtLeast: in.below(9)}
	}
	return policy.Change{Count: sign * in.below(1000)}
}

func (in *input) bands() (bands []policy.Band) {
	for range in.below(4) {
		bands = append(bands, policy.Band{Bound: in.float(), Change: in.change()})
	}
	return bands
}

func (in *input) threshold() *policy.Threshold {
	threshold := &policy.Threshold{Change: in.change(), Of: 1 + in.below(60)}
	threshold.Hits = 1 + in.below(threshold.Of)
	if in.below(4) == 1 {
		size := in.below(3000)
		threshold.Size = &size
	}
	for range 1 + in.below(2) {
		condition, bound := policy.Condition{Signal: in.name(), Quorum: in.share()}, in.float()
		if in.below(2) == 1 {
			condition.Above = &bound
		} else {
			condition.Below = &bound
		}
		threshold.When = append(threshold.When, condition)
	}
	return threshold
}

func (in *input) name() string { return []string{"a", "b", "none"}[in.below(3)] }

func (in *input) rule() policy.Rule {
	rule := policy.Rule{Name: in.name(), Only: []policy.Way{policy.BothWays, policy.OnlyOut, policy.OnlyIn}[in.below(3)]}
	switch in.below(7) {
	case 0:
		rule.Target = &policy.Target{
			Signal: in.name(), Value: in.float(), ToleranceOut: in.share(), ToleranceIn: in.share(), Quorum: in.share(), Each: in.below(2) == 1,
		}
	case 1:
		rule.Step = &policy.Step{Signal: in.name(), Quorum: in.share(), Above: in.bands(), Below: in.bands()}
	case 2:
		rule.Threshold = in.threshold()
	case 3:
		rule.Size = &policy.SizeOf{Signal: in.name()}
	case 4:
		rule.Webhook = &policy.Webhook{Signal: in.name()}
	case 5:
		rule.Schedule = scheduleBounds[in.below(len(scheduleBounds))]
	case 6:
		rule.Forecast = &policy.Forecast{Signal: in.name(), Value: in.float(), Quorum: in.share(), Each: in.below(2) == 1, Budget: in.share(), Fallback: in.float()}
	}
	return rule
}

func (in *input) direction() policy.Direction {
	direction := policy.Direction{Stabilization: in.duration(), Cooldown: in.duration(), RateLeast: in.below(2) == 1}
	for range in.below(3) {
		rate := policy.Rate{Count: in.below(100), Period: in.duration()}
		if rate.Count == 0 {
			rate.Share = 10 * in.share()
		}
		direction.Rates = append(direction.Rates, rate)
	}
	return direction
}

func (in *input) spec() policy.Spec {
	spec := policy.Spec{Min: in.below(1000), Gap: in.duration(), OutOnly: in.below(8) == 1}
	spec.Max = spec.Min + 1 + in.below(1000)
	spec.Out, spec.In = in.direction(), in.direction()
	spec.LoadLoss = policy.LoadLoss{Fall: in.share(), Release: in.duration()}
	for range in.below(5) {
		spec.Policies = append(spec.Policies, in.rule())
	}
	return spec
}

// observation is any observation of a group of the size.
func (in *input) observation(size int, now time.Time) policy.Observation {
	return policy.Observation{
		Size:        policy.Size{Count: size},
		Becoming:    in.below(3),
		Leaving:     in.below(3),
		Doubtful:    in.below(8) == 1,
		LastServing: now.Add(in.duration() - math.MaxInt64/2),
		Signals:     []policy.Signal{in.signal("a", now), in.signal("b", now)},
	}
}

// outlook is any outlook of a rule.
func (in *input) outlook() policy.Outlook {
	o := policy.Outlook{Policy: in.name(), Count: in.below(3000), Within: in.duration(), Soon: in.below(3) * in.below(1000), Back: in.duration()}
	if in.below(3) == 1 {
		o.Abstains = policy.Silences()[in.below(len(policy.Silences()))]
	}
	return o
}

// inputs are those of any observation, with any outlooks.
func (in *input) inputs(size int, now time.Time) policy.Inputs {
	observed := in.observation(size, now)
	observed.Standby = in.below(9)
	inputs := observed.Inputs()
	for range in.below(3) {
		inputs.Outlooks = append(inputs.Outlooks, in.outlook())
	}
	return inputs
}

func FuzzEvaluate(f *testing.F) {
	f.Add([]byte{}, `{}`)
	f.Add(slices.Repeat([]byte{1}, 2000), `{"last_out":"2026-04-01T11:59:00Z","peaks":[{"at":"2026-04-01T11:59:00Z","count":9}]}`)
	f.Add(slices.Repeat([]byte{3, 0, 0, 0, 0, 0, 0, 0}, 200), `{"last_want":"9999-12-31T23:59:59Z","troughs":[{"at":"0001-01-01T00:00:00Z","count":-9}]}`)
	f.Add(slices.Repeat([]byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, 200), `{"paused":{"since":"2026-04-01T12:00:00Z","by":"kim"}}`)
	f.Add(slices.Repeat([]byte{2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}, 200), `{"hits":{"a":{"bits":18446744073709551615,"at":"2026-04-01T12:00:00Z"}},"wishes":{"b":{"at":"2026-04-01T12:00:00Z","count":-5}}}`)
	f.Add(slices.Repeat([]byte{7, 0, 0, 0, 0, 0, 0, 0}, 400), `{"changes":[{"at":"2026-04-01T11:59:59Z","by":-9223372036854775808}],"turns":["2026-04-01T11:59:00Z"],"load":{"usual":1e308,"since":"2026-04-01T11:00:00Z","ordinary":1e308}}`)
	f.Add(slices.Repeat([]byte{6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 300), `{"planned":"2026-04-01T11:00:00Z","peaks":[{"at":"2026-04-01T11:59:00Z","count":9}]}`)
	f.Add(slices.Repeat([]byte{4, 0, 0, 0, 0, 0, 0, 0, 1}, 300), `{"override":{"kind":"hold","count":5000,"since":"2026-04-01T12:00:00Z","until":"2026-04-01T13:00:00Z","by":"kim"},"capped":{"reason":"at_max","unmet":-1}}`)
	f.Fuzz(func(t *testing.T, data []byte, stored string) {
		var memory policy.Memory
		if json.Unmarshal([]byte(stored), &memory) != nil {
			t.Skip("no memory that could have been stored")
		}
		in := input(data)
		spec := in.spec()
		size, now := in.below(3000), noon
		for range 5 {
			inputs := in.inputs(size, now)
			group := life{spec: spec, memory: memory, now: now}
			decision := policy.Decide(&group.spec, &inputs, now, &group.memory)
			if wrong := group.misplaced(decision); wrong != "" {
				t.Errorf("decided %d (%s) from %d: %s", decision.Desired.Count, decision.Reason, size, wrong)
			}
			if !slices.Contains(policy.Reasons(), decision.Reason) {
				t.Errorf("reason %q is not in the list", decision.Reason)
			}
			for _, r := range decision.Recommendations {
				if r.String() == "" {
					t.Errorf("%+v has no words", r)
				}
			}
			memory, size = group.memory, decision.Desired.Count
			now = now.Add(time.Duration(in.below(7200)-3600) * time.Second)
		}
		if _, err := json.Marshal(memory); err != nil {
			t.Errorf("memory cannot be stored: %v", err)
		}
	})
}

// A spec that was kept decides as it did.
func FuzzSpec(f *testing.F) {
	f.Add([]byte{})
	for kind := range byte(7) {
		f.Add(slices.Repeat([]byte{kind, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := input(data)
		spec := in.spec()
		written, err := json.Marshal(spec)
		if err != nil {
			t.Skip("a number that no file can say")
		}
		var read policy.Spec
		if err := json.Unmarshal(written, &read); err != nil {
			t.Fatalf("%s cannot be read: %v", written, err)
		}
		var memory, again policy.Memory
		size, now := in.below(3000), noon
		for range 5 {
			inputs := in.inputs(size, now)
			want := policy.Decide(&spec, &inputs, now, &memory)
			if got := policy.Decide(&read, &inputs, now, &again); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: got %+v, want %+v", written, got, want)
			}
			size, now = want.Desired.Count, now.Add(time.Duration(in.below(3600))*time.Second)
		}
	})
}
