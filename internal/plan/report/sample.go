package report

import (
	"math"
	"slices"
)

// A run of a month of minutes is drawn whole. All runs of a page share a bound, so that
// a hundred of them still open in a browser.
const (
	mostDrawn      = 45_000  // steps of one run
	mostDrawnAll   = 400_000 // steps of all runs of a page
	leastMostDrawn = 2_000   // steps of one run among many
)

func mostDrawnOf(runs int) int {
	return max(leastMostDrawn, min(mostDrawn, mostDrawnAll/runs))
}

// instants are the steps of a run that are drawn, at most so many, in their order; nil
// means all. A load that is too long is cut into buckets, and of each the first step and
// those with the least and the most of every line are kept. Each is a step as it really
// was: what is drawn at one instant belonged together.
func instants(run *Run, most int) []int {
	steps := len(run.Load)
	if steps <= most {
		return nil
	}
	lines := run.lines()
	for buckets := most / 2; ; buckets -= (buckets + 3) / 4 {
		if drawn := extremes(steps, max(1, buckets), lines); len(drawn) <= most || buckets <= 1 {
			return drawn
		}
	}
}

// lines are the values of a run whose extremes a reader looks for.
func (r *Run) lines() []func(step int) float64 {
	lines := []func(int) float64{
		func(i int) float64 { return r.Load[i] },
		func(i int) float64 { return float64(r.Serving[i] - r.Need[i]) },
	}
	for _, stairs := range [][]int{r.Need, r.Serving, r.Paid, r.Desired} {
		if stairs != nil {
			lines = append(lines, func(i int) float64 { return float64(stairs[i]) })
		}
	}
	return lines
}

func extremes(steps, buckets int, lines []func(int) float64) []int {
	var all []int
	for b := range buckets {
		from, to := b*steps/buckets, (b+1)*steps/buckets
		if from == to {
			continue
		}
		kept := []int{from}
		for _, line := range lines {
			least, most := extremesOf(line, from, to)
			kept = append(kept, least, most)
		}
		slices.Sort(kept)
		all = append(all, slices.Compact(kept)...)
	}
	if all[len(all)-1] != steps-1 {
		all = append(all, steps-1)
	}
	return all
}

// extremesOf finds the first step with the least and the first with the most of a line,
// where it is known.
func extremesOf(line func(int) float64, from, to int) (least, most int) {
	least, most = from, from
	low, high := math.Inf(1), math.Inf(-1)
	for i := from; i < to; i++ {
		value := line(i)
		if value < low {
			low, least = value, i
		}
		if value > high {
			high, most = value, i
		}
	}
	return least, most
}
