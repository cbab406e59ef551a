package fleet

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Metrics shows what groups measure and decide. The series of a group, about a hundred,
// are made when they are read: to keep them would take most of the memory of a group.
type Metrics struct {
	mode              *prometheus.GaugeVec
	clockJumps        prometheus.Counter
	snapshotTimestamp *prometheus.GaugeVec
	lag               prometheus.Histogram

	mu     sync.RWMutex
	groups map[string]*groupMetrics
}

// groupMetrics is what is shown of one group.
type groupMetrics struct {
	acts                                      bool // what machines do is shown as well
	mu                                        sync.Mutex
	account                                   string
	least, most                               int
	serving, quarantined                      int // what was seen of the cloud; without meaning until something was
	seen                                      bool
	capped                                    policy.Capped
	desired, foreign, failing, rolloutGivenUp float64
	shadowDesired, wakes, timeToServe, turns  float64
	toward                                    string // direction of the last change of size; empty before the first
	instances                                 map[actions.Phase]int
	override                                  policy.OverrideKind // empty: none is in force
	held                                      []policy.Hold
	decisions                                 []turned
	signals                                   []policy.Signal // as they were read at readAt, with their faults
	faults                                    []monitor.Fault
	readAt                                    time.Time
	wants                                     []shownWant
	foreseen                                  []*policy.Foreseen
}

// turned counts the decisions of a direction and a reason.
type turned struct {
	direction string
	reason    policy.Reason
	count     int
}

type shownWant struct {
	policy string
	count  int
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"group"}, labels...), nil)
}

// The metrics of groups.
var (
	infoMetric           = describe("autoscaled_group_info", "1, with what the group runs on and whether it acts in labels.", "account", "mode")
	minMetric            = describe("autoscaled_group_min_instances", "The smallest size that the group may have.")
	maxMetric            = describe("autoscaled_group_max_instances", "The largest size that the group may have.")
	desiredMetric        = describe("autoscaled_group_desired_instances", "The decided size of the group.")
	unmetMetric          = describe("autoscaled_group_unmet_instances", "Instances that are wanted beyond what the group may have.")
	cappedMetric         = describe("autoscaled_group_capped_timestamp_seconds", "Since when more is wanted than the group may have, in Unix time; 0: it is not.")
	servingMetric        = describe("autoscaled_group_serving_instances", "Instances in the group's pools; the series is missing until the cloud was seen.")
	quarantinedMetric    = describe("autoscaled_group_quarantined_instances", "Instances that are set aside because they were stuck; the series is missing until the cloud was seen.")
	instancesMetric      = describe("autoscaled_group_instances", "Instances on record, by phase.", "phase")
	foreignMetric        = describe("autoscaled_group_foreign_nodes", "Nodes in the group's pools that are not ours.")
	overrideMetric       = describe("autoscaled_group_override", "1 while an operator's order of the kind is in force.", "kind")
	failingMetric        = describe("autoscaled_group_failing_instances", "Instances that are to serve and whose service does not answer.")
	heldMetric           = describe("autoscaled_group_held", "1 while less is done than there is to do, for the reason.", "reason")
	rolloutGivenUpMetric = describe("autoscaled_group_rollout_given_up", "1 after a changed template was given up, until another is configured.")
	shadowDesiredMetric  = describe("autoscaled_group_shadow_desired_instances", "The size that the group's shadow decided on; 0 without a shadow.")
	timeToServeMetric    = describe("autoscaled_group_time_to_serve_seconds", "Time from order to service within which nine of ten of the newest builds served; 0: not known.")
	turnsMetric          = describe("autoscaled_group_turns_total", "Changes of the decided size the other way than the change before.")
	wakesMetric          = describe("autoscaled_group_wakes_total", "Events (traps) that made the group read and decide ahead of its slot.")
	signalValueMetric    = describe("autoscaled_signal_value", "The signal over the instances that show it; the series is missing without a value.", "signal")
	signalMissingMetric  = describe("autoscaled_signal_missing", "1 while the signal has no value and should have one.", "signal")
	signalMeasuredMetric = describe("autoscaled_signal_measured_ratio", "Share of the expected readings that have a value.", "signal")
	wantedMetric         = describe("autoscaled_policy_wanted_instances", "What the policy wants; the series is missing while it abstains or cannot tell.", "policy")
	decisionsMetric      = describe("autoscaled_decisions_total", "Decisions, by what they change and why.", "direction", "reason")
)

