package load

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// grid is the steps over which readings are spread: step i is the time from
// startNS + i·stepNS up to the next one.
type grid struct {
	startNS, stepNS int64
	steps           int
	spacing         time.Duration // of the readings, the median
	bridgeNS        int64         // the longest gap between readings that is crossed
}

// grid finds the steps that hold all readings.
func (r *readings) grid(o Options) (grid, error) {
	step := o.step()
	switch {
	case step < time.Second:
		return grid{}, fmt.Errorf("a step of %s is too short: take a second at least", step)
	case o.Bridge < 0:
		return grid{}, fmt.Errorf("a gap of %s cannot be crossed: take 0 or more", o.Bridge)
	case len(r.at) < 2:
		return grid{}, errors.New("there are fewer than two instants with values: a history needs more")
	}
	first, last := r.at[0], r.at[len(r.at)-1]
	g := grid{startNS: floor(first, int64(step)), stepNS: int64(step), spacing: r.spacing()}
	steps := (last-g.startNS)/g.stepNS + 1
	if steps > valuesMax/int64(len(r.columns)) {
		return grid{}, fmt.Errorf("from %s to %s there are %d steps of %s, too many for %s: take a longer step, or less of the history",
			stamp(first), stamp(last), steps, words.Span(step), counted(len(r.columns), "signal"))
	}
	g.steps = int(steps)
	g.bridgeNS = max(bridged*int64(g.spacing), int64(o.Bridge))
	return g, nil
}

// floor is the last whole step up to an instant, since 1970.
func floor(atNS, stepNS int64) int64 { return atNS - atNS%stepNS }

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339) }

// spacing is the median time between neighbours.
func (r *readings) spacing() time.Duration {
	between := make([]int64, len(r.at)-1)
	for i := range between {
		between[i] = r.at[i+1] - r.at[i]
	}
	slices.Sort(between)
	return time.Duration(between[len(between)/2])
}

// resample gives each step the mean of the values in it. One without any lies on the
// straight line between its neighbours, if these are near enough; else nothing is known of
// it. A step is marked that rests on a marked value; marks are nil where no step is marked.
func (g grid) resample(at []int64, values []float64, marked []bool) (steps []float64, marks []bool) {
	steps, marks = slices.Repeat([]float64{unknown}, g.steps), make([]bool, g.steps)
	var before point // the last value that is known, if seen
	seen, some, n := false, false, 0
	for i, value := range values {
		if math.IsNaN(value) {
			continue
		}
		p := point{at[i], value, marked != nil && marked[i]}
		step := g.stepOf(p.atNS)
		if math.IsNaN(steps[step]) {
			steps[step], n = value, 1
			if seen && p.atNS-before.atNS <= g.bridgeNS {
				g.join(before, p, steps, marks)
			}
		} else {
			n++
			steps[step] += (value - steps[step]) / float64(n) // exact where all are equal
		}
		marks[step] = marks[step] || p.marked
		some = some || p.marked
		before, seen = p, true
	}
	if !some {
		return steps, nil
	}
	return steps, marks
}

// point is a value at an instant.
type point struct {
	atNS   int64
	value  float64
	marked bool
}

func (g grid) stepOf(atNS int64) int { return int((atNS - g.startNS) / g.stepNS) }

// join fills the steps between those of two points.
func (g grid) join(from, to point, steps []float64, marks []bool) {
	for step := g.stepOf(from.atNS) + 1; step < g.stepOf(to.atNS); step++ {
		passed := float64(g.startNS+int64(step)*g.stepNS-from.atNS) / float64(to.atNS-from.atNS)
		steps[step] = from.value + (to.value-from.value)*passed
		marks[step] = from.marked || to.marked
	}
}
