package fleet

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Signals reads a group's signals. Read returns one signal for each that is
// configured, within a bounded time. They are the caller's, and may be made in room, which
// nobody needs any more. Faults says why values were missing in it.
type Signals interface {
	Read(ctx context.Context, now time.Time, targets []monitor.Target, room []policy.Signal) []policy.Signal
	Faults() []monitor.Fault
}

// DeciderOptions are what a Group and an Advisor have in common. All fields are
// required but Slot, Recorder, Past and PastTrouble.
type DeciderOptions struct {
	Name     string
	Account  string
	Spec     *policy.Spec
	Interval time.Duration
	Slot     time.Duration // from the start to the first reading, up to Interval; 0: Interval. The others follow an interval apart
	Signals  Signals
	Observer *Observer
	Pools    []string // names of the group's pools, as in snapshots
	Now      func() time.Time
	Log      *zap.Logger
	Metrics  *Metrics
	Recorder *record.Recorder // of the decisions; nil: they are not recorded
	Past     Past             // nil: forecasts begin with nothing

	PastTrouble func() string // why some of Past cannot be read; nil, or empty: all can
}

// decider is what a Group and an Advisor have in common: whose events count, and what it
// last read and decided, for status.
type decider struct {
	DeciderOptions
	faulty   map[string]bool                  // faults of the last reading, by text
	found    []monitor.Fault                  // in the last reading; shown with its signals
	targeted atomic.Pointer[[]monitor.Target] // the instances at the last reading; nil before
	outlooks []policy.Outlook                 // that the last decision rested on; nil without rules that forecast

	mu       sync.Mutex  // guards what status shows
	desired  policy.Size // as decided, or as a person said since
	decision policy.Decision
	signals  []policy.Signal
	faults   []monitor.Fault // of the same reading as signals
	readAt   time.Time       // when the signals were read
	foreign  []string
	override *policy.Override
	trouble  string // why the last decision or look could not be written down; empty if it was
}

// seeFaults logs each fault of a reading that the one before did not have.
func (d *decider) seeFaults(faults []monitor.Fault) {
	var faulty map[string]bool
	if len(faults) > 0 {
		faulty = make(map[string]bool, len(faults))
	}
	for _, fault := range faults {
		text := fault.String()
		if faulty[text] = true; d.faulty[text] || fault.Expected() {
			continue
		}
		fields := []zap.Field{zap.String("signal", fault.Signal), zap.Error(fault.Err)}
		if fault.Instance != "" {
			fields = append(fields, zap.String("instance", fault.Instance))
		}
		if fault.Why == policy.Present {
			d.Log.Warn("reading failed; the value before it still counts", fields...)
		} else {
			d.Log.Warn("reading failed", append(fields, zap.Stringer("quality", fault.Why))...)
		}
	}
	d.faulty, d.found = faulty, faults
}

// resume shows what an earlier process left, until the first decision.
func (d *decider) resume(desired policy.Size, override *policy.Override) {
	d.Metrics.Touch(d.Name, true)
	d.Metrics.introduce(d)
	d.Metrics.change(d.Name, func(m *groupMetrics) { m.desired = float64(desired.Count) })
	d.desired = desired
	d.showOverride(override)
}

// succeed shows what the group's predecessor in this process last read and decided, until
// the first decision.
func (d *decider) succeed(old *decider) {
	old.mu.Lock()
	defer old.mu.Unlock()
	d.decision, d.signals, d.faults, d.readAt, d.foreign = old.decision, slices.Clone(old.signals), old.faults, old.readAt, old.foreign
	// The predecessor may still be shown: what becomes room for others is not to be its own.
	d.decision.Recommendations = slices.Clone(d.decision.Recommendations)
	for i := range d.signals {
		d.signals[i].Instances = slices.Clone(d.signals[i].Instances)
	}
}

func (d *decider) showOverride(override *policy.Override) {
	d.mu.Lock()
	before := d.override
	d.override = override
	d.mu.Unlock()
	d.Metrics.setOverride(d.Name, override)
	if before != nil && override == nil {
		d.Log.Info("no override is in force any more", zap.String("kind", string(before.Kind)), zap.String("by", before.By))
	}
}

// show keeps and measures the signals that were read at now, and returns those before them,
// which nobody has any more.
func (d *decider) show(signals []policy.Signal, now time.Time) (before []policy.Signal) {
	d.mu.Lock()
	before = d.signals
	d.signals, d.faults, d.readAt = signals, d.found, now
	d.mu.Unlock()
	d.Metrics.read(d.Name, signals, d.found, now)
	return before
}

// setTrouble notes whether what had to be written down was; the same trouble again
// is no news.
func (d *decider) setTrouble(err error) {
	d.mu.Lock()
	news, over := d.trouble == "" && err != nil, d.trouble != "" && err == nil
	d.trouble = ""
	if err != nil {
		d.trouble = err.Error()
	}
	d.mu.Unlock()
	if news {
		d.Log.Error("the store cannot be written; nothing is done until it can", zap.Error(err))
	}
	if over {
		d.Log.Info("the store can be written again")
	}
}