// The metrics of policies that forecast.
var (
	forecastExpectedMetric = describe("autoscaled_forecast_expected_instances", "Load that is expected when what is ordered now serves, in instances that show the policy's value; the series is missing while nothing is expected.", "policy")
	forecastLowMetric      = describe("autoscaled_forecast_low_instances", "Load that is exceeded in nineteen of twenty cases then, likewise.", "policy")
	forecastHighMetric     = describe("autoscaled_forecast_high_instances", "Load that is exceeded in one of twenty cases then, likewise.", "policy")
	forecastPlannedMetric  = describe("autoscaled_forecast_planned_instances", "Instances that the forecast plans to have now, so that enough serve then; the series is missing while it abstains.", "policy")
	forecastErrorMetric    = describe("autoscaled_forecast_error_ratio", "Mean error, of late, of the forecaster that weighs most, as a share of the load; the series is missing while nothing is expected.", "policy")
	forecastAbstainsMetric = describe("autoscaled_forecast_abstains", "1 while the forecast abstains, for the reason.", "policy", "reason")
	forecastShortMetric    = describe("autoscaled_forecast_short_ratio", "Share of the time, of late, in which the load was more than the instances that served should carry.", "policy")
	forecastBudgetMetric   = describe("autoscaled_forecast_budget_ratio", "Share of the time in which that may be; the series is missing where a quantile is configured.", "policy")
	forecastLeadMetric     = describe("autoscaled_forecast_time_to_serve_seconds", "Time from an order to serving with which the forecast reckons.", "policy")
	forecastReturnMetric   = describe("autoscaled_forecast_time_to_return_seconds", "Likewise of an instance that stands by; 0: the group keeps none.", "policy")
)

// NewMetrics registers the metrics of this package with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	auto := promauto.With(reg)
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return auto.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		groups: map[string]*groupMetrics{},
		mode:   gauge("autoscaled_account_mode", "1 for the mode in which the account is; normal when the cloud can be trusted.", "account", "mode"),
		clockJumps: auto.NewCounter(prometheus.CounterOpts{
			Name: "autoscaled_clock_jumps_total", Help: "Jumps of wall time by more than 5 s, counted by each group that acts.",
		}),
		snapshotTimestamp: gauge("autoscaled_account_snapshot_timestamp_seconds", "When the newest complete look at the account ended.", "account"),
		lag: auto.NewHistogram(prometheus.HistogramOpts{
			Name:    "autoscaled_scheduler_lag_seconds",
			Help:    "How late groups' evaluations begin.",
			Buckets: []float64{0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5},
		}),
	}
	reg.MustRegister(m)
	return m
}

// Describe is part of [prometheus.Collector].
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		infoMetric, minMetric, maxMetric, desiredMetric, unmetMetric, cappedMetric, servingMetric, quarantinedMetric, instancesMetric, foreignMetric, overrideMetric, failingMetric, heldMetric, rolloutGivenUpMetric, shadowDesiredMetric, timeToServeMetric,
		turnsMetric, wakesMetric, signalValueMetric, signalMissingMetric, signalMeasuredMetric, wantedMetric, decisionsMetric,
		forecastExpectedMetric, forecastLowMetric, forecastHighMetric, forecastPlannedMetric, forecastErrorMetric, forecastAbstainsMetric,
		forecastShortMetric, forecastBudgetMetric, forecastLeadMetric, forecastReturnMetric,
	} {
		descriptions <- d
	}
}

// Collect is part of [prometheus.Collector].
func (m *Metrics) Collect(series chan<- prometheus.Metric) {
	m.mu.RLock()
	groups := maps.Clone(m.groups)
	m.mu.RUnlock()
	for name, g := range groups {
		for _, s := range g.series(name) {
			series <- s
		}
	}
}

