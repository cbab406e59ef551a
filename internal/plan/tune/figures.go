package tune

import (
	"github.com/autoscaled/autoscaled/internal/plan"
)

func figuresOf(r *plan.Result) Figures {
	return Figures{
		Money: int64(r.Bill.Total), InstanceHours: r.Metrics.InstanceHours, OverloadMinutes: r.Metrics.OverloadMinutes, OverloadShare: r.Metrics.TauU,
		LostHours: r.Metrics.LostHours, Scalings: r.Metrics.Scalings,
	}
}

// cost is what is to be low.
func (f Figures) cost(inMoney bool) float64 {
	if inMoney {
		return float64(f.Money)
	}
	return f.InstanceHours
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
