package monitor

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// unit watches whether a quantity with a ceiling keeps within it, and whether a share
// (its ceiling is 1 or 100) keeps its unit.
//
// A percentage that became a ratio never exceeds a hundredth of the ceiling. So after
// a fall to a fiftieth or less in one step, and at the beginning, values that low are
// not believed until a higher one shows which it is. A share that idles below 1 %
// from the first reading on has to wait for that too.
type unit struct {
	last   float64 // the last value above 0
	proven bool    // a value showed the unit, and none fell so far since
}

// jump is the factor from which on two values in a row seem to be of different units:
// the hundred between ratio and percentage, with as much as the load may have doubled.
const jump = 50

// rounding is how far a measured share may be above its ceiling.
const rounding = 1.05

// judge says why the value is not believed, and explains it; or Present and nil.
func (u *unit) judge(value, ceiling float64) (policy.Absence, error) {
	switch isShare := ceiling == 1 || ceiling == 100; {
	case ceiling == 0:
		return policy.Present, nil
	case value > rounding*ceiling && isShare && u.last > 0 && value >= jump*u.last:
		return policy.UnitChanged, fmt.Errorf("it went from %.4g to %.4g, above its ceiling %g: is it a percentage now, and was a ratio? correct the source, or scale and ceiling", u.last, value, ceiling)
	case value > rounding*ceiling:
		return policy.OutOfRange, fmt.Errorf("the value %.4g is above its ceiling %g: correct the source, or ceiling", value, ceiling)
	case !isShare || value <= 0:
		return policy.Present, nil
	}
	before := u.last
	u.last = value
	switch {
	case value > ceiling/100:
		u.proven = true
	case before >= jump*value:
		u.proven = false
	}
	if u.proven || value > ceiling/100 {
		return policy.Present, nil
	}
	return policy.UnitChanged, fmt.Errorf("it shows %.4g, and a ratio in place of a percentage would look like that: correct the source if it is one; else it is believed once it exceeds %g", value, ceiling/100)
}
