package config

import (
	"fmt"
	"runtime"
	"testing"
)

// BenchmarkMemoryOfAGroup reads many groups, each as short as can be, and is what one
// holds once it is read.
func BenchmarkMemoryOfAGroup(b *testing.B) {
	const groups = 5_000
	text := []byte(`
providers: {gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}}
queries: {load: {promql: load, group_label: group}}
groups:
`)
	for i := range groups {
		text = fmt.Appendf(text, "  group-%05d: {provider: gio, min: 1, max: 99, template: {source: gc00000001, type: V40}, "+
			"signals: {load: {query: load}}, policies: [{target: {signal: load, per_instance: 100}}]}\n", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		before := heapBytes()
		c, err := Parse("autoscaled.yaml", text, Env{SkipSecrets: true})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((heapBytes()-before)/groups, "B/group")
		runtime.KeepAlive(c)
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
