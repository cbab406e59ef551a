package snmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// verdict is what somebody made of a datagram.
type verdict struct {
	values  string
	refused string // by which reason it was dropped
	over    bool   // the wait for an answer has ended
}

// byPoller is what the poller makes of a datagram.
func byPoller(p *Poller, a *Agent, t *template, datagram []byte, id uint32) verdict {
	q := &poll{round: &round{poller: p}, agent: a, template: t, id: id, state: pollAsked, readings: make([]reading.Reading, len(a.question.quantities))}
	q.sealer, _ = a.sealer()
	over := q.take(slices.Clone(datagram), time.Now())
	got := verdict{over: over}
	if q.dropped != nil {
		got.refused = q.dropped.reason
	}
	if q.state == pollAnswered {
		got.values = shownValues(p.values[:t.count])
	}
	return got
}

// byCall is what a call makes of it, by gosnmp.
func byCall(a *Agent, t *template, datagram []byte, id uint32) verdict {
	r := request{id: id, pdu: gosnmp.GetRequest, objects: t.objects()}
	answer, err := judge(a.envelope(), slices.Clone(datagram), r, time.Now(), func(got reply) error { return exactly(got, r.objects) })
	var dropped *drop
	if errors.As(err, &dropped) {
		return verdict{refused: dropped.reason}
	}
	if answer.PDUType != gosnmp.GetResponse {
		return verdict{over: true}
	}
	if _, err := uptimeOf(answer); err != nil {
		return verdict{over: true}
	}
	var values []Value
	for _, variable := range answer.Variables {
		values = append(values, valueOf(variable))
	}
	return verdict{values: shownValues(values), over: true}
}

func shownValues(values []Value) (shown string) {
	for _, v := range values {
		shown += fmt.Sprintf("%d %d %x %q %v\n", v.kind, v.why, v.bits, v.text(), v.err())
	}
	return shown
}

// kinds are answers to a question for ten objects, with everything that agents say.
func kinds(id uint32, objects []string) *gosnmp.SnmpPacket {
	answer := &gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: "public", PDUType: gosnmp.GetResponse, RequestID: id}
	said := []gosnmp.SnmpPDU{
		{Type: gosnmp.TimeTicks, Value: uint32(123456)},
		{Type: gosnmp.Counter32, Value: uint32(4294967295)},
		{Type: gosnmp.Counter64, Value: uint64(18446744073709551615)},
		{Type: gosnmp.Gauge32, Value: uint32(2147483648)},
		{Type: gosnmp.Integer, Value: -7},
		{Type: gosnmp.OctetString, Value: "3.25"},
		{Type: gosnmp.OctetString, Value: "eth0"},
		{Type: gosnmp.NoSuchInstance},
		{Type: gosnmp.OpaqueFloat, Value: float32(1.5)},
		{Type: gosnmp.TimeTicks, Value: uint32(1)},
		{Type: gosnmp.NoSuchObject},
	}
	for i, object := range objects {
		said[i].Name = object
		answer.Variables = append(answer.Variables, said[i])
	}
	return answer
}

// FuzzThePollerMakesOfADatagramWhatACallDoes holds the poller against gosnmp: equal values,
// or refused for the same reason.
func FuzzThePollerMakesOfADatagramWhatACallDoes(f *testing.F) {
	const id = minTemplateID + 77
	c := client(f, Options{Port: 161, Timeout: time.Second})
	var list []Quantity
	for i := range 10 {
		q, err := NewQuantity(config.SNMP{OID: fmt.Sprintf(".1.3.6.1.4.1.99999.%d.0", i*100), Scale: 1})
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, q)
	}
	question := c.Question(list)
	if question.template == nil {
		f.Fatal(question.obstacle)
	}
	p, _ := newTestPoller(f)
	whole := bytesOf(kinds(id, question.template.objects()))
	f.Add(whole)
	plain := kinds(id, question.template.objects())
	plain.Variables[8].Type, plain.Variables[8].Value = gosnmp.Counter32, uint32(1) // gosnmp alone takes floats
	f.Add(bytesOf(plain))
	for _, change := range []func(*gosnmp.SnmpPacket){
		func(a *gosnmp.SnmpPacket) { a.RequestID = 0 },
		func(a *gosnmp.SnmpPacket) { a.RequestID++ },
		func(a *gosnmp.SnmpPacket) { a.Community = "private" },
		func(a *gosnmp.SnmpPacket) { a.Version = gosnmp.Version1 },
		func(a *gosnmp.SnmpPacket) { a.PDUType = gosnmp.GetRequest },
		func(a *gosnmp.SnmpPacket) { a.Error, a.ErrorIndex = gosnmp.TooBig, 1 },
		func(a *gosnmp.SnmpPacket) { a.Variables = a.Variables[1:] },
		func(a *gosnmp.SnmpPacket) { slices.Reverse(a.Variables) },
		func(a *gosnmp.SnmpPacket) { a.Variables = append(a.Variables, a.Variables[0]) },
		func(a *gosnmp.SnmpPacket) { a.Variables[0].Type, a.Variables[0].Value = gosnmp.Gauge32, uint32(1) },
	} {
		answer := kinds(id, question.template.objects())
		change(answer)
		f.Add(bytesOf(answer))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		if len(datagram) >= maxDatagram {
			return
		}
		a := question.Agent(loopback)
		by, want := byPoller(p, a, question.template, datagram, id), byCall(a, question.template, datagram, id)
		if by != want {
			t.Errorf("the poller makes %+v of it, a call %+v", by, want)
		}
		if said, ok := idOf(datagram); !ok && want.values != "" || ok && want.values != "" && said != id {
			t.Errorf("its ID is %d, %v, and it is believed", said, ok)
		}
	})
}

func TestThePollerDecodesPlainAnswersWithoutGosnmp(t *testing.T) {
	c := client(t, Options{Port: 161, Timeout: time.Second})
	q := c.Question(quantities(t, "cpu_busy", "memory_used", "swap_used"))
	answer := answerTo(request{id: minTemplateID, pdu: gosnmp.GetRequest, objects: q.template.objects()}.packet())
	answer.Version, answer.Community = gosnmp.Version2c, "public"
	var values [maxObjects + 1]Value
	datagram := bytesOf(answer)
	if !q.template.openMessage(datagram, "public", minTemplateID, values[:]) {
		t.Fatalf("% x is not plain", datagram)
	}
	if got := testing.AllocsPerRun(100, func() { q.template.openMessage(datagram, "public", minTemplateID, values[:]) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if got := bytes.Count(q.template.appendMessage(nil, 0x01020304), binary.BigEndian.AppendUint32(nil, 0x01020304)); got != 1 {
		t.Errorf("the ID is there %d times", got)
	}
}
