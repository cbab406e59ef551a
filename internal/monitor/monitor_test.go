package monitor

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// field is a source of one per-instance signal whose probes tests write.
type field struct {
	probes map[netip.Addr]probe
	opened int
}

func (f *field) source() *source {
	return &source{
		kind:  "field",
		rules: []rules{{span: time.Minute, over: by(policy.Average), most: 60, staleness: time.Minute}},
		open: func(address netip.Addr) probe {
			f.opened++
			return f.probes[address]
		},
	}
}

// watching is a monitor of the one signal cpu, read from the field.
func watching(f *field) *Monitor {
	return &Monitor{
		observe: func(string, policy.Absence, time.Duration) {},
		signals: []signal{{name: "cpu", perInstance: true, ceiling: 1}},
		sources: []*source{f.source()},
		order:   []int{0},
	}
}

// every has the monitor read so often.
func every(m *Monitor, interval time.Duration) {
	m.interval, m.sources[0].interval = interval, interval
}

var (
	addressA, addressB = netip.MustParseAddr("127.0.0.11"), netip.MustParseAddr("127.0.0.12")
	targetA, targetB   = Target{Code: "a", Address: addressA}, Target{Code: "b", Address: addressB}
)

func always(value float64) probe {
	return func(context.Context, time.Time) []reading.Reading {
		return []reading.Reading{reading.Of(value, time.Now())}
	}
}

// rising shows 1, 2, 3, … in turn.
func rising() probe {
	var value float64
	return func(context.Context, time.Time) []reading.Reading {
		value++
		return []reading.Reading{reading.Of(value, time.Now())}
	}
}

func dead(timeout time.Duration) probe {
	return func(context.Context, time.Time) []reading.Reading {
		time.Sleep(timeout)
		return []reading.Reading{reading.Failed(time.Now(), errors.New("no answer"))}
	}
}

func instances(signals []policy.Signal) []policy.InstanceSample { return signals[0].Instances }

func TestADeadInstanceDelaysTheOthersByItsTimeoutAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := watching(&field{probes: map[netip.Addr]probe{addressA: dead(4 * time.Second), addressB: always(0.5)}})
		started := time.Now()
		got := instances(m.Read(t.Context(), started, []Target{targetA, targetB}, nil))
		if took := time.Since(started); took != 4*time.Second {
			t.Errorf("took %v, want the one timeout of 4s", took)
		}
		if why := got[0].Sample.Why(); got[0].Instance != "a" || why != policy.Failed {
			t.Errorf("the dead instance is %s %s, want a, failed", got[0].Instance, why)
		}
		if value, ok := got[1].Sample.Value(); got[1].Instance != "b" || !ok || value != 0.5 {
			t.Errorf("the other is %s %v, want b at 0.5", got[1].Instance, value)
		}
		faults := m.Faults()
		if len(faults) != 1 || faults[0].String() != "signal cpu of a: no answer" {
			t.Errorf("faults %v, want the dead instance's alone", faults)
		}
	})
}

func TestAValueStandsUntilItIsStale(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := false
		m := watching(&field{probes: map[netip.Addr]probe{addressA: func(ctx context.Context, now time.Time) []reading.Reading {
			if broken {
				return dead(0)(ctx, now)
			}
			return always(0.5)(ctx, now)
		}}})
		read := func() policy.Sample {
			return instances(m.Read(t.Context(), time.Now(), []Target{targetA}, nil))[0].Sample
		}
		read()
		broken = true
		time.Sleep(time.Minute)
		if value, ok := read().Value(); !ok || value != 0.5 {
			t.Errorf("at the staleness: %v, want the value before", value)
		}
		if faults := m.Faults(); len(faults) != 1 || faults[0].Why != policy.Present {
			t.Errorf("faults %v, want one beside the value that stands", faults)
		}
		time.Sleep(time.Millisecond)
		if why := read().Why(); why != policy.Stale {
			t.Errorf("past the staleness: %s, want stale", why)
		}
	})
}

func TestWarmingInstancesArePolledAndNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := watching(&field{probes: map[netip.Addr]probe{addressA: rising()}})
		read := func(warming bool) policy.Sample {
			time.Sleep(time.Second)
			return instances(m.Read(t.Context(), time.Now(), []Target{{Code: "a", Address: addressA, Warming: warming}}, nil))[0].Sample
		}
		if why := read(true).Why(); why != policy.Warming || len(m.Faults()) != 0 {
			t.Errorf("%s with faults %v, want warming without", why, m.Faults())
		}
		read(true)
		if value, ok := read(false).Value(); !ok || value != 3 {
			t.Errorf("first value %v, want the third reading, not a mean with those of the warm-up", value)
		}
	})
}

func TestInstancesWithoutAnAddress(t *testing.T) {
	t.Parallel()
	m := watching(&field{})
	got := instances(m.Read(t.Context(), time.Now(), []Target{{Code: "new", Warming: true}, {Code: "lost"}}, nil))
	if why := got[0].Sample.Why(); why != policy.Warming {
		t.Errorf("while becoming: %s, want warming", why)
	}
	if why := got[1].Sample.Why(); why != policy.Failed || len(m.Faults()) != 1 {
		t.Errorf("while serving: %s with faults %v, want failed with one", why, m.Faults())
	}
}

func TestAVanishedTargetIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &field{probes: map[netip.Addr]probe{addressA: always(1), addressB: dead(0)}}
		m := watching(f)
		read := func(targets ...Target) []policy.InstanceSample {
			return instances(m.Read(t.Context(), time.Now(), targets, nil))
		}
		read(targetA)
		read()
		if len(m.instances) != 0 {
			t.Errorf("%d instances remembered of none", len(m.instances))
		}
		read(targetA)
		moved := read(Target{Code: "a", Address: addressB})
		if why := moved[0].Sample.Why(); why != policy.Failed {
			t.Errorf("at its new address a is %s, want failed: the old address's value is another machine's", why)
		}
		if f.opened != 3 {
			t.Errorf("opened %d times, want one for each appearance", f.opened)
		}
	})
}

func TestATargetGivenTwiceIsPolledOnce(t *testing.T) {
	t.Parallel()
	m := watching(&field{probes: map[netip.Addr]probe{addressA: rising()}})
	got := instances(m.Read(t.Context(), time.Now(), []Target{targetA, targetA}, nil))
	if len(got) != 2 || got[0] != got[1] {
		t.Errorf("got %v, want the same sample twice", got)
	}
}

func TestObserveHearsOfEachRequest(t *testing.T) {
	t.Parallel()
	m := watching(&field{probes: map[netip.Addr]probe{addressA: always(1), addressB: dead(0)}})
	var mu sync.Mutex
	var heard []policy.Absence
	m.observe = func(_ string, outcome policy.Absence, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, outcome)
	}
	m.Read(t.Context(), time.Now(), []Target{targetA, targetB}, nil)
	slices.Sort(heard)
	if want := []policy.Absence{policy.Present, policy.Failed}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}