func (d *decider) troubled() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.trouble != ""
}

// note keeps a decision for status, and measures and logs it. verb says what
// becomes of a change. It returns the decision before, which nobody has any more.
func (d *decider) note(decision policy.Decision, verb string) (before policy.Decision) {
	d.mu.Lock()
	before = d.decision
	d.decision, d.desired = decision, decision.Desired
	d.mu.Unlock()
	d.Metrics.decided(d, decision)
	d.tellForeseen(foreseenBy(&before), foreseenBy(&decision))
	level, message := zap.DebugLevel, "held"
	switch news := turn(before, decision); {
	case decision.Reason == policy.ReasonLoadLost && before.Reason != policy.ReasonLoadLost:
		level, message = zap.WarnLevel, "the load fell as it never did before, which looks like an outage: the group does not shrink until it is back, or for load_loss.release"
	case decision.Change() != 0 && (before.Desired.Count != decision.Desired.Count || before.Change() == 0):
		level, message = zap.InfoLevel, verb
	case news != "":
		level, message = zap.InfoLevel, news
	}
	if entry := d.Log.Check(level, message); entry != nil {
		entry.Write(told(decision)...)
	}
	return before
}

// told is a decision in a line of the log.
func told(decision policy.Decision) []zap.Field {
	fields := []zap.Field{
		zap.Int("from", decision.Current.Count), zap.Int("to", decision.Desired.Count), zap.Int("wanted", decision.Wanted),
		zap.String("reason", string(decision.Reason)), zap.Strings("policies", sentences(decision)),
	}
	if decision.Capped.Unmet > 0 {
		fields = append(fields, zap.Int("unmet", decision.Capped.Unmet), zap.Time("capped_since", decision.Capped.Since))
	}
	return fields
}

// turn puts into words that a group begins or ceases to be held by missing data, or to
// be capped; it is empty while that stays as it is.
func turn(before, now policy.Decision) string {
	switch blind, wasBlind := lacksData(now), lacksData(before); {
	case blind && !wasBlind:
		return "data is missing: the group does not shrink"
	case wasBlind && !blind:
		return "data is complete again"
	}
	switch now.Capped.Reason {
	case before.Capped.Reason:
		return ""
	case policy.ReasonAtMax:
		return "more is wanted than max allows: raise max, or find the load"
	case policy.ReasonAtCeiling:
		return "more is wanted than a schedule allows"
	default:
		return "no more is wanted than the group may have"
	}
}

// lacksData says that a policy cannot tell, for another reason than that instances
// are still warming.
func lacksData(decision policy.Decision) bool {
	return decision.Reason == policy.ReasonUnknown && slices.ContainsFunc(decision.Recommendations, func(r policy.Recommendation) bool {
		return r.Verdict == policy.Unknown && r.Value.Why() != policy.Warming
	})
}

// sentences puts each policy's recommendation into words.
func sentences(decision policy.Decision) []string {
	list := make([]string, len(decision.Recommendations))
	for i, r := range decision.Recommendations {
		list[i] = r.String()
	}
	return list
}

// capped is how the group is kept from what is wanted; nil when it is not.
func (d *decider) capped() *policy.Capped {
	if d.decision.Capped.Reason == "" {
		return nil
	}
	capped := d.decision.Capped
	return &capped
}

func (d *decider) status(mode string) GroupStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := GroupStatus{
		Name: d.Name, Mode: mode, Account: d.Account, Min: d.Spec.Min, Max: d.Spec.Max, Desired: d.desired.Count,
		Override: d.override, Trouble: d.trouble, Foreign: d.foreign,
		Capped: d.capped(), Foreseen: foreseenBy(&d.decision),
		Decision: DecisionStatus{
			At: d.decision.At, From: d.decision.Current.Count, To: d.decision.Desired.Count, Wanted: d.decision.Wanted,
			Reason: d.decision.Reason, Policies: sentences(d.decision),
		},
		Signals: make([]SignalStatus, 0, len(d.signals)), Instances: []actions.InstanceStatus{},
	}
	if d.PastTrouble != nil {
		s.PastTrouble = d.PastTrouble()
	}
	for _, signal := range d.signals {
		s.Signals = append(s.Signals, signalStatus(signal, d.faults, d.readAt))
	}
	return s
}

// seeForeign notes the nodes of the group's pools that are not among ours, when
// all of them were read.
func (d *decider) seeForeign(snapshot *cloud.Snapshot, ours map[string]bool) {
	var foreign []string
	for _, pool := range d.Pools {
		nodes, read := snapshot.Pools[pool]
		if !read {
			return
		}
		for _, node := range nodes {
			if !ours[node.Address.Addr().String()] {
				foreign = append(foreign, node.Address.String())
			}
		}
	}
	d.mu.Lock()
	before := len(d.foreign)
	d.foreign = foreign
	d.mu.Unlock()
	d.Metrics.change(d.Name, func(m *groupMetrics) { m.foreign = float64(len(foreign)) })
	if len(foreign) > before {
		d.Log.Info("nodes that are not ours are in the pool; they are left alone", zap.Strings("nodes", foreign))
	}
}
