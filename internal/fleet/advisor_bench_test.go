package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// wavering are readings that differ from one to the next, and come again.
type wavering struct {
	readings [][]policy.Signal
	count    int
}

func (w *wavering) Read(_ context.Context, _ time.Time, _ []monitor.Target, room []policy.Signal) []policy.Signal {
	w.count++
	read := w.readings[w.count%len(w.readings)]
	room = slices.Grow(room[:0], len(read))[:len(read)]
	for i, signal := range read {
		signal.Instances = append(room[i].Instances[:0], signal.Instances...)
		room[i] = signal
	}
	return room
}

func (w *wavering) Faults() []monitor.Fault { return nil }

// readingsEach is how many different readings come one after the other.
const readingsEach = 20

// ofTheGroup is one signal of a group of four.
func ofTheGroup() ([]policy.Rule, *wavering) {
	w := &wavering{}
	for i := range readingsEach {
		w.readings = append(w.readings, []policy.Signal{{Name: "load", Group: policy.ValueAt(390+float64(i), time.Now())}})
	}
	return policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}), w
}

// ofItsInstances are three signals of each of a group's instances.
func ofItsInstances(instances int) ([]policy.Rule, *wavering) {
	w := &wavering{readings: make([][]policy.Signal, readingsEach)}
	var targets []policy.Target
	for _, name := range []string{"cpu", "memory", "swap"} {
		targets = append(targets, policy.Target{Name: "target/" + name, Signal: name, Value: 0.5, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1})
		for i := range w.readings {
			signal := policy.Signal{Name: name, PerInstance: true, Ceiling: 1}
			for k := range instances {
				value := 0.47 + float64((7*i+3*k)%20)/1000
				signal.Instances = append(signal.Instances, policy.InstanceSample{Instance: addressOf(k).Addr().String(), Sample: policy.ValueAt(value, time.Now())})
			}
			w.readings[i] = append(w.readings[i], signal)
		}
	}
	return policy.Targets(targets...), w
}

func addressOf(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 80)
}

// BenchmarkTheTurnOfAnAdvisor is all that a group in mode recommend does in an interval, but
// for the reading of its signals and the writing of its history.
func BenchmarkTheTurnOfAnAdvisor(b *testing.B) {
	for _, instances := range []int{4, 10, 11} {
		rules, signals := ofItsInstances(10)
		name := fmt.Sprintf("three signals of 10 instances, decided %d", instances)
		if instances == 4 {
			rules, signals = ofTheGroup()
			name = "a signal of the group"
		}
		b.Run(name, func(b *testing.B) { benchTurns(b, rules, signals, instances) })
	}
}

func benchTurns(b *testing.B, rules []policy.Rule, signals *wavering, instances int) {
	now := time.Now()
	advisor := newAdvisorOf(b, advisorSetting{
		name: "web", rules: rules, signals: signals, nodes: min(instances, 10), least: instances, metrics: NewMetrics(prometheus.NewRegistry()),
		now: func() time.Time { return now }, sink: func(time.Time, byte, []byte) bool { return true },
	})
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		advisor.turn(b.Context(), now)
	}
}

type advisorSetting struct {
	name    string
	rules   []policy.Rule
	signals Signals
	nodes   int // in its pool
	least   int // its min
	metrics *Metrics
	now     func() time.Time
	sink    record.Sink
}

// newAdvisorOf is a group in mode recommend that is not started: it takes its turns when it is
// told to.
func newAdvisorOf(tb testing.TB, s advisorSetting) *Advisor {
	tb.Helper()
	spec := policy.Spec{
		Min: s.least, Max: 99, Type: "small", Interval: 10 * time.Second, Gap: time.Minute, OrderMax: 10, Policies: s.rules,
		In: policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute}, LoadLoss: policy.LoadLoss{Fall: 0.6, Release: time.Hour},
	}
	recorder, err := record.NewRecorder(&spec, s.sink)
	if err != nil {
		tb.Fatal(err)
	}
	snapshot := &cloud.Snapshot{Finished: s.now(), Pools: map[string][]cloud.Node{}}
	for i := range s.nodes {
		snapshot.Pools["pool"] = append(snapshot.Pools["pool"], cloud.Node{Address: addressOf(i)})
	}
	observer := NewObserver(ObserverOptions{Account: "cloud", Metrics: s.metrics, Log: zap.NewNop()})
	observer.publish(snapshot, 1)
	return NewAdvisor(DeciderOptions{
		Name: s.name, Account: "cloud", Spec: &spec, Interval: 10 * time.Second, Signals: s.signals, Observer: observer, Pools: []string{"pool"},
		Now: s.now, Log: zap.NewNop(), Metrics: s.metrics, Recorder: recorder,
	})
}
