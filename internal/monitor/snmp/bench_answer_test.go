package snmp

import (
	"bytes"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// BenchmarkAnAnswerOf16Objects is what an answer costs once it is here: to be opened, judged
// and made readings.
func BenchmarkAnAnswerOf16Objects(b *testing.B) {
	question := client(b, Options{Port: 161, Timeout: time.Second}).Question(quantities(b, "cpu_busy", "memory_used", "swap_used"))
	packet := request{id: minTemplateID, pdu: gosnmp.GetRequest, objects: question.template.objects()}.packet()
	packet.Version, packet.Community = gosnmp.Version2c, "public"
	answer := answerTo(packet)
	for i := range answer.Variables {
		switch said := &answer.Variables[i]; {
		case i >= 1 && i <= 8:
			said.Type, said.Value = gosnmp.Counter32, uint(0x01020300)
		case i == 9, i == 14: // memory, swap space
			said.Value = uint32(1000)
		}
	}
	datagram := bytesOf(answer)
	counter := bytes.Index(datagram, []byte{1, 2, 3, 0})
	p := NewPoller(PollerOptions{})
	a := question.Agent(loopback)
	q := &poll{round: &round{poller: p}, agent: a, template: question.template, id: minTemplateID, readings: make([]reading.Reading, 3)}
	b.ReportAllocs()
	for b.Loop() {
		datagram[counter+3]++
		q.state = pollAsked
		if !q.take(datagram, time.Now()) || q.state != pollAnswered {
			b.Fatal("it was not answered")
		}
	}
}
