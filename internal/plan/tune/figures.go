package tune

import (
	"cmp"

	"github.com/autoscaled/autoscaled/internal/plan"
)

func figuresOf(r *plan.Result) Figures {
	return Figures{
		Money: int64(r.Bill.Total), InstanceHours: r.Metrics.InstanceHours, OverloadMinutes: r.Metrics.OverloadMinutes, OverloadShare: r.Metrics.TauU,
		LostShare: r.Metrics.LostLoad, Scalings: r.Metrics.Scalings,
	}
}

// cost is what is to be low.
func (f Figures) cost(inMoney bool) float64 {
	if inMoney {
		return float64(f.Money)
	}
	return f.InstanceHours
}

// compareHarm puts what is overloaded for less time first, and then what loses less.
func (f Figures) compareHarm(other Figures) int {
	return cmp.Or(cmp.Compare(f.OverloadMinutes, other.OverloadMinutes), cmp.Compare(f.LostShare, other.LostShare))
}

// noWorse says that it is neither overloaded for longer nor loses more.
func (f Figures) noWorse(than Figures) bool {
	return f.OverloadMinutes <= than.OverloadMinutes && f.LostShare <= than.LostShare
}

// Minutes say nothing of how deep an overload goes: a group that is short of one of a hundred
// instances counts like one that is short of fifty. So the load that is lost has a limit, too.
const (
	lostNothing = 1e-5 // share of the load that counts as none
	lostAsMuch  = 1.05 // how many times as much counts as much
	lostOfMore  = 0.2  // share of the load that may be lost in the time by which a budget goes beyond the present overload
)

// lostMost is the share of the load that may be lost, where there is this much now, and a budget.
func lostMost(present Figures, budget float64) float64 {
	return max(lostNothing, lostAsMuch*present.LostShare) + lostOfMore*max(0, budget-present.OverloadShare)
}

// dayFigures are those of a day held out.
type dayFigures struct{ cost, overloadMinutes float64 }

// byDay are the figures of each day held out.
func (p *parts) byDay(r *plan.Result) []dayFigures {
	days := make([]dayFigures, p.days())
	k := 0
	for i := r.From; i < len(r.Serving); i++ {
		for k < len(days)-1 && !p.whole.Load.Time(i).Before(p.midnight[k+1]) {
			k++
		}
		if r.Serving[i] < r.Need[i] {
			days[k].overloadMinutes += r.Step.Minutes()
		}
		if !p.inMoney {
			days[k].cost += float64(r.Paid[i]) * r.Step.Hours()
		}
	}
	if p.inMoney {
		for i, day := range r.Bill.Days { // the last step may reach into one more
			days[min(i, len(days)-1)].cost += float64(day.Total)
		}
	}
	return days
}
