package snmp

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// noSocket is one that datagrams do not go through: tests hand them over themselves.
type noSocket struct{ net.PacketConn }

func (noSocket) LocalAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 10162} }

// inbox is a listener without a socket, and the traps that it believed.
type inbox struct {
	*Listener
	traps []Trap
}

func newInbox(t testing.TB, senders ...config.TrapSender) *inbox {
	t.Helper()
	box := &inbox{}
	var err error
	box.Listener, err = NewListener(noSocket{}, ListenerOptions{
		Senders: senders,
		Handle:  func(trap Trap) { box.traps = append(box.traps, trap) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return box
}

var neighbour = netip.MustParseAddrPort("127.0.0.1:5162")

// take hands a datagram from the neighbour over, and returns its answer and why it was
// dropped, "" if it was not.
func (b *inbox) take(datagram []byte) (answer []byte, reason string) {
	return b.takeFrom(neighbour, datagram)
}

func (b *inbox) takeFrom(from netip.AddrPort, datagram []byte) (answer []byte, reason string) {
	answer, dropped := b.receive(slices.Clone(datagram), from)
	if dropped != nil {
		return answer, dropped.reason
	}
	return answer, ""
}

// believes wants the datagram to be handled, and returns its answer.
func (b *inbox) believes(t testing.TB, datagram []byte) (answer []byte) {
	t.Helper()
	before := len(b.traps)
	answer, reason := b.take(datagram)
	if reason != "" || len(b.traps) != before+1 {
		t.Errorf("dropped for %q, and %d more traps were handled: want it to be believed", reason, len(b.traps)-before)
	}
	return answer
}

// drops wants the datagram to be dropped for the reason, and returns its answer.
func (b *inbox) drops(t testing.TB, reason string, datagram []byte) (answer []byte) {
	t.Helper()
	before := len(b.traps)
	answer, got := b.take(datagram)
	if got != reason || len(b.traps) != before {
		t.Errorf("dropped for %q, and %d traps were handled: want it to be dropped for %q", got, len(b.traps)-before, reason)
	}
	return answer
}

// about is a notification that an agent shuts down.
func about(kind gosnmp.PDUType, id uint32) *gosnmp.SnmpPacket {
	return &gosnmp.SnmpPacket{
		Version: gosnmp.Version2c, Community: "hush-hush", PDUType: kind, RequestID: id,
		Variables: []gosnmp.SnmpPDU{
			cell(sysUpTime, gosnmp.TimeTicks, uint32(1234)),
			cell(snmpTrapOID, gosnmp.ObjectIdentifier, shutdown),
			cell(".1.3.6.1.4.1.8072.4.1.0", gosnmp.OctetString, "busy"),
		},
	}
}

// agentOf is an engine that sends traps as the user whom the options name.
func agentOf(t testing.TB, options Options) *engineer {
	t.Helper()
	options.Context = ""
	return newEngineer(t, options)
}

// trap is one of v3 from the agent's engine, at its time.
func (e *engineer) trap() []byte { return e.seal(about(gosnmp.SNMPv2Trap, 77)) }

// met is the agent's idea of the listener's engine, at its time.
func (e *engineer) idea(t testing.TB, l *Listener) *engine {
	t.Helper()
	idea, err := l.self.known(e.user)
	if err != nil {
		t.Fatal(err)
	}
	return idea
}

// inform is one of v3 to the engine.
func (e *engineer) inform(to *engine, id uint32) []byte {
	return e.informAt(to, id, e.user.level|gosnmp.Reportable)
}

func (e *engineer) informAt(to *engine, id uint32, flags gosnmp.SnmpV3MsgFlags) []byte {
	return e.sealAt(about(gosnmp.InformRequest, id), flags, to)
}

// said opens what the listener answered to the agent, and returns it with its level.
func (e *engineer) said(t testing.TB, idea *engine, answer []byte) (*gosnmp.SnmpPacket, header) {
	t.Helper()
	h, dropped := readHeader(answer)
	if dropped != nil {
		t.Fatalf("the answer %x: %v", answer, dropped)
	}
	packet, err := idea.decode(slices.Clone(answer), e.user, h.level())
	if err != nil {
		t.Fatalf("the answer: %v", err)
	}
	return packet, h
}

func TestATrapSaysWhatItIsAndWhoSentIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := newInbox(t, inV2c("hush-hush"), by(authPriv("sha256", "aes")))
		box.believes(t, bytesOf(about(gosnmp.SNMPv2Trap, 7)))
		box.believes(t, agentOf(t, authPriv("sha256", "aes")).trap())
		want := []Trap{
			{From: neighbour.Addr(), OID: shutdown, Version: "v2c", At: time.Now()},
			{From: neighbour.Addr(), OID: shutdown, Version: "v3", At: time.Now()},
		}
		if !slices.Equal(box.traps, want) {
			t.Errorf("got %+v, want %+v", box.traps, want)
		}
	})
}

