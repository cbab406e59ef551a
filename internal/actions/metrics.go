package actions

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// Metrics counts steps and orders.
type Metrics struct {
	steps       *prometheus.CounterVec
	stepSeconds *prometheus.HistogramVec
	quarantines *prometheus.CounterVec
	drifts      *prometheus.CounterVec
	orders      *prometheus.CounterVec
	hooks       *prometheus.CounterVec
	hookSeconds *prometheus.HistogramVec
}

// NewMetrics registers the metrics of this package with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	auto := promauto.With(reg)
	return &Metrics{
		steps: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_steps_total",
			Help: "Steps taken to move instances, by outcome (none: it succeeded; otherwise the class of its error).",
		}, []string{"group", "step", "outcome"}),
		stepSeconds: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "autoscaled_step_duration_seconds",
			Help:    "How long steps took, with the looks at the cloud that belong to them.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 180},
		}, []string{"step"}),
		quarantines: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_quarantines_total",
			Help: "Instances set aside because they were stuck.",
		}, []string{"group"}),
		drifts: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_drifts_total",
			Help: "Instances that somebody else changed, by what was done to them.",
		}, []string{"group", "kind"}),
		orders: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_orders_total",
			Help: "Orders by what became of them: settled, adopted (after a lost answer), void, or a person was asked.",
		}, []string{"account", "outcome"}),
		hooks: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_hooks_total",
			Help: "Hooks that were asked, by what became of them: continue, abandon, or timeout without an answer.",
		}, []string{"group", "outcome"}),
		hookSeconds: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "autoscaled_hook_duration_seconds",
			Help:    "How long instances waited for a hook.",
			Buckets: []float64{0.1, 1, 5, 10, 30, 60, 180, 600, 1800, 3600},
		}, []string{"at"}),
	}
}

// Touch makes the series of a group and its account exist at zero.
func (m *Metrics) Touch(account, group string) {
	for _, step := range Steps() {
		m.steps.WithLabelValues(group, string(step), cloud.ClassNone.String())
	}
	m.quarantines.WithLabelValues(group)
	for _, kind := range DriftKinds() {
		m.drifts.WithLabelValues(group, string(kind))
	}
	for _, outcome := range []string{string(HookContinue), string(HookAbandon), hookTimeout} {
		m.hooks.WithLabelValues(group, outcome)
	}
	for _, at := range []HookPoint{AtLaunch, AtEnd} {
		m.hookSeconds.WithLabelValues(string(at))
	}
	for _, outcome := range []string{"settled", "adopted", "void", "asking"} {
		m.orders.WithLabelValues(account, outcome)
	}
}

func (m *Metrics) drift(group string, kind DriftKind) {
	m.drifts.WithLabelValues(group, string(kind)).Inc()
}

func (m *Metrics) hook(group string, at HookPoint, outcome string, took time.Duration) {
	m.hooks.WithLabelValues(group, outcome).Inc()
	m.hookSeconds.WithLabelValues(string(at)).Observe(took.Seconds())
}

func (m *Metrics) step(group string, step Step, class cloud.Class, took time.Duration) {
	m.steps.WithLabelValues(group, string(step), class.String()).Inc()
	m.stepSeconds.WithLabelValues(string(step)).Observe(took.Seconds())
}
