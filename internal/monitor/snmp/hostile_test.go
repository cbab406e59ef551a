package snmp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// way is a way to ask: by GET, or along a table by GETNEXT (v1) or GETBULK, in a call; or
// by GET through a poller.
type way struct {
	options Options
	walking bool
	polled  bool
}

func ways() map[string]way {
	v := versions()
	return map[string]way{
		"GET in v1": {v["v1"], false, false}, "GETNEXT": {v["v1"], true, false},
		"GET in v2c": {v["v2c"], false, false}, "GETBULK": {v["v2c"], true, false},
		"GET in v3": {v["v3"], false, false}, "GETBULK in v3": {v["v3"], true, false},
		"poll in v2c": {v["v2c"], false, true}, "poll in v3": {v["v3"], false, true},
	}
}

// late is the reason for dropping what answers an earlier request: a poller does not
// remember which it made.
func (w way) late() string {
	if w.polled {
		return dropID
	}
	return dropLate
}

// hostileRows is how many rows the agents here have: more than fit into one answer.
const hostileRows = repetitions + 2

// interfering is an agent that knows a table, and lets others speak in its place
// before each of its answers. What interferes runs in one goroutine.
func (w way) interfering(t *testing.T, interfere func(caller netip.AddrPort, request, truth *gosnmp.SnmpPacket) [][]byte) netip.AddrPort {
	m := newMIB(time.Hour, rows(hostileRows)...)
	seal := bytesOf
	var caller netip.AddrPort
	answers := func(request *gosnmp.SnmpPacket) [][]byte {
		return append(interfere(caller, request, m.answer(request)), seal(m.answer(request)))
	}
	replies := func(datagram []byte) [][]byte {
		request, err := decode(datagram)
		if err != nil {
			panic(err)
		}
		return answers(request)
	}
	if w.options.Version == "v3" {
		e := newEngineer(t, w.options)
		e.forge = func(request *gosnmp.SnmpPacket, _ []byte) [][]byte { return answers(request) }
		replies, seal = e.replies, e.seal
	}
	return answering(t, func(from netip.AddrPort, datagram []byte) [][]byte {
		caller = from
		return replies(datagram)
	})
}

