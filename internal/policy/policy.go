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
//     value at the edge of a tolerance falls on the same side everywhere.
//
// [Memory] belongs to the caller, who keeps it on disk; Evaluate updates it in
// place. Fleet calls this package, monitor produces its signals; it calls none of
// ours.
package policy

import "time"

// Size is how large a group is to be.
type Size struct {
	Count int    // instances, 0..
	Type  string // plan of new instances
}

// Spec is what a group's owner configured, as far as deciding goes.
type Spec struct {
	Min, Max int // 0 ≤ Min ≤ Max, 1 ≤ Max
	Type     string
	Policies []Target

	// Gap is the longest time between two evaluations with data that still counts
	// as uninterrupted watching. After a longer one the stabilization of scaling
	// in begins anew.
	Gap time.Duration

	Out Direction
	In  Direction

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
	// lowest for growing, the highest for shrinking.
	Stabilization time.Duration

	// Cooldown is the pause after a change: after the last instance began to
	// serve, and for shrinking also after the last shrinking.
	Cooldown time.Duration
}

// Observation is what is known of a group when it is evaluated.
type Observation struct {
	Size        Size      // the size last decided
	Becoming    int       // instances on their way to serving, also those ordered and not yet named
	Leaving     int       // instances out of the pools and still on, which can be put back at once
	LastServing time.Time // when an instance last began to serve; zero if unknown
	Doubtful    bool      // the cloud cannot be trusted just now: no shrinking
	Signals     []Signal
}

// warming tells whether an instance is still becoming one, or serves but has not
// yet settled so far that its own readings are believed.
func (o Observation) warming() bool {
	if o.Becoming > 0 {
		return true
	}
	for i := range o.Signals {
		for _, instance := range o.Signals[i].Instances {
			if instance.Sample.Why() == Warming {
				return true
			}
		}
	}
	return false
}

// Reason is a code from a fixed list that says why a decision is what it is.
type Reason string

// The reasons of decisions.
const (
	ReasonWant           Reason = "want"            // the policies want exactly this
	ReasonSteady         Reason = "steady"          // the policies want the present size
	ReasonAtMax          Reason = "at_max"          // more is wanted than max allows
	ReasonAtMin          Reason = "at_min"          // less is wanted than min allows, or the size was below min
	ReasonUnknown        Reason = "unknown"         // missing data forbids shrinking
	ReasonAbstained      Reason = "abstained"       // no policy has a say just now
	ReasonStabilizingOut Reason = "stabilizing_out" // not wanted for long enough to grow so far
	ReasonStabilizingIn  Reason = "stabilizing_in"  // more was wanted within the span
	ReasonCooldownOut    Reason = "cooldown_out"    // too soon after the last growth
	ReasonCooldownIn     Reason = "cooldown_in"     // too soon after the last change
	ReasonWarming        Reason = "warming"         // no shrinking while an instance is becoming one or warms up
	ReasonPaused         Reason = "paused"          // an operator paused the group
	ReasonPutBack        Reason = "put_back"        // more is wanted while instances are leaving: they come back at once
	ReasonDoubt          Reason = "cloud_in_doubt"  // the cloud cannot be trusted just now: no shrinking
	ReasonClock          Reason = "clock_jumped"    // wall time jumped within the span
)

// Reasons lists every reason, for metrics that start at zero.
func Reasons() []Reason {
	return []Reason{
		ReasonWant, ReasonSteady, ReasonAtMax, ReasonAtMin, ReasonUnknown, ReasonAbstained, ReasonStabilizingOut,
		ReasonStabilizingIn, ReasonCooldownOut, ReasonCooldownIn, ReasonWarming, ReasonPaused, ReasonPutBack, ReasonDoubt,
		ReasonClock,
	}
}

// Decision is the outcome of one evaluation, with what led to it.
type Decision struct {
	At              time.Time
	Current         Size
	Desired         Size
	Wanted          int    // what the policies together want, before windows and limits; the current count when none has a say
	Reason          Reason // the last rule that shaped Desired
	Recommendations []Recommendation
}

// Change is how many instances the decision adds (positive) or removes (negative).
func (d Decision) Change() int { return d.Desired.Count - d.Current.Count }

