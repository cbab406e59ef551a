package policy

import (
	"sort"
	"time"
)

// Evaluate decides the size of a group at the instant now. It updates memory,
// which must be the one that the group's previous evaluation left. A time in
// memory that lies after now (a clock set back) counts as now.
func Evaluate(spec *Spec, observed Observation, now time.Time, memory *Memory) Decision {
	inputs := observed.Inputs()
	return Decide(spec, &inputs, now, memory)
}

// Decide is Evaluate on what is left of an observation as far as deciding goes.
func Decide(spec *Spec, in *Inputs, now time.Time, memory *Memory) Decision {
	return DecideIn(nil, spec, in, now, memory)
}

// DecideIn is Decide with the recommendations in room, if that fits: it suffices, and is not
// far larger.
func DecideIn(room []Recommendation, spec *Spec, in *Inputs, now time.Time, memory *Memory) Decision {
	memory.begin(spec, in, now)
	if n := len(spec.Policies); room == nil || cap(room) < n || cap(room) > 4*n {
		room = make([]Recommendation, n)
	}
	clear(room[len(spec.Policies):cap(room)]) // else what is behind them would stay
	e := evaluation{spec: spec, in: in, now: now, memory: memory, current: in.Size.Count}
	e.Decision = Decision{
		At:              now,
		Current:         in.Size,
		Desired:         Size{Count: in.Size.Count, Type: spec.Type},
		Recommendations: room[:len(spec.Policies)],
	}
	for i := range spec.Policies {
		e.Recommendations[i] = spec.Policies[i].recommend(spec, in, now, memory)
	}
	e.bound()
	verdict := e.combine()
	if verdict == Want {
		memory.remember(min(max(e.Wanted, e.floor), spec.Max), in.Size.Count, e.planned(), now, spec)
		memory.watchLoad(e.Recommendations, now, spec)
		memory.capped(e.cap(), now)
	}
	e.Desired.Count, e.Reason = e.limit(verdict)
	if verdict != Abstain { // what cannot be told does not end it
		e.Capped = memory.Capped
	}
	memory.note(e.Change(), now, spec)
	return e.Decision
}

// evaluation is one evaluation under way.
type evaluation struct {
	Decision
	spec    *Spec
	in      *Inputs
	now     time.Time
	memory  *Memory
	current int

	floor, ceiling int  // within which the count has to be: min and max, as schedules and an operator move them
	unknown        bool // a policy cannot tell, whatever the others want
}

// bound finds the floor and the ceiling. A ceiling below a floor gives way.
func (e *evaluation) bound() {
	e.floor, e.ceiling = e.spec.Min, e.spec.Max
	for i := range e.spec.Policies {
		bounds := e.spec.Policies[i].Schedule
		if bounds == nil || e.Recommendations[i].Verdict == Abstain {
			continue
		}
		if bounds.Min > e.floor {
			e.floor = min(bounds.Min, e.spec.Max)
		}
		if bounds.Max > 0 && bounds.Max < e.ceiling {
			e.ceiling = bounds.Max
		}
	}
	if override := e.memory.Override; override.is(AtLeast) {
		e.floor = max(e.floor, min(override.Count, e.spec.Max))
	}
	e.ceiling = max(e.ceiling, e.floor)
}

// combine joins the recommendations: the largest want counts. Where one policy
// does not know, nothing below current is wanted. Schedules alone want their floor,
// and min outside their windows.
func (e *evaluation) combine() Verdict {
	verdict, others := Abstain, false
	e.Wanted = e.current
	for i, r := range e.Recommendations {
		if e.spec.Policies[i].Schedule != nil {
			continue
		}
		others = true
		switch r.Verdict {
		case Unknown:
			e.unknown = true
		case Want:
			if verdict != Want || r.Count > e.Wanted {
				e.Wanted, verdict = r.Count, Want
			}
		}
	}
	switch {
	case !others && len(e.spec.Policies) > 0:
		e.Wanted = e.floor
		return Want
	case e.unknown && (verdict != Want || e.Wanted <= e.current):
		e.Wanted = e.current
		return Unknown
	}
	return verdict
}

// planned says that what is wanted is what forecasts plan, and nothing else.
func (e *evaluation) planned() (planned bool) {
	for i, r := range e.Recommendations {
		switch {
		case r.Verdict == Abstain || e.spec.Policies[i].Schedule != nil:
		case r.Verdict == Want && r.Foreseen.speaks():
			planned = true
		default:
			return false
		}
	}
	return planned
}

// become is count after a guard changed it.
func (e *evaluation) become(count, to int, by Reason) int {
	if to != count {
		e.Effects = append(e.Effects, Effect{by, count, to})
	}
	return to
}

// limit applies windows, pauses and bounds to what is wanted.
func (e *evaluation) limit(verdict Verdict) (int, Reason) {
	override := e.memory.Override
	switch {
	case override.is(PauseAll):
		return e.become(e.Wanted, e.current, ReasonPaused), ReasonPaused
	case override.is(HoldAt):
		return e.hold(override.Count)
	}
	wanted := e.bounded(e.Wanted)
	if wanted > e.current && override.is(PauseOut) || wanted < e.current && override.is(PauseIn) {
		return e.become(wanted, e.current, ReasonPaused), ReasonPaused
	}
	count, reason := e.current, ReasonSteady
	switch {
	case e.current < e.floor:
		count, reason = e.recovery(wanted)
	case verdict == Unknown && wanted <= e.current, e.unknown && wanted < e.current:
		return e.become(wanted, e.current, ReasonUnknown), ReasonUnknown
	case verdict == Abstain && wanted == e.current:
		count, reason = e.current, ReasonAbstained
	case wanted > e.current:
		count, reason = e.growth(wanted)
	case wanted < e.current:
		count, reason = e.shrinkage(wanted)
	}
	switch { // a bound that was reached says more than what else was in the way
	case count == e.floor && e.Wanted < e.floor:
		reason = e.floorReason()
	case count == e.ceiling && e.Wanted > e.ceiling:
		reason = e.cap().Reason
	}
	return count, reason
}

