package daemon

import (
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// disk shows, when it is read, how it stands with the place where the state is kept.
type disk struct{ *Daemon }

var (
	writableMetric  = prometheus.NewDesc("autoscaled_state_writable", "1 if the newest attempt to write the state file succeeded; 0: nothing is done until one does.", nil, nil)
	availableMetric = prometheus.NewDesc("autoscaled_state_available_bytes", "Space that is left for the daemon where its state is kept.", nil, nil)
)

// Describe is part of [prometheus.Collector].
func (d disk) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- writableMetric
	descriptions <- availableMetric
}

// Collect is part of [prometheus.Collector].
func (d disk) Collect(series chan<- prometheus.Metric) {
	if d.storage.Load() != nil {
		writable := 1.0
		if d.healthy() != nil {
			writable = 0
		}
		series <- prometheus.MustNewConstMetric(writableMetric, prometheus.GaugeValue, writable)
	}
	var fs unix.Statfs_t
	if d.options.DryRun || unix.Statfs(d.options.Config.State, &fs) != nil { // nothing was written there yet
		return
	}
	series <- prometheus.MustNewConstMetric(availableMetric, prometheus.GaugeValue, float64(fs.Bavail)*float64(fs.Bsize))
}
