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
	shortParts = 1e5  // of the time: in a week that is six seconds
)

// look is what the rule's horizons say now. Within and Back are the leads themselves; the
// loads and counts are of the step in which the model has it that they are over.
func (w *watch) look(brief bool) policy.Outlook {
	m := &w.far.model
	o := policy.Outlook{Policy: w.name, Abstains: m.silence(), Within: w.far.lead, Load: rounded(m.seen)}
	o.Short, o.Repays = math.Round(m.budget.kept(m)*shortParts)/shortParts, m.budget.repays()
	if w.near != nil {
		o.Back = min(w.near.lead, w.far.lead)
	}
	if o.Abstains == "" {
		o.Count = m.size()
		if w.near != nil && w.near.model.silence() == "" {
			o.Soon = w.near.model.size()
		}
	}
	if o.Abstains == policy.SilenceYoung || o.Abstains == policy.SilenceBlind {
		return o
	}
	o.Expected = rounded(m.expected())
	if !brief {
		m.explain(&o)
	}
	return o
}

// explain adds what an outlook rests on.
func (m *model) explain(o *policy.Outlook) {
	f := m.newest()
	o.Low = rounded(m.loadAbove(f, 1-bandTail))
	o.High = max(o.Low, rounded(m.loadAbove(f, bandTail)))
	leader := m.ensemble.leader()
	o.By = centreNames[leader]
	o.Error = rounded(math.Expm1(m.ensemble.lastly[leader]))
	o.Costs = m.costs()
}

// loadAbove is the load that the one ahead is above with the given likelihood, as closely as
// any forecaster knows it. It is sought from the middle outwards, in steps that double, and
// then between the last two.
func (m *model) loadAbove(f *made, likely float64) float64 {
	e, most := &m.ensemble, math.Log1p(max(1, m.peaks.highest()*capOver))
	from, step := e.middle(f), e.spread(f)
	up := e.tail(f, from) > likely
	if !up {
		step = -step
	}
	to := from + step
	for 0 < to && to < most && (e.tail(f, to) > likely) == up {
		step *= 2
		from, to = to, to+step
	}
	low, high := max(0, min(from, to, most)), min(max(from, to), most)
	for high-low > leastScale {
		middle := (low + high) / 2
		if e.tail(f, middle) > likely {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Expm1((low + high) / 2)
}

// costs are what the group would have had over what it needed, had it kept each budget; those
// that no price would have kept are left out.
func (m *model) costs() (list []policy.Cost) {
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
