package daemon

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// metrics counts what the daemon asks of the outside: providers and sources.
type metrics struct {
	calls       *prometheus.CounterVec
	callSeconds *prometheus.HistogramVec
	clockAhead  *prometheus.GaugeVec
	callsLimit  *prometheus.GaugeVec
	reads       *reads
	drops       *prometheus.CounterVec
	traps       *prometheus.CounterVec
	trapDrops   *prometheus.CounterVec

	reloadSuccessful prometheus.Gauge
	reloadSuccessAt  prometheus.Gauge
	configInfo       *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer, version string) *metrics {
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	auto := promauto.With(reg)
	auto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "autoscaled_build_info", Help: "1, with the version of the program in labels.",
	}, []string{"version", "go_version"}).WithLabelValues(version, runtime.Version()).Set(1)
	return &metrics{
		calls: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_provider_calls_total", Help: "Attempts to call a provider, by the class of their error (none: it succeeded).",
		}, []string{"account", "action", "class"}),
		callSeconds: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "autoscaled_provider_call_duration_seconds", Help: "How long attempts to call a provider took.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 180},
		}, []string{"account", "action"}),
		clockAhead: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "autoscaled_provider_clock_ahead_seconds", Help: "How far this machine's clock is ahead of the provider's (behind: negative); 0 below a minute.",
		}, []string{"account"}),
		callsLimit: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "autoscaled_account_calls_per_second_limit", Help: "Calls per second that the account may make, as configured.",
		}, []string{"account"}),
		reads: newReads(reg),
		drops: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_snmp_dropped_total", Help: "Datagrams of SNMP agents that were not believed, by reason.",
		}, []string{"group", "reason"}),
		traps: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_traps_total", Help: "SNMP notifications that were believed, by what they did.",
		}, []string{"outcome"}),
		trapDrops: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_traps_dropped_total", Help: "Datagrams at the port for traps that were not believed, by reason.",
		}, []string{"reason"}),
		reloadSuccessful: auto.NewGauge(prometheus.GaugeOpts{
			Name: "autoscaled_config_last_reload_successful", Help: "1 if the newest attempt to load the configuration succeeded.",
		}),
		reloadSuccessAt: auto.NewGauge(prometheus.GaugeOpts{
			Name: "autoscaled_config_last_reload_success_timestamp_seconds", Help: "When the configuration in force was loaded.",
		}),
		configInfo: auto.NewGaugeVec(prometheus.GaugeOpts{
			Name: "autoscaled_config_info", Help: "1, with the SHA-256 of the configuration in force in a label.",
		}, []string{"sha256"}),
	}
}

func (m *metrics) call(account, action string, class cloud.Class, took time.Duration) {
	m.calls.WithLabelValues(account, action, class.String()).Inc()
	m.callSeconds.WithLabelValues(account, action).Observe(took.Seconds())
}

// dropped counts the datagrams that are not believed, each reason from 0 on; nil for a
// group that asks no agent.
func (m *metrics) dropped(group config.Group) func(reason string) {
	if !slices.ContainsFunc(group.Signals, func(s config.Signal) bool { return s.SNMP != nil }) {
		return nil
	}
	of := m.drops.MustCurryWith(prometheus.Labels{"group": group.Name})
	return countedBy(of, snmp.DropReasons)
}

// touch makes the series exist at zero whose labels are known.
func (m *metrics) touch() *metrics {
	for _, outcome := range []string{"woke", "ignored"} {
		m.traps.WithLabelValues(outcome)
	}
	for _, reason := range snmp.TrapDropReasons {
		m.trapDrops.WithLabelValues(reason)
	}
	return m
}

// inForce shows which configuration is in force since when.
func (m *metrics) inForce(sha256 string, since time.Time) {
	m.reloadSuccessful.Set(1)
	m.reloadSuccessAt.Set(float64(since.UnixNano()) / 1e9)
	m.configInfo.Reset()
	m.configInfo.WithLabelValues(sha256).Set(1)
}

func (m *metrics) reloadFailed() { m.reloadSuccessful.Set(0) }

// forgetGroup drops the series of a group.
func (m *metrics) forgetGroup(group string) {
	m.drops.DeletePartialMatch(prometheus.Labels{"group": group})
	m.reads.forget(group)
}

// forgetAccount drops the series of an account.
func (m *metrics) forgetAccount(account string) {
	of := prometheus.Labels{"account": account}
	m.calls.DeletePartialMatch(of)
	m.callSeconds.DeletePartialMatch(of)
	m.clockAhead.DeletePartialMatch(of)
	m.callsLimit.DeletePartialMatch(of)
}

func (m *metrics) read(group, source string, outcome policy.Absence, took time.Duration) {
	m.reads.of(group, source).add(outcome, took)
}

// reads counts the requests to sources. Their series are made when they are read: kept,
// those of a group would take as much memory as the state of its signals.
type reads struct {
	seconds *prometheus.HistogramVec // how long they took, by source

	mu     sync.RWMutex
	counts map[requested]*requests
}

// requested is which requests are counted together.
type requested struct{ group, source string }

// requests are how many there were, by what came back. They are counted by many
// goroutines at once, thousands of times a second.
type requests struct {
	seconds prometheus.Observer
	counts  [policy.Overloaded + 1]atomic.Uint64 // by [policy.Absence], of which that is the last
}

func (r *requests) add(outcome policy.Absence, took time.Duration) {
	r.counts[outcome].Add(1)
	if outcome != policy.Overloaded { // it took no time, since nobody was asked
		r.seconds.Observe(took.Seconds())
	}
}

var readsMetric = prometheus.NewDesc("autoscaled_reads_total", "Requests to sources of signals, by quality of what came back.",
	[]string{"group", "source", "quality"}, nil)

func newReads(reg prometheus.Registerer) *reads {
	r := &reads{counts: map[requested]*requests{}}
	r.seconds = promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name: "autoscaled_read_duration_seconds", Help: "How long requests to sources of signals took.",
		Buckets: []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10},
	}, []string{"source"})
	reg.MustRegister(r)
	return r
}

func (r *reads) forget(group string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.counts, func(of requested, _ *requests) bool { return of.group == group })
}

// of are the requests to a source of a group.
func (r *reads) of(group, source string) *requests {
	which := requested{group, source}
	r.mu.RLock()
	counted := r.counts[which]
	r.mu.RUnlock()
	if counted != nil {
		return counted
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts[which] == nil {
		r.counts[which] = &requests{seconds: r.seconds.WithLabelValues(source)}
	}
	return r.counts[which]
}

// Describe is part of [prometheus.Collector].
func (r *reads) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- readsMetric }

// Collect is part of [prometheus.Collector].
func (r *reads) Collect(series chan<- prometheus.Metric) {
	r.mu.RLock()
	counts := maps.Clone(r.counts)
	r.mu.RUnlock()
	for of, counted := range counts {
		for quality := range counted.counts {
			if n := counted.counts[quality].Load(); n > 0 {
				series <- prometheus.MustNewConstMetric(readsMetric, prometheus.CounterValue, float64(n), of.group, of.source, policy.Absence(quality).String())
			}
		}
	}
}