func TestATrapIsOfItsKindAndOfThoseAboveIt(t *testing.T) {
	t.Parallel()
	trap := Trap{OID: shutdown}
	for oid, want := range map[string]bool{
		shutdown: true, strings.TrimPrefix(shutdown, "."): true, notices: true,
		shutdown + ".1": false, "1.3.6.1.4.1.8072.4.0": true, "1.3.6.1.4.1.8072.4.0.1": false, "1.3.6.1.4.1.807": false,
	} {
		if got := trap.Is(oid); got != want {
			t.Errorf("it is %s: %v, want %v", oid, got, want)
		}
	}
}

func TestAnInformOfV2cIsAnsweredWithItsOwnContent(t *testing.T) {
	t.Parallel()
	box := newInbox(t, inV2c("hush-hush"))
	for _, id := range []uint32{7, 0, 1 << 30} {
		inform := about(gosnmp.InformRequest, id)
		answer := box.believes(t, bytesOf(inform))
		inform.PDUType = gosnmp.GetResponse
		if !bytes.Equal(answer, bytesOf(inform)) {
			t.Errorf("inform %d was answered with %x, want %x", id, answer, bytesOf(inform))
		}
	}
}

func TestARequestIDThatGosnmpCannotWriteIsRepeatedInV2c(t *testing.T) {
	t.Parallel()
	box := newInbox(t, inV2c("hush-hush"))
	inform := bytesOf(about(gosnmp.InformRequest, 0x7f7f7f7f))
	at := bytes.Index(inform, []byte{2, 4, 0x7f, 0x7f, 0x7f, 0x7f}) + 2
	inform[at] = 0xff // now it is negative
	if answer := box.believes(t, inform); !bytes.Equal(answer[at:at+4], inform[at:at+4]) {
		t.Errorf("the answer is to %x", answer[at:at+4])
	}
}

func TestATrapIsNotAnswered(t *testing.T) {
	t.Parallel()
	box := newInbox(t, inV2c("hush-hush"), by(authOnly("sha")))
	for _, trap := range [][]byte{bytesOf(about(gosnmp.SNMPv2Trap, 7)), agentOf(t, authOnly("sha")).trap()} {
		if answer := box.believes(t, trap); answer != nil {
			t.Errorf("answered with %x", answer)
		}
	}
}

func TestAnInformThatIsRepeatedIsAnsweredAgainAndHandledOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := agentOf(t, authPriv("sha256", "aes"))
		box := newInbox(t, inV2c("hush-hush"), by(e.options))
		secured := e.inform(e.idea(t, box.Listener), 8)
		for _, inform := range [][]byte{bytesOf(about(gosnmp.InformRequest, 7)), secured} {
			box.believes(t, inform)
			for range 3 {
				time.Sleep(10 * time.Second)
				if answer := box.drops(t, "", inform); answer == nil {
					t.Error("it is not answered again")
				}
			}
		}
		box.believes(t, bytesOf(about(gosnmp.InformRequest, 9)))
		elsewhere := netip.AddrPortFrom(neighbour.Addr(), neighbour.Port()+1)
		before := len(box.traps)
		if _, reason := box.takeFrom(elsewhere, bytesOf(about(gosnmp.InformRequest, 7))); reason != "" || len(box.traps) != before+1 {
			t.Errorf("another sender's inform with the same ID: dropped for %q, %d handled", reason, len(box.traps)-before)
		}
		time.Sleep(informMemory)
		box.believes(t, bytesOf(about(gosnmp.InformRequest, 7)))
		box.drops(t, "", bytesOf(about(gosnmp.InformRequest, 7)))
	})
}

func TestARequestIDThatGosnmpCannotWriteIsNotAnsweredInV3(t *testing.T) {
	t.Parallel()
	e := agentOf(t, noAuth())
	box := newInbox(t, by(e.options))
	inform := e.inform(e.idea(t, box.Listener), 0x7f7f7f7f)
	inform[bytes.LastIndex(inform, []byte{2, 4, 0x7f, 0x7f, 0x7f, 0x7f})+2] = 0xff
	if answer := box.drops(t, dropMalformed, inform); answer != nil {
		t.Errorf("answered with %x", answer)
	}
}

