package fleet

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Metrics shows what groups measure and decide.
type Metrics struct {
	desired           *prometheus.GaugeVec
	instances         *prometheus.GaugeVec
	foreignNodes      *prometheus.GaugeVec
	override          *prometheus.GaugeVec
	failing           *prometheus.GaugeVec
	held              *prometheus.GaugeVec
	rolloutGivenUp    *prometheus.GaugeVec
	mode              *prometheus.GaugeVec
	clockJumps        prometheus.Counter
	signalValue       *prometheus.GaugeVec
	signalMeasured    *prometheus.GaugeVec
	recommendation    *prometheus.GaugeVec
	decisions         *prometheus.CounterVec
	wakes             *prometheus.CounterVec
	shadowDesired     *prometheus.GaugeVec
	snapshotTimestamp *prometheus.GaugeVec
	lag               prometheus.Histogram
}

// NewMetrics registers the metrics of this package with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	auto := promauto.With(reg)
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return auto.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	return &Metrics{
		desired:        gauge("autoscaled_group_desired_instances", "The decided size of the group.", "group"),
		instances:      gauge("autoscaled_group_instances", "Instances on record, by phase.", "group", "phase"),
		foreignNodes:   gauge("autoscaled_group_foreign_nodes", "Nodes in the group's pools that are not ours.", "group"),
		override:       gauge("autoscaled_group_override", "1 while an operator's order of the kind is in force.", "group", "kind"),
		failing:        gauge("autoscaled_group_failing_instances", "Instances that are to serve and whose service does not answer.", "group"),
		held:           gauge("autoscaled_group_held", "1 while less is done than there is to do, for the reason.", "group", "reason"),
		rolloutGivenUp: gauge("autoscaled_group_rollout_given_up", "1 after a changed template was given up, until another is configured.", "group"),
		mode:           gauge("autoscaled_account_mode", "1 for the mode in which the account is; normal when the cloud can be trusted.", "account", "mode"),
		clockJumps: auto.NewCounter(prometheus.CounterOpts{
			Name: "autoscaled_clock_jumps_total", Help: "Jumps of wall time by more than 5 s, counted by each group that acts.",
		}),
		signalValue:    gauge("autoscaled_signal_value", "The signal over the instances that show it; the series is missing without a value.", "group", "signal"),
		signalMeasured: gauge("autoscaled_signal_measured_ratio", "Share of the expected readings that have a value.", "group", "signal"),
		recommendation: gauge("autoscaled_policy_wanted_instances", "What the policy wants; the series is missing while it abstains or cannot tell.", "group", "policy"),
		decisions: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_decisions_total", Help: "Decisions, by what they change and why.",
		}, []string{"group", "direction", "reason"}),
		shadowDesired: gauge("autoscaled_group_shadow_desired_instances", "The size that the group's shadow decided on; 0 without a shadow.", "group"),
		wakes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "autoscaled_group_wakes_total", Help: "Events (traps) that made the group read and decide ahead of its slot.",
		}, []string{"group"}),
		snapshotTimestamp: gauge("autoscaled_account_snapshot_timestamp_seconds", "When the newest complete look at the account ended.", "account"),
		lag: auto.NewHistogram(prometheus.HistogramOpts{
			Name:    "autoscaled_scheduler_lag_seconds",
			Help:    "How late groups' evaluations begin.",
			Buckets: []float64{0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5},
		}),
	}
}

// Touch makes the series of a group exist at zero.
func (m *Metrics) Touch(group string) {
	for _, reason := range policy.Reasons() {
		m.decisions.WithLabelValues(group, "none", string(reason))
	}
	for _, phase := range actions.Phases() {
		m.instances.WithLabelValues(group, string(phase))
	}
	m.wakes.WithLabelValues(group)
	m.shadowDesired.WithLabelValues(group)
	m.desired.WithLabelValues(group)
	m.foreignNodes.WithLabelValues(group)
	m.setOverride(group, nil)
	m.failing.WithLabelValues(group)
	m.rolloutGivenUp.WithLabelValues(group)
	m.setHeld(group, nil)
}

func (m *Metrics) setHeld(group string, held []policy.Hold) {
	for _, hold := range policy.Holds() {
		m.held.WithLabelValues(group, string(hold)).Set(truth(slices.Contains(held, hold)))
	}
}

func (m *Metrics) setDoubt(account string, now actions.Doubt) {
	for _, doubt := range actions.Doubts() {
		m.mode.WithLabelValues(account, string(doubt)).Set(truth(doubt == now))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *Metrics) setOverride(group string, override *policy.Override) {
	for _, kind := range policy.OverrideKinds() {
		m.override.WithLabelValues(group, string(kind)).Set(truth(override != nil && override.Kind == kind))
	}
}

func (m *Metrics) instancesIn(group string, instances []actions.InstanceStatus) {
	count := map[actions.Phase]int{}
	for _, in := range instances {
		count[in.Phase]++
	}
	for _, phase := range actions.Phases() {
		m.instances.WithLabelValues(group, string(phase)).Set(float64(count[phase]))
	}
}

func (m *Metrics) read(group string, signals []policy.Signal, now time.Time) {
	for _, signal := range signals {
		summary, measured, of := signal.Summary(now)
		if value, ok := summary.Value(); ok {
			m.signalValue.WithLabelValues(group, signal.Name).Set(value)
		} else {
			m.signalValue.DeleteLabelValues(group, signal.Name)
		}
		m.signalMeasured.WithLabelValues(group, signal.Name).Set(float64(measured) / float64(max(1, of)))
	}
}

func (m *Metrics) decided(group string, d policy.Decision) {
	direction := "none"
	switch change := d.Change(); {
	case change > 0:
		direction = "out"
	case change < 0:
		direction = "in"
	}
	m.decisions.WithLabelValues(group, direction, string(d.Reason)).Inc()
	m.desired.WithLabelValues(group).Set(float64(d.Desired.Count))
	for _, r := range d.Recommendations {
		if r.Verdict == policy.Want {
			m.recommendation.WithLabelValues(group, r.Policy).Set(float64(r.Count))
		} else {
			m.recommendation.DeleteLabelValues(group, r.Policy)
		}
	}
}
