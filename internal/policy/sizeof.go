package policy

import "time"

// SizeOf wants as many instances as a signal of the group says: something else has decided.
type SizeOf struct{ Signal string }

func (s *SizeOf) recommend(in *Inputs, now time.Time) Recommendation {
	r, input := reading(in, s.Signal, 1, now)
	if input == nil {
		return r
	}
	value, ok := input.at(1, 1)
	count := shareOf(value, 1).count()
	if ok && (count > in.Size.Count || input.believable(1)) {
		r.Verdict, r.Count = Want, count
	}
	return r
}