func TestAUserOfV3IsNotBelievedInV2c(t *testing.T) {
	t.Parallel()
	box := newInbox(t, by(noAuth()))
	for _, community := range []string{"", "reader"} {
		trap := about(gosnmp.SNMPv2Trap, 7)
		trap.Community = community
		box.drops(t, dropCommunity, bytesOf(trap))
	}
}

func TestWhatNobodyMayHaveSentIsDropped(t *testing.T) {
	t.Parallel()
	box := newInbox(t, inV2c("hush-hush"))
	changed := func(change func(*gosnmp.SnmpPacket)) []byte {
		trap := about(gosnmp.SNMPv2Trap, 7)
		change(trap)
		return bytesOf(trap)
	}
	good := bytesOf(about(gosnmp.SNMPv2Trap, 7))
	for name, test := range map[string]struct {
		datagram []byte
		reason   string
	}{
		"nothing":              {nil, dropMalformed},
		"a version alone":      {[]byte{0x30, 3, 2, 1, 1}, dropMalformed},
		"cut short":            {good[:len(good)-1], dropMalformed},
		"a community alone":    {[]byte("\x30\x0e\x02\x01\x01\x04\x09hush-hush"), dropMalformed},
		"v1":                   {changed(func(p *gosnmp.SnmpPacket) { p.Version = gosnmp.Version1 }), dropVersion},
		"version 2":            {append([]byte{0x30, 3, 2, 1}, 2), dropVersion},
		"another community":    {changed(func(p *gosnmp.SnmpPacket) { p.Community = "hush-husH" }), dropCommunity},
		"no community":         {changed(func(p *gosnmp.SnmpPacket) { p.Community = "" }), dropCommunity},
		"the community's head": {changed(func(p *gosnmp.SnmpPacket) { p.Community = "hush" }), dropCommunity},
		"a request":            {changed(func(p *gosnmp.SnmpPacket) { p.PDUType = gosnmp.GetRequest }), dropType},
		"an answer":            {changed(func(p *gosnmp.SnmpPacket) { p.PDUType = gosnmp.GetResponse }), dropType},
		"no objects":           {changed(func(p *gosnmp.SnmpPacket) { p.Variables = nil }), dropObjects},
		"no kind":              {changed(func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[:1] }), dropObjects},
		"no uptime":            {changed(func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[1:] }), dropObjects},
		"another object first": {changed(func(p *gosnmp.SnmpPacket) { p.Variables[0], p.Variables[2] = p.Variables[2], p.Variables[0] }), dropObjects},
		"a kind that is an address": {changed(func(p *gosnmp.SnmpPacket) {
			p.Variables[1] = cell(snmpTrapOID, gosnmp.IPAddress, "10.1.2.3")
		}), dropObjects},
		"a kind that is a text": {changed(func(p *gosnmp.SnmpPacket) {
			p.Variables[1] = cell(snmpTrapOID, gosnmp.OctetString, shutdown)
		}), dropObjects},
		"oversize": {changed(func(p *gosnmp.SnmpPacket) { p.Variables[2].Value = strings.Repeat("x", maxDatagram) })[:maxDatagram], dropOversize},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := box.drops(t, test.reason, test.datagram); answer != nil {
				t.Errorf("answered with %x", answer)
			}
		})
	}
	if _, reason := box.takeFrom(netip.MustParseAddrPort("127.0.0.2:5162"), good); reason != dropSender {
		t.Errorf("from another address it is dropped for %q", reason)
	}
}

func TestASenderIsBelievedFromItsOwnAddressesOnly(t *testing.T) {
	t.Parallel()
	senders := []config.TrapSender{
		{From: netip.MustParsePrefix("10.1.0.0/16"), Community: secret.New("of-the-first")},
		{From: netip.MustParsePrefix("10.0.0.0/8"), Community: secret.New("of-all")},
		{From: netip.MustParsePrefix("fd00::/8"), Community: secret.New("of-ipv6")},
	}
	box := newInbox(t, senders...)
	for _, test := range []struct {
		from      net.Addr
		community string
		reason    string
	}{
		{&net.UDPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 5}, "of-the-first", ""},
		{&net.UDPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 5}, "of-all", ""},
		{&net.UDPAddr{IP: net.IPv4(10, 2, 2, 3), Port: 5}, "of-the-first", dropCommunity},
		{&net.UDPAddr{IP: net.IPv4(10, 2, 2, 3).To16(), Port: 5}, "of-all", ""},
		{&net.UDPAddr{IP: net.ParseIP("fd00::1"), Zone: "eth0", Port: 5}, "of-ipv6", ""},
		{&net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 5}, "of-ipv6", dropSender},
		{&net.UnixAddr{Name: "@x"}, "of-all", dropSender},
	} {
		trap := about(gosnmp.SNMPv2Trap, 7)
		trap.Community = test.community
		if _, reason := box.takeFrom(addressOf(test.from), bytesOf(trap)); reason != test.reason {
			t.Errorf("%s from %s is dropped for %q, want %q", test.community, test.from, reason, test.reason)
		}
	}
}

