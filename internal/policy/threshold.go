package policy

import (
	"math/bits"
	"time"
)

// Threshold changes the group while all of its conditions hold. It has a say only then,
// save that one with a change below 0 keeps the group from shrinking otherwise: the group
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
		return compared(value, *c.Above) > 0
	}
	return compared(value, *c.Below) < 0
}

// judge says whether the condition of a rule that grows, or shrinks, holds: Want that it
// does, Abstain that it does not, Unknown that nobody can tell. What is missing counts as
// what speaks for more instances, save that growing takes more than what is missing.
func (c Condition) judge(in *Inputs, grows bool, now time.Time) (Recommendation, Verdict) {
	r, input := reading(in, c.Signal, c.bound(), now)
	if input == nil {
		return r, Unknown
	}
	if value, ok := input.at(1, 1); grows && ok && c.beyond(value) {
		r.Value, r.Measured, r.Of = input.summary(now, true)
		return r, Want
	}
	if !input.believable(c.Quorum) {
		return r, Unknown
	}
	value := input.worst(c.bound())
	if grows != (c.Above != nil) {
		value = input.least()
	}
	switch {
	case !c.beyond(value):
		return r, Abstain
	case grows:
		return r, Unknown
	}
	return r, Want
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
	r, holds := t.judge(in, now)
	hits := memory.hit(name, holds == Want, holds != Unknown, t.Of, now, spec)
	switch {
	case holds == Unknown:
		r.Verdict = Unknown
	case hits >= t.Hits:
		r.Verdict, r.Count = Want, t.size(in, current)
	case t.Size != nil || t.grows(current):
		r.Verdict = Abstain
	default:
		r.Verdict, r.Count = Want, current
	}
	return r
}

// judge joins what the conditions say, and tells of the one that decides: the first that
// does not hold, or else the first that nobody can tell of.
func (t *Threshold) judge(in *Inputs, now time.Time) (told Recommendation, holds Verdict) {
	grows := t.grows(in.Size.Count)
	for i, condition := range t.When {
		r, verdict := condition.judge(in, grows, now)
		if i == 0 || verdict == Abstain || verdict == Unknown && holds == Want {
			told, holds = r, verdict
		}
		if holds == Abstain {
			break
		}
	}
	return told, holds
}

// size is how many instances the rule wants when it holds. Like [Step], it grows from
// those that serve.
func (t *Threshold) size(in *Inputs, current int) int {
	if t.Size != nil {
		return *t.Size
	}
	if t.grows(current) {
		serving := min(current, in.serving())
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
		n := n
		if condition.Below != nil { // what falls under load falls no further than it is known to
			n = max(in.Size.Count, input.Of)
		}
		if value, ok := input.at(max(in.Size.Count, input.Of), n); !ok || !condition.beyond(value) {
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
		if passed := now.Sub(hits.At); hits.At.IsZero() || passed >= spec.Interval*3/4 {
			hits.Bits, hits.At = hits.Bits<<1&(1<<of-1), now
		}
		hits.Bits = hits.Bits&^1 | ones(holds)
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
