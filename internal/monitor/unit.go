package monitor

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// jump is the factor from which on two values in a row seem to be of different units:
// the hundred between ratio and percentage, with as much as the load may have doubled.
const jump = 50

// rounding is how far a measured share may be above its ceiling.
const rounding = 1.05

// misfit says why a value is not believed that does not keep within the ceiling or, of a
// share (its ceiling is 1 or 100), not to its unit, and explains it; or Present and nil.
//
// A percentage that became a ratio never exceeds a hundredth of the ceiling. So after
// a fall to a fiftieth or less in one step, and at the beginning, values that low are
// not believed until a higher one shows which it is. A share that idles below 1 %
// from the first reading on has to wait for that too.
func (w window) misfit(value float64) (policy.Absence, error) {
	switch isShare := w.ceiling == 1 || w.ceiling == 100; {
	case w.ceiling == 0:
		return policy.Present, nil
	case value > rounding*w.ceiling && isShare && w.positive > 0 && value >= jump*w.positive:
		return policy.UnitChanged, fmt.Errorf("it went from %.4g to %.4g, above its ceiling %g: is it a percentage now, and was a ratio? correct the source, or scale and ceiling", w.positive, value, w.ceiling)
	case value > rounding*w.ceiling:
		return policy.OutOfRange, fmt.Errorf("the value %.4g is above its ceiling %g: correct the source, or ceiling", value, w.ceiling)
	case !isShare || value <= 0:
		return policy.Present, nil
	}
	before := w.positive
	w.positive = value
	switch {
	case value > w.ceiling/100:
		w.proven = true
	case before >= jump*value:
		w.proven = false
	}
	if w.proven || value > w.ceiling/100 {
		return policy.Present, nil
	}
	return policy.UnitChanged, fmt.Errorf("it shows %.4g, and a ratio in place of a percentage would look like that: correct the source if it is one; else it is believed once it exceeds %g", value, w.ceiling/100)
}

// forgetUnit leaves it to the values that come to show their unit.
func (w window) forgetUnit() { w.positive, w.proven = 0, false }