func TestTrapsOfV3ThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	e := agentOf(t, authPriv("sha256", "aes"))
	flipped := func(at func(datagram []byte) int) []byte {
		trap := e.trap()
		trap[at(trap)] ^= 1
		return trap
	}
	of := func(options Options, level gosnmp.SnmpV3MsgFlags) []byte {
		other := agentOf(t, options)
		return other.sealAt(about(gosnmp.SNMPv2Trap, 7), level, other.engine)
	}
	relabelled := func(was, becomes string) []byte {
		return []byte(strings.Replace(string(e.trap()), was, becomes, 1))
	}
	impostor := authPriv("sha256", "aes")
	impostor.Auth.Passphrase = secret.New("not the passphrase")
	stranger := authPriv("sha256", "aes")
	stranger.User = "stranger"
	wordy := agentOf(t, noAuth())
	wordy.user.name = strings.Repeat("x", maxUser+1)
	ended := *e.engine
	ended.boots = math.MaxInt32
	for name, test := range map[string]struct {
		datagram []byte
		reason   string
	}{
		"changed at its end":          {flipped(func(d []byte) int { return len(d) - 1 }), dropAuthentication},
		"changed in its code":         {flipped(func(d []byte) int { return bytes.Index(d, []byte("reader\x04\x18")) + 10 }), dropAuthentication},
		"changed in its engine":       {flipped(func(d []byte) int { return bytes.Index(d, []byte(e.engine.id)) + 8 }), dropAuthentication},
		"without a code":              {[]byte(strings.Replace(string(e.sealAt(about(gosnmp.SNMPv2Trap, 7), 0, e.engine)), "\x04\x01\x00\x02\x01\x03", "\x04\x01\x01\x02\x01\x03", 1)), dropLevel},
		"of another key":              {of(impostor, gosnmp.AuthPriv), dropAuthentication},
		"of another user":             {of(stranger, gosnmp.AuthPriv), dropAuthentication},
		"of a user that cannot be":    {wordy.trap(), dropMalformed},
		"of a longer code":            {of(authPriv("sha512", "aes"), gosnmp.AuthPriv), dropAuthentication},
		"in the clear":                {of(e.options, gosnmp.AuthNoPriv), dropLevel},
		"not secured":                 {of(e.options, gosnmp.NoAuthNoPriv), dropLevel},
		"in the clear, as if not":     {[]byte(strings.Replace(string(of(e.options, gosnmp.AuthNoPriv)), "\x04\x01\x01\x02\x01\x03", "\x04\x01\x03\x02\x01\x03", 1)), dropLevel},
		"encrypted without a code":    {relabelled("\x04\x01\x03\x02\x01\x03", "\x04\x01\x02\x02\x01\x03"), dropLevel},
		"of another security model":   {relabelled("\x04\x01\x03\x02\x01\x03", "\x04\x01\x03\x02\x01\x01"), dropLevel},
		"after its engine's last day": {e.sealAt(about(gosnmp.SNMPv2Trap, 7), gosnmp.AuthPriv, &ended), dropTimeWindow},
		"an inform to itself":         {e.seal(about(gosnmp.InformRequest, 7)), dropEngine},
		"a request":                   {e.seal(about(gosnmp.GetRequest, 7)), dropType},
		"a header alone":              {e.trap()[:60], dropMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newInbox(t, by(e.options))
			if answer := box.drops(t, test.reason, test.datagram); answer != nil {
				t.Errorf("answered with %x", answer)
			}
			if len(box.engines.values) != 0 {
				t.Error("its engine is remembered")
			}
			box.believes(t, e.trap())
		})
	}
}

