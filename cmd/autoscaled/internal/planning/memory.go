package planning

import (
	"context"
	"fmt"
	"math"
	"time"
)

// stepsMost bounds the steps that all runs together keep in memory at once, at some sixty
// bytes each, and a dozen more for each forecast: five runs of a year of minutes.
const stepsMost = 3_000_000

// stepsGrown is how many runs a growing load stands for: itself, and what it is made from.
const stepsGrown = 2

// fit refuses what takes too much memory, and lets as many replays run at a time as there is
// room for.
func (m *maker) fit(context.Context) error {
	step, steps := m.study.Load.Step, m.study.Load.Len()
	kept := m.kept()
	needs := steps * (kept + 1)
	if m.Monthly > 0 {
		needs = max(needs, steps*kept+stepsGrown*int(growthAhead/step))
	}
	if needs > stepsMost {
		ahead := ""
		if m.Monthly > 0 {
			ahead = " and a year of growth"
		}
		return fmt.Errorf("%s of %s in %s%s take too much memory: take --step %s, less of the history with --last, or fewer comparisons",
			counted(float64(steps), "step"), Brief(step), counted(float64(kept+1), "run"), ahead, Brief(roundStep(step, float64(needs)/stepsMost)))
	}
	m.Parallel = max(1, min(m.Parallel, stepsMost/steps-kept))
	return nil
}

// kept is how many runs are kept with their steps; the others are gone after their replay.
func (m *maker) kept() int {
	kept := 2 // the first, and the limit
	for i := range m.Subjects[1:] {
		if m.keeps(i + 1) {
			kept++
		}
	}
	if m.Classics && m.Series {
		kept += classicsCount
	}
	if m.Tune {
		kept++ // the proposal
	}
	return kept
}

// roundStep is the next step that people take, so many times as long at least.
func roundStep(step time.Duration, times float64) time.Duration {
	least := time.Duration(math.Ceil(float64(step) * times))
	for _, seconds := range []int{1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600} {
		if round := time.Duration(seconds) * time.Second; round >= least {
			return round
		}
	}
	return least.Truncate(time.Hour) + time.Hour
}
