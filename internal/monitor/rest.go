package monitor

import (
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

var errResting = errors.New("it stands still: until it moves the group can grow on it, and not shrink; if it may rest, write frozen_after: 0s")

// see takes the next value, which came at now, and says whether one of a time that
// was doubted has ended with it.
//
// It watches whether a value moves that must. A counter of a machine in service
// does: probes and polls alone, our own among them, keep it moving. So one that
// stands still for minutes is rather hung or read from a cache than idle. What stood
// still from the first reading on proves nothing either.
func (w window) see(value float64, now time.Time) (over bool) {
	_, doubt := w.rested(now)
	w.still = value == 0
	if !w.countsUp {
		w.still = w.since == 0 || value == w.before
	}
	if !w.still || w.since == 0 {
		w.since = reading.InstantOf(now)
	}
	w.moved = w.moved || !w.still
	w.before = value
	return doubt != nil && !w.still
}

// rested says whether the value has stood still for too long to count at all; the error
// alone says that it may not shrink the group.
func (w window) rested(now time.Time) (frozen bool, err error) {
	if w.frozenAfter == 0 || !w.still {
		return false, nil
	}
	switch still := w.since.Until(now); {
	case still > w.frozenAfter:
		return true, fmt.Errorf("it has stood still for more than %s, and must move: is what it counts hung, or read from a cache? if it may rest so long, raise frozen_after (0s: any time)", w.frozenAfter)
	case !w.moved, still > w.restAfter:
		return false, errResting
	}
	return false, nil
}
