package snmp

import (
	"errors"
	"fmt"
	"time"

	"github.com/gosnmp/gosnmp"
)

// sysUpTime.0 (RFC 3418): hundredths of a second since the agent started.
const sysUpTime = ".1.3.6.1.2.1.1.3.0"

// request is one GET. objects[0] is sysUpTime, so that the same PDU says
// whether the agent restarted since the last one.
type request struct {
	id        uint32
	community string
	objects   []string
}

// Answer is what an agent said at one moment.
type Answer struct {
	At     time.Time     // when it was received
	Uptime time.Duration // of the agent, in steps of 10 ms; starts again after 497 days
	Values []Value       // one for each object asked
}

func (r request) encode() ([]byte, error) {
	packet := gosnmp.SnmpPacket{
		Version:   gosnmp.Version2c,
		Community: r.community,
		PDUType:   gosnmp.GetRequest,
		RequestID: r.id,
	}
	for _, object := range r.objects {
		packet.Variables = append(packet.Variables, gosnmp.SnmpPDU{Name: object, Type: gosnmp.Null})
	}
	datagram, err := packet.MarshalMsg()
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w; check the configured OIDs", err)
	}
	return datagram, nil
}

// decode parses foreign bytes. A panic of the parser is an error like any other.
func decode(datagram []byte) (packet *gosnmp.SnmpPacket, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			packet, err = nil, fmt.Errorf("decode the answer: %v", cause)
		}
	}()
	return (&gosnmp.GoSNMP{}).SnmpDecodePacket(datagram)
}

// answeredBy says whether packet claims to be the answer to r.
func (r request) answeredBy(packet *gosnmp.SnmpPacket) bool {
	return packet.Version == gosnmp.Version2c && packet.PDUType == gosnmp.GetResponse &&
		packet.RequestID == r.id && packet.Community == r.community
}

// answer checks that packet answers exactly what was asked.
func (r request) answer(packet *gosnmp.SnmpPacket, received time.Time) (Answer, error) {
	if packet.Error != gosnmp.NoError {
		return Answer{}, fmt.Errorf("the agent refused the request: error-status %d (%s); allow these objects in its view, or watch fewer", uint8(packet.Error), packet.Error)
	}
	if len(packet.Variables) != len(r.objects) {
		return Answer{}, fmt.Errorf("the agent answered %d objects, %d were asked: its answer is not used", len(packet.Variables), len(r.objects))
	}
	answer := Answer{At: received, Values: make([]Value, len(r.objects)-1)}
	for i, variable := range packet.Variables {
		if variable.Name != r.objects[i] {
			return Answer{}, fmt.Errorf("the agent answered object %s, asked was %s: its answer is not used", variable.Name, r.objects[i])
		}
		if i > 0 {
			answer.Values[i-1] = valueOf(variable)
		}
	}
	ticks, ok := packet.Variables[0].Value.(uint32)
	if !ok || packet.Variables[0].Type != gosnmp.TimeTicks {
		return Answer{}, errors.New("the agent does not tell sysUpTime.0, so counters could not be trusted: allow .1.3.6.1.2.1.1 in its view")
	}
	answer.Uptime = time.Duration(ticks) * 10 * time.Millisecond
	return answer, nil
}
