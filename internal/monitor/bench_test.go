package monitor

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
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
	if sample := m.Read(b.Context(), now, all.targets, nil)[0].Group; sample.Why() != 0 {
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

// manyInstances are groups whose instances are read one by one: three signals of an agent
// each, as its processors, memory and swap are.
type manyInstances struct {
	monitors []*Monitor
	targets  [][]Target // of each group
	value    float64
	now      time.Time // of the last reading, on the process's own clock
}

const instancesOfAGroup = 10

func newManyInstances(tb testing.TB, groups, instances int) *manyInstances {
	all := &manyInstances{now: time.Now()}
	for g := range groups {
		targets := make([]Target, instances)
		for i := range targets {
			n := g*instances + i
			targets[i] = Target{Code: fmt.Sprintf("gc%08d", n), Address: netip.AddrFrom4([4]byte{127, byte(n >> 16), byte(n >> 8), byte(n)})}
		}
		all.targets = append(all.targets, targets)
		all.monitors = append(all.monitors, all.watch(tb, fmt.Sprintf("group-%05d", g)))
	}
	return all
}

// watch is a monitor of a group, which has read nothing yet. Its agents are asked nothing.
func (all *manyInstances) watch(tb testing.TB, name string) *Monitor {
	signals := []config.Signal{ofAgent("cpu_busy"), ofAgent("memory_used"), ofAgent("swap_used")}
	m, err := New(Options{Group: config.Group{
		Name: name, Interval: interval, ScaleIn: config.ScaleIn{Stabilization: 10 * time.Minute}, Signals: signals,
	}})
	if err != nil {
		tb.Fatal(err)
	}
	if len(m.sources) != 1 {
		tb.Fatalf("%d requests for the signals of one agent", len(m.sources))
	}
	m.sources[0].meet, m.sources[0].open = nil, func(netip.Addr) probe { return nil }
	return m
}

func ofAgent(quantity string) config.Signal {
	return config.Signal{
		Name: quantity, Statistic: "avg", Quorum: 1, Staleness: 3 * interval, FrozenAfter: 5 * time.Minute,
		SNMP: &config.SNMP{Profile: quantity, Port: 161, Timeout: time.Second, Version: "v2c", Community: secret.New("public")},
	}
}

// read lets the gth group read other values than before, a bit later.
func (all *manyInstances) read(g int) []policy.Signal {
	all.value, all.now = 0.5+math.Mod(all.value+0.01, 0.4), all.now.Add(time.Second)
	now := all.now
	answer := [3]reading.Reading{reading.Of(all.value, now), reading.Of(all.value, now), reading.Of(all.value, now)}
	m, targets := all.monitors[g], all.targets[g]
	m.keep(targets)
	for _, place := range m.instances {
		place.take(answer[:], now, now, false)
	}
	return m.report(now, targets, nil)
}

// BenchmarkMemoryOfAnInstance is what is held of an instance between two readings of three
// signals, beside what its agent holds; what was returned of the last is counted too.
func BenchmarkMemoryOfAnInstance(b *testing.B) {
	const groups = 1000
	all := newManyInstances(b, groups, instancesOfAGroup)
	for b.Loop() {
		for g := range all.monitors {
			all.monitors[g].keep(nil)
		}
		before, returned := heapBytes(), make([][]policy.Signal, groups)
		for range 2 {
			for g := range groups {
				returned[g] = all.read(g)
			}
		}
		b.ReportMetric((heapBytes()-before)/groups/instancesOfAGroup, "B/instance")
		runtime.KeepAlive(all)
		clear(returned)
		b.ReportMetric((heapBytes()-before)/groups/instancesOfAGroup, "B/instance-unreturned")
		b.ReportMetric(float64(unsafe.Sizeof(kept{})), "B/window")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkReportingAGroup is a reading of a group's instances, without asking for it.
func BenchmarkReportingAGroup(b *testing.B) {
	for _, instances := range []int{1, instancesOfAGroup, 100} {
		b.Run(fmt.Sprintf("instances=%d", instances), func(b *testing.B) {
			all := newManyInstances(b, 1, instances)
			b.ReportAllocs()
			for b.Loop() {
				all.read(0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*instances), "ns/instance")
		})
	}
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
		m.readAt = 0 // none is an extra one
		m.Read(context.Background(), now, all.targets, nil)
	}
}
