package classic

import "fmt"

// React gives each instance as much of the load as the target says, at each step anew: T. C.
// Chieu et al., "Dynamic Scaling of Web Applications in a Virtualized Cloud Computing
// Environment", ICEBE 2009, as later comparisons of scalers reduce it. (The paper itself adds
// an instance when all are above a threshold of sessions, and removes one that has none.)
type React struct {
	Target float64 // load that an instance is to have, in instances' worth, > 0
	Metric Metric
}

// NewReact looks at the load as it is, however much it is.
func NewReact(target float64) *React { return &React{Target: target, Metric: Unbounded} }

// Name says the target.
func (r *React) Name() string { return fmt.Sprintf("React %g%%", percent(r.Target)) }

// Decide divides the load by the target.
func (r *React) Decide(seen Seen) int {
	if seen.blind(r.Metric) {
		return seen.bounded(seen.Desired)
	}
	return seen.bounded(max(1, instances(seen.total(r.Metric)/r.Target)))
}