func TestTheConfiguredEngineAloneMaySendTraps(t *testing.T) {
	t.Parallel()
	e, other := agentOf(t, authOnly("sha256")), agentOf(t, authOnly("sha256"))
	other.boot(t, "\x80\x00\x1f\x88\x80other", 1, 1)
	sender := by(e.options)
	sender.EngineID = fmt.Sprintf("%x", e.engine.id)
	box := newInbox(t, sender)
	box.believes(t, e.trap())
	box.drops(t, dropEngine, other.trap())
	box = newInbox(t, sender, by(e.options))
	box.believes(t, other.trap())
}

func TestAnEngineIDThatCannotBeSendsNoTraps(t *testing.T) {
	t.Parallel()
	for _, options := range []Options{noAuth(), authOnly("sha")} {
		for _, id := range []string{"", "1234", strings.Repeat("x", 33)} {
			e := agentOf(t, options)
			e.boot(t, id, 1, 1)
			newInbox(t, by(options)).drops(t, dropEngine, e.trap())
		}
	}
}

func TestTrapsOfV3AreTimely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := agentOf(t, authPriv("sha256", "aes"))
		box := newInbox(t, by(e.options))
		first := e.trap()
		box.believes(t, first)
		box.believes(t, first) // a repeated one cannot be told from a second one
		time.Sleep(timeWindow * time.Second)
		box.believes(t, first)
		time.Sleep(time.Second)
		box.drops(t, dropTimeWindow, first)
		box.believes(t, e.trap())

		before := e.trap()
		e.boot(t, e.engine.id, e.engine.boots+1, 0) // it restarts
		box.believes(t, e.trap())
		box.drops(t, dropTimeWindow, before)
	})
}

func TestClonesThatShareAnEngineIDHaveClocksOfTheirOwn(t *testing.T) {
	t.Parallel()
	e := agentOf(t, authOnly("sha256"))
	box := newInbox(t, config.TrapSender{From: netip.MustParsePrefix("10.0.0.0/8"), User: e.options.User, Auth: e.options.Auth})
	for _, boots := range []uint32{900, 5} {
		e.boot(t, e.engine.id, boots, 1)
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(boots)}), 162)
		for range 2 {
			if _, reason := box.takeFrom(from, e.trap()); reason != "" {
				t.Errorf("after %d boots: dropped for %q", boots, reason)
			}
		}
	}
}

func TestAFloodOfEnginesIsForgottenAtOnce(t *testing.T) {
	t.Parallel()
	e := agentOf(t, authPriv("md5", "aes256c")) // the dearest keys
	box := newInbox(t, by(e.options))
	box.believes(t, e.trap())
	forged := func(i int) []byte {
		return e.sealAt(about(gosnmp.SNMPv2Trap, 7), gosnmp.AuthPriv, &engine{id: fmt.Sprintf("\x80\x00\x1f\x88\x80%08d", i), auth: e.engine.auth, privacy: e.engine.privacy})
	}
	for i := range 10_000 {
		box.drops(t, dropAuthentication, forged(i))
	}
	if n := len(box.engines.values); n != 1 {
		t.Errorf("%d engines are remembered", n)
	}
	box.believes(t, e.trap())
}

// TestAForgedTrapMakesNoKeyOfAPassphrase is not parallel, since it counts allocations:
// gosnmp hashes a passphrase in thousands of pieces.
func TestAForgedTrapMakesNoKeyOfAPassphrase(t *testing.T) {
	e := agentOf(t, authPriv("md5", "aes256c"))
	box := newInbox(t, by(e.options))
	e.engine.id = "\x80\x00\x1f\x88\x80forged"
	forged := e.trap()
	if allocations := testing.AllocsPerRun(100, func() { box.drops(t, dropAuthentication, forged) }); allocations > 200 {
		t.Errorf("a forged trap costs %v allocations", allocations)
	}
}

func TestAnAgentIsToldWhoWeAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, options := range []Options{noAuth(), authPriv("sha256", "aes")} {
			e := agentOf(t, options)
			box := newInbox(t, by(options))
			time.Sleep(42 * time.Second)
			ask, err := discovery{}.seal(request{id: 99, pdu: gosnmp.GetRequest})
			if err != nil {
				t.Fatal(err)
			}
			answer, reason := box.take(ask)
			report, err := discovery{}.open(answer, request{id: 99})
			if err != nil || reason != "" || reported(report) != unknownEngineIDs {
				t.Fatalf("dropped for %q, told %v: %v", reason, report, err)
			}
			p := e.peer(t, neighbour, asIs)
			if err := p.learn(report); err != nil {
				t.Fatal(err)
			}
			if boots, seconds := p.engine.clock(time.Now()); p.engine.id != box.self.id || boots != box.self.boots || seconds != 42 {
				t.Errorf("told engine %x, %d boots, %d s", p.engine.id, boots, seconds)
			}
			box.believes(t, e.inform(p.engine, 5))
		}
	})
}

