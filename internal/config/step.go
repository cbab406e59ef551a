package config

import (
	"math"
	"slices"
)

// Step changes the group by so much for each band that a signal is in.
type Step struct {
	Signal string
	Above  []Band // each begins with its bound, up to the next higher one; they grow the group
	Below  []Band // each ends with its bound, down to the next lower one; they shrink it
}

// Band is a bound and the change beyond it.
type Band struct {
	Bound  float64 // shares such as 60% are 0.6
	Change Change
}

func readStep(s *section, signals []Signal) *Step {
	defer s.close()
	s.require("steps")
	signal := signalOf(s, signals)
	step := &Step{Signal: signal.Name}
	for _, item := range s.some("steps", s.items("steps"), "there is no step: add one") {
		readBand(item, step, signal)
	}
	return step
}

// readBand adds a band to the step.
func readBand(s *section, step *Step, signal Signal) {
	defer s.close()
	s.know("add", "remove", "at_least")
	side := s.choice("bound", "above", "below")
	if side == "" {
		return
	}
	band := Band{Bound: read(s, side, math.NaN(), number)}
	beyond, against := &step.Above, step.Below
	if side == "above" {
		s.about.bind(Rule{If: with("above"), Any: []string{"add"}, None: []string{"remove"}})
		s.insist("add", "remove", "above a bound the group grows: write add; turn a signal that falls under load round with a formula")
		band.Change = readChange(s, "add")
	} else {
		beyond, against = &step.Below, step.Above
		s.about.bind(Rule{If: with("below"), Any: []string{"remove"}, None: []string{"add"}})
		s.insist("remove", "add", "below a bound the group shrinks: write remove; turn a signal that falls under load round with a formula")
		band.Change = readChange(s, "remove")
	}
	switch {
	case slices.ContainsFunc(*beyond, func(other Band) bool { return other.Bound == band.Bound }):
		s.fault(side, "another step has the same bound: keep one")
	case slices.ContainsFunc(against, func(other Band) bool { return swings(side, band.Bound, other.Bound) }):
		s.fault(side, "a step above it and one below it meet here, so that the group would swing: leave room between them")
	}
	s.checkBound(side, band.Bound, signal, true)
	*beyond = append(*beyond, band)
}

// swings says whether a signal can be beyond the bound of the given side, and beyond a
// bound of the other side as well.
func swings(side string, bound, other float64) bool {
	return side == "above" && bound <= other || side == "below" && bound >= other
}
