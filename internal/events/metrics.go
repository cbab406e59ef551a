package events

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count events.
type Metrics struct{ events *prometheus.CounterVec }

// NewMetrics registers the metrics, each kind from 0 on.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "autoscaled_events_total", Help: "What happened, as events tell it, by kind and severity.",
	}, []string{"kind", "severity"})}
	for _, kind := range Kinds() {
		m.events.WithLabelValues(string(kind), string(kind.Severity()))
	}
	return m
}

func (m *Metrics) count(e *Event) {
	if m != nil {
		m.events.WithLabelValues(string(e.Kind), string(e.Severity)).Inc()
	}
}
