package planning

import (
	"fmt"
)

// leftOut is what the model knows nothing of.
var leftOut = []string{
	"Instances are equal, and share the load evenly and at once.",
	"Load that is lost does not come again: nobody retries, and no queue fills.",
	"Load that was never offered because the site was slow is not in the history.",
	"Caches that are cold after a start, sessions, and how a balancer spreads are left out.",
	"What --what-if 'lose …' takes away is replaced at once: the time until health checks notice is left out, so a loss is worse in truth.",
	"The cloud's calls take no time of their own and fail only as said; nothing happens within a step.",
}

// lowConfidence is the share of censored steps from which on it is told first.
const lowConfidence = 0.01

// warnings are what is doubtful in the study.
func (m *maker) warnings() []string {
	var list []string
	for _, w := range m.History.Warnings {
		list = append(list, w.String())
	}
	metrics := &m.study.Runs[0].Metrics
	if metrics.Censored >= lowConfidence {
		list = append(list, fmt.Sprintf("low confidence in %.1f %% of the time: what recorded the load was saturated or silent then, so that it was at least what is shown", percent*metrics.Censored))
	}
	if metrics.Duration < day {
		list = append(list, fmt.Sprintf("%s are less than a day: they say little about what a day costs", Brief(metrics.Duration)))
	}
	if m.Monthly > 0 && m.study.Load.End().Sub(m.study.Load.Start) < 7*day {
		list = append(list, "the history is shorter than a week, so the growth knows no weekends")
	}
	if m.Prices != nil && m.Prices.Example {
		list = append(list, fmt.Sprintf("the prices of %q are examples: write your own into a file, and name it with --billing", m.Prices.Name))
	}
	for _, text := range []string{m.begun(), m.unseen()} {
		if text != "" {
			list = append(list, text)
		}
	}
	provider := m.Subjects[0].Config.Providers[m.Subjects[0].Group.Provider]
	if text := pricedDifferently(m.Prices, provider); text != "" {
		list = append(list, text)
	}
	return list
}

// ofRecord says how far the daemon's own record answered.
func (m *maker) ofRecord() []string {
	l, steps := m.study.Load, m.study.Runs[0].Recorded
	switch {
	case m.History.Decisions == nil || m.Peak > 0:
		return nil
	case !m.alone():
		return []string{"All runs are modelled, so that they can be compared. A plan of one configuration and nothing else follows what the daemon recorded, as far as it decides alike."}
	case steps == 0:
		return []string{"All is modelled: the daemon decided otherwise from the beginning."}
	case steps < l.Len():
		return []string{fmt.Sprintf("Until %s all is as the daemon recorded it. Then this configuration decides otherwise, and what follows is modelled.",
			l.Time(steps).In(m.Zone).Format("2006-01-02 15:04"))}
	}
	return []string{"All is as the daemon recorded it, since this configuration decides as the daemon did."}
}
