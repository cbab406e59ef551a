package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// wavering is one signal of the group, which differs at every reading.
type wavering struct{ count int }

func (w *wavering) Read(_ context.Context, now time.Time, _ []monitor.Target) []policy.Signal {
	w.count++
	return []policy.Signal{{Name: "load", Group: policy.ValueAt(390+float64(w.count%20), now)}}
}

func (w *wavering) Faults() []monitor.Fault { return nil }

// BenchmarkTheTurnOfAnAdvisor is all that a group in mode recommend does in an interval, but
// for its signals and the writing of its history.
func BenchmarkTheTurnOfAnAdvisor(b *testing.B) {
	now := time.Now()
	spec := policy.Spec{
		Min: 1, Max: 99, Type: "small", Interval: 10 * time.Second, Gap: time.Minute, OrderMax: 10,
		Policies: policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}),
		In:       policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute}, LoadLoss: policy.LoadLoss{Fall: 0.6, Release: time.Hour},
	}
	recorder, err := record.NewRecorder(&spec, func(time.Time, byte, []byte) bool { return true })
	mustBench(b, err)
	observer := NewObserver(ObserverOptions{Account: "cloud", Metrics: NewMetrics(prometheus.NewRegistry()), Log: zap.NewNop()})
	observer.publish(&cloud.Snapshot{Finished: now}, 1)
	advisor := NewAdvisor(DeciderOptions{
		Name: "web", Account: "cloud", Spec: &spec, Interval: 10 * time.Second, Signals: &wavering{}, Observer: observer,
		Now: func() time.Time { return now }, Log: zap.NewNop(), Metrics: observer.Metrics, Recorder: recorder,
	})
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		advisor.turn(b.Context(), now)
	}
}
