package daemon

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/store"
)

// gauges are the values of a collector's metrics without labels.
func gauges(t *testing.T, of prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(of)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		values[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
	}
	return values
}

func TestTheMetricsTellOfAStateThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := &Daemon{options: Options{Config: &config.Config{State: t.TempDir()}}}
	if shown := gauges(t, disk{d}); len(shown) != 1 || shown["autoscaled_state_available_bytes"] <= 0 {
		t.Errorf("where no group acts they are %v", shown)
	}
	d.storage.Store(&store.Journal{Store: store.NewMemory()})
	if shown := gauges(t, disk{d}); shown["autoscaled_state_writable"] != 1 {
		t.Errorf("they are %v", shown)
	}
	full := errors.New("no space left on device")
	d.trouble.Store(&full)
	if shown, is := gauges(t, disk{d})["autoscaled_state_writable"]; !is || shown != 0 {
		t.Errorf("with a full disk it is %v (%v)", shown, is)
	}
}

func TestTheMetricsOfTheDiskAreMissingWhereNothingIsKept(t *testing.T) {
	t.Parallel()
	for what, options := range map[string]Options{
		"a dry run":        {DryRun: true, Config: &config.Config{State: t.TempDir()}},
		"no directory yet": {Config: &config.Config{State: filepath.Join(t.TempDir(), "state")}},
	} {
		if shown := gauges(t, disk{&Daemon{options: options}}); len(shown) != 0 {
			t.Errorf("%s shows %v", what, shown)
		}
	}
}
