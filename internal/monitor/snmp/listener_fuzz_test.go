package snmp

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// restart sets the listener's clock to the beginning of a boot, always the same.
func (b *inbox) restart() {
	b.self.boots, b.self.at = 7, reading.InstantOf(time.Now())
	for _, s := range b.senders {
		if s.self != nil {
			s.self.boots, s.self.at = 7, reading.InstantOf(time.Now())
		}
	}
}

// FuzzListener feeds datagrams to a listener with a sender of each kind. With a key,
// nothing but what the sender made, to the byte, may be handled; and no answer may be
// much longer than what it is to.
func FuzzListener(f *testing.F) {
	ways := map[string]Options{"open": noAuth(), "signed": authOnly("sha256"), "sealed": authPriv("sha256", "aes"), "legacy": authPriv("md5", "des")}
	senders := []config.TrapSender{inV2c("hush-hush")}
	for name, way := range ways {
		way.User = name
		ways[name] = way
		senders = append(senders, by(way))
	}
	authentic := map[string]bool{}
	add := func(datagram []byte) {
		authentic[string(datagram)] = true
		f.Add(datagram)
	}
	add(bytesOf(about(gosnmp.SNMPv2Trap, 7)))
	add(bytesOf(about(gosnmp.InformRequest, 7)))
	box := newInbox(f, senders...)
	box.restart()
	for _, way := range ways {
		e := agentOf(f, way)
		e.engine.at = reading.InstantOf(time.Now()) // so that all processes make the same trap
		add(e.trap())
		idea := e.idea(f, box.Listener)
		idea.boots, idea.at = 7, reading.InstantOf(time.Now())
		add(e.inform(idea, 5))
		f.Add(e.informAt(&engine{id: "\x80\x00\x00\x00\x05before"}, 5, gosnmp.Reportable))
		stale := *idea
		stale.boots--
		f.Add(e.inform(&stale, 6))
	}
	ask, err := discovery{}.seal(request{id: 99, pdu: gosnmp.GetRequest})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ask)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		box := newInbox(t, senders...)
		box.restart()
		before := slices.Clone(datagram)
		answer, reason := box.take(datagram)
		if reason != "" && (!slices.Contains(TrapDropReasons, reason) || len(box.traps) > 0) {
			t.Errorf("dropped for %q, and %d handled", reason, len(box.traps))
		}
		if len(answer) > len(before)+150 {
			t.Errorf("%d bytes are answered with %d", len(before), len(answer))
		}
		if len(box.traps) == 0 || authentic[string(before)] {
			return
		}
		h, _ := readHeader(slices.Clone(before))
		open := box.traps[0].Version == "v3" && h.user == "open" || box.traps[0].Version == "v2c" && strings.Contains(string(before), "hush-hush")
		if !open || !strings.HasPrefix(box.traps[0].OID, ".") {
			t.Errorf("a forged notification was handled: %+v of %x", box.traps[0], before)
		}
	})
}