func TestAnInformOfV3IsAnsweredAsItIsSecured(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]Options{"noAuthNoPriv": noAuth(), "authNoPriv": authOnly("sha"), "authPriv": authPriv("sha512", "aes192c")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := agentOf(t, options)
			box := newInbox(t, by(options))
			idea := e.idea(t, box.Listener)
			answer, h := e.said(t, idea, box.believes(t, e.inform(idea, 5)))
			if answer.PDUType != gosnmp.GetResponse || answer.RequestID != 5 || answer.Error != gosnmp.NoError || len(answer.Variables) != 3 || answer.Variables[1].Value != shutdown {
				t.Errorf("the answer is %+v", answer)
			}
			if h.id != 5 || h.level() != e.user.level || h.reportable() || h.engineID != box.self.id || answer.ContextEngineID != e.engine.id {
				t.Errorf("its header is %+v, its context %x", h, answer.ContextEngineID)
			}
		})
	}
}

func TestNoTwoAnswersAreEncryptedAlike(t *testing.T) {
	t.Parallel()
	e := agentOf(t, authPriv("sha256", "aes"))
	box, salts := newInbox(t, by(e.options)), map[string]bool{}
	idea := e.idea(t, box.Listener)
	inform := e.inform(idea, 5)
	for range 100 {
		answer, _ := box.take(inform)
		packet, _ := e.said(t, idea, answer)
		salts[string(packet.SecurityParameters.(*gosnmp.UsmSecurityParameters).PrivacyParameters)] = true
	}
	if len(salts) != 100 {
		t.Errorf("%d salts in 100 answers", len(salts))
	}
}

func TestWhatIsWrongWithAnInformIsToldToWhoAsks(t *testing.T) {
	t.Parallel()
	ours, impostor, stranger, undecipherable := authPriv("sha256", "aes"), authPriv("sha256", "aes"), authPriv("sha256", "aes"), authPriv("sha256", "aes")
	impostor.Auth.Passphrase = secret.New("not the passphrase")
	stranger.User = "stranger"
	undecipherable.Privacy.Passphrase = secret.New("not the passphrase")
	late := func(e *engine) { e.seconds += timeWindow + 1 }
	for name, test := range map[string]struct {
		by     Options
		level  gosnmp.SnmpV3MsgFlags
		change func(idea *engine)
		reason string
		told   string
		as     gosnmp.SnmpV3MsgFlags
	}{
		"another user":       {stranger, gosnmp.AuthPriv, nil, dropAuthentication, unknownUserNames, 0},
		"another key":        {impostor, gosnmp.AuthPriv, nil, dropAuthentication, wrongDigests, 0},
		"another cipher":     {undecipherable, gosnmp.AuthPriv, nil, dropDecryption, decryptionErrors, 0},
		"less secured":       {ours, gosnmp.AuthNoPriv, nil, dropLevel, unsupportedSecLevels, 0},
		"not secured":        {ours, gosnmp.NoAuthNoPriv, nil, dropLevel, unsupportedSecLevels, 0},
		"another time":       {ours, gosnmp.AuthPriv, late, dropTimeWindow, notInTimeWindows, gosnmp.AuthNoPriv},
		"another boot":       {ours, gosnmp.AuthPriv, func(e *engine) { e.boots-- }, dropTimeWindow, notInTimeWindows, gosnmp.AuthNoPriv},
		"who we were before": {ours, gosnmp.AuthPriv, func(e *engine) { e.id = "\x80\x00\x00\x00\x05before" }, dropAuthentication, unknownEngineIDs, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				box := newInbox(t, by(ours))
				e := agentOf(t, test.by)
				idea := e.idea(t, box.Listener)
				wrong := *idea
				if test.change != nil {
					test.change(&wrong)
				}
				if silence := box.drops(t, test.reason, e.informAt(&wrong, 5, test.level)); silence != nil {
					t.Errorf("answered with %x, though it is not asked to report", silence)
				}
				for nth := range uint32(2) {
					report, h := e.said(t, idea, box.drops(t, test.reason, e.informAt(&wrong, 5, test.level|gosnmp.Reportable)))
					if report.PDUType != gosnmp.Report || reported(report) != test.told || h.level() != test.as || h.reportable() || h.id != 5 || h.engineID != box.self.id {
						t.Errorf("told %s, %+v", reported(report), h)
					}
					if count := report.Variables[0].Value; count != uint(nth+1) {
						t.Errorf("it is said to be the %vth", count)
					}
				}
				box.believes(t, agentOf(t, ours).inform(agentOf(t, ours).idea(t, box.Listener), 6))
			})
		})
	}
}

