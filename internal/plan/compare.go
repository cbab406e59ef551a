package plan

import (
	"context"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// Difference is by how much one result has more of something than another; below 0: less.
type Difference struct {
	Cost            billing.Money
	InstanceHours   float64 // paid
	OverloadMinutes float64
	LostHours       float64 // instance-hours of load that nobody carried
	Scalings        int     // changes of the size
}

// Over is by how much the result has more than another.
func (r *Result) Over(other *Result) Difference {
	return Difference{
		Cost:            r.Bill.Total - other.Bill.Total,
		InstanceHours:   r.Metrics.InstanceHours - other.Metrics.InstanceHours,
		OverloadMinutes: r.Metrics.OverloadMinutes - other.Metrics.OverloadMinutes,
		LostHours:       r.Metrics.LostHours - other.Metrics.LostHours,
		Scalings:        r.Metrics.Scalings - other.Metrics.Scalings,
	}
}

// variants replays a scenario and others that are like it. All are brief, and modelled
// throughout: what a record answered would differ from them by more than what was varied.
func variants(ctx context.Context, s *Scenario, others []Scenario, parallel int, progress func(done, total int)) (*Result, []*Result, error) {
	all := append([]Scenario{*s}, others...)
	for i := range all {
		all[i].Brief, all[i].Recorded = true, nil
	}
	results, err := ReplayAll(ctx, all, parallel, progress)
	if err != nil {
		return nil, nil, err
	}
	return results[0], results[1:], nil
}
