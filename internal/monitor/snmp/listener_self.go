package snmp

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// self is our own engine, of which informs ask the time, and to which they are secured.
type self struct {
	engine                   // without keys
	salt   uint64            // of the last encrypted message
	told   map[string]uint32 // reports, by what they say
}

// bootsBegin is when the count of our boots begins.
var bootsBegin = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// newSelf makes the engine of a socket at the address.
//
// Its ID has to outlive a restart, since senders ask for it once in their own lives, and
// to differ from that of another listener on the machine. Its boots have to grow with
// each start, without a place to count them: they are the seconds since 2020. After the
// machine's clock was set back, senders that were not restarted do not believe us until
// it has caught up.
func newSelf(address net.Addr) self {
	now := time.Now()
	boots := min(max(now.Unix()-bootsBegin.Unix(), 1), math.MaxInt32-1)
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // it never fails
	return self{
		engine: engine{id: selfID(machineID(), address), boots: uint32(boots), at: reading.InstantOf(now)},
		salt:   binary.BigEndian.Uint64(seed[:]),
		told:   map[string]uint32{},
	}
}

// selfID has the form of RFC 3411 §5: no enterprise, since there is none that is ours,
// and 16 bytes as their owner chose them.
func selfID(machine string, address net.Addr) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "autoscaled traps %s %s", machine, address)) // a machine's ID is not for others
	return "\x80\x00\x00\x00\x05" + string(hash[:16])
}

// machineID is what tells this machine from others for good (machine-id(5)), or else
// its name.
func machineID() string {
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(bytes.TrimSpace(id)) > 0 {
		return string(bytes.TrimSpace(id))
	}
	name, _ := os.Hostname()
	return name
}

// known is our engine with the user's keys.
func (s *self) known(u user) (*engine, error) {
	e, err := newEngine(s.id, u)
	if err != nil {
		return nil, err
	}
	e.boots, e.seconds, e.at = s.boots, s.seconds, s.at
	return e, nil
}

// timely says that a message to our engine knows its time (RFC 3414 §3.2.7a).
func (e *engine) timely(h header, now time.Time) bool {
	boots, seconds := e.clock(now)
	return h.boots == boots && h.seconds <= seconds+timeWindow && seconds <= h.seconds+timeWindow
}

// report says, without authentication, who we are and what is wrong with the message. It
// is nil when there is nothing to say, or nobody who asked.
func (s *self) report(h header, what string) []byte {
	if !h.reportable() || what == "" {
		return nil
	}
	nobody := user{name: h.user, auth: gosnmp.NoAuth, privacy: gosnmp.NoPriv}
	return s.tell(h, what, &s.engine, nobody, gosnmp.NoAuthNoPriv)
}

// tellTime says our time, authentic, to one who does not know it.
func (s *self) tellTime(h header, to *sender) []byte {
	if !h.reportable() {
		return nil
	}
	return s.tell(h, notInTimeWindows, to.self, to.user, gosnmp.AuthNoPriv)
}

func (s *self) tell(h header, what string, as *engine, to user, level gosnmp.SnmpV3MsgFlags) []byte {
	s.told[what]++
	report, err := s.seal(&gosnmp.SnmpPacket{
		PDUType: gosnmp.Report, MsgID: h.id, ContextEngineID: s.id,
		Variables: []gosnmp.SnmpPDU{{Name: what, Type: gosnmp.Counter32, Value: s.told[what]}},
	}, as, to, level)
	if err != nil {
		return nil
	}
	return report
}

// answer turns an inform into its answer, which has the same content (RFC 3416 §4.2.7).
func (s *self) answer(inform *gosnmp.SnmpPacket, to *sender) ([]byte, error) {
	if inform.RequestID > math.MaxInt32 {
		return nil, errors.New("its request ID is negative, and could not be repeated in an answer")
	}
	inform.PDUType, inform.Error, inform.ErrorIndex = gosnmp.GetResponse, gosnmp.NoError, 0
	return s.seal(inform, to.self, to.user, to.user.level)
}

// seal secures a message from our engine, with the user's keys, at the level.
func (s *self) seal(packet *gosnmp.SnmpPacket, as *engine, to user, level gosnmp.SnmpV3MsgFlags) (datagram []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil { // it holds what others sent
			datagram, err = nil, fmt.Errorf("it cannot be answered: %v", cause)
		}
	}()
	parameters := as.parameters(to)
	parameters.AuthoritativeEngineBoots, parameters.AuthoritativeEngineTime = as.clock(time.Now())
	if level == gosnmp.AuthPriv {
		s.salt++ // no two messages under one key may have the same (RFC 3826 §3.1.2.1)
		parameters.PrivacyParameters = binary.BigEndian.AppendUint64(nil, s.salt)
	}
	packet.Version, packet.SecurityModel, packet.MsgMaxSize = gosnmp.Version3, gosnmp.UserSecurityModel, maxDatagram
	packet.MsgFlags, packet.SecurityParameters = level, parameters
	return packet.MarshalMsg()
}
