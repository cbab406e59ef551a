package policy

import (
	"maps"
	"slices"
	"time"
)

// Memory is what a group's evaluations leave for the next ones. It is small, and
// kept on disk by its owner. The zero Memory is that of a group never evaluated.
type Memory struct {
	LastOut     time.Time `json:"last_out,omitzero"`     // when a growth was last decided
	LastIn      time.Time `json:"last_in,omitzero"`      // when a shrinking was last decided
	LastServing time.Time `json:"last_serving,omitzero"` // when an instance last began to serve
	LastWant    time.Time `json:"last_want,omitzero"`    // when the policies last had complete data
	Jumped      time.Time `json:"jumped,omitzero"`       // when wall time last jumped

	// Peaks holds the wants of the span of In.Stabilization that are larger than
	// all later ones, oldest first; Troughs those of Out.Stabilization that are
	// smaller than all later ones. Neither grows beyond the number of different
	// counts in the span.
	Peaks   []PastWant `json:"peaks,omitempty"`
	Troughs []PastWant `json:"troughs,omitempty"`

	// Planned is since when what forecasts plan was all that was wanted, without an
	// interruption; zero: it is not.
	Planned time.Time `json:"planned,omitzero"`

	// Changes are those that the rates still count, oldest first, and Turns when the
	// group last went the other way than before.
	Changes []PastChange `json:"changes,omitempty"`
	Turns   []time.Time  `json:"turns,omitempty"`

	Hits   map[string]Hits `json:"hits,omitempty"`   // of each threshold
	Wishes map[string]Wish `json:"wishes,omitempty"` // of each webhook

	Load     LoadMemory `json:"load,omitzero"`
	Capped   Capped     `json:"capped,omitzero"`
	Override *Override  `json:"override,omitempty"` // nil: none is in force
}

// PastWant is what the policies wanted at a past evaluation.
type PastWant struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

// times are all that the memory holds of.
func (m *Memory) times(yield func(*time.Time)) {
	for _, t := range []*time.Time{&m.LastOut, &m.LastIn, &m.LastServing, &m.LastWant, &m.Planned, &m.Load.At, &m.Load.Since, &m.Load.Learned, &m.Capped.Since} {
		yield(t)
	}
	for _, wants := range [][]PastWant{m.Peaks, m.Troughs} {
		for i := range wants {
			yield(&wants[i].At)
		}
	}
	for i := range m.Changes {
		yield(&m.Changes[i].At)
	}
	for i := range m.Turns {
		yield(&m.Turns[i])
	}
	for name, hits := range m.Hits {
		yield(&hits.At)
		m.Hits[name] = hits
	}
}

// Clone is a copy that shares nothing with the memory.
func (m Memory) Clone() (copied Memory) {
	copied.Set(&m)
	return copied
}

// Set makes the memory a copy of another that shares nothing with it, in the room that it
// has.
func (m *Memory) Set(o *Memory) {
	room := *m
	*m = *o
	m.Peaks, m.Troughs = append(room.Peaks[:0], o.Peaks...), append(room.Troughs[:0], o.Troughs...)
	m.Changes, m.Turns = append(room.Changes[:0], o.Changes...), append(room.Turns[:0], o.Turns...)
	m.Hits, m.Wishes = refilled(room.Hits, o.Hits), refilled(room.Wishes, o.Wishes)
	if o.Override != nil {
		override := *o.Override
		m.Override = &override
	}
}

// refilled is a copy of the map, in room unless that is nil.
func refilled[V any](room, from map[string]V) map[string]V {
	if room == nil {
		return maps.Clone(from)
	}
	clear(room)
	maps.Copy(room, from)
	return room
}

// ExchangeWants lets two sets of rules for the same group change places: what each
// remembers of its wants goes along, and what happened to the group stays.
func (m *Memory) ExchangeWants(o *Memory) {
	m.Peaks, o.Peaks = o.Peaks, m.Peaks
	m.Troughs, o.Troughs = o.Troughs, m.Troughs
	m.LastWant, o.LastWant = o.LastWant, m.LastWant
	m.Planned, o.Planned = o.Planned, m.Planned
	m.Hits, o.Hits = o.Hits, m.Hits
	m.Wishes, o.Wishes = o.Wishes, m.Wishes
	m.Load, o.Load = o.Load, m.Load
	m.Capped, o.Capped = o.Capped, m.Capped
}

// Equal says whether the two remember the same.
func (m *Memory) Equal(o *Memory) bool {
	same := func(a, b time.Time) bool { return a.Equal(b) }
	return same(m.LastOut, o.LastOut) && same(m.LastIn, o.LastIn) && same(m.LastServing, o.LastServing) &&
		same(m.LastWant, o.LastWant) && same(m.Planned, o.Planned) && same(m.Jumped, o.Jumped) &&
		slices.EqualFunc(m.Peaks, o.Peaks, samePast) && slices.EqualFunc(m.Troughs, o.Troughs, samePast) &&
		slices.EqualFunc(m.Changes, o.Changes, func(a, b PastChange) bool { return a.By == b.By && same(a.At, b.At) }) &&
		slices.EqualFunc(m.Turns, o.Turns, same) &&
		maps.EqualFunc(m.Hits, o.Hits, func(a, b Hits) bool { return a.Bits == b.Bits && same(a.At, b.At) }) &&
		maps.EqualFunc(m.Wishes, o.Wishes, func(a, b Wish) bool { return a.Count == b.Count && same(a.At, b.At) }) &&
		m.Load.equal(&o.Load) && m.Capped.Reason == o.Capped.Reason && m.Capped.Unmet == o.Capped.Unmet && same(m.Capped.Since, o.Capped.Since) &&
		m.Override.equal(o.Override)
}

