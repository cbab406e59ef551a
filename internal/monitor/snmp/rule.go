package snmp

import (
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// snapshot is what one answer said about the objects of one quantity.
type snapshot struct {
	at     time.Time
	uptime time.Duration
	values []Value
}

// rule makes a number of the objects of a quantity. Rules over counters need
// the snapshot before; without one, before is nil.
type rule func(q Quantity, before *snapshot, after snapshot) (float64, error)

var (
	errRestarted = errors.New("the agent restarted since the reading before: the next reading counts again")
	errUnmoved   = errors.New("the agent has not refreshed its counters since the reading before")
)

// newest is the value of the one object itself.
func newest(_ Quantity, _ *snapshot, after snapshot) (float64, error) {
	switch value := after.values[0]; value.kind {
	case gauge:
		return value.number, nil
	default:
		return 0, errors.New("the object is a counter: set counter: true for its rate per second")
	}
}

// rate is the one object's increase per second.
//
// The time is that between the two receptions, on our monotonic clock: it is
// off by one network delay at most, while sysUpTime has steps of 10 ms and is
// only as good as the agent's clock. sysUpTime serves to see restarts.
func rate(q Quantity, before *snapshot, after snapshot) (float64, error) {
	if err := continues(before, after); err != nil {
		return 0, err
	}
	elapsed := after.at.Sub(before.at)
	if elapsed <= 0 || elapsed < q.refresh {
		return 0, errUnmoved
	}
	step, err := increase(before.values[0], after.values[0])
	return step / elapsed.Seconds(), err
}

// busy is the working objects' part, 0 to 1, of the increase of all objects. It
// needs no time: the ticks are the time.
func busy(q Quantity, before *snapshot, after snapshot) (float64, error) {
	if err := continues(before, after); err != nil {
		return 0, err
	}
	var worked, total, earlier float64
	for i, object := range q.objects {
		if before.values[i].kind == nothing && after.values[i].kind == nothing {
			continue // an extra that this agent lacks
		}
		step, err := increase(before.values[i], after.values[i])
		if err != nil {
			return 0, fmt.Errorf("%s: %w", object.name, err)
		}
		earlier += float64(before.values[i].count)
		total += step
		if object.part.works() {
			worked += step
		}
	}
	switch {
	case total == 0:
		return 0, errUnmoved
	case earlier == 0:
		// snmpd answers zeros during its first 5 s; a step from there would be the mean since boot.
		return 0, reading.ErrFirst
	}
	return worked / total, nil
}

// continues says why the counters of after cannot be compared with before's, or nil.
func continues(before *snapshot, after snapshot) error {
	switch {
	case before == nil:
		return reading.ErrFirst
	case after.uptime < before.uptime:
		return errRestarted
	}
	return nil
}