// answering is a responder that knows who asks.
func answering(t *testing.T, replies func(caller netip.AddrPort, datagram []byte) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for buffer := make([]byte, 4096); ; {
			n, caller, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			for _, datagram := range replies(caller, slices.Clone(buffer[:n])) {
				_, _ = conn.WriteToUDPAddrPort(datagram, caller)
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// sealed is how a forger who has all secrets sends an answer.
func (w way) sealed(t *testing.T) func(*gosnmp.SnmpPacket) []byte {
	if w.options.Version == "v3" {
		return newEngineer(t, w.options).seal
	}
	return bytesOf
}

// read asks the agent, in several exchanges of one call, or of a poller, and wants to be
// told nothing but the truth.
func (w way) read(t *testing.T, at netip.AddrPort, dropped func(string)) {
	t.Helper()
	options := w.options
	options.Port, options.Timeout, options.Dropped = at.Port(), patient, dropped
	if w.polled {
		pollHostileRows(t, at, options)
		return
	}
	p := client(t, options).peer(at.Addr())
	p.fits = hostileRows / 3
	err := readBoth(t, p, w.walking, columnOf(hostileRows), func(uptime time.Duration, values []Value) {
		if len(values) != hostileRows || uptime != time.Hour {
			t.Errorf("%d values after %v, want %d after 1h", len(values), uptime, hostileRows)
		}
		for i, value := range values {
			if value != gaugeOf(float64(i)) {
				t.Errorf("value %d is %+v, which its agent did not say", i, value)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// lie changes every value of an answer, so that it is seen if one is believed.
func lie(answer *gosnmp.SnmpPacket) {
	for i := range answer.Variables {
		if answer.Variables[i].Type == gosnmp.Gauge32 {
			answer.Variables[i].Value = uint32(666_666)
		}
	}
}

func TestNoWayOfAskingBelievesAForgeryBeforeTheTruth(t *testing.T) {
	t.Parallel()
	pduOf := func(kind gosnmp.PDUType) func(*gosnmp.SnmpPacket) {
		return func(p *gosnmp.SnmpPacket) { p.PDUType = kind }
	}
	forgeries := map[string]struct {
		change func(*gosnmp.SnmpPacket)
		reason string
		not    string // the version that it does not fit
	}{
		"request ID 0":                 {func(p *gosnmp.SnmpPacket) { p.RequestID = 0 }, dropIDZero, ""},
		"the next request ID":          {func(p *gosnmp.SnmpPacket) { p.RequestID++ }, dropID, ""},
		"the largest request ID":       {func(p *gosnmp.SnmpPacket) { p.RequestID = 1<<31 - 1 }, dropID, ""},
		"another community":            {func(p *gosnmp.SnmpPacket) { p.Community = "public\x00" }, dropCommunity, "v3"},
		"no community":                 {func(p *gosnmp.SnmpPacket) { p.Community = "" }, dropCommunity, "v3"},
		"another version":              {func(p *gosnmp.SnmpPacket) { p.Version ^= gosnmp.Version1 ^ gosnmp.Version2c }, dropVersion, "v3"},
		"a GET":                        {pduOf(gosnmp.GetRequest), dropType, ""},
		"a GETNEXT":                    {pduOf(gosnmp.GetNextRequest), dropType, ""},
		"a GETBULK":                    {pduOf(gosnmp.GetBulkRequest), dropType, ""},
		"a SET":                        {pduOf(gosnmp.SetRequest), dropType, ""},
		"a trap":                       {pduOf(gosnmp.SNMPv2Trap), dropType, ""},
		"an inform":                    {pduOf(gosnmp.InformRequest), dropType, ""},
		"a report in v2c":              {pduOf(gosnmp.Report), dropType, "v3"},
		"another object for sysUpTime": {func(p *gosnmp.SnmpPacket) { p.Variables[0].Name = ".1.3.6.1.2.1.1.2.0" }, dropObjects, ""},
		"no sysUpTime":                 {func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[1:] }, dropObjects, ""},
		"nothing":                      {func(p *gosnmp.SnmpPacket) { p.Variables = nil }, dropObjects, ""},
		"sysUpTime alone":              {func(p *gosnmp.SnmpPacket) { p.Variables = p.Variables[:1] }, dropObjects, ""},
		"a hundred times as much": {func(p *gosnmp.SnmpPacket) {
			p.Variables = append(p.Variables, slices.Repeat(p.Variables[1:2], 100)...)
		}, dropObjects, ""},
		"more than can be asked": {func(p *gosnmp.SnmpPacket) {
			p.Variables[1].Type, p.Variables[1].Value = gosnmp.OctetString, strings.Repeat("x", 3*maxDatagram)
		}, dropOversize, ""},
	}
	for asked, w := range ways() {
		for name, forgery := range forgeries {
			if w.options.Version == forgery.not {
				continue
			}
			t.Run(asked+", "+name, func(t *testing.T) {
				t.Parallel()
				var counted drops
				seal := w.sealed(t)
				var requests atomic.Int64
				at := w.interfering(t, func(_ netip.AddrPort, _, forged *gosnmp.SnmpPacket) [][]byte {
					requests.Add(1)
					lie(forged)
					forgery.change(forged)
					return [][]byte{seal(forged)}
				})
				w.read(t, at, counted.note)
				if n := requests.Load(); n < 2 || counted.of(forgery.reason) != int(n) || len(counted.counts) != 1 {
					t.Errorf("dropped %v, want one for %s before each of %d answers", counted.counts, forgery.reason, n)
				}
			})
		}
	}
}

func TestNoWayOfAskingBelievesWhatCameBefore(t *testing.T) {
	t.Parallel()
	for asked, w := range ways() {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			var counted drops
			var late atomic.Int64
			var before [][]byte
			seal := w.sealed(t)
			at := w.interfering(t, func(_ netip.AddrPort, _, truth *gosnmp.SnmpPacket) [][]byte {
				lie(truth)
				earlier := slices.Clone(before)
				late.Add(int64(len(earlier)))
				before = append(before, seal(truth), seal(truth)) // they are duplicates, too
				return earlier
			})
			w.read(t, at, counted.note)
			if n := late.Load(); n < 2 || counted.of(w.late()) != int(n) || len(counted.counts) != 1 {
				t.Errorf("dropped %v, want the %d that were late", counted.counts, n)
			}
		})
	}
}

func TestTheAgentsAddressWithAnotherPortIsAStranger(t *testing.T) {
	t.Parallel()
	for asked, w := range ways() {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			stranger, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = stranger.Close() })
			seal := w.sealed(t)
			at := w.interfering(t, func(caller netip.AddrPort, _, forged *gosnmp.SnmpPacket) [][]byte {
				lie(forged)
				for range 3 {
					if _, err := stranger.WriteToUDPAddrPort(seal(forged), caller); err != nil {
						t.Error(err)
					}
				}
				return nil
			})
			w.read(t, at, func(reason string) {
				if !w.polled || reason != dropSender {
					t.Errorf("a datagram arrived, and was dropped for %s", reason)
				}
			})
		})
	}
}

// answersOfAllKinds are true answers to request 77, with who opens them.
func answersOfAllKinds(t *testing.T) map[string]struct {
	envelope envelope
	datagram []byte
} {
	t.Helper()
	type sealed = struct {
		envelope envelope
		datagram []byte
	}
	m := newMIB(time.Hour, rows(hostileRows)...)
	questions := map[string]request{
		"GET":     {id: 77, pdu: gosnmp.GetRequest, objects: []string{sysUpTime, table + ".1"}},
		"GETNEXT": {id: 77, pdu: gosnmp.GetNextRequest, objects: []string{sysUpTime[:len(sysUpTime)-2], table}},
		"GETBULK": {id: 77, pdu: gosnmp.GetBulkRequest, repetitions: repetitions, objects: []string{sysUpTime[:len(sysUpTime)-2], table}},
	}
	all := map[string]sealed{}
	for kind, question := range questions {
		for version, options := range versions() {
			switch {
			case version == "v3":
				e := newEngineer(t, options)
				asked := question.packet()
				asked.Version = gosnmp.Version3
				all[kind+" in v3"] = sealed{secured{e.reader(t)}, e.seal(m.answer(asked))}
				continue
			case version == "v1" && kind == "GETBULK":
				continue
			}
			c := community{gosnmp.Version2c, "public"}
			if version == "v1" {
				c.version = gosnmp.Version1
			}
			asked := question.packet()
			asked.Version, asked.Community = c.version, c.name
			all[kind+" in "+version] = sealed{c, bytesOf(m.answer(asked))}
		}
	}
	return all
}

func TestAnAnswerCutShortAnywhereIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, answer := range answersOfAllKinds(t) {
		r := request{id: 77}
		for length := range answer.datagram {
			if packet, err := answer.envelope.open(slices.Clone(answer.datagram[:length]), r); !isDrop(err) {
				t.Errorf("%s, %d of %d bytes: %+v, %v", name, length, len(answer.datagram), packet, err)
			}
		}
		if _, err := answer.envelope.open(append(slices.Clone(answer.datagram), 0), r); !isDrop(err) {
			t.Errorf("%s with a byte more: %v", name, err)
		}
		if _, err := answer.envelope.open(slices.Clone(answer.datagram), r); err != nil {
			t.Errorf("%s as it is: %v", name, err)
		}
	}
}

