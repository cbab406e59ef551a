package notify

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The outcomes of notifications.
const (
	outcomeSent    = "sent"
	outcomeFailed  = "failed"   // a try, of maybe several
	outcomeGivenUp = "given_up" // after the last try
)

// Metrics count messages.
type Metrics struct{ notifications *prometheus.CounterVec }

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	return &Metrics{promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "autoscaled_notifications_total", Help: "Notifications by what became of them: sent, failed (a try), given_up (after the last try).",
	}, []string{"notifier", "outcome"})}
}

// touch makes the notifier's series exist at zero.
func (m *Metrics) touch(notifier string) {
	for _, outcome := range []string{outcomeSent, outcomeFailed, outcomeGivenUp} {
		m.notifications.WithLabelValues(notifier, outcome)
	}
}

// Forget drops the series of a notifier that is gone.
func (m *Metrics) Forget(notifier string) {
	m.notifications.DeletePartialMatch(prometheus.Labels{"notifier": notifier})
}

func (m *Metrics) count(notifier, outcome string) {
	m.notifications.WithLabelValues(notifier, outcome).Inc()
}
