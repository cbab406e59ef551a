package forecast

import (
	"math"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// costBudgets are the budgets whose cost is said, the cheapest first.
var costBudgets = [...]float64{0.05, 0.02, 0.01, 0.005}

const (
	costsAfter = day  // of trials: less says little of what a budget costs
	bandTail   = 0.05 // likelihood of a load below the band, and of one above
)

// look is what the rule's horizons say now.
func (w *watch) look(brief bool) policy.Outlook {
	m := &w.far.model
	p := m.plan()
	o := policy.Outlook{Policy: w.name, Abstains: m.silence(), Within: w.far.lead, Load: rounded(m.seen), Short: rounded(m.budget.kept(m))}
	if w.near != nil {
		o.Back = w.near.lead
	}
	if o.Abstains == "" {
		o.Count = p.Size
		if w.near != nil && w.near.model.silence() == "" {
			o.Soon = w.near.model.plan().Size
		}
	}
	if o.Abstains == policy.SilenceYoung || o.Abstains == policy.SilenceBlind {
		return o
	}
	o.Expected = rounded(p.Expected)
	if !brief {
		m.explain(&o)
	}
	return o
}

// explain adds what an outlook rests on.
func (m *Model) explain(o *policy.Outlook) {
	f := m.newest()
	o.Low = rounded(m.loadAbove(f, 1-bandTail))
	o.High = max(o.Low, rounded(m.loadAbove(f, bandTail)))
	leader := m.ensemble.leader()
	o.By = centreNames[leader]
	o.Error = rounded(math.Expm1(m.ensemble.lastly[leader]))
	o.Costs = m.costs()
}

// loadAbove is the load that the one ahead is above with the given likelihood, as closely as
// any forecaster knows it.
func (m *Model) loadAbove(f *made, likely float64) float64 {
	low, high := 0.0, math.Log1p(max(1, m.peak*capOver))
	for high-low > leastScale {
		middle := (low + high) / 2
		if m.ensemble.tail(f, middle) > likely {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Expm1((low + high) / 2)
}

// costs are what the group would have had over what it needed, had it kept each budget; those
// that no price would have kept are left out.
func (m *Model) costs() (list []policy.Cost) {
	t := &m.trials
	if t.known < float64(m.steps(costsAfter)) {
		return nil
	}
	for _, budget := range costBudgets {
		if ratio, ok := t.costFor(budget); ok {
			list = append(list, policy.Cost{Short: budget, Ratio: math.Round(ratio*20) / 20}) // in twentieths: nobody decides on less
		}
	}
	return list
}

// rounded is v to three or four digits, and no finer than a thousandth: outlooks are kept, and
// what is only noise would not compress.
func rounded(v float64) float64 {
	parts := 1000.0
	for parts > 1 && v*parts >= 10_000 {
		parts /= 10
	}
	return math.Round(v*parts) / parts
}
