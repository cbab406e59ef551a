package monitor

import (
	"errors"
	"fmt"
	"time"
)

// rest watches whether a value moves that must. A counter of a machine in service
// does: probes and polls alone, our own among them, keep it moving. So one that
// stands still for minutes is rather hung or read from a cache than idle. What stood
// still from the first reading on proves nothing either.
type rest struct {
	since instant // when the last value came that differed; as long as none did, the first; 0: none came
	last  float64
	moved bool // one differed
	still bool // the newest did not
}

var errResting = errors.New("it stands still: until it moves the group can grow on it, and not shrink; if it may rest, write frozen_after: 0s")

// see takes the next value, which came at now, and says whether one of a time that
// was doubted has ended with it.
func (r *rest) see(value float64, by *rules, now time.Time) (over bool) {
	_, doubt := r.judge(by, now)
	r.still = value == 0
	if !by.countsUp {
		r.still = r.since == 0 || value == r.last
	}
	if !r.still || r.since == 0 {
		r.since = instantOf(now)
	}
	r.moved = r.moved || !r.still
	r.last = value
	return doubt != nil && !r.still
}

// judge says whether the value has stood still for too long to count at all; the error
// alone says that it may not shrink the group.
func (r *rest) judge(by *rules, now time.Time) (frozen bool, err error) {
	if by.frozenAfter == 0 || !r.still {
		return false, nil
	}
	switch still := instantOf(now).since(r.since); {
	case still > by.frozenAfter:
		return true, fmt.Errorf("it has stood still for more than %s, and must move: is what it counts hung, or read from a cache? if it may rest so long, raise frozen_after (0s: any time)", by.frozenAfter)
	case !r.moved, still > by.restAfter:
		return false, errResting
	}
	return false, nil
}
