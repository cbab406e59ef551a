package snmp

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// secured is the envelope of v3 once the peer's engine is known.
type secured struct{ *peer }

func (s secured) seal(r request) ([]byte, error) {
	packet := r.packet()
	parameters := s.engine.parameters(*s.user)
	parameters.AuthoritativeEngineBoots, parameters.AuthoritativeEngineTime = s.engine.clock(time.Now())
	if s.user.level == gosnmp.AuthPriv {
		// No two messages under one key may have the same (RFC 3826 §3.1.2.1).
		parameters.PrivacyParameters = binary.BigEndian.AppendUint64(nil, s.salt.Add(1))
	}
	packet.MsgFlags, packet.SecurityParameters = s.user.level|gosnmp.Reportable, parameters
	packet.ContextEngineID, packet.ContextName = s.engine.id, s.options.Context
	return encode3(packet)
}

// encode3 encodes what all v3 messages have in common. The message has the same
// ID as its PDU.
func encode3(packet *gosnmp.SnmpPacket) ([]byte, error) {
	packet.Version, packet.SecurityModel = gosnmp.Version3, gosnmp.UserSecurityModel
	packet.MsgID, packet.MsgMaxSize = packet.RequestID, maxDatagram
	return encode(packet)
}

// open believes an answer that is secured as the request was, and a report that is
// authentic, or that cannot be.
func (s secured) open(datagram []byte, r request) (*gosnmp.SnmpPacket, error) {
	h, dropped := readHeader(datagram)
	if dropped == nil {
		dropped = s.vet(h, r)
	}
	if dropped != nil {
		return nil, dropped
	}
	level := gosnmp.SnmpV3MsgFlags(h.flags) & gosnmp.AuthPriv
	packet, err := s.decode(datagram, level)
	switch {
	case err != nil:
		return nil, err
	case packet.PDUType == gosnmp.Report:
		return s.report(packet, h, level)
	case packet.PDUType != gosnmp.GetResponse:
		return nil, dropf(dropType, "it is no answer but a %s", packet.PDUType)
	case level != s.user.level:
		return nil, dropf(dropLevel, "it is less secured than the request")
	case h.engineID != s.engine.id:
		return nil, dropf(dropEngine, "another engine sent it")
	case h.user != s.user.name:
		return nil, dropf(dropAuthentication, "it is for another user")
	case packet.ContextEngineID != s.engine.id || packet.ContextName != s.options.Context:
		return nil, dropf(dropContext, "it is of another context")
	case packet.RequestID != r.id:
		return nil, dropStrange(packet.RequestID)
	}
	return packet, s.timely(h, level)
}

// vet looks at a message before its protected part is.
func (s secured) vet(h header, r request) *drop {
	level := gosnmp.SnmpV3MsgFlags(h.flags) & gosnmp.AuthPriv
	switch {
	case h.id != r.id:
		return dropStrange(h.id)
	case h.model != uint32(gosnmp.UserSecurityModel):
		return dropf(dropLevel, "its security model is %d", h.model)
	case level > s.user.level || level == gosnmp.AuthPriv&^gosnmp.AuthNoPriv:
		return dropf(dropLevel, "it is secured otherwise than the request")
	case h.encrypted != (level == gosnmp.AuthPriv):
		return dropf(dropLevel, "it is not encrypted as it says")
	case level != gosnmp.NoAuthNoPriv && h.engineID != s.engine.id:
		return dropf(dropEngine, "another engine sent it")
	}
	return nil
}

// decode decodes a message, which must be authentic if its level says so.
func (s secured) decode(datagram []byte, level gosnmp.SnmpV3MsgFlags) (*gosnmp.SnmpPacket, error) {
	return s.engine.decode(datagram, *s.user, level)
}

