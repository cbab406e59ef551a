package prom

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
)

// nodeExporterPage is a page of Debian's prometheus-node-exporter 1.5.0, of a machine with
// two processors: 507 samples.
const nodeExporterPage = "testdata/node_exporter.txt"

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// threeSelectors are what a group may want of a node exporter.
var threeSelectors = []Selector{
	{Metric: "node_load1", Scale: 1},
	{Metric: "node_memory_MemAvailable_bytes", Scale: 1},
	{Metric: "node_cpu_seconds_total", Labels: map[string]string{"mode": "idle"}, Counter: true, Scale: 1},
}

// BenchmarkSieve is the page without HTTP, in its steady state.
func BenchmarkSieve(b *testing.B) {
	body := readFile(b, nodeExporterPage)
	var p page
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p.reset()
		s := newSieve(threeSelectors, &p)
		if err := s.read(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemoryOfATarget is what one holds between two readings, of pages that are
// alike.
func BenchmarkMemoryOfATarget(b *testing.B) {
	const targets = 1000
	pages := NewPages()
	fetcher, err := pages.Via(config.Access{})
	if err != nil {
		b.Fatal(err)
	}
	var p page
	s := newSieve(threeSelectors, &p)
	if err := s.read(bytes.NewReader(readFile(b, nodeExporterPage))); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		before := heapBytes()
		all := make([]reader, targets)
		for i := range all {
			all[i] = reader{NewTarget(fetcher, fmt.Sprintf("http://10.0.%d.%d:9100/metrics", i/250, i%250), threeSelectors), b, b.Context()}
			all[i].read(&p)
		}
		b.ReportMetric((heapBytes()-before)/targets, "B/target")
		runtime.KeepAlive(all)
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
