package snmp

import (
	"context"
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// Agent reads a list of quantities from the agent of one instance, in as few PDUs
// as hold them, and remembers its counters, and the numbers of its named rows, from
// one reading to the next.
type Agent struct {
	peer   *peer
	meters []*meter
	rows   map[named]string // the index of each row found by its name
}

// NewAgent prepares reading the quantities from the agent at address. Nothing
// is sent yet. Make one for each instance: it is never asked which engine it is
// by another's Agent.
func NewAgent(client *Client, address netip.Addr, quantities []Quantity) *Agent {
	agent := &Agent{peer: client.peer(address), rows: map[named]string{}}
	for _, quantity := range quantities {
		agent.meters = append(agent.meters, &meter{quantity: quantity})
	}
	return agent
}

// Read asks once and returns one reading for each quantity, in their order. It
// is for one caller at a time.
func (a *Agent) Read(ctx context.Context) []reading.Reading {
	call, err := a.peer.dial(ctx)
	if err != nil {
		return reading.Repeat(reading.Failed(time.Now(), err), len(a.meters))
	}
	defer call.close()
	v := &visit{Agent: a, call: call, walked: map[string]walked{}, readings: make([]reading.Reading, len(a.meters))}
	v.read(ctx)
	return v.readings
}
