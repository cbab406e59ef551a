package snmp

import (
	"fmt"
	"math/rand/v2"

	"github.com/gosnmp/gosnmp"
)

// sysUpTime.0 (RFC 3418): hundredths of a second since the agent started.
const sysUpTime = ".1.3.6.1.2.1.1.3.0"

// request is one question. Its first object says how long the agent is up, so
// that the same PDU says whether it restarted since the last one.
type request struct {
	id          uint32 // of the PDU, and in v3 of the message
	pdu         gosnmp.PDUType
	repetitions uint32 // of GETBULK
	objects     []string
}

// newID is a request ID: 0 stands for "unknown" in some agents' answers.
func newID() uint32 { return 1 + rand.Uint32N(1<<31-1) }

// packet is the request without its version and security.
func (r request) packet() *gosnmp.SnmpPacket {
	packet := &gosnmp.SnmpPacket{PDUType: r.pdu, RequestID: r.id, Variables: make([]gosnmp.SnmpPDU, len(r.objects))}
	for i, object := range r.objects {
		packet.Variables[i] = gosnmp.SnmpPDU{Name: object, Type: gosnmp.Null}
	}
	if r.pdu == gosnmp.GetBulkRequest {
		packet.NonRepeaters, packet.MaxRepetitions = 1, r.repetitions
	}
	return packet
}

// envelope makes messages of requests, and takes answers out of messages.
type envelope interface {
	seal(request) ([]byte, error)
	// open may change the datagram. Its error is a *drop.
	open(datagram []byte, r request) (*gosnmp.SnmpPacket, error)
}

// community is the envelope of v1 and v2c.
type community struct {
	version gosnmp.SnmpVersion
	name    string
}

func (c community) seal(r request) ([]byte, error) {
	packet := r.packet()
	packet.Version, packet.Community = c.version, c.name
	return encode(packet)
}

func (c community) open(datagram []byte, r request) (*gosnmp.SnmpPacket, error) {
	packet, err := decode(datagram)
	switch {
	case err != nil:
		return nil, err
	case packet.Version != c.version:
		return nil, dropf(dropVersion, "it is of version %s", packet.Version)
	case packet.Community != c.name:
		return nil, dropf(dropCommunity, "it carries another community")
	case packet.PDUType != gosnmp.GetResponse:
		return nil, dropf(dropType, "it is no answer but a %s", packet.PDUType)
	case packet.RequestID != r.id:
		return nil, dropStrange(packet.RequestID)
	}
	return packet, nil
}

func encode(packet *gosnmp.SnmpPacket) ([]byte, error) {
	datagram, err := packet.MarshalMsg()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w; check the configured OIDs", err)
	}
	return datagram, nil
}

// decode parses foreign bytes that are not secured.
func decode(datagram []byte) (*gosnmp.SnmpPacket, error) {
	return guarded(func() (*gosnmp.SnmpPacket, error) { return new(gosnmp.GoSNMP).SnmpDecodePacket(datagram) })
}

// guarded makes a panic of the parser an error like any other.
func guarded(parse func() (*gosnmp.SnmpPacket, error)) (packet *gosnmp.SnmpPacket, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			packet, err = nil, dropf(dropMalformed, "it cannot be decoded: %v", cause)
		}
	}()
	if packet, err = parse(); err != nil {
		return nil, dropf(dropMalformed, "it cannot be decoded: %v", err)
	}
	return packet, nil
}