// series are those of the group.
func (g *groupMetrics) series(group string) []prometheus.Metric {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []prometheus.Metric
	add := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		all = append(all, prometheus.MustNewConstMetric(d, kind, value, append([]string{group}, labels...)...))
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		add(d, prometheus.GaugeValue, value, labels...)
	}
	g.sizes(gauge)
	if g.acts {
		g.acting(gauge)
	}
	for _, signal := range g.signals {
		s := signalStatus(signal, g.faults, g.readAt)
		gauge(signalMeasuredMetric, float64(s.Measured)/float64(max(1, s.Of)), s.Name)
		gauge(signalMissingMetric, truth(s.Silent()), s.Name)
		if s.Value != nil {
			gauge(signalValueMetric, *s.Value, s.Name)
		}
	}
	for _, want := range g.wants {
		gauge(wantedMetric, float64(want.count), want.policy)
	}
	for _, foreseen := range g.foreseen {
		forecasting(foreseen, gauge)
	}
	add(turnsMetric, prometheus.CounterValue, g.turns)
	add(wakesMetric, prometheus.CounterValue, g.wakes)
	for _, t := range g.decisions {
		add(decisionsMetric, prometheus.CounterValue, float64(t.count), t.direction, string(t.reason))
	}
	for _, reason := range policy.Reasons() {
		if g.counted(directionNone, reason) < 0 {
			add(decisionsMetric, prometheus.CounterValue, 0, directionNone, string(reason))
		}
	}
	return all
}

// sizes are the series of what the group may have, is to have and has.
func (g *groupMetrics) sizes(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	mode := "recommend"
	if g.acts {
		mode = "act"
	}
	gauge(infoMetric, 1, g.account, mode)
	gauge(minMetric, float64(g.least))
	gauge(maxMetric, float64(g.most))
	gauge(desiredMetric, g.desired)
	gauge(unmetMetric, float64(g.capped.Unmet))
	gauge(cappedMetric, seconds(g.capped.Since))
	if g.seen {
		gauge(servingMetric, float64(g.serving))
	}
}

// seconds is Unix time; 0 of the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}

// forecasting are the series of a policy that forecasts.
func forecasting(f *policy.Foreseen, gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	if f.Abstains == "" || f.Abstains == policy.SilenceRecord {
		gauge(forecastExpectedMetric, f.Expected, f.Policy)
		gauge(forecastLowMetric, f.Low, f.Policy)
		gauge(forecastHighMetric, f.High, f.Policy)
		gauge(forecastErrorMetric, f.Error, f.Policy)
	}
	if f.Abstains == "" {
		gauge(forecastPlannedMetric, float64(f.Planned), f.Policy)
	}
	for _, reason := range policy.Silences() {
		gauge(forecastAbstainsMetric, truth(reason == f.Abstains), f.Policy, string(reason))
	}
	gauge(forecastShortMetric, f.Short, f.Policy)
	if f.Budget > 0 {
		gauge(forecastBudgetMetric, f.Budget, f.Policy)
	}
	gauge(forecastLeadMetric, f.Within.Seconds(), f.Policy)
	gauge(forecastReturnMetric, f.Back.Seconds(), f.Policy)
}

// acting are the series of a group that acts.
func (g *groupMetrics) acting(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	if g.seen {
		gauge(quarantinedMetric, float64(g.quarantined))
	}
	gauge(foreignMetric, g.foreign)
	gauge(failingMetric, g.failing)
	gauge(rolloutGivenUpMetric, g.rolloutGivenUp)
	gauge(shadowDesiredMetric, g.shadowDesired)
	gauge(timeToServeMetric, g.timeToServe)
	for _, phase := range actions.Phases() {
		gauge(instancesMetric, float64(g.instances[phase]), string(phase))
	}
	for _, kind := range policy.OverrideKinds() {
		gauge(overrideMetric, truth(kind == g.override), string(kind))
	}
	for _, hold := range policy.Holds() {
		gauge(heldMetric, truth(slices.Contains(g.held, hold)), string(hold))
	}
}

