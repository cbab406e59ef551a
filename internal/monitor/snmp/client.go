// Package snmp reads quantities from SNMP agents: v1 (RFC 1157), v2c (RFC 3416)
// and v3 with the user-based security model (RFC 3414, 3826, 7860).
//
// An Agent keeps what a list of quantities needs of the reading before, and turns
// objects, counters and tables into values, rates and shares. Profiles, a table,
// says which objects make which quantity. One reading is one call, which has one
// socket, one deadline and as few exchanges as it takes; or, in the steady state,
// one of many requests that a Poller has in flight over a socket for all.
//
// It promises, of both, that an answer is believed only if it came from the asked
// address and port, carries our request ID and community (in v3: comes from the
// engine that we know, from our user, at the asked level of security, authentic
// and timely), and names exactly the asked objects in the order asked. Everything
// else is dropped, and counted by its reason, while the true answer is waited for.
// A value that the agent does not have, or whose counter was interrupted, is a
// sample without a value, never a zero; of a table that was not read to its end
// nothing is used. No datagram makes it panic, and a reading takes no longer than
// timeout × (retries + 1), whatever the agent does.
//
// What is known of an agent, its engine's keys and time among it, belongs to the
// Agent that was made for one instance. Nothing is looked up by engine ID, which
// cloned machines may share.
//
// The wire format and v3's keys are gosnmp's, and what is odd is for gosnmp to
// judge: the Poller reads plain answers alone. The exchange is ours, because
// gosnmp's accepts answers with request ID 0 and with other objects than asked,
// and takes v3 time from messages that are not authentic. Monitor calls this
// package; it calls config, reading and policy.
package snmp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const (
	// maxObjects bounds one request, so that the answer fits into one datagram
	// of an ordinary network and agents do not refuse it as too big.
	maxObjects = 50
	// maxDatagram bounds an answer in bytes, and is what v3 tells the agent.
	maxDatagram = 16 << 10
	// maxCommunity is what gosnmp encodes correctly: a length of one octet.
	maxCommunity = 127
	// maxUser and maxContext are RFC 3414's and RFC 3415's bounds in bytes.
	maxUser, maxContext = 32, 32
	// minPassphrase is RFC 3414's bound in bytes (§11.2); agents refuse shorter ones.
	minPassphrase = 8
)

// Options says how agents are asked.
type Options struct {
	Port    uint16        // UDP port of the agents
	Version string        // v1, v2c or v3; empty is v2c
	Timeout time.Duration // of one attempt; more than 0
	Retries int           // further attempts; 0 or more

	Community secret.Secret // v1 and v2c: at most 127 bytes

	// v3: the user, 1 to 32 bytes; with Auth messages are authenticated, with
	// Privacy, which needs Auth, also encrypted. A passphrase has 8 bytes or more.
	User    string
	Auth    config.SNMPKey // md5, sha, sha224, sha256, sha384, sha512
	Privacy config.SNMPKey // des, aes, aes192, aes256, aes192c, aes256c
	Context string         // at most 32 bytes; usually empty

	// Dropped, when set, is told the reason, one of DropReasons, of every datagram
	// that was not believed. It is called by several goroutines at once.
	Dropped func(reason string)

	// Trace, when set, is told of every datagram, for people. It is called by as many
	// goroutines as read agents.
	Trace func(Traced)
}

// Client asks agents. It may be used by many goroutines at once.
type Client struct {
	options Options
	user    *user          // of v3
	salt    *atomic.Uint64 // of the last encrypted message of v3
}

// NewClient refuses options that could not make a request.
func NewClient(options Options) (*Client, error) {
	switch {
	case options.Port == 0:
		return nil, errors.New("snmp: port is 0: it must be 1 to 65535, usually 161")
	case options.Timeout <= 0:
		return nil, fmt.Errorf("snmp: timeout %s: it must be more than 0", options.Timeout)
	case options.Retries < 0:
		return nil, fmt.Errorf("snmp: retries %d: it must be 0 or more", options.Retries)
	case !slices.Contains([]string{"", "v1", "v2c", "v3"}, options.Version):
		return nil, fmt.Errorf("snmp: version %q is unknown: use v1, v2c or v3", options.Version)
	}
	if options.Dropped == nil {
		options.Dropped = func(string) {}
	}
	c := &Client{options: options}
	if options.Version != "v3" {
		if len(options.Community.Reveal()) > maxCommunity {
			return nil, fmt.Errorf("snmp: the community is longer than %d bytes", maxCommunity)
		}
		return c, nil
	}
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // it never fails
	c.salt = new(atomic.Uint64)
	c.salt.Store(binary.BigEndian.Uint64(seed[:]))
	user, err := newUser(options)
	c.user = &user
	return c, err
}

// Bound is the longest that reading one agent takes.
func (c *Client) Bound() time.Duration {
	return c.options.Timeout * time.Duration(c.options.Retries+1)
}

// peer is one agent, and what is remembered of it from one call to the next. It
// is for one caller at a time.
type peer struct {
	*Client
	address netip.Addr
	engine  *engine // of v3; nil while it is not known
	fits    uint8   // objects in one request that the agent's answers have room for
	known   bool    // it has answered an Agent
}

func (c *Client) peer(address netip.Addr) *peer {
	p := c.peerAt(address)
	return &p
}

func (c *Client) peerAt(address netip.Addr) peer {
	return peer{Client: c, address: address.Unmap(), fits: maxObjects}
}

func (p *peer) endpoint() netip.AddrPort { return netip.AddrPortFrom(p.address, p.options.Port) }

// envelope is that of requests and answers.
func (p *peer) envelope() envelope {
	name := p.options.Community.Reveal()
	switch p.options.Version {
	case "v1":
		return community{gosnmp.Version1, name}
	case "v3":
		return secured{p}
	default:
		return community{gosnmp.Version2c, name}
	}
}
