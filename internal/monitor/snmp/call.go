package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"
)

// call is one reading of an agent: a socket, a deadline, and the requests sent.
//
// Each call has its own connected socket with a new port: the kernel drops what
// others send to it, and no late answer of an earlier call can reach it.
type call struct {
	*peer
	conn   *net.UDPConn
	stop   func() bool // see dial
	buffer *[maxDatagram]byte
	until  time.Time
	tries  int      // attempts at each request; at least one
	asked  []uint32 // IDs of the requests sent
	synced bool     // v3: engine or time were learnt anew, which one call does once
}

var buffers = sync.Pool{New: func() any { return new([maxDatagram]byte) }}

// dial opens the socket of one call. Close it.
func (p *peer) dial(ctx context.Context) (*call, error) {
	return p.dialUntil(ctx, time.Now().Add(p.Bound()), p.options.Retries+1)
}

// dialUntil opens that of a call that has until then, and so many attempts at each request.
func (p *peer) dialUntil(ctx context.Context, until time.Time, attempts int) (*call, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.endpoint()))
	if err != nil {
		return nil, p.named(reason(err))
	}
	return &call{
		peer:   p,
		conn:   conn,
		stop:   context.AfterFunc(ctx, func() { _ = conn.Close() }), // what ends a read when the caller gives up
		buffer: buffers.Get().(*[maxDatagram]byte),
		until:  until,
		tries:  attempts,
	}, nil
}

func (c *call) close() {
	c.stop()
	_ = c.conn.Close()
	buffers.Put(c.buffer)
}

// named makes clear which agent an error is about.
func (p *peer) named(err error) error { return fmt.Errorf("snmp %s: %w", p.endpoint(), err) }

// reply is an answer, and when it was received.
type reply struct {
	*gosnmp.SnmpPacket
	at time.Time
}

// ask sends a question and returns its answer, which has the objects that fit
// accepts, or an error-status of the agent's. In v3 it learns the agent's engine
// first, and once more when the agent says that it has changed.
func (c *call) ask(ctx context.Context, pdu gosnmp.PDUType, objects []string, repetitions uint32, fit func(reply) error) (reply, error) {
	if err := c.meet(ctx); err != nil {
		return reply{}, err
	}
	for {
		r := request{id: newID(), pdu: pdu, repetitions: repetitions, objects: objects}
		answer, err := c.exchange(ctx, c.envelope(), r, fit)
		if err != nil {
			c.engine.doubt()
			return reply{}, err
		}
		if answer.PDUType != gosnmp.Report {
			return answer, nil
		}
		if err := c.heed(answer.SnmpPacket); err != nil {
			c.engine.doubt()
			return reply{}, err
		}
	}
}

// exchange sends the request until it is answered, at most as often as
// configured, and not beyond the call's deadline.
func (c *call) exchange(ctx context.Context, envelope envelope, r request, fit func(reply) error) (reply, error) {
	datagram, err := envelope.seal(r)
	if err != nil {
		return reply{}, err
	}
	c.asked = append(c.asked, r.id)
	var last *drop
	for range c.tries {
		var answer reply
		answer, err = c.attempt(envelope, datagram, r, fit, &last)
		err = reason(err)
		if ctx.Err() != nil {
			return reply{}, context.Cause(ctx)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, explained(err)
		}
	}
	return reply{}, c.noAnswer(last, err, c.options.Retries+1)
}

// noAnswer says that nothing came that could be believed, after so many attempts.
func (p *peer) noAnswer(last *drop, err error, attempts int) error {
	tries := fmt.Sprintf("no answer in %d × %s", attempts, p.options.Timeout)
	switch {
	case last != nil:
		return fmt.Errorf("%s that can be believed: the last datagram was dropped because %w (%w)", tries, last, err)
	case p.engine != nil && !p.engine.doubted:
		return fmt.Errorf("%s, although the agent told its engine: are the protocol and the passphrase under privacy, and the context right? snmpd is silent when they are not (%w)", tries, err)
	case p.options.Version == "v3":
		return fmt.Errorf("%s: is snmpd running there, does it listen on this address, and does no firewall drop UDP? (%w)", tries, err)
	default:
		return fmt.Errorf("%s: is snmpd running there, is its community ours, does it listen on this address, and does no firewall drop UDP? (%w)", tries, err)
	}
}

// attempt sends the datagram and waits for its answer. What is not the answer to
// this request is dropped, and does not end the wait.
func (c *call) attempt(envelope envelope, datagram []byte, r request, fit func(reply) error, last **drop) (reply, error) {
	deadline := time.Now().Add(c.options.Timeout)
	if deadline.After(c.until) {
		deadline = c.until
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return reply{}, err
	}
	if _, err := c.conn.Write(datagram); err != nil {
		return reply{}, err
	}
	c.options.traceSent(r, len(datagram))
	for {
		length, err := c.conn.Read(c.buffer[:])
		if err != nil {
			return reply{}, err
		}
		answer, err := c.judge(envelope, c.buffer[:length], r, fit)
		var dropped *drop
		if !errors.As(err, &dropped) {
			c.options.traceAnswer(answer.SnmpPacket, length)
			return answer, err
		}
		*last = dropped
		c.options.Dropped(dropped.reason)
		c.options.traceDrop(dropped, length)
	}
}

// judge says what a datagram is to the request: its answer, or a *drop.
func (c *call) judge(envelope envelope, datagram []byte, r request, fit func(reply) error) (reply, error) {
	if len(datagram) == maxDatagram {
		return reply{}, dropf(dropOversize, "it has %d bytes or more", maxDatagram)
	}
	answer, err := judge(envelope, datagram, r, time.Now(), fit)
	var dropped *drop
	if errors.As(err, &dropped) && dropped.reason == dropID && c.wasAsked(dropped.id) {
		return reply{}, dropf(dropLate, "it answers an earlier request")
	}
	return answer, err
}

// judge says what a datagram is to a request: its answer, or a *drop. It may change the
// datagram.
func judge(envelope envelope, datagram []byte, r request, now time.Time, fit func(reply) error) (answer reply, err error) {
	answer.at = now
	answer.SnmpPacket, err = envelope.open(datagram, r)
	if err != nil || answer.Error != gosnmp.NoError || answer.PDUType == gosnmp.Report {
		return answer, err
	}
	return answer, fit(answer)
}

func (c *call) wasAsked(id uint32) bool { return slices.Contains(c.asked, id) }

// reason is err without the names of its sockets: our port differs every time,
// and the same trouble must read the same.
func reason(err error) error {
	var errno syscall.Errno
	var op *net.OpError
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &op):
		return op.Err
	default:
		return err
	}
}

func explained(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody listens on that port: is snmpd running and its agentAddress this one? (%w)", err)
	}
	return err
}
