package snmp

import (
	"net/netip"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Trap is a notification that is believed: a trap, or an inform, which was answered.
type Trap struct {
	From    netip.Addr
	OID     string // what it is about: the value of snmpTrapOID.0, with a leading dot
	Version string // v2c or v3
	Inform  bool
	At      time.Time // when it was received
}

// Is says that the notification is of the kind that the numeric OID names, or of one
// below it. A leading dot may be left out.
func (t Trap) Is(oid string) bool {
	oid = "." + strings.TrimPrefix(oid, ".")
	return t.OID == oid || beneath(t.OID, oid)
}

// snmpTrapOID.0 (RFC 3418): which notification it is.
const snmpTrapOID = ".1.3.6.1.6.3.1.1.4.1.0"

// notification takes the trap or the inform out of a message. The first two of its
// objects are sysUpTime.0 and snmpTrapOID.0 (RFC 3416 §4.2.6).
func notification(packet *gosnmp.SnmpPacket, version string, from netip.Addr) (Trap, *drop) {
	if packet.PDUType != gosnmp.SNMPv2Trap && packet.PDUType != gosnmp.InformRequest {
		return Trap{}, dropf(dropType, "it is no notification but a %s", packet.PDUType)
	}
	objects := packet.Variables
	if len(objects) < 2 || objects[0].Name != sysUpTime || objects[1].Name != snmpTrapOID {
		return Trap{}, dropf(dropObjects, "it does not begin with sysUpTime.0 and snmpTrapOID.0")
	}
	oid, ok := objects[1].Value.(string)
	if !ok || objects[1].Type != gosnmp.ObjectIdentifier {
		return Trap{}, dropf(dropObjects, "its snmpTrapOID.0 is no object identifier")
	}
	return Trap{From: from, OID: oid, Version: version, Inform: packet.PDUType == gosnmp.InformRequest, At: time.Now()}, nil
}
