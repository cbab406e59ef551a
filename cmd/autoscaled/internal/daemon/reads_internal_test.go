package daemon

import (
	"maps"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/policy"
)

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
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[[3]string]float64{} // by group, quality and source
	for _, family := range families {
		if family.GetName() != "autoscaled_reads_total" {
			continue
		}
		for _, series := range family.GetMetric() {
			labels := series.GetLabel() // sorted by name
			got[[3]string{labels[0].GetValue(), labels[1].GetValue(), labels[2].GetValue()}] = series.GetCounter().GetValue()
		}
	}
	want := map[[3]string]float64{
		{"db", "present", "promql"}: 1, {"web", "failed", "promql"}: 1, {"web", "present", "promql"}: 3, {"web", "present", "snmp"}: 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