func TestAnInformOfV3KeepsWithinTheTimeWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := agentOf(t, authOnly("sha256"))
		box := newInbox(t, by(e.options))
		idea := e.idea(t, box.Listener)
		inform := e.inform(idea, 5)
		time.Sleep(timeWindow * time.Second)
		box.believes(t, inform)
		time.Sleep(time.Second)
		box.drops(t, dropTimeWindow, inform)
		box.believes(t, e.inform(idea, 6))
		ahead := *idea
		ahead.seconds += timeWindow
		box.believes(t, e.inform(&ahead, 7))
		ahead.seconds++
		box.drops(t, dropTimeWindow, e.inform(&ahead, 8))
	})
}

func TestATrapOfOurOwnEngineIsNoTrap(t *testing.T) {
	t.Parallel()
	e := agentOf(t, authOnly("sha256"))
	box := newInbox(t, by(e.options))
	box.drops(t, dropType, e.sealAt(about(gosnmp.SNMPv2Trap, 5), gosnmp.AuthNoPriv, e.idea(t, box.Listener)))
}

func TestEachListenerOfAMachineIsAnEngineOfItsOwnForGood(t *testing.T) {
	t.Parallel()
	engines := map[string]string{}
	for _, machine := range []string{"a", "b"} {
		for _, port := range []int{162, 10162} {
			id := selfID(machine, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 9), Port: port})
			if before, taken := engines[id]; taken || len(id) != 21 || id[:5] != "\x80\x00\x00\x00\x05" {
				t.Errorf("%s:%d is %x, as is %s", machine, port, id, before)
			}
			engines[id] = fmt.Sprint(machine, port)
		}
	}
	box := newInbox(t, by(noAuth()))
	if again := newInbox(t, by(noAuth())); again.EngineID() != box.EngineID() || box.EngineID() != fmt.Sprintf("%x", box.self.id) {
		t.Errorf("it is %s, and after another start %s", box.EngineID(), again.EngineID())
	}
	if machineID() == "" {
		t.Error("this machine has no name")
	}
}

func TestOurBootsGrowWithEachStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if boots := newSelf(noSocket{}.LocalAddr()).boots; boots != 1 {
			t.Errorf("%d boots before 2020", boots)
		}
		time.Sleep(time.Until(bootsBegin) + 24*time.Hour)
		before := newSelf(noSocket{}.LocalAddr())
		time.Sleep(time.Second)
		after := newSelf(noSocket{}.LocalAddr())
		if before.boots != 24*60*60 || after.boots != before.boots+1 || after.id != before.id {
			t.Errorf("%d boots, then %d", before.boots, after.boots)
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory[int, string](3)
	for i := range 10 {
		m.put(i, fmt.Sprint(i))
		m.put(i, fmt.Sprint("again ", i))
		if _, known := m.get(i - 3); known || len(m.values) > 3 {
			t.Errorf("after %d: %v", i, m.values)
		}
	}
	for i := 7; i < 10; i++ {
		if value, known := m.get(i); !known || value != fmt.Sprint("again ", i) {
			t.Errorf("%d is %q, %v", i, value, known)
		}
	}
}

func TestSendersThatCannotBeBelievedAreRefused(t *testing.T) {
	t.Parallel()
	key := authPriv("sha256", "aes")
	for about, sender := range map[string]config.TrapSender{
		"it has no addresses":           {Community: secret.New("public")},
		"longer than 127 bytes":         {From: neighbours, Community: secret.New(strings.Repeat("x", 128))},
		"has a community too":           {From: neighbours, Community: secret.New("public"), User: "reader"},
		"the user of v3 has 0 bytes":    {From: neighbours},
		"has privacy without auth":      {From: neighbours, User: "reader", Privacy: key.Privacy},
		"shorter than 8 bytes":          {From: neighbours, User: "reader", Auth: config.SNMPKey{Protocol: "sha", Passphrase: secret.New("short")}},
		`engine ID "80001f88": write 5`: {From: neighbours, User: "reader", EngineID: "80001f88"},
		`engine ID "8"`:                 {From: neighbours, User: "reader", EngineID: "8"},
	} {
		_, err := NewListener(noSocket{}, ListenerOptions{Senders: []config.TrapSender{sender}, Handle: func(Trap) {}})
		says(t, err, about)
	}
	_, err := NewListener(noSocket{}, ListenerOptions{Handle: func(Trap) {}})
	says(t, err, "there is no sender")
	_, err = NewListener(noSocket{}, ListenerOptions{Senders: []config.TrapSender{inV2c("public")}})
	says(t, err, "set Handle")
}

