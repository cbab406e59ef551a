package policy

import "time"

// A group that turns round again and again within a few spans of its stabilization is
// flapping: it pays for starts and stops without being any better off. Each turn beyond
// the second doubles the span, up to eightfold. It narrows again when the next turn comes
// late, or none for a day: sooner, and what made the group flap would do so anew.
const (
	turnsFree   = 2 // turns that everybody has: up in the morning, down in the evening
	turnsSpans  = 6 // spans within which turns follow one another
	widenedMost = 3 // doublings
	turnsKept   = 24 * time.Hour
)

// widest is the longest that a span of stabilization becomes.
func widest(span time.Duration) time.Duration { return span << widenedMost }

// turn notes that the group goes the other way now.
func (m *Memory) turn(now time.Time) {
	if len(m.Turns) == turnsFree+widenedMost {
		m.Turns = append(m.Turns[:0], m.Turns[1:]...)
	}
	m.Turns = append(m.Turns, now)
}

// forgetTurns drops the turns that are too old to count.
func (m *Memory) forgetTurns(spec *Spec, now time.Time) {
	kept := max(turnsKept, turnsSpans*widest(spec.In.Stabilization))
	drop := 0
	for drop < len(m.Turns) && now.Sub(m.Turns[drop]) >= kept {
		drop++
	}
	m.Turns = append(m.Turns[:0], m.Turns[drop:]...)
}

// widened is the span, as long as the turns make it. A turn counts for so many of the
// spans that it has made itself.
func (m *Memory) widened(span time.Duration) time.Duration {
	var newest time.Time
	if len(m.Turns) > 0 {
		newest = m.Turns[len(m.Turns)-1]
	}
	for doublings := widenedMost; doublings > 0; doublings-- {
		if m.turnsSince(newest.Add(-turnsSpans*span<<(doublings-1))) >= turnsFree+doublings {
			return span << doublings
		}
	}
	return span
}

func (m *Memory) turnsSince(since time.Time) (n int) {
	for _, t := range m.Turns {
		if t.After(since) {
			n++
		}
	}
	return n
}