// Evaluate decides the size of a group at the instant now. It updates memory,
// which must be the one that the group's previous evaluation left. A time in
// memory that lies after now (a clock set back) counts as now.
func Evaluate(spec *Spec, observed Observation, now time.Time, memory *Memory) Decision {
	memory.clamp(now)
	if observed.LastServing.After(memory.LastServing) && !observed.LastServing.After(now) {
		memory.LastServing = observed.LastServing
	}
	current := observed.Size.Count
	decision := Decision{
		At:      now,
		Current: observed.Size,
		Desired: Size{Count: current, Type: spec.Type},
		Wanted:  current,
	}
	decision.Recommendations = make([]Recommendation, len(spec.Policies))
	for i, target := range spec.Policies {
		decision.Recommendations[i] = target.recommend(observed, now)
	}
	wanted, verdict := combine(decision.Recommendations, current)
	decision.Wanted = wanted
	if verdict == Want {
		memory.remember(wanted, current, now, spec)
	}
	if memory.Paused != nil {
		decision.Reason = ReasonPaused
		return decision
	}
	count, reason := limit(spec, observed, now, memory, wanted, verdict)
	decision.Desired.Count, decision.Reason = count, reason
	switch {
	case count > current:
		memory.LastOut = now
	case count < current:
		memory.LastIn = now
	}
	return decision
}

// combine joins the recommendations: the largest want counts. Where one policy
// does not know, nothing below current is wanted.
func combine(recommendations []Recommendation, current int) (wanted int, verdict Verdict) {
	verdict = Abstain
	unknown := false
	for _, r := range recommendations {
		switch r.Verdict {
		case Unknown:
			unknown = true
		case Want:
			if verdict != Want || r.Count > wanted {
				wanted, verdict = r.Count, Want
			}
		}
	}
	switch {
	case unknown && (verdict != Want || wanted <= current):
		return current, Unknown
	case verdict == Abstain:
		return current, Abstain
	}
	return wanted, Want
}

// limit applies windows, pauses and bounds to what is wanted.
func limit(spec *Spec, observed Observation, now time.Time, memory *Memory, wanted int, verdict Verdict) (int, Reason) {
	current := observed.Size.Count
	count, reason := current, ReasonSteady
	switch {
	case current < spec.Min: // too small to serve as configured: no pause is worth waiting for
		count, reason = wanted, ReasonWant
	case verdict == Unknown:
		return current, ReasonUnknown
	case verdict == Abstain:
		count, reason = current, ReasonAbstained
	case wanted > current:
		count, reason = growth(spec, observed, now, memory, wanted)
	case wanted < current:
		count, reason = shrinkage(spec, observed, now, memory, wanted)
	}
	if count > spec.Max {
		if current <= spec.Max {
			return spec.Max, ReasonAtMax
		}
		// max was lowered: come down, but by the ordinary rules
		count, reason = shrinkage(spec, observed, now, memory, spec.Max)
		if count == spec.Max {
			reason = ReasonAtMax
		}
		return count, reason
	}
	if count < spec.Min {
		return spec.Min, ReasonAtMin
	}
	return count, reason
}

func growth(spec *Spec, observed Observation, now time.Time, memory *Memory, wanted int) (int, Reason) {
	current := observed.Size.Count
	if memory.jumped(now, spec, true) {
		return current, ReasonClock
	}
	// What was just taken out and is still on is not waited for.
	back := min(wanted, current+observed.Leaving)
	held := func(reason Reason) (int, Reason) {
		if back > current {
			return back, ReasonPutBack
		}
		return current, reason
	}
	if spec.Out.Cooldown > 0 {
		begun := memory.LastServing
		if memory.LastOut.After(begun) {
			begun = memory.LastOut
		}
		if observed.Becoming > 0 || now.Before(begun.Add(spec.Out.Cooldown)) {
			return held(ReasonCooldownOut)
		}
	}
	if lowest := memory.lowest(wanted); lowest < wanted {
		if lowest > back {
			return lowest, ReasonStabilizingOut
		}
		return held(ReasonStabilizingOut)
	}
	return wanted, ReasonWant
}

func shrinkage(spec *Spec, observed Observation, now time.Time, memory *Memory, wanted int) (int, Reason) {
	current := observed.Size.Count
	if memory.jumped(now, spec, false) {
		return current, ReasonClock
	}
	if observed.Doubtful {
		return current, ReasonDoubt
	}
	if observed.warming() {
		return current, ReasonWarming
	}
	changed := memory.LastServing
	for _, t := range []time.Time{memory.LastIn, memory.LastOut} {
		if t.After(changed) {
			changed = t
		}
	}
	if !changed.IsZero() && now.Before(changed.Add(spec.In.Cooldown)) {
		return current, ReasonCooldownIn
	}
	// What max forbids is not waited for.
	if highest := min(memory.highest(wanted), spec.Max); highest > wanted {
		return min(current, highest), ReasonStabilizingIn
	}
	return wanted, ReasonWant
}
