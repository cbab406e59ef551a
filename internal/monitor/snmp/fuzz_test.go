package snmp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// believed opens a datagram, and wants everything that is not believed to be a drop.
func believed(t *testing.T, e envelope, datagram []byte, r request) (*gosnmp.SnmpPacket, bool) {
	packet, err := e.open(slices.Clone(datagram), r)
	if err == nil {
		return packet, true
	}
	var dropped *drop
	if !errors.As(err, &dropped) || !slices.Contains(DropReasons, dropped.reason) {
		t.Fatalf("not believed for a reason that is not listed: %v", err)
	}
	return nil, false
}

func checkValue(t *testing.T, value Value) {
	switch {
	case value.kind == nothing && value.err() == nil:
		t.Error("neither a value nor an explanation")
	case value.kind == counter32 && value.count() > math.MaxUint32:
		t.Errorf("%d in a 32-bit counter", value.count())
	}
}

// interesting are variables as agents answer them.
var interesting = []gosnmp.SnmpPDU{
	{Type: gosnmp.Gauge32, Value: uint32(7)},
	{Type: gosnmp.Counter32, Value: uint32(math.MaxUint32)},
	{Type: gosnmp.Counter64, Value: uint64(math.MaxUint64)},
	{Type: gosnmp.Integer, Value: -1},
	{Type: gosnmp.OctetString, Value: "0.05"},
	{Type: gosnmp.NoSuchObject},
	{Type: gosnmp.EndOfMibView},
}

// FuzzAnswer feeds datagrams to everything that the answer to a GET of v2c, of
// one object, passes through.
func FuzzAnswer(f *testing.F) {
	asked := request{id: 77, pdu: gosnmp.GetRequest, objects: []string{sysUpTime, ".1.3.6.1.4.1.1.0"}}
	envelope := community{gosnmp.Version2c, "public"}
	for _, variable := range interesting {
		variable.Name = asked.objects[1]
		f.Add(bytesOf(&gosnmp.SnmpPacket{
			Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetResponse, RequestID: asked.id,
			Variables: []gosnmp.SnmpPDU{{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(1)}, variable},
		}))
	}
	f.Add([]byte{0x30, 0x05, 0x02, 0x01, 0x03, 0x30, 0x00}) // version 3, cut short
	f.Fuzz(func(t *testing.T, datagram []byte) {
		packet, ok := believed(t, envelope, datagram, asked)
		if !ok {
			return
		}
		got := reply{packet, time.Now()}
		if got.Error == gosnmp.NoError && exactly(got, asked.objects) != nil {
			return
		}
		answer, err := gather(got, make([]bool, 1))
		if err != nil {
			return
		}
		if len(answer.values) != 1 || answer.uptime < 0 {
			t.Fatalf("%d values after %v", len(answer.values), answer.uptime)
		}
		checkValue(t, answer.values[0])
	})
}

// FuzzRows feeds datagrams to everything that the answer to a GETBULK passes
// through, up to a row's place in its table.
func FuzzRows(f *testing.F) {
	const table = ".1.3.6.1.2.1.31.1.1.1.1"
	asked := request{id: 77, pdu: gosnmp.GetBulkRequest, objects: []string{sysUpTime, table}}
	envelope := community{gosnmp.Version2c, "public"}
	for _, variable := range interesting {
		first, second := variable, variable
		first.Name, second.Name = table+".1", table+".10"
		f.Add(bytesOf(&gosnmp.SnmpPacket{
			Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetResponse, RequestID: asked.id,
			Variables: []gosnmp.SnmpPDU{{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(1)}, first, second},
		}))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		packet, ok := believed(t, envelope, datagram, asked)
		if !ok || packet.Error != gosnmp.NoError || following(reply{SnmpPacket: packet}, repetitions) != nil {
			return
		}
		for i, cell := range packet.Variables[1:] {
			checkValue(t, valueOf(cell))
			if precedes(cell.Name, cell.Name) || precedes(table, cell.Name) && precedes(cell.Name, table) {
				t.Fatalf("%s precedes itself", cell.Name)
			}
			if beneath(cell.Name, table) && !precedes(table, cell.Name) {
				t.Fatalf("row %d, %s, is in the table and not behind its beginning", i, cell.Name)
			}
		}
	})
}

// FuzzSecured feeds datagrams to v3, for a user of each level. With a key, nothing
// but what the agent made, to the byte, may be believed.
func FuzzSecured(f *testing.F) {
	key := config.SNMPKey{Protocol: "sha256", Passphrase: secret.New("a passphrase")}
	levels := []Options{
		{User: "reader"}, {User: "reader", Auth: key},
		{User: "reader", Auth: key, Privacy: config.SNMPKey{Protocol: "aes", Passphrase: key.Passphrase}},
	}
	agents := make([]*engineer, len(levels))
	answers := make([][]byte, len(levels))
	for i, level := range levels {
		agents[i] = newEngineer(f, level)
		answers[i] = agents[i].seal(answerTo(agents[i].question()))
		f.Add(byte(i), answers[i])
		f.Add(byte(i), agents[i].report(agents[i].question(), wrongDigests, gosnmp.NoAuthNoPriv))
		f.Add(byte(i), agents[i].report(agents[i].question(), notInTimeWindows, gosnmp.AuthNoPriv&agents[i].user.level))
	}
	f.Fuzz(func(t *testing.T, which byte, datagram []byte) {
		i := int(which) % len(levels)
		agent := agents[i]
		p := agent.reader(t)
		packet, ok := believed(t, secured{p}, datagram, request{id: agent.question().RequestID})
		if ok && packet.PDUType == gosnmp.GetResponse && agent.user.level != gosnmp.NoAuthNoPriv && !bytes.Equal(datagram, answers[i]) {
			t.Errorf("a forged answer was believed: %x", datagram)
		}
		believed(t, discovery{}, datagram, request{id: agent.question().RequestID})
	})
}

// FuzzHeader compares the reader of v3's header with gosnmp's: what both can read,
// both must understand in the same way.
func FuzzHeader(f *testing.F) {
	agent := newEngineer(f, Options{User: "reader"})
	f.Add(agent.seal(answerTo(agent.question())))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		h, dropped := readHeader(slices.Clone(datagram))
		packet, err := decode(slices.Clone(datagram))
		if dropped != nil || err != nil || packet.Version != gosnmp.Version3 {
			return
		}
		said := packet.SecurityParameters.(*gosnmp.UsmSecurityParameters)
		if h.id != packet.MsgID || h.flags != byte(packet.MsgFlags) || h.engineID != said.AuthoritativeEngineID || h.user != said.UserName ||
			h.boots != said.AuthoritativeEngineBoots || h.seconds != said.AuthoritativeEngineTime {
			t.Errorf("%+v is to gosnmp %+v of %+v", h, packet, said)
		}
	})
}