// bounded is the count as the floor and the ceiling, which are wants too, and the stronger
// ones, make it.
func (e *evaluation) bounded(count int) int {
	switch {
	case count < e.floor:
		return e.become(count, e.floor, e.floorReason())
	case count > e.ceiling:
		return e.become(count, e.ceiling, e.cap().Reason)
	}
	return count
}

func (e *evaluation) floorReason() Reason {
	if e.floor > e.spec.Min {
		return ReasonAtFloor
	}
	return ReasonAtMin
}

// cap is how far the group is kept from what is wanted.
func (e *evaluation) cap() Capped {
	switch {
	case e.Wanted <= e.ceiling:
		return Capped{}
	case e.ceiling < e.spec.Max:
		return Capped{Reason: ReasonAtCeiling, Unmet: e.Wanted - e.ceiling}
	}
	return Capped{Reason: ReasonAtMax, Unmet: e.Wanted - e.ceiling}
}

// hold is what an operator's word makes of the group, without windows and pauses; but
// nobody is sent away on a cloud that cannot be trusted.
func (e *evaluation) hold(count int) (int, Reason) {
	count = min(max(count, e.spec.Min), e.spec.Max)
	e.become(e.Wanted, count, ReasonHeld)
	if count < e.current && e.in.Doubtful {
		return e.become(count, e.current, ReasonDoubt), ReasonDoubt
	}
	return count, ReasonHeld
}

// recovery grows a group that is too small to serve as configured. Up to the floor it waits
// for nothing.
func (e *evaluation) recovery(wanted int) (int, Reason) {
	count, reason := e.growth(wanted)
	if count < e.floor {
		return e.become(count, e.floor, e.floorReason()), e.floorReason()
	}
	return count, reason
}

func (e *evaluation) growth(wanted int) (int, Reason) {
	spec, memory := e.spec, e.memory
	if memory.jumped(e.now, spec, true) {
		return e.become(wanted, e.current, ReasonClock), ReasonClock
	}
	// What was just taken out and is still on is not waited for.
	back := min(wanted, e.current+e.in.Leaving)
	count, reason := wanted, ReasonWant
	held := func(reason Reason) (int, Reason) {
		if back > e.current {
			return e.become(count, back, ReasonPutBack), ReasonPutBack
		}
		return e.become(count, e.current, reason), reason
	}
	if spec.Out.Cooldown > 0 {
		begun := later(memory.LastServing, memory.LastOut)
		if e.in.Becoming > 0 || e.now.Before(begun.Add(spec.Out.Cooldown)) {
			return held(ReasonCooldownOut)
		}
	}
	if lowest := memory.lowest(wanted); lowest < wanted {
		if lowest <= back {
			return held(ReasonStabilizingOut)
		}
		count, reason = e.become(count, lowest, ReasonStabilizingOut), ReasonStabilizingOut
	}
	if most, limited := memory.rateOut(spec, e.current, e.now); limited && count > most {
		if most <= back {
			return held(ReasonRateOut)
		}
		count, reason = e.become(count, most, ReasonRateOut), ReasonRateOut
	}
	return count, reason
}

func (e *evaluation) shrinkage(wanted int) (int, Reason) {
	if reason := e.standstill(); reason != "" {
		return e.become(wanted, e.current, reason), reason
	}
	count, reason := wanted, ReasonWant
	// What max or a schedule forbids is not waited for.
	if highest, widened := e.memory.highest(wanted, e.now, e.spec); min(highest, e.ceiling) > count {
		reason = ReasonStabilizingIn
		if widened {
			reason = ReasonFlapping
		}
		count = e.become(count, min(e.current, highest, e.ceiling), reason)
	}
	if least, limited := e.memory.rateIn(e.spec, e.current, e.now); limited && count < least {
		count, reason = e.become(count, least, ReasonRateIn), ReasonRateIn
	}
	if safe := min(e.projected(count), e.ceiling); safe > count {
		count, reason = e.become(count, safe, ReasonProjected), ReasonProjected
	}
	return count, reason
}

// standstill says why the group may not shrink at all just now; or nothing.
func (e *evaluation) standstill() Reason {
	switch memory := e.memory; {
	case e.spec.OutOnly:
		return ReasonOutOnly
	case memory.jumped(e.now, e.spec, false):
		return ReasonClock
	case e.in.Doubtful:
		return ReasonDoubt
	case e.in.warming():
		return ReasonWarming
	case !memory.Load.Since.IsZero():
		return ReasonLoadLost
	default:
		changed := later(memory.LastServing, memory.LastIn, memory.LastOut)
		if !changed.IsZero() && e.now.Before(changed.Add(e.spec.In.Cooldown)) {
			return ReasonCooldownIn
		}
	}
	return ""
}

// projected is the smallest size from count up to the current one at which no policy
// would want more again, if the load stayed as it is. Shrinking further would be undone
// at the next evaluation (Azure's flapping projection, for every policy). The more carry
// a load, the less does any policy want more.
func (e *evaluation) projected(count int) int {
	return count + sort.Search(e.current-count, func(i int) bool {
		for j := range e.spec.Policies {
			if e.spec.Policies[j].wantsMore(e.in, e.Recommendations[j], max(1, count+i)) {
				return false
			}
		}
		return true
	})
}

func later(times ...time.Time) (latest time.Time) {
	for _, t := range times {
		if t.After(latest) {
			latest = t
		}
	}
	return latest
}
