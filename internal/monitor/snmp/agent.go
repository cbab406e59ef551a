package snmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Agent reads a list of quantities from the agent of one instance, all in one
// PDU, and remembers its counters from one reading to the next.
type Agent struct {
	client  *Client
	address netip.Addr
	objects []string
	meters  []*meter
}

// NewAgent prepares reading the quantities from the agent at address. Nothing
// is sent yet.
func NewAgent(client *Client, address netip.Addr, quantities []Quantity) *Agent {
	agent := &Agent{client: client, address: address}
	for _, quantity := range quantities {
		agent.meters = append(agent.meters, &meter{quantity: quantity})
		for _, object := range quantity.objects {
			agent.objects = append(agent.objects, object.oid)
		}
	}
	return agent
}

// Read asks once and returns one reading for each quantity, in their order. It
// is for one caller at a time.
func (a *Agent) Read(ctx context.Context) []reading.Reading {
	answer, err := a.client.Get(ctx, a.address, a.objects)
	if err != nil {
		return reading.Repeat(reading.Failed(time.Now(), err), len(a.meters))
	}
	readings := make([]reading.Reading, len(a.meters))
	values := answer.Values
	for i, meter := range a.meters {
		own := len(meter.quantity.objects)
		readings[i] = meter.read(snapshot{answer.At, answer.Uptime, values[:own]})
		values = values[own:]
	}
	return readings
}

// meter follows one quantity of one agent.
type meter struct {
	quantity Quantity
	before   *snapshot       // nil: counters have no baseline yet
	last     reading.Reading // set whenever before is
}

func (m *meter) read(after snapshot) reading.Reading {
	if missing, ok := m.missing(after); ok {
		m.before = nil
		return missing
	}
	number, err := m.quantity.rule(m.quantity, m.before, after)
	if errors.Is(err, errUnmoved) {
		return m.last
	}
	m.before = &after
	m.last = m.judge(number*m.quantity.scale, err, after.at)
	return m.last
}

// missing is the reading when the agent lacks an object that the quantity needs.
func (m *meter) missing(after snapshot) (reading.Reading, bool) {
	for i, object := range m.quantity.objects {
		value := after.values[i]
		if value.kind == nothing && object.part.needed() {
			return reading.None(value.why, after.at, fmt.Errorf("object %s (%s): %w; allow it in the agent's view, or watch another", object.name, object.oid, value.err)), true
		}
	}
	return reading.Reading{}, false
}

func (m *meter) judge(value float64, err error, at time.Time) reading.Reading {
	switch {
	case err != nil:
		return reading.None(policy.Absent, at, err)
	case value < m.quantity.floor:
		return reading.None(policy.OutOfRange, at, fmt.Errorf("the value %g is below %g", value, m.quantity.floor))
	}
	return reading.Of(value, at)
}
