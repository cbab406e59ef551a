package classic

import (
	"fmt"
	"time"
)

// Step adds or removes a fixed number of instances when the mean utilisation is beyond a
// threshold, and then does nothing for a while, whichever direction it went: the simple
// scaling policy of every cloud.
//
// The cooldown counts from the decision. (AWS counts it from the end of the last launch.)
type Step struct {
	Above, Below float64 // utilisation beyond which to add, to remove
	Change       int     // instances at a time, > 0
	Cooldown     time.Duration
	OutPoints    int // readings in a row above before adding; less than 1 counts as 1
	InPoints     int // readings in a row below before removing; less than 1 counts as 1

	above, below int // readings so far
	acted        time.Time
}

// NewStep moves by one, at 70% and 35%, every ten minutes at most, upon a single reading.
func NewStep() *Step {
	return &Step{Above: 0.7, Below: 0.35, Change: 1, Cooldown: 10 * time.Minute, OutPoints: 1, InPoints: 1}
}

// Name says change, thresholds and cooldown.
func (s *Step) Name() string {
	return fmt.Sprintf("±%d at %g%%/%g%%, cooldown %gm", s.Change, percent(s.Above), percent(s.Below), s.Cooldown.Minutes())
}

// Decide takes a reading, and acts if it may.
func (s *Step) Decide(seen Seen) int {
	read := !seen.blind(Saturating)
	s.above = countIf(s.above, read && seen.Utilisation > s.Above+slack)
	s.below = countIf(s.below, read && seen.Utilisation < s.Below-slack)
	if !s.acted.IsZero() && seen.Now.Sub(s.acted) < s.Cooldown {
		return seen.bounded(seen.Desired)
	}
	size := seen.Desired
	switch {
	case s.above >= max(s.OutPoints, 1):
		size += s.Change
	case s.below >= max(s.InPoints, 1):
		size = max(size-s.Change, 1)
	}
	if size = seen.bounded(size); size != seen.Desired {
		s.acted = seen.Now
	}
	return size
}
