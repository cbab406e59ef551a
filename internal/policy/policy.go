// Package policy decides how many instances a group needs and which ones those
// are. It is two functions of their arguments alone: [Evaluate] turns signals
// into a [Decision], and [Choose] turns a decision into goals for instances and a
// number to order.
//
// It promises:
//   - no clock, no I/O, no goroutine, no logging: the same arguments give the same
//     result, in the daemon, in dry-run and in a replay of history;
//   - a missing value never shrinks a group: any valid want may grow it, and it
//     shrinks only if every policy that does not abstain wants that, on complete
//     data, with what is missing counted at its worst;
//   - the decided count is always within min and max, save that a group above a
//     lowered max comes down by the ordinary rules;
//   - boundaries are decided in integers (billionths of the target), so that a
//     value at the edge of a tolerance falls on the same side everywhere;
//   - a decision rests on its [Inputs], spec, time and memory alone, which are small
//     enough to be kept: [Explain] says from them at any later time why it fell as it
//     did, and what would have altered it.
//
// [Memory] belongs to the caller, who keeps it on disk; Evaluate updates it in
// place. Fleet calls this package, monitor produces its signals; it calls none of
// ours but its own schedule.
package policy

import "time"

// Size is how large a group is to be.
type Size struct {
	Count int    `json:"count"` // instances, 0..
	Type  string `json:"type"`  // plan of new instances
}

// Spec is what a group's owner configured, as far as deciding goes. It can be kept as
// JSON.
type Spec struct {
	Min, Max int // 0 ≤ Min ≤ Max, 1 ≤ Max
	Type     string
	Policies []Rule
	OutOnly  bool // the group never shrinks

	// Interval is the time from one evaluation to the next. One that comes much sooner, after
	// an event, does not count by itself where evaluations are counted. 0: each counts.
	Interval time.Duration

	// Gap is the longest time between two evaluations with data that still counts
	// as uninterrupted watching. After a longer one the stabilization of scaling
	// in begins anew.
	Gap time.Duration

	Out Direction
	In  Direction

	LoadLoss LoadLoss

	MinLife       time.Duration // an instance that serves for less is not sent away by shrinking
	Standby       int           // stopped instances kept
	StandbyAge    time.Duration // a stopped instance this old is not kept; 0: age does not count
	ReleaseBefore time.Duration // a stopped instance that is not kept is released this long before its paid period ends
	Pick          []PickRule    // who goes first when the group shrinks, after the broken and the outdated; empty: the newest

	OrderMax          int // largest number of machines in one order
	Surge             int // machines allowed above Max while one is replaced
	LaunchFailuresMax int // so many launches in a row that never served, and nothing is ordered; 0: no bound

	HealBudget float64       // share of the desired count that is replaced at a time, at least one
	Brake      float64       // share of the serving instances above which those that fail together are not replaced
	Bake       time.Duration // how long instances of a changed template serve before those of the old one leave
}

// Direction limits changes one way.
type Direction struct {
	// Stabilization is the span whose most cautious recommendation counts: the
	// lowest for growing, the highest for shrinking. A group that forecasts alone
	// have led for the span shrinks as they plan: a plan has its own span.
	Stabilization time.Duration

	// Cooldown is the pause after a change: after the last instance began to
	// serve, and for shrinking also after the last shrinking.
	Cooldown time.Duration

	// Rates bound how much the group changes within a period. Of several the one
	// counts that allows the most, or the least with RateLeast.
	Rates     []Rate
	RateLeast bool
}

// Rate allows a change within a period: so many instances, or a share of those at its
// beginning. Exactly one of Count and Share is above 0.
type Rate struct {
	Count  int
	Share  float64
	Period time.Duration
}

// Observation is what is known of a group when it is evaluated.
type Observation struct {
	Size        Size      // the size last decided
	Becoming    int       // instances on their way to serving, also those ordered and not yet named
	Lacking     int       // instances of the decided size that neither serve nor are becoming: their order failed, or waits; below 0: so many beyond that size are not sent away yet
	Leaving     int       // instances out of the pools and still on, which can be put back at once
	Standby     int       // instances that stand by, stopped, and could come back
	Settling    int       // of Becoming, those that serve already, whose own readings are not believed as yet
	LastServing time.Time // when an instance last began to serve; zero if unknown
	Doubtful    bool      // the cloud cannot be trusted just now: no shrinking
	Signals     []Signal
}

