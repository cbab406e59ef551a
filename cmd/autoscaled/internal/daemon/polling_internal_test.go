package daemon

import (
	"runtime"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
)

// The poller counts while it holds its lock, which those may wait for who read metrics.
func TestCountingWhatIsDroppedWaitsForNobodyWhoReadsOrForgetsSeries(t *testing.T) {
	t.Parallel()
	m := newMetrics(prometheus.NewRegistry(), "test")
	count := m.dropped(config.Group{Name: "web", Signals: []config.Signal{{SNMP: &config.SNMP{}}}})
	var others sync.WaitGroup
	series, reading := make(chan prometheus.Metric), make(chan struct{})
	others.Go(func() {
		defer close(series)
		m.drops.Collect(series)
	})
	others.Go(func() {
		<-reading
		m.drops.DeleteLabelValues("elsewhere", "late")
	})
	<-series // Collect holds its lock until all are taken
	close(reading)
	for range 200_000 { // so that the other waits for it
		runtime.Gosched()
	}
	for _, reason := range snmp.DropReasons {
		count(reason)
	}
	for range series {
	}
	others.Wait()
}