func isDrop(err error) bool {
	var dropped *drop
	return errors.As(err, &dropped) && slices.Contains(DropReasons, dropped.reason)
}

func TestAnAnswerNestedDeeplyAnywhereIsNotBelieved(t *testing.T) {
	t.Parallel()
	deep := slices.Repeat([]byte{0x30, 0x82, 0x1f, 0xff}, (maxDatagram-100)/4)
	for name, answer := range answersOfAllKinds(t) {
		for at := range answer.datagram {
			nested := slices.Concat(answer.datagram[:at], deep, answer.datagram[at:])
			if packet, err := answer.envelope.open(nested[:min(len(nested), maxDatagram-1)], request{id: 77}); !isDrop(err) {
				t.Errorf("%s, nested at %d of %d: %+v, %v", name, at, len(answer.datagram), packet, err)
			}
		}
	}
}

// flood answers a request with wrong datagrams, as fast as it can: so many that enough
// says stop, and then the truth until the call has ended.
type flood struct {
	wrong, truth func(request []byte) []byte
	enough       func() bool
}

// flooding is an agent that answers so, and counts the requests.
func flooding(t *testing.T, f flood) (netip.AddrPort, *atomic.Int64) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended, requests := make(chan struct{}), new(atomic.Int64)
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		request := make([]byte, 4096)
		n, caller, err := conn.ReadFromUDPAddrPort(request)
		if err != nil {
			return
		}
		requests.Add(1)
		go func() {
			for buffer := make([]byte, 4096); ; requests.Add(1) {
				if _, _, err := conn.ReadFromUDPAddrPort(buffer); err != nil {
					return
				}
			}
		}()
		wrong, truth := f.wrong(slices.Clone(request[:n])), f.truth(slices.Clone(request[:n]))
		for err == nil {
			datagram := wrong
			if f.enough() {
				datagram = truth
			}
			if _, err = conn.WriteToUDPAddrPort(datagram, caller); !errors.Is(err, net.ErrClosed) {
				err = nil // the caller may be gone for a moment
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort(), requests
}

// floods are wrong datagrams for a question of v2c, or of v3 to an engine that is
// known.
func floods(t *testing.T) map[string]struct {
	options      Options
	wrong, truth func(request []byte) []byte
	reason       string
} {
	t.Helper()
	answer := func(change func(*gosnmp.SnmpPacket)) func([]byte) []byte {
		return func(datagram []byte) []byte {
			request, err := decode(datagram)
			if err != nil {
				panic(err)
			}
			answer := answerTo(request)
			change(answer)
			return bytesOf(answer)
		}
	}
	e := newEngineer(t, versions()["v3"])
	secure := func(datagram []byte) []byte { return e.replies(datagram)[0] }
	return map[string]struct {
		options      Options
		wrong, truth func(request []byte) []byte
		reason       string
	}{
		"answers to others": {Options{}, answer(func(p *gosnmp.SnmpPacket) { p.RequestID ^= 1 << 20 }), answer(func(*gosnmp.SnmpPacket) {}), dropID},
		"forged digests": {e.options, func(datagram []byte) []byte {
			forged := secure(datagram)
			forged[len(forged)-1] ^= 1
			return forged
		}, secure, dropAuthentication},
	}
}

// knowing is a peer that knows the engine that floods have.
func knowing(t *testing.T, options Options, at netip.AddrPort) *peer {
	version := options.Version
	options.Port = at.Port()
	p := client(t, options).peer(at.Addr())
	if version == "v3" {
		p.engine = newEngineer(t, options).engine
	}
	return p
}

// It comes before the parallel tests: nobody else's memory may change meanwhile.
func TestAHundredThousandWrongDatagramsFillNoMemory(t *testing.T) {
	const many = 100_000
	for name, f := range floods(t) {
		t.Run(name, func(t *testing.T) {
			var dropped atomic.Int64
			var early, late uint64
			at, requests := flooding(t, flood{f.wrong, f.truth, func() bool { return dropped.Load() >= many }})
			options := f.options
			options.Timeout, options.Retries = time.Hour, 0
			options.Dropped = func(reason string) {
				if reason != f.reason {
					t.Errorf("dropped for %s, want %s", reason, f.reason)
				}
				switch dropped.Add(1) {
				case many / 100:
					early = heap()
				case many:
					late = heap()
				}
			}
			if err := readBoth(t, knowing(t, options, at), false, twoObjects, func(time.Duration, []Value) {}); err != nil {
				t.Error(err)
			}
			if n := dropped.Load(); n < many || requests.Load() != 1 {
				t.Errorf("%d datagrams were dropped and %d sent, want %d and 1", n, requests.Load(), many)
			}
			if late > early+128<<10 {
				t.Errorf("%d bytes are in use after %d datagrams, %d after %d", late, many, early, many/100)
			}
		})
	}
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// The truth comes at the end of the flood, and must come too late. No parallel test
// may slow the flood down meanwhile.
func TestAFloodDoesNotExtendACall(t *testing.T) {
	const many = 2_000_000 // takes seconds
	for name, f := range floods(t) {
		for _, walking := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", walking ", walking), func(t *testing.T) {
				sent := 0
				at, requests := flooding(t, flood{f.wrong, f.truth, func() bool { sent++; return sent > many }})
				options := f.options
				options.Timeout, options.Retries = 100*time.Millisecond, 2
				err := readBoth(t, knowing(t, options, at), walking, twoObjects, func(_ time.Duration, values []Value) {
					t.Errorf("%v was waited for", values)
				})
				says(t, err, "no answer in 3 × 100ms that can be believed")
				if n := requests.Load(); n > 3 {
					t.Errorf("%d requests were sent, want 3 at most", n)
				}
			})
		}
	}
}

