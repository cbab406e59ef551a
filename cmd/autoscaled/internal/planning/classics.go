package planning

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// usualTarget is the utilisation that classic scalers aim at where the subject has no target.
const usualTarget = 0.7

// targetOf is the utilisation that the subject's first target aims at, if it tells.
func targetOf(subject *Subject, list []plan.SignalModel) float64 {
	for _, p := range subject.Group.Policies {
		if p.Target == nil {
			continue
		}
		for _, model := range list {
			if _, capacity := telling([]plan.SignalModel{model}); model.Name == p.Target.Signal && capacity > 0 && p.Target.Value <= capacity {
				return p.Target.Value / capacity
			}
		}
	}
	return usualTarget
}

// classics are the scalers that people know, at the utilisation that the scenario aims at.
// Loads are those of the scored steps, in instances.
func classics(of *plan.Scenario, target float64, loads []float64) []plan.Scenario {
	metric := classic.Saturating
	if !saturates(of.Signals) {
		metric = classic.Unbounded
	}
	var list []plan.Scenario
	for _, create := range []func() classic.Scaler{
		func() classic.Scaler { return classic.NewHPA(target, metric) },
		func() classic.Scaler { return classic.NewTargetTracking(target) },
		func() classic.Scaler { return classic.NewTargetValue(target) },
		func() classic.Scaler {
			step := classic.NewStep()
			step.Above, step.Below = target, target/2
			return step
		},
		func() classic.Scaler { return &classic.React{Target: target, Metric: metric} },
	} {
		s := classical(of, create)
		s.Min, s.Max = of.Spec.Min, of.Spec.Max
		list = append(list, s)
	}
	for _, static := range []*classic.Static{classic.Peak(loads), classic.Mean(loads)} {
		s := classical(of, func() classic.Scaler { return static })
		s.Cloud.Initial = static.Size
		list = append(list, s)
	}
	return list
}

func classical(of *plan.Scenario, create func() classic.Scaler) plan.Scenario {
	s := *of
	s.Name, s.Spec, s.Classic, s.Recorded = create().Name(), nil, create, nil
	return s
}

// saturates says that no signal tells how much load there is beyond what the instances carry.
func saturates(list []plan.SignalModel) bool {
	for _, model := range list {
		if model.Capacity > 0 && model.Ceiling == 0 {
			return false
		}
	}
	return true
}

// optimumName is the clairvoyant's.
const optimumName = "clairvoyant optimum"

// optimum is what a clairvoyant would have had and paid: never short, never more than is
// needed. Where a model charges by the day, keeping a machine can be cheaper than ordering
// it anew, so of releasing at once, and of keeping for an hour or to the end of the day,
// the cheapest counts.
func optimum(of *plan.Result, prices *billing.Model) *plan.Result {
	need := of.Need[of.From:]
	best := clairvoyant(of, elasticity.Optimum(need, 1), prices)
	if prices == nil {
		return best
	}
	for _, kept := range []elasticity.Plan{elasticity.Optimum(need, int(time.Hour/of.Step)), byDay(of, prices.Zone)} {
		if other := clairvoyant(of, kept, prices); other.Bill.Total < best.Bill.Total {
			best = other
		}
	}
	return best
}

// byDay keeps what the busiest step of each day of the calendar needs for the day.
func byDay(of *plan.Result, zone *time.Location) elasticity.Plan {
	need := of.Need[of.From:]
	kept := elasticity.Plan{Period: 1, Bought: make([]int, len(need)), Paid: make([]int, len(need))}
	date := func(i int) int { return of.Start.Add(time.Duration(of.From+i) * of.Step).In(zone).YearDay() }
	for from := 0; from < len(need); {
		to, most := from, 0
		for ; to < len(need) && date(to) == date(from); to++ {
			most = max(most, need[to])
		}
		for i := from; i < to; i++ {
			kept.Bought[i], kept.Paid[i] = most, most
		}
		from = to
	}
	return kept
}

// clairvoyant is the result of such a plan for the scored steps; before them it has what
// it needs.
func clairvoyant(of *plan.Result, kept elasticity.Plan, prices *billing.Model) *plan.Result {
	r := &plan.Result{
		Name: optimumName, Start: of.Start, Step: of.Step, From: of.From,
		Load: of.Load, Need: of.Need, Serving: of.Need, Desired: of.Need, Censored: of.Censored,
		Paid: append(append([]int(nil), of.Need[:of.From]...), kept.Paid...),
	}
	at := func(step int) time.Time { return of.Start.Add(time.Duration(of.From+step) * of.Step) }
	for _, life := range kept.Lives() {
		r.Contracts = append(r.Contracts, billing.Contract{Ordered: at(life.From), Ended: at(life.Until)})
	}
	r.Metrics = elasticity.Measure(elasticity.Run{
		Step: r.Step, Load: r.Load[r.From:], Need: r.Need[r.From:], Serving: r.Need[r.From:], Paid: r.Paid[r.From:], Desired: r.Need[r.From:], Censored: r.Censored[r.From:],
	})
	if prices != nil {
		r.Bill = prices.Bill(r.Contracts, at(0), at(len(kept.Paid)))
	}
	return r
}
