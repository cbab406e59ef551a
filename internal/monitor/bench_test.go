package monitor

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// manyGroups are so many groups that one query serves: each has one signal, which is about
// the group.
type manyGroups struct {
	server  *prom.Server
	names   []string
	targets []Target // of each
}

func newManyGroups(b *testing.B, n int) *manyGroups {
	all := &manyGroups{}
	result := make([]byte, 0, 64*n)
	for i := range n {
		all.names = append(all.names, fmt.Sprintf("group-%05d", i))
		result = fmt.Appendf(result, `,{"metric":{"group":"%s"},"value":[%d,"400"]}`, all.names[i], time.Now().Unix())
	}
	answer := fmt.Sprintf(`{"status":"success","data":{"resultType":"vector","result":[%s]}}`, result[1:])
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	b.Cleanup(prometheus.Close)
	var err error
	if all.server, err = prom.NewServer(config.Prometheus{URL: prometheus.URL, Timeout: time.Minute}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(all.server.Close)
	for i := range 4 {
		all.targets = append(all.targets, Target{Code: fmt.Sprintf("gc%08d", i+1), Address: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)})})
	}
	return all
}

// watch is a monitor of the ith group, which has read it once.
func (all *manyGroups) watch(b *testing.B, i int, now time.Time) *Monitor {
	m, err := New(Options{
		Group: config.Group{
			Name: all.names[i], Interval: time.Hour, ScaleIn: config.ScaleIn{Stabilization: 10 * time.Minute},
			Signals: []config.Signal{{Name: "load", Query: "load", Statistic: "avg", Over: "avg", Quorum: 1, Staleness: 2 * time.Hour}},
		},
		Queries:    map[string]config.Query{"load": {Name: "load", PromQL: "load", GroupLabel: "group"}},
		Prometheus: all.server,
	})
	if err != nil {
		b.Fatal(err)
	}
	if sample := m.Read(b.Context(), now, all.targets)[0].Group; sample.Why() != 0 {
		b.Fatal(sample.Why(), m.Faults())
	}
	return m
}

// BenchmarkMemoryOfAMonitor is what a monitor holds between two readings.
func BenchmarkMemoryOfAMonitor(b *testing.B) {
	const groups = 10_000
	all, now := newManyGroups(b, groups), time.Now()
	all.watch(b, 0, now) // the answer is everybody's
	for b.Loop() {
		before := heapBytes()
		monitors := make([]*Monitor, groups)
		for i := range monitors {
			monitors[i] = all.watch(b, i, now)
		}
		b.ReportMetric((heapBytes()-before)/groups, "B/monitor")
		runtime.KeepAlive(monitors)
	}
	b.ReportMetric(0, "ns/op")
}

// heapBytes is what is in use once everything else is collected.
func heapBytes() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// BenchmarkReadingOneQuery is a reading whose answer is there already, with another value
// each time.
func BenchmarkReadingOneQuery(b *testing.B) {
	now := time.Now()
	all := newManyGroups(b, 1000)
	m := all.watch(b, 500, now)
	asked, later := m.group[0].probe, time.Duration(0)
	m.group[0].probe = func(ctx context.Context, now time.Time) []reading.Reading {
		readings := asked(ctx, now)
		later++
		readings[0] = readings[0].Later(later)
		return readings
	}
	b.ReportAllocs()
	for b.Loop() {
		m.readAt = time.Time{} // none is an extra one
		m.Read(context.Background(), now, all.targets)
	}
}
