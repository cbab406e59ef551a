package policy

import (
	"math"
	"time"
)

// Webhook changes the group by what somebody pushed: each value is a number of instances
// to add (above 0), to remove (below 0), or an order to stay (0). It counts from the size
// at which it came, and for as long as it is not stale; before and afterwards the rule has
// no say.
type Webhook struct{ Signal string }

// Wish is what a pushed change amounts to.
type Wish struct {
	At    time.Time `json:"at"` // when it was sent
	Count int       `json:"count"`
}

// wishMax is above any group, and below any overflow.
const wishMax = 1_000_000

func (w *Webhook) recommend(name string, in *Inputs, now time.Time, memory *Memory) Recommendation {
	r, input := reading(in, w.Signal, 0, now)
	if input == nil || !input.Present {
		r.Verdict = Abstain
		return r
	}
	asked, ok := memory.Wishes[name]
	if !ok || !asked.At.Equal(input.At) {
		change := int(math.Round(min(max(input.Value, -wishMax), wishMax)))
		asked = Wish{input.At, max(0, in.Size.Count+change)}
		memory.wish(name, asked)
	}
	r.Verdict, r.Count = Want, asked.Count
	return r
}

func (m *Memory) wish(name string, asked Wish) {
	if m.Wishes == nil {
		m.Wishes = map[string]Wish{}
	}
	m.Wishes[name] = asked
}
