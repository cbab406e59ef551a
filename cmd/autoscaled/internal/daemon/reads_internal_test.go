package daemon

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// readsTotal is autoscaled_reads_total by group, quality and source.
func readsTotal(t *testing.T, registry *prometheus.Registry) map[[3]string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[[3]string]float64{}
	for _, family := range families {
		if family.GetName() != "autoscaled_reads_total" {
			continue
		}
		for _, series := range family.GetMetric() {
			labels := series.GetLabel() // sorted by name
			got[[3]string{labels[0].GetValue(), labels[1].GetValue(), labels[2].GetValue()}] = series.GetCounter().GetValue()
		}
	}
	return got
}

func TestRequestsToSourcesAreCountedByWhatCameBack(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, "")
	for range 3 {
		m.read("web", "promql", policy.Present, time.Millisecond)
	}
	m.read("web", "promql", policy.Failed, time.Second)
	m.read("web", "snmp", policy.Present, time.Millisecond)
	m.read("db", "promql", policy.Present, time.Millisecond)
	want := map[[3]string]float64{
		{"db", "present", "promql"}: 1, {"web", "failed", "promql"}: 1, {"web", "present", "promql"}: 3, {"web", "present", "snmp"}: 1,
	}
	if got := readsTotal(t, registry); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	m.forgetGroup("web")
	if got := readsTotal(t, registry); !maps.Equal(got, map[[3]string]float64{{"db", "present", "promql"}: 1}) {
		t.Errorf("without web counted %v", got)
	}
}

func TestEveryQualityOfARequestIsCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, "")
	for _, quality := range policy.Absences() {
		m.read("web", "snmp", quality, 0)
	}
	if got := readsTotal(t, registry); len(got) != len(policy.Absences()) {
		t.Errorf("counted %v", got)
	}
}

func TestRequestsAreCountedByManyAtOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				m.read("web", "snmp", policy.Present, 0)
			}
		})
	}
	all.Wait()
	if got := readsTotal(t, registry)[[3]string{"web", "present", "snmp"}]; got != 800 {
		t.Errorf("counted %v of 800", got)
	}
}

func TestCountingARequestTakesNoMemory(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry(), "")
	if n := testing.AllocsPerRun(100, func() { m.read("web", "snmp", policy.Present, time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCountingARequest(b *testing.B) {
	m := newMetrics(prometheus.NewRegistry(), "")
	groups := make([]string, 1000)
	for i := range groups {
		groups[i] = fmt.Sprintf("group-%04d", i)
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		m.read(groups[n%len(groups)], "snmp", policy.Present, time.Millisecond)
		n++
	}
}
