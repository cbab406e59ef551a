package elasticity

import "time"

// Run is what a group had to carry and what it had, step by step. Its slices are of one
// length, save that those which may be nil may be nil.
type Run struct {
	Step     time.Duration
	Load     []float64 // in instances' worth, finite and ≥ 0: 2.5 keeps two and a half instances busy
	Need     []int     // instances that carry it; less than 1 counts as 1
	Serving  []int     // instances that carried it
	Paid     []int     // instances that cost money, from their order to their release; nil: those serving
	Desired  []int     // the decided size, whose changes are the scalings; nil: that of those serving
	Censored []bool    // what is known of the step is only that the load was no less; nil: none
}

// need is what the step needed. A group is never without an instance, and a need of none
// would make every size infinitely too large.
func (r *Run) need(i int) int { return max(r.Need[i], 1) }

func (r *Run) paid(i int) int {
	if r.Paid == nil {
		return r.Serving[i]
	}
	return r.Paid[i]
}

func (r *Run) desired(i int) int {
	if r.Desired == nil {
		return r.Serving[i]
	}
	return r.Desired[i]
}
