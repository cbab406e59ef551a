package policy

import (
	"math/bits"
	"time"
)

// Threshold changes the group while all of its conditions hold. It has a say only then,
// save that one which would shrink the group keeps it from shrinking otherwise: the group
// shrinks when all agree.
type Threshold struct {
	When   []Condition // at least one
	Change Change      // unless Size is set
	Size   *int        `json:",omitempty"` // exactly so many
	Hits   int         // it must hold at so many
	Of     int         // of so many evaluations, this one among them; 1 ≤ Hits ≤ Of ≤ 60
}

// Condition holds while the signal is above, or below, the bound. Exactly one is set.
type Condition struct {
	Signal string
	Quorum float64  // share of the instances that must have a value before it can make the group shrink
	Above  *float64 `json:",omitempty"`
	Below  *float64 `json:",omitempty"`
}

// bound is what the signal is compared with.
func (c Condition) bound() float64 {
	if c.Above != nil {
		return *c.Above
	}
	return *c.Below
}

// beyond says whether the condition holds for the value.
func (c Condition) beyond(value float64) bool {
	if c.Above != nil {
		return value > *c.Above
	}
	return value < *c.Below
}

// grows says whether the rule can make a group of n larger.
func (t *Threshold) grows(n int) bool {
	if t.Size != nil {
		return *t.Size > n
	}
	return t.Change.Count > 0 || t.Change.Share > 0
}

func (t *Threshold) recommend(name string, spec *Spec, in *Inputs, now time.Time, memory *Memory) Recommendation {
	current := in.Size.Count
	grows := t.grows(current)
	holds, known := true, true
	r := Recommendation{Verdict: Unknown}
	for i, condition := range t.When {
		says, input := reading(in, condition.Signal, condition.bound(), now)
		value, ok := 0.0, false
		switch {
		case input == nil:
		case grows:
			value, ok = input.at(1, 1)
		default:
			value, ok = input.worst(condition.bound()), input.believable(condition.Quorum)
		}
		if met := ok && condition.beyond(value); !met || i == 0 { // what keeps it from holding is worth telling
			if holds || !ok {
				r.Signal, r.Target, r.Value, r.Measured, r.Of = says.Signal, says.Target, says.Value, says.Measured, says.Of
			}
			holds = holds && met
		}
		known = known && (ok || grows && !holds) // to grow, one that does not hold is enough to know
	}
	hits := memory.hit(name, holds, known, t.Of, now, spec)
	switch {
	case hits >= t.Hits && known:
		r.Verdict, r.Count = Want, t.size(in, current)
	case !known:
		r.Verdict = Unknown
	case grows:
		r.Verdict = Abstain
	default:
		r.Verdict, r.Count = Want, current
	}
	return r
}

// size is how many instances the rule wants when it holds. Like [Step], it grows from
// those that serve.
func (t *Threshold) size(in *Inputs, current int) int {
	if t.Size != nil {
		return *t.Size
	}
	if t.grows(current) {
		serving := max(0, current-in.Becoming)
		return max(current, serving+t.Change.of(serving))
	}
	return max(0, current+t.Change.of(current))
}

func (t *Threshold) wantsMore(in *Inputs, n int) bool {
	if !t.grows(n) {
		return false
	}
	for _, condition := range t.When {
		input := in.signal(condition.Signal)
		if input == nil {
			return false
		}
		if value, ok := input.at(in.Size.Count, n); !ok || !condition.beyond(value) {
			return false
		}
	}
	return true
}

// Hits are the last evaluations at which a threshold could tell: those at which it held.
type Hits struct {
	Bits uint64    `json:"bits"` // the newest in the lowest
	At   time.Time `json:"at"`   // the newest
}

// hit notes whether the named rule holds now, and returns at how many of so many
// evaluations it held. Those at which it could not tell are passed over, and those before
// an interruption count no more.
func (m *Memory) hit(name string, holds, known bool, of int, now time.Time, spec *Spec) int {
	hits := m.Hits[name]
	if now.Sub(hits.At) > spec.Gap {
		hits.Bits = 0
	}
	if known {
		hits.Bits = (hits.Bits<<1 | ones(holds)) & (1<<of - 1)
		hits.At = now
		if m.Hits == nil {
			m.Hits = map[string]Hits{}
		}
		m.Hits[name] = hits
	}
	return bits.OnesCount64(hits.Bits)
}

func ones(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