func TestAFloodThroughTheSocketIsCountedAndDoesNotEndTheListening(t *testing.T) {
	t.Parallel()
	s := listen(t, inV2c("hush-hush"))
	conn, err := net.Dial("udp", s.at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, datagram := range [][]byte{{}, []byte("hello"), make([]byte, 20_000), bytes.Repeat([]byte{0x30, 0x80}, 1000)} {
		if _, err := conn.Write(datagram); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Write(bytesOf(about(gosnmp.InformRequest, 7))); err != nil {
		t.Fatal(err)
	}
	const here = " from 127.0.0.1"
	s.wants(t, "dropped malformed"+here, "dropped malformed"+here, "dropped oversize"+here, "dropped malformed"+here, "v2c inform "+shutdown+" from 127.0.0.1")
	_ = conn.SetReadDeadline(time.Now().Add(patient))
	answer := make([]byte, maxDatagram)
	length, err := conn.Read(answer)
	if packet, broken := decode(answer[:length]); err != nil || broken != nil || packet.RequestID != 7 {
		t.Errorf("the answer is %x: %v", answer[:length], err)
	}
}

// brokenSocket fails so many times, has a datagram, fails as often again, and then has no
// other.
type brokenSocket struct {
	noSocket
	failures int
	datagram []byte
	tries    int
	ended    chan struct{}
	end      sync.Once
}

func (b *brokenSocket) ReadFrom(buffer []byte) (int, net.Addr, error) {
	b.tries++
	switch {
	case b.tries == b.failures+1:
		return copy(buffer, b.datagram), net.UDPAddrFromAddrPort(neighbour), nil
	case b.tries <= 2*b.failures+1:
		return 0, nil, syscall.ENETDOWN
	}
	<-b.ended
	return 0, nil, net.ErrClosed
}

func (b *brokenSocket) Close() error {
	b.end.Do(func() { close(b.ended) })
	return nil
}

func TestASocketThatFailsIsTriedAgainLessAndLessOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const failures = 70
		conn := &brokenSocket{failures: failures, datagram: bytesOf(about(gosnmp.SNMPv2Trap, 7)), ended: make(chan struct{})}
		began, traps, troubles := time.Now(), 0, []string{}
		l, err := NewListener(conn, ListenerOptions{
			Senders: []config.TrapSender{inV2c("hush-hush")},
			Handle: func(Trap) {
				// 10 pauses that grow to a second, and then one of a second for each.
				if took := time.Since(began); took < (failures-10)*time.Second || took > failures*time.Second {
					t.Errorf("%d failures took %s", failures, took)
				}
				traps++
			},
			Trouble: func(err error) { troubles = append(troubles, fmt.Sprint(err)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := l.Run(ctx); err != nil || traps != 1 {
			t.Errorf("it ended with %v, and received %d traps", err, traps)
		}
		const down = "receive traps at 127.0.0.1:10162: network is down"
		if !slices.Equal(troubles, []string{down, "<nil>", down}) {
			t.Errorf("it told of %q", troubles)
		}
	})
}

func TestASocketThatSomebodyClosedEndsTheListening(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewListener(conn, ListenerOptions{Senders: []config.TrapSender{inV2c("public")}, Handle: func(Trap) {}})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	says(t, l.Run(t.Context()), "receive traps at 127.0.0.1:")
}

func TestAListenerThatWaitsForItsSocketEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := &brokenSocket{failures: 1_000_000, ended: make(chan struct{})}
		l, err := NewListener(conn, ListenerOptions{Senders: []config.TrapSender{inV2c("public")}, Handle: func(Trap) {}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second/2)
		defer cancel()
		began := time.Now()
		if err := l.Run(ctx); err != nil || time.Since(began) != time.Minute+time.Second/2 {
			t.Errorf("it ended with %v after %s", err, time.Since(began))
		}
	})
}
