package snmp

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// hundredth is the unit in which agents tell their uptime.
const hundredth = 10 * time.Millisecond

// snapshot is what an agent said at one moment about the objects of one quantity.
type snapshot struct {
	at      time.Time
	uptime  time.Duration
	values  []Value
	indices []string // of a table: those of the values
}

// rule makes a number of the objects of a quantity. Rules over counters need
// the one before; without one, before is nil.
type rule func(q *Quantity, before *baseline, after snapshot) (float64, error)

var (
	errRestarted = errors.New("the agent restarted since the reading before: the next reading counts again")
	errUnmoved   = errors.New("the agent has not refreshed its counters since the reading before")
	errRows      = errors.New("the table has other rows than at the reading before: the next reading counts again")
	errNoSpeed   = errors.New("the agent does not know the interface's speed: tell snmpd with interface NAME TYPE SPEED, or watch bits instead of a share")
)

// impossible is a value that the quantity cannot have.
type impossible struct{ error }

// newest is the value of the one object itself.
func newest(_ *Quantity, _ *baseline, after snapshot) (float64, error) {
	switch value := after.values[0]; value.kind {
	case gauge:
		return value.number(), nil
	default:
		return 0, errors.New("the object is a counter: set kind: counter for its rate per second")
	}
}

// rate is the increase per second of all objects together, save that an interface's
// speed is no counter but bounds them.
//
// The time is that between the two receptions, on our monotonic clock: it is
// off by one network delay at most, while sysUpTime has steps of 10 ms and is
// only as good as the agent's clock. sysUpTime serves to see restarts.
func rate(q *Quantity, before *baseline, after snapshot) (float64, error) {
	elapsed, err := between(q, before, after)
	if err != nil {
		return 0, err
	}
	var moved float64
	if err := steps(q, before, after, func(_ part, step float64) { moved += step }); err != nil {
		return 0, err
	}
	// What the agent copied just before the first reading can be as old as its
	// refresh, so that an interface had so much more time.
	if speed := speedOf(q, after); speed > 0 && moved*q.scale > speed*(elapsed+q.refresh).Seconds() {
		return 0, impossible{fmt.Errorf("%g bits in %s are more than an interface of %g bit/s can carry: the agent's counters or its ifHighSpeed are wrong", moved*q.scale, elapsed, speed)}
	}
	return moved / elapsed.Seconds(), nil
}

// utilization is the rate's share of the interface's speed, in the quantity's unit.
func utilization(q *Quantity, before *baseline, after snapshot) (float64, error) {
	speed := speedOf(q, after)
	if speed == 0 {
		return 0, errNoSpeed
	}
	perSecond, err := rate(q, before, after)
	// A link in full use can seem to carry a bit more than it can, see rate.
	return min(perSecond/speed, 1/q.scale), err
}

// between is the time over which counters moved.
func between(q *Quantity, before *baseline, after snapshot) (time.Duration, error) {
	if err := continues(before, after); err != nil {
		return 0, err
	}
	elapsed := before.at.Until(after.at)
	if elapsed <= 0 || elapsed < q.refresh {
		return 0, errUnmoved
	}
	return elapsed, nil
}

// steps tells how far each object of the quantity that is a counter moved. An
// extra that the agent lacks is left out.
func steps(q *Quantity, before *baseline, after snapshot, tell func(p part, step float64)) error {
	for i := range q.objects {
		object := &q.objects[i]
		earlier := before.value(i)
		if object.part == linkSpeed || earlier.kind == nothing && after.values[i].kind == nothing {
			continue
		}
		step, err := increase(earlier, after.values[i])
		if err != nil {
			return fmt.Errorf("%s: %w", object.name, err)
		}
		tell(object.part, step)
	}
	return nil
}

// guessedSpeed is what snmpd says in place of a speed that it does not know.
const guessedSpeed = 10

// speedOf is the interface's speed in bits per second; 0 when it is not known.
func speedOf(q *Quantity, after snapshot) float64 {
	i := slices.IndexFunc(q.objects, func(o object) bool { return o.part == linkSpeed })
	if i < 0 || after.values[i].kind != gauge || after.values[i].number() <= guessedSpeed {
		return 0
	}
	return after.values[i].number() * 1e6 // ifHighSpeed counts millions
}

// busy is the working objects' part, 0 to 1, of the increase of all objects. It
// needs no time: the ticks are the time.
func busy(q *Quantity, before *baseline, after snapshot) (float64, error) {
	if err := continues(before, after); err != nil {
		return 0, err
	}
	var worked, total, earlier float64
	err := steps(q, before, after, func(p part, step float64) {
		total += step
		if p.works() {
			worked += step
		}
	})
	if err != nil {
		return 0, err
	}
	for i := range q.objects {
		earlier += float64(before.value(i).count())
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

// notFree is the share of the first object that is not in the others, which the
// rest of the objects are. An extra among them, the last, is all that is free, by
// the kernel's own reckoning.
func notFree(q *Quantity, _ *baseline, after snapshot) (float64, error) {
	total, ok := after.values[0].amount()
	if !ok || total <= 0 {
		return 0, errors.New("the agent has none of it")
	}
	var free float64
	for i, object := range q.objects[1:] {
		amount, ok := after.values[i+1].amount()
		switch {
		case ok && object.part == extraResting:
			free = amount
		case ok:
			free += amount
		case object.part.needed():
			return 0, fmt.Errorf("%s: it is not told as a number", object.name)
		}
	}
	return 1 - free/total, nil
}

// used is the first object's share of the second.
func used(_ *Quantity, _ *baseline, after snapshot) (float64, error) {
	part, ok := after.values[0].amount()
	whole, okWhole := after.values[1].amount()
	switch {
	case !ok || !okWhole:
		return 0, errors.New("its size is not told as numbers")
	case whole <= 0:
		return 0, impossible{fmt.Errorf("its size is %g", whole)}
	}
	return part / whole, nil
}

// overRows applies the quantity's rule to each row of a table, and takes the
// statistic of the results. A table without rows has none.
func overRows(q *Quantity, before *baseline, after snapshot) (float64, error) {
	if len(after.values) == 0 {
		return 0, errors.New("the table has no rows")
	}
	if before != nil && !slices.Equal(before.indices(), after.indices) {
		return 0, errRows
	}
	results := make([]float64, len(after.values))
	for i := range after.values {
		var earlier *baseline
		if before != nil {
			earlier = before.row(i)
		}
		var err error
		results[i], err = q.rule(q, earlier, snapshot{at: after.at, uptime: after.uptime, values: after.values[i : i+1]})
		if err != nil {
			return 0, err
		}
	}
	return q.table(results), nil
}

// statistic makes one number of those of a table's rows, at least one.
type statistic func(rows []float64) float64

var statistics = map[string]statistic{
	"sum": sum,
	"avg": mean,
	"max": func(rows []float64) float64 { return slices.Max(rows) },
}

func sum(rows []float64) (total float64) {
	for _, row := range rows {
		total += row
	}
	return total
}

func mean(rows []float64) float64 { return sum(rows) / float64(len(rows)) }

// continues says why the counters of after cannot be compared with before's, or nil.
func continues(before *baseline, after snapshot) error {
	switch {
	case before == nil:
		return reading.ErrFirst
	case after.uptime < time.Duration(before.uptime)*hundredth:
		return errRestarted
	}
	return nil
}
