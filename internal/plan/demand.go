package plan

import (
	"math"
)

// billion is one instance's work in a step, in billionths: loads are compared and added up
// in integers, as policy's targets are.
const billion = 1_000_000_000

// worthMost is far above any group, and far below overflow.
const worthMost = 1_000_000 * billion

// demand is what the group has to carry at each step.
type demand struct {
	load     []float64 // in instances that are full, to the billionth
	need     []int     // instances, at least 1
	censored []bool    // the load was at least this, or is not known and taken for the one before
}

// demanded is the scenario's load in instances: of several signals that tell it, the one
// that keeps the most of them busy.
func demanded(s *Scenario) demand {
	n := s.steps()
	d := demand{make([]float64, n), make([]int, n), make([]bool, n)}
	for i := range d.load {
		d.load[i] = math.NaN()
	}
	for _, model := range s.Signals {
		capacity := model.capacity()
		if capacity == 0 {
			continue
		}
		signal := s.Load.Signals[s.loadSignal(model)]
		for i, total := range signal.Totals {
			if worth := total / capacity; !math.IsNaN(worth) && !(worth <= d.load[i]) { // also where nothing is known yet
				d.load[i] = worth
			}
			d.censored[i] = d.censored[i] || signal.Censored != nil && signal.Censored[i]
		}
	}
	last := d.first()
	for i, worth := range d.load {
		if math.IsNaN(worth) {
			worth, d.censored[i] = last, true
		}
		last = worth
		billionths := billionthsOf(worth)
		d.load[i], d.need[i] = float64(billionths)/billion, max(1, int((billionths+billion-1)/billion))
	}
	return d
}

// first is the first load that is known; 0 without one.
func (d *demand) first() float64 {
	for _, worth := range d.load {
		if !math.IsNaN(worth) {
			return worth
		}
	}
	return 0
}

// billionthsOf rounds a load once.
func billionthsOf(worth float64) int64 {
	return int64(min(max(0, math.Round(worth*billion)), worthMost))
}
