package snmp

import (
	"math"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

// FuzzAnswer feeds datagrams to everything that an answer passes through.
func FuzzAnswer(f *testing.F) {
	asked := request{id: 77, community: "public", objects: []string{sysUpTime, ".1.3.6.1.4.1.1.0"}}
	for _, variable := range []gosnmp.SnmpPDU{
		{Type: gosnmp.Gauge32, Value: uint32(7)},
		{Type: gosnmp.Counter32, Value: uint32(math.MaxUint32)},
		{Type: gosnmp.Counter64, Value: uint64(math.MaxUint64)},
		{Type: gosnmp.Integer, Value: -1},
		{Type: gosnmp.OctetString, Value: "0.05"},
		{Type: gosnmp.NoSuchObject},
	} {
		variable.Name = asked.objects[1]
		f.Add(bytesOf(&gosnmp.SnmpPacket{
			Version: gosnmp.Version2c, Community: asked.community, PDUType: gosnmp.GetResponse, RequestID: asked.id,
			Variables: []gosnmp.SnmpPDU{{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(1)}, variable},
		}))
	}
	f.Add([]byte{0x30, 0x05, 0x02, 0x01, 0x03, 0x30, 0x00}) // version 3, cut short
	f.Fuzz(func(t *testing.T, datagram []byte) {
		packet, err := decode(datagram)
		if err != nil || !asked.answeredBy(packet) {
			return
		}
		answer, err := asked.answer(packet, time.Now())
		if err != nil {
			return
		}
		if len(answer.Values) != 1 || answer.Uptime < 0 {
			t.Fatalf("%d values after %v", len(answer.Values), answer.Uptime)
		}
		value := answer.Values[0]
		if value.kind == nothing && value.err == nil {
			t.Error("neither a value nor an explanation")
		}
		if value.kind == counter32 && value.count > math.MaxUint32 {
			t.Errorf("%d in a 32-bit counter", value.count)
		}
	})
}
