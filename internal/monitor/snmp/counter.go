package snmp

import (
	"errors"
	"fmt"
)

// increase is how far a counter moved between two readings of it.
//
// A counter runs to the end of its width and starts again at 0 (RFC 2578
// §7.1.6, §7.1.10), so the difference is taken modulo that width. A step of more
// than half the width cannot be told from a step backwards, that is, from a
// counter that was reset; it gives an error and no number.
func increase(before, after Value) (float64, error) {
	if before.kind != after.kind {
		return 0, errors.New("the object changed its type since the reading before")
	}
	switch after.kind {
	case counter32:
		step := uint32(after.count()) - uint32(before.count())
		if step > 1<<31 {
			return 0, stepError(before, after, 32)
		}
		return float64(step), nil
	case counter64:
		step := after.count() - before.count()
		if step > 1<<63 {
			return 0, stepError(before, after, 64)
		}
		return float64(step), nil
	default:
		return 0, errors.New("the object is not a counter: leave out kind: counter")
	}
}

func stepError(before, after Value, bits int) error {
	return fmt.Errorf("the %d-bit counter went from %d to %d, which looks like a reset: the next reading counts again", bits, before.count(), after.count())
}
