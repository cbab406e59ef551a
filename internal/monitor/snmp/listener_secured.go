package snmp

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/gosnmp/gosnmp"
)

// maxEngines bounds those whose clock is remembered.
const maxEngines = 4096

// engineKey tells engines apart. Clones may share an ID, and have clocks of their own.
type engineKey struct {
	from   netip.Addr
	sender *sender
	id     string
}

// addUser makes a sender of v3, with its keys for our engine.
func (l *Listener) addUser(s *sender) (err error) {
	if s.user, err = newUser(Options{User: s.User, Auth: s.Auth, Privacy: s.Privacy}); err != nil {
		return err
	}
	id, err := hex.DecodeString(s.EngineID)
	if err != nil || len(id) != 0 && (len(id) < minEngineID || len(id) > maxEngineID) {
		return fmt.Errorf("snmp: engine ID %q: write %d to %d bytes in hex", s.EngineID, minEngineID, maxEngineID)
	}
	s.engineID = string(id)
	s.self, err = l.self.known(s.user)
	return err
}

// receiveSecured receives a message of v3. Of an inform we are the authoritative
// engine, of a trap its sender is (RFC 3412 §6.3).
func (l *Listener) receiveSecured(possible []*sender, datagram []byte, from netip.AddrPort) ([]byte, *drop) {
	h, dropped := readHeader(datagram)
	switch {
	case dropped != nil:
		return nil, dropped
	case h.model != uint32(gosnmp.UserSecurityModel):
		return nil, dropf(dropLevel, "its security model is %d", h.model)
	case len(h.user) > maxUser:
		return nil, dropf(dropMalformed, "its user has %d bytes", len(h.user))
	case h.engineID == l.self.id:
		return l.receiveInform(possible, h, datagram, from)
	case h.engineID == "" && h.reportable():
		return l.self.report(h, unknownEngineIDs), nil // it asks who we are
	}
	if dropped = l.receiveTrap(possible, h, datagram, from.Addr()); dropped != nil && h.reportable() {
		return l.self.report(h, unknownEngineIDs), dropped // an inform to who we were before, perhaps
	}
	return nil, dropped
}

func (h header) level() gosnmp.SnmpV3MsgFlags {
	return gosnmp.SnmpV3MsgFlags(h.flags) & gosnmp.AuthPriv
}

func (h header) reportable() bool { return gosnmp.SnmpV3MsgFlags(h.flags)&gosnmp.Reportable != 0 }

// senderOf is the first sender of the message's user. Of a trap, which its sender is
// the authoritative engine of, it is one who may have that engine too.
func senderOf(possible []*sender, h header, trap bool) (*sender, *drop) {
	dropped := dropf(dropAuthentication, "its user is not one who may send from its address")
	for _, s := range possible {
		switch {
		case s.user.name != h.user:
		case trap && s.engineID != "" && s.engineID != h.engineID:
			dropped = dropf(dropEngine, "its user sends from another engine")
		default:
			return s, nil
		}
	}
	return nil, dropped
}

// open decodes a message that is secured as the sender's have to be, with the keys for
// the engine. What is not authentic costs two hashes, whatever engine it names.
func (s *sender) open(e *engine, h header, datagram []byte) (*gosnmp.SnmpPacket, *drop) {
	level := s.user.level
	if h.level() != level || h.encrypted != (level == gosnmp.AuthPriv) {
		return nil, dropf(dropLevel, "it is secured otherwise than its sender's messages have to be")
	}
	fault := dropMalformed
	if level != gosnmp.NoAuthNoPriv && !e.signed(datagram, h, s.user) {
		return nil, dropf(dropAuthentication, "it is not authentic")
	}
	if level == gosnmp.AuthPriv {
		fault = dropDecryption
		if e.privacy == nil {
			if err := e.makePrivacy(s.user); err != nil {
				return nil, dropf(fault, "%v", err)
			}
		}
	}
	packet, err := e.decode(datagram, s.user, level)
	if err != nil {
		return nil, dropf(fault, "%v", err)
	}
	return packet, nil
}

// receiveTrap receives a trap from an engine that is known, or that an authentic message
// makes known.
func (l *Listener) receiveTrap(possible []*sender, h header, datagram []byte, from netip.Addr) *drop {
	if len(h.engineID) < minEngineID || len(h.engineID) > maxEngineID {
		return dropf(dropEngine, "it names an engine of %d bytes, which cannot be", len(h.engineID))
	}
	s, dropped := senderOf(possible, h, true)
	if dropped != nil {
		return dropped
	}
	key := engineKey{from, s, h.engineID}
	e, dropped := l.engineOf(key)
	if dropped != nil {
		return dropped
	}
	packet, dropped := s.open(e, h, datagram)
	if dropped != nil {
		return dropped
	}
	trap, dropped := notification(packet, "v3", from)
	switch {
	case dropped != nil:
		return dropped
	case trap.Inform:
		return dropf(dropEngine, "it is an inform to another engine")
	}
	if s.user.level != gosnmp.NoAuthNoPriv {
		if h.boots == math.MaxInt32 || e.hear(h.boots, h.seconds, trap.At) != nil {
			return dropf(dropTimeWindow, "it is older than what its engine sent before")
		}
		l.engines.put(key, e)
	}
	l.options.Handle(trap)
	return nil
}

// engineOf is what is known of a trap's engine, at least its key.
func (l *Listener) engineOf(key engineKey) (*engine, *drop) {
	if e, known := l.engines.get(key); known {
		return e, nil
	}
	e := &engine{id: key.id}
	if err := e.makeAuth(key.sender.user); err != nil {
		return nil, dropf(dropEngine, "%v", err)
	}
	return e, nil
}

// receiveInform receives a message to our own engine, and says what is wrong with it
// (RFC 3414 §3.2).
func (l *Listener) receiveInform(possible []*sender, h header, datagram []byte, from netip.AddrPort) ([]byte, *drop) {
	s, dropped := senderOf(possible, h, false)
	if dropped != nil {
		return l.self.report(h, unknownUserNames), dropped
	}
	packet, dropped := s.open(s.self, h, datagram)
	if dropped != nil {
		return l.self.report(h, faults[dropped.reason]), dropped
	}
	if s.user.level != gosnmp.NoAuthNoPriv && !s.self.timely(h, time.Now()) {
		return l.self.tellTime(h, s), dropf(dropTimeWindow, "it does not know our time")
	}
	trap, dropped := notification(packet, "v3", from.Addr())
	switch {
	case dropped != nil:
		return nil, dropped
	case !trap.Inform:
		return nil, dropf(dropType, "it is a trap of our own engine")
	}
	answer, err := l.self.answer(packet, s)
	if err != nil {
		return nil, dropf(dropMalformed, "%v", err)
	}
	l.handle(trap, informKey{from, packet.RequestID})
	return answer, nil
}

// faults are what is reported of a message that cannot be opened, by the reason for
// which it is dropped.
var faults = map[string]string{
	dropLevel: unsupportedSecLevels, dropAuthentication: wrongDigests, dropDecryption: decryptionErrors,
}