// counted is where the decisions of the direction and reason are counted; negative before
// the first of them.
func (g *groupMetrics) counted(direction string, reason policy.Reason) int {
	return slices.IndexFunc(g.decisions, func(t turned) bool { return t.direction == direction && t.reason == reason })
}

// Touch makes the series of a group exist at zero.
func (m *Metrics) Touch(group string, acts bool) {
	m.change(group, func(g *groupMetrics) { g.acts = acts })
}

// Forget drops the series of a group.
func (m *Metrics) Forget(group string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, group)
}

// forgetAccount drops the series of an account.
func (m *Metrics) forgetAccount(account string) {
	of := prometheus.Labels{"account": account}
	m.mode.DeletePartialMatch(of)
	m.snapshotTimestamp.DeletePartialMatch(of)
}

// change changes what is shown of a group.
func (m *Metrics) change(group string, how func(*groupMetrics)) {
	m.mu.RLock()
	g := m.groups[group]
	m.mu.RUnlock()
	if g == nil {
		g = m.begin(group)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	how(g)
}

// begin makes the group one that is shown.
func (m *Metrics) begin(group string) *groupMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[group] == nil {
		m.groups[group] = &groupMetrics{}
	}
	return m.groups[group]
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
	m.change(group, func(g *groupMetrics) {
		g.override = ""
		if override != nil {
			g.override = override.Kind
		}
	})
}

func (m *Metrics) instancesIn(group string, instances []actions.InstanceStatus) {
	count, failing, quarantined := map[actions.Phase]int{}, 0, 0
	for _, in := range instances {
		count[in.Phase]++
		if in.Quarantine != "" {
			quarantined++
		}
		if !in.Failing.IsZero() && in.Goal == policy.InService {
			failing++
		}
	}
	m.change(group, func(g *groupMetrics) {
		g.instances, g.failing, g.quarantined = count, float64(failing), quarantined
		g.seen, g.serving = true, count[actions.InPool]
	})
}

// nodesIn shows how many nodes the pools of a group have that only recommends.
func (m *Metrics) nodesIn(group string, count int) {
	m.change(group, func(g *groupMetrics) { g.seen, g.serving = true, count })
}

// introduce shows what the group runs on, and its limits.
func (m *Metrics) introduce(d *decider) {
	m.change(d.Name, func(g *groupMetrics) { g.introduce(d) })
}

func (g *groupMetrics) introduce(d *decider) {
	g.account, g.least, g.most = d.Account, d.Spec.Min, d.Spec.Max
}

func (m *Metrics) read(group string, signals []policy.Signal, faults []monitor.Fault, now time.Time) {
	m.change(group, func(g *groupMetrics) { g.signals, g.faults, g.readAt = signals, faults, now })
}

const directionNone = "none"

// went notes the direction of a decision, and whether it is another than that of the last change.
func (g *groupMetrics) went(direction string) {
	if direction == directionNone {
		return
	}
	if g.toward != "" && g.toward != direction {
		g.turns++
	}
	g.toward = direction
}

func (m *Metrics) decided(by *decider, d policy.Decision) {
	direction := directionNone
	switch change := d.Change(); {
	case change > 0:
		direction = "out"
	case change < 0:
		direction = "in"
	}
	m.change(by.Name, func(g *groupMetrics) {
		g.introduce(by) // the rules may have been exchanged
		i := g.counted(direction, d.Reason)
		if i < 0 {
			i, g.decisions = len(g.decisions), append(g.decisions, turned{direction: direction, reason: d.Reason})
		}
		g.decisions[i].count++
		g.went(direction)
		g.desired, g.capped = float64(d.Desired.Count), d.Capped
		g.foreseen = foreseenBy(&d)
		g.wants = g.wants[:0]
		for _, r := range d.Recommendations {
			if r.Verdict == policy.Want {
				g.wants = append(g.wants, shownWant{r.Policy, r.Count})
			}
		}
	})
}
