package load

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The bounds of what is read.
const (
	valuesMax = 5_000_000 // of all signals together; in minutes, one signal of nine years
	valueMax  = 1e18      // far above any load, and sums of it stay exact enough
	countMax  = 100_000   // instances; more than any group has
)

// saturatedFrom is the share of its ceiling from which on an instance may carry more than
// it shows.
const saturatedFrom = 0.95

// servingName is what the number of instances that served is called.
const servingName = "serving"

// bridged is how many of its own steps a history may miss and be joined all the same.
const bridged = 3

var unknown = math.NaN()

// readings are what a source holds, in the order of time.
type readings struct {
	at      []int64 // Unix nanoseconds, rising
	columns []column
	serving []float64 // instances at each instant, NaN: not known; nil: never
}

// column is one quantity at each instant of readings.
type column struct {
	Quantity
	values   []float64 // NaN: nothing is known
	censored []bool    // nil: as the ceiling tells
}

// refuse says what is wrong with a value of the quantity.
func (q *Quantity) refuse(value float64) error {
	switch {
	case value < 0:
		return errors.New("is negative: a load is 0 or more")
	case value > valueMax:
		return errors.New("is larger than any load")
	case q.Ceiling == 1 && value > 1 && value <= percent:
		return errors.New("is above its ceiling, 1: if it is in percent, divide by 100")
	case q.Ceiling > 0 && value > q.Ceiling*(1+1e-9):
		return fmt.Errorf("is above its ceiling, %g: write it in the signal's unit, or raise the signal's ceiling", q.Ceiling)
	}
	return nil
}

// load spreads the readings over steps.
func (r *readings) load(origin string, o Options) (*Load, []Warning, error) {
	g, err := r.grid(o)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", origin, err)
	}
	l := &Load{Origin: origin, Start: time.Unix(0, g.startNS).UTC(), Step: time.Duration(g.stepNS)}
	var warnings []Warning
	known := false
	for i := range r.columns {
		c := &r.columns[i]
		warnings = append(warnings, c.suspect()...)
		warnings = append(warnings, r.outages(c)...)
		signal := Signal{Name: c.Name}
		values := r.totals(c)
		signal.Totals, signal.Censored = g.resample(r.at, values, r.saturated(c))
		highest, peak := signal.Peak()
		known = known || peak >= 0
		warnings = append(warnings, g.flattened(c.Name, values, highest)...)
		l.Signals = append(l.Signals, signal)
	}
	if !known {
		return nil, nil, fmt.Errorf("read %s: no instant has a value of any signal: is it the right history?", origin)
	}
	if r.serving != nil {
		counts, _ := g.resample(r.at, r.serving, nil)
		l.Serving = whole(counts)
	}
	return l, append(warnings, l.tell(g.spacing)...), nil
}

// totals are the column's values over the whole group.
func (r *readings) totals(c *column) []float64 {
	if !c.PerInstance {
		return c.values
	}
	totals := make([]float64, len(c.values))
	for i, value := range c.values {
		if totals[i] = value * r.serving[i]; r.contradicts(i, value) {
			totals[i] = unknown
		}
	}
	return totals
}

// contradicts says that a mean over instances has a value where none served: what the
// load was in that outage, nobody knows.
func (r *readings) contradicts(i int, mean float64) bool { return r.serving[i] == 0 && mean > 0 }

// saturated says at which instants the instances may have carried more than they showed;
// nil: never.
func (r *readings) saturated(c *column) []bool {
	totals := c.Each > 0 && r.serving != nil
	if c.censored != nil || c.Ceiling == 0 && !totals {
		return c.censored
	}
	saturated := make([]bool, len(c.values))
	for i, value := range c.values {
		saturated[i] = c.Ceiling > 0 && value >= saturatedFrom*c.Ceiling ||
			totals && r.serving[i] > 0 && value >= saturatedFrom*c.Each*r.serving[i]
	}
	return saturated
}

// whole are counts of instances: where nothing is known, as many as before, and at first
// as many as soon after.
func whole(counts []float64) []int {
	first := slices.IndexFunc(counts, func(n float64) bool { return !math.IsNaN(n) })
	if first < 0 {
		return nil
	}
	last := counts[first]
	list := make([]int, len(counts))
	for i, n := range counts {
		if !math.IsNaN(n) {
			last = n
		}
		list[i] = int(math.Round(last))
	}
	return list
}

// throughout is the same number of instances at n instants.
func throughout(serving, n int) []float64 { return slices.Repeat([]float64{float64(serving)}, n) }

// checkServing refuses a number of instances that no group has.
func checkServing(serving float64) error {
	if serving < 0 || serving > countMax {
		return fmt.Errorf("is no number of instances: write 0 to %d", countMax)
	}
	return nil
}

// means are the first quantity that needs to know how many instances served; or nil.
func means(quantities []Quantity) *Quantity {
	for i := range quantities {
		if quantities[i].PerInstance {
			return &quantities[i]
		}
	}
	return nil
}
