// Package snmp reads quantities from SNMP agents by v2c GET (RFC 3416).
//
// A Client asks one agent for a list of objects in one PDU; an Agent keeps what
// a list of quantities needs of the reading before, and turns counters into
// rates and shares. Profiles, a table, says which objects make which quantity.
//
// It promises that an answer is believed only if it came from the asked address
// and port, carries our request ID and community, and names exactly the asked
// objects in the order asked; everything else is ignored until the deadline, or
// is an error. A value that the agent does not have, or whose counter was
// interrupted, is a sample without a value, never a zero. No datagram makes it
// panic, and it waits no longer than timeout × (retries + 1).
//
// The wire format is gosnmp's; the exchange is ours, because gosnmp's accepts
// answers with request ID 0 and with other objects than asked, and keeps 64 KiB
// for each target. Monitor calls this package; it calls reading and policy.
package snmp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

const (
	// maxObjects bounds one request, so that the answer fits into one datagram
	// of an ordinary network and agents do not refuse it as too big.
	maxObjects = 50
	// maxDatagram bounds an answer. A longer one cannot be that to maxObjects numbers.
	maxDatagram = 4096
	// maxCommunity is what gosnmp encodes correctly: a length of one octet.
	maxCommunity = 127
)

// Options says how agents are asked.
type Options struct {
	Port      uint16        // UDP port of the agents
	Community secret.Secret // at most 127 bytes
	Timeout   time.Duration // of one attempt; more than 0
	Retries   int           // further attempts; 0 or more
}

// Client asks agents. It holds no socket between two calls and may be used by
// many goroutines at once.
type Client struct{ options Options }

// NewClient refuses options that could not make a request.
func NewClient(options Options) (*Client, error) {
	switch {
	case options.Port == 0:
		return nil, errors.New("snmp: port is 0: it must be 1 to 65535, usually 161")
	case options.Timeout <= 0:
		return nil, fmt.Errorf("snmp: timeout %s: it must be more than 0", options.Timeout)
	case options.Retries < 0:
		return nil, fmt.Errorf("snmp: retries %d: it must be 0 or more", options.Retries)
	case len(options.Community.Reveal()) > maxCommunity:
		return nil, fmt.Errorf("snmp: the community is longer than %d bytes", maxCommunity)
	}
	return &Client{options}, nil
}

// Bound is the longest that Get takes.
func (c *Client) Bound() time.Duration {
	return c.options.Timeout * time.Duration(c.options.Retries+1)
}

// Get asks the agent at address for the objects, numeric OIDs with a leading
// dot, 1 to 50 of them. Values has one entry for each, in the same order. An
// error means that the agent could not be read at all.
//
// Each call has its own connected socket with a new port: the kernel drops what
// others send to it, and no late answer of an earlier call can reach it.
func (c *Client) Get(ctx context.Context, address netip.Addr, objects []string) (Answer, error) {
	if len(objects) == 0 || len(objects) > maxObjects {
		return Answer{}, fmt.Errorf("snmp: %d objects asked of one agent: 1 to %d fit into a request; watch fewer objects per agent", len(objects), maxObjects)
	}
	endpoint := netip.AddrPortFrom(address, c.options.Port)
	answer, err := c.exchange(ctx, endpoint, objects)
	if err != nil {
		return Answer{}, fmt.Errorf("snmp %s: %w", endpoint, err)
	}
	return answer, nil
}

func (c *Client) exchange(ctx context.Context, endpoint netip.AddrPort, objects []string) (Answer, error) {
	request := request{
		id:        1 + rand.Uint32N(1<<31-1), // 0 stands for "unknown" in some agents' answers
		community: c.options.Community.Reveal(),
		objects:   append([]string{sysUpTime}, objects...),
	}
	datagram, err := request.encode()
	if err != nil {
		return Answer{}, err
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(endpoint))
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = conn.Close() }()
	// Closing is what ends a read when the caller gives up.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()

	buffer := make([]byte, maxDatagram)
	for range c.options.Retries + 1 {
		var answer Answer
		answer, err = c.attempt(conn, datagram, request, buffer)
		err = reason(err)
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, explain(err)
		}
	}
	return Answer{}, fmt.Errorf("no answer in %d × %s: is snmpd running there, is its community ours, does it listen on this address, and does no firewall drop UDP? (%w)",
		c.options.Retries+1, c.options.Timeout, err)
}

// attempt sends the request and waits for its answer. Datagrams that are not
// the answer to this request do not end the wait.
func (c *Client) attempt(conn *net.UDPConn, datagram []byte, request request, buffer []byte) (Answer, error) {
	if err := conn.SetDeadline(time.Now().Add(c.options.Timeout)); err != nil {
		return Answer{}, err
	}
	if _, err := conn.Write(datagram); err != nil {
		return Answer{}, err
	}
	for {
		length, err := conn.Read(buffer)
		if err != nil {
			return Answer{}, err
		}
		received := time.Now()
		packet, err := decode(buffer[:length])
		if err != nil || !request.answeredBy(packet) {
			continue
		}
		return request.answer(packet, received)
	}
}

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

func explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody listens on that port: is snmpd running and its agentAddress this one? (%w)", err)
	}
	return err
}
