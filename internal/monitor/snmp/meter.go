package snmp

import (
	"errors"
	"fmt"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// meter follows one quantity of one agent.
type meter struct {
	quantity *Quantity // shared by all agents that are asked for it
	before   *baseline // nil: the quantity needs none
}

// read takes what the agent said, of which it keeps nothing but copies.
func (m meter) read(after snapshot) reading.Reading {
	if missing, ok := m.missing(after); ok {
		m.forget()
		return missing
	}
	rule := m.quantity.rule
	if m.quantity.table != nil {
		rule = overRows
	}
	var before *baseline
	if m.before != nil && m.before.at != 0 {
		before = m.before
	}
	number, err := rule(m.quantity, before, after)
	if err != nil && errors.Is(err, errUnmoved) && before != nil {
		return before.reading(after.at)
	}
	read := m.judge(number*m.quantity.scale, err, after)
	if m.before != nil {
		m.before.keep(after, read, m.quantity.table != nil)
	}
	return read
}

// forget makes the next reading of counters the first.
func (m meter) forget() {
	if m.before != nil {
		*m.before = baseline{}
	}
}

// missing is the reading when the agent lacks an object that the quantity needs.
func (m meter) missing(after snapshot) (reading.Reading, bool) {
	for i := range after.values {
		value, object := &after.values[i], &m.quantity.objects[0]
		if m.quantity.table == nil {
			object = &m.quantity.objects[i]
		}
		if value.kind == nothing && object.part.needed() {
			return reading.None(value.why, after.at, fmt.Errorf("object %s: %w; allow it in the agent's view, or watch another", object, value.err())), true
		}
	}
	return reading.Reading{}, false
}

// String is the object's name with its OID. One of the user's own has no other name.
func (o object) String() string {
	if o.name == o.oid {
		return o.oid
	}
	return o.name + " (" + o.oid + ")"
}

// rounding is what arithmetic may add to a value.
const rounding = 1e-9

func (m meter) judge(value float64, err error, after snapshot) reading.Reading {
	q := m.quantity
	switch {
	case err != nil && errors.As(err, new(impossible)):
		return reading.None(policy.OutOfRange, after.at, fmt.Errorf("%s: %w", q.objects[0].name, err))
	case err != nil:
		return reading.None(policy.Absent, after.at, err)
	case value < q.floor:
		return reading.None(policy.OutOfRange, after.at, fmt.Errorf("%s: the value %g is below %g, which cannot be", q.objects[0].name, value, q.floor))
	case q.Ceiling > 0 && value > q.Ceiling*(1+rounding):
		return reading.None(policy.OutOfRange, after.at, fmt.Errorf("%s: the value %g is above %g, which cannot be", q.objects[0].name, value, q.Ceiling))
	}
	return reading.Of(value, after.at)
}