func TestAReportInPlaceOfRowsIsHeededOnce(t *testing.T) {
	t.Parallel()
	for what, about := range map[string]string{notInTimeWindows: "twice", unknownEngineIDs: "twice", wrongDigests: "usmStatsWrongDigests"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			e := newEngineer(t, versions()["v3"])
			level := gosnmp.NoAuthNoPriv
			if what == notInTimeWindows {
				level = gosnmp.AuthNoPriv
			}
			answered := 0
			e.contents = newMIB(time.Hour, rows(hostileRows)...).answer
			e.forge = func(request *gosnmp.SnmpPacket, truth []byte) [][]byte {
				if answered++; answered == 1 {
					return [][]byte{truth}
				}
				return slices.Repeat([][]byte{e.report(request, what, level)}, 50)
			}
			got, err := walkOf(t, e.listen(t), Options{
				Version: "v3", User: e.options.User, Auth: e.options.Auth, Privacy: e.options.Privacy, Context: e.options.Context, Timeout: patient, Retries: 5,
			}, table)
			says(t, err, about)
			if len(got.rows) != 0 {
				t.Errorf("%d rows of a table that was not read to its end", len(got.rows))
			}
			if _, _, questions := e.counts(); questions > 1+1+2 {
				t.Errorf("%d datagrams were sent, want 4 at most: to meet the engine, for the first rows, and twice for the next", questions)
			}
		})
	}
}

