package policy

import (
	"math"
	"time"
)

// SizeOf wants as many instances as a signal of the group says: something else has decided.
type SizeOf struct{ Signal string }

// sizeMax is above any group, and below any overflow.
const sizeMax = 1_000_000

func (s *SizeOf) recommend(in *Inputs, now time.Time) Recommendation {
	r, input := reading(in, s.Signal, 1, now)
	if input == nil {
		return r
	}
	value, ok := input.at(1, 1)
	if !ok {
		return r
	}
	count := int(math.Ceil(min(max(0, value), sizeMax)))
	if count <= in.Size.Count && !input.Present {
		return r
	}
	r.Verdict, r.Count = Want, count
	return r
}
