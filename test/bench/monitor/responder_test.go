package main

import (
	"context"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serving is a responder that answers until the test ends, and its port.
func serving(t *testing.T, answer func([]byte, [4]byte, *writer) bool) uint16 {
	t.Helper()
	r, err := newResponder(0, answer)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r.port
}

// asks is gosnmp at the agent of an address.
func asks(t *testing.T, port uint16, address netip.Addr, secure bool) *gosnmp.GoSNMP {
	t.Helper()
	g := newPeer(port, address, secure)
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func TestGosnmpGetsSixteenObjectsInV2cAndV3(t *testing.T) {
	t.Parallel()
	port := serving(t, agents())
	for _, secure := range []bool{false, true} {
		for _, address := range []string{"127.0.0.1", "127.200.3.4"} {
			got, err := asks(t, port, netip.MustParseAddr(address), secure).Get(oids())
			if err != nil {
				t.Fatalf("secure %t: %v", secure, err)
			}
			if len(got.Variables) != len(objects) {
				t.Fatalf("secure %t: %d objects", secure, len(got.Variables))
			}
			for i, v := range got.Variables {
				if v.Name != oids()[i] || byte(v.Type) != objects[i].tag {
					t.Errorf("secure %t: %s has the type %v", secure, v.Name, v.Type)
				}
			}
			if total := gosnmp.ToBigInt(got.Variables[9].Value).Int64(); total != 16<<20 {
				t.Errorf("secure %t: memTotalReal is %d", secure, total)
			}
		}
	}
}

func TestAnObjectThatAnAgentLacksIsNoSuchObject(t *testing.T) {
	t.Parallel()
	got, err := asks(t, serving(t, agents()), netip.MustParseAddr("127.0.0.1"), false).Get([]string{".1.3.6.1.2.1.1.5.0", oids()[9]})
	if err != nil {
		t.Fatal(err)
	}
	if got.Variables[0].Type != gosnmp.NoSuchObject || got.Variables[1].Type != gosnmp.Integer {
		t.Errorf("it is %+v", got.Variables)
	}
}

func TestAWrongCommunityUserOrPassphraseGetsNoAnswer(t *testing.T) {
	t.Parallel()
	port, address := serving(t, agents()), netip.MustParseAddr("127.0.0.1")
	stranger := asks(t, port, address, false)
	stranger.Community = "private"
	forger := newPeer(port, address, true)
	forger.SecurityParameters.(*gosnmp.UsmSecurityParameters).AuthenticationPassphrase = "a false passphrase"
	if err := forger.Connect(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = forger.Close() }()
	for _, g := range []*gosnmp.GoSNMP{stranger, forger} {
		g.Timeout, g.Retries = 100*time.Millisecond, 0
		if got, err := g.Get(oids()); err == nil {
			t.Errorf("it got %+v", got.Variables)
		}
	}
}

func TestAnAgentIsBusyByLessThanHalfAndMoves(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, address := range [][4]byte{{127, 0, 0, 1}, {127, 1, 128, 0}} {
		before := momentOf(address, now)
		for step := range 120 {
			after := momentOf(address, now.Add(time.Duration(step+1)*time.Second))
			worked, rested := after.busy-before.busy, after.idle-before.idle
			if share := worked / (worked + rested); share < busyShare-swing-1e-6 || share > busyShare+swing+1e-6 || math.Abs(worked+rested-1) > 1e-6 {
				t.Fatalf("in second %d it is busy by %v of %v", step, share, worked+rested)
			}
			before = after
		}
	}
}

func TestTheResponderAllocatesNothingForEachRequest(t *testing.T) {
	request, err := plainRequest()
	if err != nil {
		t.Fatal(err)
	}
	answer := agents()
	w := writer{bytes: make([]byte, datagramMost)}
	got := testing.AllocsPerRun(100, func() {
		w.reset()
		if !answer(request, [4]byte{127, 0, 0, 1}, &w) {
			t.Error("it did not answer")
		}
	})
	if got != 0 {
		t.Errorf("it allocates %v times", got)
	}
}

func TestRepeatedAndBrokenMessagesDoNotPanic(t *testing.T) {
	t.Parallel()
	request, err := plainRequest()
	if err != nil {
		t.Fatal(err)
	}
	answer := agents()
	var bytes [datagramMost]byte
	for at := range request {
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0x82, 0xff} {
			broken := append([]byte(nil), request...)
			broken[at] = b
			w := writer{bytes: bytes[:]}
			w.reset()
			answer(broken, [4]byte{127, 0, 0, 1}, &w)
			answer(broken[:at], [4]byte{127, 0, 0, 1}, &w)
		}
	}
}