// Two signals can be made of one object, which a v1 agent names by its place in the
// request alone.
func TestAV1AgentIsAskedNoMoreOftenThanItLacksObjects(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, cell(".1.3.6.1.4.1.2.0", gosnmp.Gauge32, uint32(2)))
	lacked := []string{".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0", ".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0"}
	got, err := getFrom(t, agent(t, m.replies), Options{Version: "v1", Timeout: time.Second}, lacked...)
	if err != nil {
		t.Fatal(err)
	}
	for i, object := range lacked {
		if has := got.values[i].kind != nothing; has != (object == ".1.3.6.1.4.1.2.0") {
			t.Errorf("object %d, %s, is %+v", i, object, got.values[i])
		}
	}
	if asked := m.questions()[gosnmp.GetRequest]; asked != 4 {
		t.Errorf("asked %d times, want once for each of 3 that it lacks, and once more", asked)
	}
}

// An agent that calls any object lacking, at random places, is believed for what it
// says, and not asked for ever.
func TestAV1AgentThatRefusesEverythingIsSoonLeftAlone(t *testing.T) {
	t.Parallel()
	for name, index := range map[string]func(objects int) uint8{
		"the first": func(int) uint8 { return 2 }, "the last": func(objects int) uint8 { return uint8(objects) },
		"sysUpTime": func(int) uint8 { return 1 }, "none": func(int) uint8 { return 0 }, "one that was not asked": func(objects int) uint8 { return uint8(objects + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
				asked.Add(1)
				answer := answerTo(request)
				answer.Error, answer.ErrorIndex = gosnmp.NoSuchName, index(len(request.Variables))
				return [][]byte{bytesOf(answer)}
			})
			got, err := getFrom(t, at, Options{Version: "v1", Timeout: patient}, many(20)...)
			says(t, err, "NoSuchName")
			if n := asked.Load(); n > 21 || len(got.values) != 0 {
				t.Errorf("asked %d times for %d values", n, len(got.values))
			}
		})
	}
}

// Whatever an agent says in a row's place, a table of it makes a value or a reason.
func TestRowsOfEveryTypeMakeAValueOrAReason(t *testing.T) {
	t.Parallel()
	for _, variable := range append(slices.Clone(interesting),
		gosnmp.SnmpPDU{Type: gosnmp.NoSuchInstance}, gosnmp.SnmpPDU{Type: gosnmp.Null}, gosnmp.SnmpPDU{Type: gosnmp.IPAddress, Value: "10.0.0.1"},
		gosnmp.SnmpPDU{Type: gosnmp.ObjectIdentifier, Value: ".1.3.6"}, gosnmp.SnmpPDU{Type: gosnmp.OpaqueFloat, Value: float32(0.5)},
		gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: "NaN"}, gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: "-Inf"}) {
		t.Run(fmt.Sprint(variable.Type, " ", variable.Value), func(t *testing.T) {
			t.Parallel()
			variable.Name = table + ".1"
			at := agent(t, newMIB(time.Hour, variable).replies)
			for _, of := range []config.SNMP{{OID: table, Table: "sum", Scale: 1}, {OID: table + ".1", Scale: 1}} {
				got := reader(t, at, Options{Timeout: patient}, of).Read(t.Context())[0]
				value, ok := got.Sample.Value()
				if ok != (got.Err == nil) || ok && value != value || !ok && got.Sample.Why() == policy.Present {
					t.Errorf("%v (%v): %v", value, got.Sample.Why(), got.Err)
				}
			}
		})
	}
}
