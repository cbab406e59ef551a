package planning

import (
	"context"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// The clairvoyant's names: of the least that there is, and of the least that was found.
const (
	optimumName  = "clairvoyant optimum"
	cheapestName = "clairvoyant, cheapest found"
)

// foresight is what the clairvoyant has before all others.
const foresight = "knows the future, and waits for no machine"

// bound adds what is known to be possible without ever being short. Where machines cost by
// the time they are there, that is to have just what is needed, and nobody pays less. By
// other prices it is the cheapest of some ways to keep machines, and of all runs that were
// never short; there may be a cheaper one.
func (m *maker) bound(context.Context) error {
	first := m.study.Runs[0].Result
	s := &seer{of: first, prices: m.Prices, need: first.Need[first.From:]}
	limit := s.cheapest()
	for _, run := range slices.Concat(m.study.Runs, m.study.tunedRuns()) {
		if m.Prices != nil && run.Metrics.OverloadMinutes == 0 && run.Bill.Total < limit.Bill.Total {
			limit.Result, limit.Note = renamed(run.Result, cheapestName), "as "+run.Name+", which is never short"
		}
	}
	m.study.Runs = append(m.study.Runs, limit)
	return nil
}

func renamed(of *plan.Result, name string) *plan.Result {
	r := *of
	r.Name, r.Decisions = name, nil
	return &r
}

// seer knows what the scored steps need, and what machines cost.
type seer struct {
	of     *plan.Result
	prices *billing.Model // nil: instance-hours count
	need   []int
}

func (s *seer) at(step int) time.Time {
	return s.of.Start.Add(time.Duration(s.of.From+step) * s.of.Step)
}

// keeping is for how long a machine is kept that is needed again: it is off from one
// instant to the other.
type keeping struct {
	words string
	keeps func(from, until time.Time) bool
}

// keepings are the ways to keep machines. What is paid by the days of a calendar costs no
// more when it is kept until the next day.
func (s *seer) keepings() []keeping {
	days := func(t time.Time) int64 {
		year, month, date := t.In(s.prices.Zone).Date()
		return time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / int64(day/time.Second)
	}
	months := func(t time.Time) int {
		year, month, _ := t.In(s.prices.Zone).Date()
		return 12*year + int(month)
	}
	return []keeping{
		{"releases at once", func(time.Time, time.Time) bool { return false }},
		{"keeps for an hour", func(from, until time.Time) bool { return until.Sub(from) <= time.Hour }},
		{"keeps for the day", func(from, until time.Time) bool { return days(until)-days(from.Add(-1)) <= 1 }},
		{"keeps for the month", func(from, until time.Time) bool { return months(until)-months(from.Add(-1)) <= 1 }},
		{"keeps for good", func(time.Time, time.Time) bool { return true }},
	}
}

// cheapest is the cheapest way that is known.
func (s *seer) cheapest() Run {
	spells := s.spells()
	best := s.all(spells, func(time.Time, time.Time) bool { return false })
	if s.prices == nil || s.prices.Prorates(s.at(0), s.of.Step) {
		return Run{Result: s.result(optimumName, best), Role: report.Limit, Note: foresight}
	}
	words, least := "", s.cost(best)
	try := func(how string, contracts []billing.Contract) {
		if cost := s.cost(contracts); cost < least || words == "" {
			words, least, best = how, cost, contracts
		}
	}
	keepings := s.keepings()
	for _, k := range keepings {
		try(k.words, s.all(spells, k.keeps))
	}
	for _, length := range []time.Duration{time.Hour, day, shortestMonth} {
		try("keeps for whole times of "+Brief(length), s.periods(length))
	}
	if len(spells) <= mixedMost {
		try("keeps each machine as is cheapest for it", s.mixed(spells, keepings))
	}
	return Run{Result: s.result(cheapestName, best), Role: report.Limit, Note: foresight + "; " + words}
}

// shortestMonth is within a month whenever that begins.
const shortestMonth = 28 * day

// mixedMost bounds of how many machines each is looked at by itself.
const mixedMost = 1000

// spell is a time in which a machine is needed, in steps.
type spell struct{ from, until int }

// spells are when each machine is needed: the second one whenever two are.
func (s *seer) spells() [][]spell {
	spells := make([][]spell, slices.Max(s.need))
	before := 0
	for i, n := range s.need {
		for k := n; k < before; k++ {
			spells[k][len(spells[k])-1].until = i
		}
		for k := before; k < n; k++ {
			spells[k] = append(spells[k], spell{i, len(s.need)})
		}
		before = n
	}
	return spells
}

// contracts are those of one machine, which is off while it is kept and not needed.
func (s *seer) contracts(spells []spell, keeps func(from, until time.Time) bool) []billing.Contract {
	var list []billing.Contract
	for i, spell := range spells {
		begin := s.at(spell.from)
		if i > 0 && keeps(list[len(list)-1].Ended, begin) {
			last := &list[len(list)-1]
			last.Stopped = append(last.Stopped, billing.Span{Begin: last.Ended, End: begin})
		} else {
			list = append(list, billing.Contract{Ordered: begin})
		}
		list[len(list)-1].Ended = s.at(spell.until)
	}
	return list
}

// all keeps all machines alike.
func (s *seer) all(spells [][]spell, keeps func(from, until time.Time) bool) (list []billing.Contract) {
	for _, machine := range spells {
		list = append(list, s.contracts(machine, keeps)...)
	}
	return list
}

// mixed keeps each machine as is cheapest for it.
func (s *seer) mixed(spells [][]spell, keepings []keeping) (list []billing.Contract) {
	for _, machine := range spells {
		best := s.contracts(machine, keepings[0].keeps)
		least := s.cost(best)
		for _, k := range keepings[1:] {
			contracts := s.contracts(machine, k.keeps)
			if cost := s.cost(contracts); cost < least {
				best, least = contracts, cost
			}
		}
		list = append(list, best...)
	}
	return list
}

// periods keeps machines for whole times of a length from their orders on, as few as can be.
func (s *seer) periods(length time.Duration) (list []billing.Contract) {
	kept := elasticity.Optimum(s.need, int(length/s.of.Step))
	for _, life := range kept.Lives() {
		list = append(list, billing.Contract{Ordered: s.at(life.From), Ended: s.at(life.Until)})
	}
	return list
}

func (s *seer) bill(contracts []billing.Contract) billing.Bill {
	return s.prices.Bill(contracts, s.at(0), s.at(len(s.need)))
}

func (s *seer) cost(contracts []billing.Contract) billing.Money { return s.bill(contracts).Total }

// result is what comes of contracts in the scored steps. What is needed serves; before them,
// it is all there is.
func (s *seer) result(name string, contracts []billing.Contract) *plan.Result {
	of := s.of
	r := &plan.Result{
		Name: name, Start: of.Start, Step: of.Step, From: of.From,
		Load: of.Load, Need: of.Need, Serving: of.Need, Desired: of.Need, Censored: of.Censored,
		Paid: slices.Concat(of.Need[:of.From], s.paid(contracts)), Contracts: contracts,
	}
	r.Metrics = elasticity.Measure(elasticity.Run{
		Step: r.Step, Load: r.Load[r.From:], Need: s.need, Serving: s.need, Paid: r.Paid[r.From:], Desired: s.need, Censored: r.Censored[r.From:],
	})
	if s.prices != nil {
		r.Bill = s.bill(contracts)
	}
	return r
}

// paid is how many contracts run, at each scored step.
func (s *seer) paid(contracts []billing.Contract) []int {
	paid := make([]int, len(s.need)+1)
	step := func(t time.Time) int { return min(len(s.need), int(t.Sub(s.at(0))/s.of.Step)) }
	for _, c := range contracts {
		paid[step(c.Ordered)]++
		paid[step(c.Ended)]--
	}
	for i := range s.need {
		paid[i+1] += paid[i]
	}
	return paid[:len(s.need)]
}
