package load

import (
	"fmt"
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Warning is what a person should know about a history that could be read.
type Warning struct {
	Signal string // what it is about; empty: the history as a whole
	Text   string
}

// String is the warning in a line.
func (w Warning) String() string {
	if w.Signal == "" {
		return w.Text
	}
	return w.Signal + ": " + w.Text
}

// percent is the ceiling of a quantity in percent.
const percent = 100

// suspect says what looks wrong in the values of a column, as they were read.
func (c *column) suspect() []Warning {
	known, largest := 0, 0.0
	for _, value := range c.values {
		if !math.IsNaN(value) {
			known++
			largest = max(largest, value)
		}
	}
	switch {
	case known > 0 && largest == 0:
		return []Warning{{c.Name, fmt.Sprintf("all %d values are 0: is it the right quantity?", known)}}
	case known > 0 && c.Ceiling == percent && largest <= 1:
		return []Warning{{c.Name, fmt.Sprintf("the largest value is %g, of a quantity in percent: if these are shares of 1, multiply them by 100", largest)}}
	}
	return nil
}

// outages tells of values that no instance can have shown.
func (r *readings) outages(c *column) []Warning {
	count, first := 0, 0
	for i, value := range c.values {
		if c.PerInstance && r.contradicts(i, value) {
			if count == 0 {
				first = i
			}
			count++
		}
	}
	if count == 0 {
		return nil
	}
	return []Warning{{c.Name, fmt.Sprintf("it has a value at %s at which nobody served, first at %s: nothing is known of the load then", counted(count, "instant"), stamp(r.at[first]))}}
}

// flattened says by how much the highest value of a signal falls where several are averaged
// over a step. Over a minute, which is usual, a fall that is small goes without saying.
func (g grid) flattened(signal string, values []float64, highest float64) []Warning {
	step := time.Duration(g.stepNS)
	if step < 2*g.spacing {
		return nil
	}
	before := 0.0
	for _, value := range values {
		if value > before { // and not NaN
			before = value
		}
	}
	if before == 0 || step <= time.Minute && highest > (1-usualFall)*before {
		return nil
	}
	by := "less than 1 %"
	if fall := 1 - highest/before; fall >= 0.01 {
		by = fmt.Sprintf("%.0f %%", percent*fall)
	}
	return []Warning{{signal, fmt.Sprintf("the values are %s apart, and averaged over steps of %s: what happens within one does not show, and the highest value falls by %s; shorter steps show more",
		words.Span(g.spacing.Round(time.Second)), words.Span(step), by)}}
}

// usualFall is the share by which the highest value may fall in a minute.
const usualFall = 0.05

// tell says what is missing in a load that was read of a history with such a spacing.
func (l *Load) tell(spacing time.Duration) (warnings []Warning) {
	if spacing >= 2*l.Step {
		warnings = append(warnings, Warning{Text: fmt.Sprintf("the values are %s apart, and the steps %s: a peak between two values does not show", words.Span(spacing), words.Span(l.Step))})
	}
	for i := range l.Signals {
		signal := &l.Signals[i]
		if gaps := signal.Gaps(); gaps.Count > 0 {
			begin := l.Time(gaps.LongestBegin)
			warnings = append(warnings, Warning{signal.Name, fmt.Sprintf("nothing is known of %d of %d steps, in %s; the longest gap is from %s to %s (%s)",
				gaps.Steps, l.Len(), counted(gaps.Count, "gap"), begin.Format(time.RFC3339), begin.Add(time.Duration(gaps.Longest)*l.Step).Format(time.RFC3339),
				words.Span(time.Duration(gaps.Longest)*l.Step))})
		}
	}
	return warnings
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
