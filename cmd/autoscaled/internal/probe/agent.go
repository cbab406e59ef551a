package probe

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Datagram is one that was sent to an agent, or came from it.
type Datagram struct {
	Direction string   `json:"direction"`         // sent, answered or dropped
	AfterMs   float64  `json:"after_ms"`          // since the last that was sent; of that itself 0
	Bytes     int      `json:"bytes"`             //
	PDU       string   `json:"pdu,omitempty"`     // of what was sent or believed
	Objects   []Object `json:"objects,omitempty"` // of what was sent or believed
	Status    string   `json:"status,omitempty"`  // the agent's error-status; empty: none
	Reason    string   `json:"reason,omitempty"`  // for which it was dropped, one of snmp.DropReasons
	Why       string   `json:"why,omitempty"`     // the same in words
}

// Object is an object of an agent.
type Object struct {
	OID   string `json:"oid"`
	Name  string `json:"name,omitempty"` // as in docs/snmp.md; empty: no profile uses it
	Type  string `json:"type,omitempty"` // in answers
	Value string `json:"value,omitempty"`
}

// agent asks one SNMP agent for quantities.
type agent struct {
	of     []config.SNMP
	limits []float64
	agent  *snmp.Agent
}

// NewAgent is the source of quantities that are all asked of the agent at address in
// the same way, that of the first.
func NewAgent(address netip.Addr, of []config.SNMP, tell func(Step)) (Source, error) {
	client, err := newClient(of[0], tell)
	if err != nil {
		return nil, err
	}
	a := &agent{of: of}
	quantities := make([]snmp.Quantity, len(of))
	for i, c := range of {
		if quantities[i], err = snmp.NewQuantity(c); err != nil {
			return nil, err
		}
		a.limits = append(a.limits, quantities[i].Ceiling)
	}
	a.agent = snmp.NewAgent(client, address, quantities)
	return a, nil
}

func newClient(c config.SNMP, tell func(Step)) (*snmp.Client, error) {
	return snmp.NewClient(snmp.Options{
		Port: c.Port, Timeout: c.Timeout, Retries: c.Retries, Version: c.Version, Community: c.Community,
		User: c.User, Auth: c.Auth, Privacy: c.Privacy, Context: c.Context, Trace: tracer(tell),
	})
}

// tracer tells of the datagrams of one agent.
func tracer(tell func(Step)) func(snmp.Traced) {
	var sent time.Time
	return func(traced snmp.Traced) {
		d := &Datagram{Direction: "answered", Bytes: traced.Bytes, PDU: traced.PDU, Status: traced.Status, Reason: traced.Reason, Why: traced.Why}
		switch {
		case traced.Sent:
			d.Direction, sent = "sent", time.Now()
		case traced.Reason != "":
			d.Direction, d.AfterMs = "dropped", sinceMs(sent)
		default:
			d.AfterMs = sinceMs(sent)
		}
		for _, o := range traced.Objects {
			d.Objects = append(d.Objects, Object(o))
		}
		tell(Step{Datagram: d})
	}
}

func (a *agent) Ask(ctx context.Context) []Reading {
	readings := make([]Reading, len(a.of))
	for i, r := range a.agent.Read(ctx) {
		readings[i] = readingOf(quantityName(a.of[i]), a.limits[i], r)
		readings[i].Unit = unitOf(a.of[i])
	}
	return readings
}

func (*agent) Close() {}

// quantityName is what the configuration calls the quantity.
func quantityName(c config.SNMP) string {
	if c.Profile == "" {
		return c.OID
	}
	return c.Profile
}

// unitOf is the quantity's unit as far as it is known and no share; see docs/snmp.md.
func unitOf(c config.SNMP) string {
	switch {
	case c.Counter:
		return perSecond
	case c.Profile == "network_in", c.Profile == "network_out":
		return "bits per second"
	case c.Profile == "network_errors", strings.HasSuffix(c.Profile, "_packets"):
		return "packets per second"
	case c.Profile == "tcp_connections":
		return "connections"
	case strings.HasPrefix(c.Profile, "load"):
		return "processes"
	}
	return ""
}

// walk lists all objects beneath an OID. Its reading is their number.
type walk struct {
	address netip.Addr
	client  *snmp.Client
	root    string // with a leading dot
}

// NewWalk is the source of everything beneath the OID, asked as c says.
func NewWalk(address netip.Addr, c config.SNMP, tell func(Step)) (Source, error) {
	client, err := newClient(c, tell)
	return &walk{address, client, "." + c.OID}, err
}

func (w *walk) Ask(ctx context.Context) []Reading {
	rows, err := snmp.Walk(ctx, w.client, w.address, w.root)
	r := reading.Of(float64(rows), time.Now())
	switch {
	case err != nil:
		r = reading.Failed(time.Now(), err)
	case rows == 0:
		r = reading.None(policy.Absent, time.Now(), fmt.Errorf("the agent has nothing beneath %s, or its view does not allow it", w.root))
	}
	return []Reading{readingOf("objects beneath "+w.root, 0, r)}
}

func (*walk) Close() {}