// Reason is a code from a fixed list that says why a decision is what it is.
type Reason string

// The reasons of decisions.
const (
	ReasonWant           Reason = "want"            // the policies want exactly this
	ReasonSteady         Reason = "steady"          // the policies want the present size
	ReasonAtMax          Reason = "at_max"          // more is wanted than max allows
	ReasonAtMin          Reason = "at_min"          // less is wanted than min allows, or the size was below min
	ReasonAtCeiling      Reason = "at_ceiling"      // more is wanted than a schedule allows
	ReasonAtFloor        Reason = "at_floor"        // a schedule, or an operator, wants at least so many
	ReasonUnknown        Reason = "unknown"         // missing data forbids shrinking
	ReasonAbstained      Reason = "abstained"       // no policy has a say just now
	ReasonStabilizingOut Reason = "stabilizing_out" // not wanted for long enough to grow so far
	ReasonStabilizingIn  Reason = "stabilizing_in"  // more was wanted within the span
	ReasonFlapping       Reason = "flapping"        // the group went to and fro: more was wanted within a longer span
	ReasonCooldownOut    Reason = "cooldown_out"    // too soon after the last growth
	ReasonCooldownIn     Reason = "cooldown_in"     // too soon after the last change
	ReasonRateOut        Reason = "rate_out"        // it grew as fast as it may
	ReasonRateIn         Reason = "rate_in"         // it shrank as fast as it may
	ReasonProjected      Reason = "projected"       // with fewer instances a policy would make it grow again
	ReasonLoadLost       Reason = "load_lost"       // the load fell as it never did before: rather an outage than idleness
	ReasonWarming        Reason = "warming"         // no shrinking while an instance is becoming one or warms up
	ReasonOutOnly        Reason = "out_only"        // the group never shrinks
	ReasonPaused         Reason = "paused"          // an operator paused the group, or this direction
	ReasonHeld           Reason = "held"            // an operator holds the group at this size
	ReasonPutBack        Reason = "put_back"        // more is wanted while instances are leaving: they come back at once
	ReasonDoubt          Reason = "cloud_in_doubt"  // the cloud cannot be trusted just now: no shrinking
	ReasonClock          Reason = "clock_jumped"    // wall time jumped within the span
)

// Reasons lists every reason, for metrics that start at zero.
func Reasons() []Reason {
	return []Reason{
		ReasonWant, ReasonSteady, ReasonAtMax, ReasonAtMin, ReasonAtCeiling, ReasonAtFloor, ReasonUnknown, ReasonAbstained,
		ReasonStabilizingOut, ReasonStabilizingIn, ReasonFlapping, ReasonCooldownOut, ReasonCooldownIn, ReasonRateOut, ReasonRateIn,
		ReasonProjected, ReasonLoadLost, ReasonWarming, ReasonOutOnly, ReasonPaused, ReasonHeld, ReasonPutBack, ReasonDoubt, ReasonClock,
	}
}

// Decision is the outcome of one evaluation, with what led to it.
type Decision struct {
	At              time.Time        `json:"at"`
	Current         Size             `json:"current"`
	Desired         Size             `json:"desired"`
	Wanted          int              `json:"wanted"` // what the policies together want, before windows and limits; the current count when none has a say
	Reason          Reason           `json:"reason"` // the last rule that shaped Desired
	Recommendations []Recommendation `json:"recommendations"`
	Effects         []Effect         `json:"effects,omitempty"` // what became of Wanted until Desired, in order; empty when nothing did
	Capped          Capped           `json:"capped,omitzero"`
}

// Effect is what one guard made of a count.
type Effect struct {
	Reason Reason `json:"reason"`
	From   int    `json:"from"`
	To     int    `json:"to"`
}

// Capped says that the group is kept from being as large as is wanted. The zero Capped
// is a group that is not.
type Capped struct {
	Reason Reason    `json:"reason,omitempty"` // at_max or at_ceiling
	Since  time.Time `json:"since,omitzero"`
	Unmet  int       `json:"unmet,omitempty"` // instances wanted beyond
}

// Change is how many instances the decision adds (positive) or removes (negative).
func (d Decision) Change() int { return d.Desired.Count - d.Current.Count }
