package snmp

import (
	"context"
	"net/netip"
	"testing"

	"github.com/gosnmp/gosnmp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func v2c(packet *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	packet.Version, packet.Community = gosnmp.Version2c, "public"
	return packet
}

// The answering side of these benchmarks is in the same process, and its cost in
// the figures.

func benchmarkGet(b *testing.B, p *peer) {
	objects := many(16)
	get := func() {
		if _, err := within(b, p, func(ctx context.Context, c *call) (answer, error) { return c.get(ctx, objects) }); err != nil {
			b.Fatal(err)
		}
	}
	get() // v3 meets the engine
	b.ReportAllocs()
	for b.Loop() {
		get()
	}
}

func BenchmarkGetOf16ObjectsInV2c(b *testing.B) {
	at := agent(b, altered(func(*gosnmp.SnmpPacket) {}))
	benchmarkGet(b, client(b, Options{Port: at.Port(), Timeout: patient}).peer(at.Addr()))
}

func BenchmarkGetOf16ObjectsInV3AuthPriv(b *testing.B) {
	e := newEngineer(b, authPriv("sha256", "aes"))
	benchmarkGet(b, e.peer(b, e.listen(b), asIs))
}

func BenchmarkEncodeAndDecodeV2c(b *testing.B) {
	r := request{id: 77, pdu: gosnmp.GetRequest, objects: append([]string{sysUpTime}, many(16)...)}
	benchmarkMessage(b, client(b, Options{Port: 161, Timeout: patient}).peer(loopback).envelope(), r, bytesOf(v2c(answerTo(r.packet()))))
}

func BenchmarkEncodeAndDecodeV3AuthPriv(b *testing.B) {
	r := request{id: 77, pdu: gosnmp.GetRequest, objects: append([]string{sysUpTime}, many(16)...)}
	e := newEngineer(b, authPriv("sha256", "aes"))
	benchmarkMessage(b, secured{e.reader(b)}, r, e.seal(answerTo(r.packet())))
}

// benchmarkMessage seals a request and opens its answer.
func benchmarkMessage(b *testing.B, e envelope, r request, answer []byte) {
	buffer := make([]byte, len(answer))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.seal(r); err != nil {
			b.Fatal(err)
		}
		copy(buffer, answer) // to open it changes it
		if _, err := e.open(buffer, r); err != nil {
			b.Fatal(err)
		}
	}
}
