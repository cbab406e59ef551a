package daemon

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
)

// newPoller is the poller of all groups, with its metrics. Close it after use.
func newPoller(reg prometheus.Registerer) *snmp.Poller {
	auto := promauto.With(reg)
	fallbacks := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "autoscaled_snmp_fallbacks_total", Help: "Readings of SNMP agents that took a socket of their own, by reason.",
	}, []string{"reason"})
	strays := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "autoscaled_snmp_strays_total", Help: "Datagrams at the sockets that all SNMP agents share which belong to no request, by reason.",
	}, []string{"reason"})
	refused := auto.NewCounter(prometheus.CounterOpts{
		Name: "autoscaled_snmp_refused_total", Help: "Readings of SNMP agents that were left out, since too many others were under way.",
	})
	poller := snmp.NewPoller(snmp.PollerOptions{
		Fallback: countedBy(fallbacks, snmp.FallbackReasons),
		Stray:    countedBy(strays, snmp.StrayReasons),
		Refused:  refused.Inc,
	})
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "autoscaled_snmp_requests_in_flight", Help: "Requests to SNMP agents over shared sockets that wait for their answers.",
	}, func() float64 { return float64(poller.InFlight()) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "autoscaled_snmp_calls_in_flight", Help: "SNMP agents that are asked over sockets of their own.",
	}, func() float64 { return float64(poller.Calls()) })
	auto.NewCounterFunc(prometheus.CounterOpts{
		Name: "autoscaled_snmp_socket_drops_total", Help: "Datagrams of SNMP agents that the system dropped because a shared socket was full.",
	}, func() float64 { return float64(poller.Lost()) })
	return poller
}

// countedBy counts by reason, each of which is there from 0 on. It waits for nobody who
// reads or forgets series.
func countedBy(vec *prometheus.CounterVec, reasons []string) func(reason string) {
	counters := make(map[string]prometheus.Counter, len(reasons))
	for _, reason := range reasons {
		counters[reason] = vec.WithLabelValues(reason)
	}
	return func(reason string) { counters[reason].Inc() }
}
