package policy

import "time"

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

	Paused *Pause `json:"paused,omitempty"` // nil: not paused
}

// PastWant is what the policies wanted at a past evaluation.
type PastWant struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

// Pause is an operator's order to leave a group as it is.
type Pause struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
}

func (m *Memory) clamp(now time.Time) {
	for _, t := range []*time.Time{&m.LastOut, &m.LastIn, &m.LastServing, &m.LastWant, &m.Jumped} {
		if t.After(now) {
			*t = now
		}
	}
	for _, wants := range [][]PastWant{m.Peaks, m.Troughs} {
		for i := range wants {
			if wants[i].At.After(now) {
				wants[i].At = now
			}
		}
	}
}

// Jump notes that wall time jumped to now, by so much. What is remembered stays as old
// as it is, and changes wait for one span of their direction.
func (m *Memory) Jump(now time.Time, by time.Duration) {
	for _, t := range []*time.Time{&m.LastOut, &m.LastIn, &m.LastServing, &m.LastWant} {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	for _, wants := range [][]PastWant{m.Peaks, m.Troughs} {
		for i := range wants {
			wants[i].At = wants[i].At.Add(by)
		}
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
func (m *Memory) remember(wanted, current int, now time.Time, spec *Spec) {
	if m.LastWant.IsZero() || now.Sub(m.LastWant) > spec.Gap {
		m.Peaks = pushPeak(m.Peaks, PastWant{now, current})
		m.Troughs = pushTrough(m.Troughs, PastWant{now, current})
	}
	m.LastWant = now
	m.Peaks = expire(pushPeak(m.Peaks, PastWant{now, wanted}), now.Add(-spec.In.Stabilization))
	m.Troughs = expire(pushTrough(m.Troughs, PastWant{now, wanted}), now.Add(-spec.Out.Stabilization))
}

// highest is the largest want of the span for shrinking, and lowest the smallest
// of the span for growing; each at least (at most) wanted.
func (m *Memory) highest(wanted int) int {
	if len(m.Peaks) > 0 {
		return max(wanted, m.Peaks[0].Count)
	}
	return wanted
}

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