func samePast(a, b PastWant) bool { return a.Count == b.Count && a.At.Equal(b.At) }

// begin brings the memory to the instant of an evaluation.
func (m *Memory) begin(spec *Spec, in *Inputs, now time.Time) {
	m.clamp(now)
	if in.LastServing.After(m.LastServing) && !in.LastServing.After(now) {
		m.LastServing = in.LastServing
	}
	if m.Override.over(now) {
		m.Override = nil
	}
	m.forgetChanges(spec, now)
	m.forgetTurns(spec, now)
}

// note keeps what was decided.
func (m *Memory) note(change int, now time.Time, spec *Spec) {
	switch {
	case change > 0:
		if m.LastIn.After(m.LastOut) {
			m.turn(now)
		}
		m.LastOut = now
	case change < 0:
		if m.LastOut.After(m.LastIn) {
			m.turn(now)
		}
		m.LastIn = now
	default:
		return
	}
	if len(spec.Out.Rates)+len(spec.In.Rates) > 0 {
		m.Changes = coalesced(append(m.Changes, PastChange{now, change}), now)
	}
}

// clamp makes what lies after now be now.
func (m *Memory) clamp(now time.Time) {
	m.times(func(t *time.Time) {
		if t.After(now) {
			*t = now
		}
	})
	if m.Jumped.After(now) {
		m.Jumped = now
	}
	if o := m.Override; o != nil && o.Since.After(now) { // it lasts as long as it was to
		if !o.Until.IsZero() {
			o.Until = o.Until.Add(now.Sub(o.Since))
		}
		o.Since = now
	}
}

// Jump notes that wall time jumped to now, by so much. What is remembered stays as old
// as it is, and changes wait for one span of their direction.
func (m *Memory) Jump(now time.Time, by time.Duration) {
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	m.times(move)
	if m.Override != nil {
		move(&m.Override.Since)
		move(&m.Override.Until)
	}
	m.Jumped = now
}

// jumped says that wall time jumped within the span of the direction. Growth has at
// least as long to wait as counts for uninterrupted watching.
func (m *Memory) jumped(now time.Time, spec *Spec, grows bool) bool {
	span := spec.In.Stabilization
	if grows {
		span = spec.Out.Stabilization
	}
	return !m.Jumped.IsZero() && now.Before(m.Jumped.Add(max(span, spec.Gap)))
}

// remember adds a want. Where watching was interrupted (or begins), the present
// size counts as wanted now: so a gap delays shrinking, and never hastens it.
func (m *Memory) remember(wanted, current int, planned bool, now time.Time, spec *Spec) {
	interrupted := m.LastWant.IsZero() || now.Sub(m.LastWant) > spec.Gap
	if interrupted {
		m.Peaks = pushPeak(m.Peaks, PastWant{now, current})
		m.Troughs = pushTrough(m.Troughs, PastWant{now, current})
	}
	switch {
	case !planned:
		m.Planned = time.Time{}
	case interrupted || m.Planned.IsZero():
		m.Planned = now
	}
	m.LastWant = now
	m.Peaks = expire(pushPeak(m.Peaks, PastWant{now, wanted}), now.Add(-widest(spec.In.Stabilization)))
	m.Troughs = expire(pushTrough(m.Troughs, PastWant{now, wanted}), now.Add(-spec.Out.Stabilization))
}

// highest is the largest want of the span for shrinking, at least wanted; and whether it
// is that only because the group went to and fro. Once forecasts alone have led the group
// for the span, what they want now counts: a plan has its own span, since it lets nobody go
// who could not be had back in time, and knows what turning round costs. To hold it for a
// second one makes a group dearer that follows a noisy load, and no safer.
func (m *Memory) highest(wanted int, now time.Time, spec *Spec) (highest int, widened bool) {
	if !m.Planned.IsZero() && now.Sub(m.Planned) >= spec.In.Stabilization {
		return wanted, false
	}
	plain := largestSince(m.Peaks, wanted, now.Add(-spec.In.Stabilization))
	highest = largestSince(m.Peaks, wanted, now.Add(-m.widened(spec.In.Stabilization)))
	return highest, highest > plain
}

// largestSince is the largest want after the given instant; the newest one counts always.
func largestSince(peaks []PastWant, wanted int, since time.Time) int {
	for i, peak := range peaks {
		if peak.At.After(since) || i == len(peaks)-1 {
			return max(wanted, peak.Count)
		}
	}
	return wanted
}

// lowest is the smallest want of the span for growing, at most wanted.
func (m *Memory) lowest(wanted int) int {
	if len(m.Troughs) > 0 {
		return min(wanted, m.Troughs[0].Count)
	}
	return wanted
}

func pushPeak(wants []PastWant, w PastWant) []PastWant {
	for len(wants) > 0 && wants[len(wants)-1].Count <= w.Count {
		wants = wants[:len(wants)-1]
	}
	return append(wants, w)
}

func pushTrough(wants []PastWant, w PastWant) []PastWant {
	for len(wants) > 0 && wants[len(wants)-1].Count >= w.Count {
		wants = wants[:len(wants)-1]
	}
	return append(wants, w)
}

// expire drops the wants at or before the given instant, except the newest.
func expire(wants []PastWant, until time.Time) []PastWant {
	drop := 0
	for drop < len(wants)-1 && !wants[drop].At.After(until) {
		drop++
	}
	return append(wants[:0], wants[drop:]...)
}
