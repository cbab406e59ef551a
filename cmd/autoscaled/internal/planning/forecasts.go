package planning

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// forecastsOf are the policies of the subjects that forecast, those of the first subject
// first.
func forecastsOf(subjects []Subject) (list []config.Policy) {
	for i := range subjects {
		for _, p := range subjects[i].Group.Policies {
			if p.Forecast != nil {
				list = append(list, p)
			}
		}
	}
	return list
}

// capacities are what one instance carries: what is said, and else what the first forecast
// of a signal has an instance show at most. That is what its budget is about.
func (m *maker) capacities() Capacities {
	all := maps.Clone(m.Capacities)
	if all == nil {
		all = Capacities{}
	}
	for _, p := range forecastsOf(m.Subjects) {
		signal := p.Forecast.Signal
		if _, known := all[signal]; known {
			continue
		}
		all[signal] = p.Forecast.Value
		m.study.Assumptions = append(m.study.Assumptions, fmt.Sprintf("What an instance carries of %s is the most that %s has it show; --capacity %s=VALUE says otherwise.", signal, p.Name, signal))
	}
	return all
}

// assumedLeads are how long instances take to serve where nothing is said and known, as the
// first forecast has it; 0 without one.
func assumedLeads(subjects []Subject) (serve, back time.Duration) {
	for _, p := range forecastsOf(subjects) {
		return p.Forecast.TimeToServe, p.Forecast.TimeToReturn
	}
	return 0, 0
}

// What a forecast is to have seen before it is scored.
const (
	seenLeast = 8 * day            // of a history that has two weeks: every day of a week, and one of them twice
	seenLong  = 14*day - time.Hour // such a history; a table of two weeks may end a step before
	seenShare = 3                  // of a shorter one a third
)

// unseen says that forecasts are scored from before they could know the load. Where the
// daemon's record answers, its own forecasts had seen more.
func (m *maker) unseen() string {
	forecasts, l := forecastsOf(m.Subjects), m.study.Load
	length := l.End().Sub(l.Start)
	scored := time.Duration(max(m.study.From, m.study.Runs[0].Recorded)) * l.Step
	least := seenLeast
	if length < seenLong {
		least = length / seenShare
	}
	switch {
	case len(forecasts) == 0 || scored >= length:
		return ""
	case scored < least:
		return fmt.Sprintf("%s begins without a past: it abstains at first, and then has yet to see a week, so that what is scored says little of it; add --score-after %s",
			forecasts[0].Name, Brief(roundUp(least)))
	case length < seenLong:
		return fmt.Sprintf("%s learns from this history alone, and it has less than two weeks: a longer one shows more of what it can do", forecasts[0].Name)
	}
	return ""
}

// roundUp is a span as people write it, no shorter.
func roundUp(span time.Duration) time.Duration {
	unit := time.Minute
	if span > 2*time.Hour {
		unit = time.Hour
	}
	return (span + unit - 1).Truncate(unit)
}

// ForecastWords say how the forecasts of a run kept what they promise, and what budgets cost,
// line by line.
func (r *Run) ForecastWords() (lines []string) {
	for i := range r.Forecasts {
		f := &r.Forecasts[i]
		text := fmt.Sprintf("%s: short for %s of the time, with a budget of %s", f.Policy, shareText(f.Short), shareText(f.Budget))
		if f.Budget == 0 {
			text = fmt.Sprintf("%s: short for %s of the time, with plans of which %s are to suffice", f.Policy, shareText(f.Short), shareText(f.Quantile))
		}
		if f.Abstained > 0 {
			text += fmt.Sprintf("; it abstained for %s", shareText(f.Abstained))
		}
		lines = append(lines, text)
		if len(f.Costs) > 0 {
			lines = append(lines, fmt.Sprintf("%s: on this load %s", f.Policy, policy.CostsText(f.Costs, shareText)))
		}
	}
	return lines
}

func shareText(share float64) string {
	return strconv.FormatFloat(percent*share, 'g', 3, 64) + " %"
}

// Expected is the first forecast of a run whose expectations are known; nil without one.
func (r *Run) Expected() *plan.Forecast {
	i := slices.IndexFunc(r.Forecasts, func(f plan.Forecast) bool { return f.Expected != nil })
	if i < 0 {
		return nil
	}
	return &r.Forecasts[i]
}
