package forecast

import (
	"slices"
	"time"
)

// retime has the model look so many steps of that length ahead from now on. It keeps season,
// regressions, errors and record. Forecasts under way are left; what they had wanted is wanted
// for as long as the new lead.
func (m *model) retime(step time.Duration, ahead int) {
	before, length := int(m.ahead), m.stepSec
	m.setSteps(step, ahead)
	if before == int(m.ahead) && length == m.stepSec {
		return
	}
	now := int(m.ahead)
	m.made = [farthest]made{}
	for _, sizes := range []*[farthest]uint16{&m.plans, &m.react, &m.record.planned, &m.record.reacted} {
		hold(sizes, before, now)
	}
	for i := range m.trials.plans {
		hold(&m.trials.plans[i], before, now)
		hold(&m.trials.wanted[i], before, now)
	}
	if length != m.stepSec {
		m.recount(length)
	}
}

// recount counts in the present steps what was counted in steps of so many seconds.
func (m *model) recount(length int64) {
	by := float64(length) / float64(m.stepSec)
	m.step = floorDiv(m.step*length, m.stepSec) - 1 // the step under way is yet to come
	m.readings = int64(float64(m.readings) * by)
	m.silent, m.odd = int32(float64(m.silent)*by), int32(float64(m.odd)*by)
	m.trials.known *= by
	m.budget.owed *= by
	m.budget.known *= by
	m.recent.restart()
}

// hold makes all sizes the largest of what were so many before, and are so many now.
func hold(sizes *[farthest]uint16, before, now int) {
	most := slices.Max(sizes[:before])
	for i := range now {
		sizes[i] = most
	}
}

// forgetForecasts leaves what was foreseen: the clock was set back, and steps have other numbers.
func (m *model) forgetForecasts() { m.made = [farthest]made{} }
