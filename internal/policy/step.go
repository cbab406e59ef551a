package policy

import (
	"math"
	"slices"
	"time"
)

// Step changes the group by so much for each band that a signal is in, as the step
// scaling of AWS EC2 Auto Scaling does: a band above begins with its bound and ends
// before the next higher one, a band below ends with its bound. Between the two the group
// is as it should be. Without bands below the rule has no say in shrinking.
//
// What is still becoming does not count as helping: growing starts from the instances
// that serve, and never ends below the decided size. So while a step is under way, the
// same band wants nothing more, and a higher one only the difference.
type Step struct {
	Signal string
	Quorum float64 // share of the instances that must have a value before less can be wanted
	Above  []Band  // each with a change of more than 0
	Below  []Band  // each with a change of less than 0
}

// Band is a bound and the change beyond it.
type Band struct {
	Bound  float64
	Change Change
}

// Change is by a number of instances, or by a share of them, at least so many. Both are
// above 0 to grow, and below 0 to shrink.
type Change struct {
	Count   int     `json:",omitempty"`
	Share   float64 `json:",omitempty"`
	AtLeast int     `json:",omitempty"` // with Share: 0 or more
}

// of is by how many instances the change is, of n. A share is rounded towards none, and
// is one instance at least.
func (c Change) of(n int) int {
	if c.Share == 0 {
		return c.Count
	}
	part := int(int64(n) * int64(math.Round(math.Abs(c.Share)*float64(one))) / int64(one))
	part = max(part, c.AtLeast, 1)
	if c.Share < 0 {
		return -part
	}
	return part
}

func (s *Step) recommend(in *Inputs, now time.Time) Recommendation {
	r, input := reading(in, s.Signal, 0, now)
	if input == nil {
		return r
	}
	current, serving := in.Size.Count, min(in.Size.Count, in.serving())
	if value, ok := input.at(1, 1); ok {
		if band := s.above(value); band != nil {
			r.Value, r.Measured, r.Of = input.summary(now, true)
			r.Target, r.Verdict, r.Count = band.Bound, Want, max(current, serving+band.Change.of(serving))
			return r
		}
	}
	switch {
	case !input.believable(s.Quorum):
		return r
	case len(s.Below) == 0:
		r.Verdict = Abstain
		return r
	}
	r.Verdict, r.Count = Want, current
	if band := s.below(input.worst(s.edge())); band != nil {
		r.Target, r.Count = band.Bound, max(0, current+band.Change.of(current))
	}
	return r
}

// above is the highest band that the value reaches, and below the lowest.
func (s *Step) above(value float64) (found *Band) {
	for i := range s.Above {
		if band := &s.Above[i]; compared(value, band.Bound) >= 0 && (found == nil || band.Bound > found.Bound) {
			found = band
		}
	}
	return found
}

func (s *Step) below(value float64) (found *Band) {
	for i := range s.Below {
		if band := &s.Below[i]; compared(value, band.Bound) <= 0 && (found == nil || band.Bound < found.Bound) {
			found = band
		}
	}
	return found
}

// edge is the highest bound: a value of an instance that nobody knows may be as high.
func (s *Step) edge() (highest float64) {
	for _, band := range slices.Concat(s.Above, s.Below) {
		highest = max(highest, band.Bound)
	}
	return highest
}

func (s *Step) wantsMore(in *Inputs, n int) bool {
	input := in.signal(s.Signal)
	if input == nil {
		return false
	}
	value, ok := input.at(max(in.Size.Count, input.Of), n)
	return ok && s.above(value) != nil
}