func (e *engine) decode(datagram []byte, u user, level gosnmp.SnmpV3MsgFlags) (*gosnmp.SnmpPacket, error) {
	if level == gosnmp.NoAuthNoPriv {
		return decode(datagram)
	}
	// It is called after traps, but decodes every kind of PDU, and alone verifies.
	verifier := gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: level,
		SecurityParameters: e.parameters(u),
	}
	packet, err := guarded(func() (*gosnmp.SnmpPacket, error) { return verifier.UnmarshalTrap(datagram, false) })
	if err != nil {
		return nil, dropf(dropAuthentication, "it is not authentic: %v", err)
	}
	return packet, nil
}

// report believes a report of our request. Only an authentic one can tell the
// time to a user who authenticates.
func (s secured) report(packet *gosnmp.SnmpPacket, h header, level gosnmp.SnmpV3MsgFlags) (*gosnmp.SnmpPacket, error) {
	if level == gosnmp.NoAuthNoPriv && s.user.level != gosnmp.NoAuthNoPriv && reported(packet) == notInTimeWindows {
		return nil, dropf(dropLevel, "it tells the agent's time and is not authentic")
	}
	return packet, s.timely(h, level)
}

func (s secured) timely(h header, level gosnmp.SnmpV3MsgFlags) error {
	if level == gosnmp.NoAuthNoPriv {
		return nil
	}
	if err := s.engine.hear(h.boots, h.seconds, time.Now()); err != nil {
		return dropf(dropTimeWindow, "%v", err)
	}
	return nil
}

// discovery is the envelope of the first request to an engine that is not known:
// it has no user, and a report is its answer (RFC 3414 §4).
type discovery struct{}

func (discovery) seal(r request) ([]byte, error) {
	packet := r.packet()
	packet.MsgFlags, packet.SecurityParameters = gosnmp.Reportable, &gosnmp.UsmSecurityParameters{}
	return encode3(packet)
}

func (discovery) open(datagram []byte, r request) (*gosnmp.SnmpPacket, error) {
	h, dropped := readHeader(datagram)
	switch {
	case dropped != nil:
		return nil, dropped
	case h.id != r.id:
		return nil, dropStrange(h.id)
	case h.model != uint32(gosnmp.UserSecurityModel), gosnmp.SnmpV3MsgFlags(h.flags)&gosnmp.AuthPriv != gosnmp.NoAuthNoPriv:
		return nil, dropf(dropLevel, "it is secured otherwise than the request")
	case len(h.engineID) < minEngineID || len(h.engineID) > maxEngineID:
		return nil, dropf(dropEngine, "it names an engine of %d bytes, which cannot be", len(h.engineID))
	}
	packet, err := decode(datagram)
	if err == nil && packet.PDUType != gosnmp.Report {
		return nil, dropf(dropType, "it is no report but a %s", packet.PDUType)
	}
	return packet, err
}

// meet learns the agent's engine if it is not known, or in doubt.
func (c *call) meet(ctx context.Context) error {
	if c.options.Version != "v3" || c.engine != nil && !c.engine.doubted {
		return nil
	}
	answer, err := c.exchange(ctx, discovery{}, request{id: newID(), pdu: gosnmp.GetRequest}, nil)
	if err != nil {
		return fmt.Errorf("ask for its engine: %w", err)
	}
	return c.learn(answer.SnmpPacket)
}

// learn takes over the engine that sent the report. What it says of its time is
// a guess until an authentic message confirms it.
func (p *peer) learn(report *gosnmp.SnmpPacket) error {
	said, ok := report.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok || len(said.AuthoritativeEngineID) < minEngineID || len(said.AuthoritativeEngineID) > maxEngineID {
		return fmt.Errorf("the agent reports an engine ID that cannot be: look at engineID in its configuration")
	}
	if p.engine == nil || p.engine.id != said.AuthoritativeEngineID {
		engine, err := newEngine(said.AuthoritativeEngineID, *p.user)
		if err != nil {
			return err
		}
		p.engine = engine
	}
	p.engine.boots, p.engine.seconds, p.engine.at = said.AuthoritativeEngineBoots, said.AuthoritativeEngineTime, reading.InstantOf(time.Now())
	p.engine.authentic, p.engine.doubted = false, false
	return nil
}
