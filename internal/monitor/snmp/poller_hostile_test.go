package snmp

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// pollHostileRows reads the agent by a poller, several times, and wants to be told nothing
// but the truth, without the help of calls but to meet an engine. What belongs to no
// request is told as what was dropped is.
func pollHostileRows(t *testing.T, at netip.AddrPort, options Options) {
	t.Helper()
	var told counted
	p := NewPoller(PollerOptions{Stray: options.Dropped, Fallback: told.count})
	defer p.Close()
	a := NewAgent(client(t, options), at.Addr(), gauges(t, columnOf(hostileRows)...))
	for range 4 {
		wantRows(t, p.readOne(t.Context(), a))
	}
	told.wantPolled(t, a)
}

// wantRows wants the readings of gauges of an agent's rows.
func wantRows(t *testing.T, readings []reading.Reading) {
	t.Helper()
	if len(readings) != hostileRows {
		t.Errorf("%d readings, want one for each of %d rows", len(readings), hostileRows)
	}
	for i, got := range readings {
		if value, ok := got.Sample.Value(); !ok || value != float64(i) {
			t.Errorf("row %d is %v (%v), which its agent did not say", i, value, got.Err)
		}
	}
}

// wantPolled wants that calls did nothing but meet the agent's engine, if it has one.
func (c *counted) wantPolled(t *testing.T, a *Agent) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	want := map[string]int{}
	if a.options.Version == "v3" {
		want[fallbackEngine] = 1
	}
	if !maps.Equal(c.counts, want) {
		t.Errorf("calls were made for %v, want %v", c.counts, want)
	}
}

// residents are responders at addresses of their own, which share a port.
func residents(t testing.TB, addresses []netip.Addr, replies func(which int, caller netip.AddrPort, datagram []byte) [][]byte) (port uint16) {
	t.Helper()
	var conns []*net.UDPConn
	for range 50 { // the port can be taken at one of them
		if conns = listenAll(addresses); conns != nil {
			break
		}
	}
	if conns == nil {
		t.Fatal("no port is free at all addresses")
	}
	var all sync.WaitGroup
	for i, conn := range conns {
		all.Go(func() {
			for buffer := make([]byte, 4096); ; {
				n, caller, err := conn.ReadFromUDPAddrPort(buffer)
				if err != nil {
					return
				}
				for _, datagram := range replies(i, caller, slices.Clone(buffer[:n])) {
					_, _ = conn.WriteToUDPAddrPort(datagram, caller)
				}
			}
		})
	}
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
		all.Wait()
	})
	return conns[0].LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// listenAll opens a port at all addresses; nil if it is taken at one.
func listenAll(addresses []netip.Addr) (conns []*net.UDPConn) {
	var port uint16
	for _, address := range addresses {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, port)))
		if err != nil {
			for _, conn := range conns {
				_ = conn.Close()
			}
			return nil
		}
		conns, port = append(conns, conn), conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	}
	return conns
}

// street are so many addresses of the host.
func street(number byte, houses int) (addresses []netip.Addr) {
	for i := range houses {
		addresses = append(addresses, netip.AddrFrom4([4]byte{127, 61, number, byte(1 + i)}))
	}
	return addresses
}

// saying is the right answer to a request of v2c, with the number in place of each gauge.
func saying(number uint32, datagram []byte) []byte {
	request, err := decode(datagram)
	if err != nil {
		panic(err)
	}
	answer := answerTo(request)
	for i := range answer.Variables[1:] {
		answer.Variables[1+i].Value = number
	}
	return bytesOf(answer)
}

// wantNumber wants readings of gauges that all are the number.
func wantNumber(t *testing.T, readings []reading.Reading, number float64) {
	t.Helper()
	if len(readings) != len(twoObjects) {
		t.Errorf("%d readings, want %d", len(readings), len(twoObjects))
	}
	for _, got := range readings {
		if value, ok := got.Sample.Value(); !ok || value != number {
			t.Errorf("%v (%v), want %v", value, got.Err, number)
		}
	}
}

func TestAnotherAddressThatKnowsTheRequestIsAStranger(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	homes := street(1, 2)
	strangers := make([]*net.UDPConn, 2)
	for i := range strangers { // at addresses of nobody that is asked
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 61, 1, byte(100+i))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		strangers[i] = conn
	}
	port := residents(t, homes, func(which int, caller netip.AddrPort, datagram []byte) [][]byte {
		for _, stranger := range strangers {
			_, _ = stranger.WriteToUDPAddrPort(saying(666, datagram), caller)
		}
		return [][]byte{saying(uint32(which), datagram)}
	})
	q := client(t, Options{Port: port, Timeout: patient}).Question(gauges(t, twoObjects...))
	agents := []*Agent{q.Agent(homes[0]), q.Agent(homes[1])}
	for range 3 {
		for i, readings := range p.readAll(t.Context(), agents...) {
			wantNumber(t, readings, float64(i))
		}
	}
	if n := told.of("stray " + dropSender); n+told.of("stray "+dropID) != 3*2*2 || n < 3*2 {
		t.Errorf("told %v, want 12 of strangers", told.counts)
	}
}

// Each answers what the other is asked, with its own secrets, before it answers for itself.
func TestAnAgentDoesNotAnswerForAnother(t *testing.T) {
	t.Parallel()
	p, told := newTestPoller(t)
	homes := street(2, 2)
	type question struct {
		caller   netip.AddrPort
		datagram []byte
	}
	asked := [2]chan question{make(chan question, 1), make(chan question, 1)}
	port := residents(t, homes, func(which int, caller netip.AddrPort, datagram []byte) [][]byte {
		asked[which] <- question{caller, datagram} // for the other
		others := <-asked[1-which]
		return [][]byte{saying(666, others.datagram), saying(uint32(which), datagram)}
	})
	q := client(t, Options{Port: port, Timeout: patient}).Question(gauges(t, twoObjects...))
	agents := []*Agent{q.Agent(homes[0]), q.Agent(homes[1])}
	const reads = 5
	for range reads {
		for i, readings := range p.readAll(t.Context(), agents...) {
			wantNumber(t, readings, float64(i))
		}
	}
	if n := told.of("stray "+dropSender) + told.of("stray "+dropID); n != 2*reads { // the other may have been answered meanwhile
		t.Errorf("told %v, want %d that another sent", told.counts, 2*reads)
	}
}

// plainAnswers are true answers to the request 77 above the smallest, with who was asked.
func plainAnswers(t *testing.T) map[string]struct {
	agent    *Agent
	template *template
	datagram []byte
} {
	t.Helper()
	type answer = struct {
		agent    *Agent
		template *template
		datagram []byte
	}
	const id = minTemplateID + 77
	all := map[string]answer{}
	for _, version := range []string{"v2c", "v3"} {
		options := versions()[version]
		options.Port, options.Timeout = 161, patient
		c := client(t, options)
		a := c.Question(gauges(t, columnOf(3)...)).Agent(loopback)
		asked := request{id: id, pdu: gosnmp.GetRequest, objects: a.question.template.objects()}.packet()
		asked.Version, asked.Community = gosnmp.Version2c, "public"
		seal := bytesOf
		if version == "v3" {
			e := newEngineer(t, options)
			known := *e.engine
			known.authentic = true
			a.engine, seal = &known, e.seal
			if _, obstacle := a.sealer(); obstacle != "" {
				continue
			}
		}
		all[version] = answer{a, a.question.template, seal(newMIB(time.Hour, rows(3)...).answer(asked))}
	}
	return all
}

func TestThePollerBelievesNoAnswerCutShortOrProlonged(t *testing.T) {
	t.Parallel()
	const id = minTemplateID + 77
	p, _ := newTestPoller(t)
	for version, answer := range plainAnswers(t) {
		for length := range answer.datagram {
			if got := byPoller(p, answer.agent, answer.template, answer.datagram[:length], id); got.over || got.values != "" || got.refused == "" {
				t.Errorf("%s, %d of %d bytes: %+v", version, length, len(answer.datagram), got)
			}
		}
		if got := byPoller(p, answer.agent, answer.template, append(slices.Clone(answer.datagram), 0), id); got.over || got.values != "" {
			t.Errorf("%s with a byte more: %+v", version, got)
		}
		if got := byPoller(p, answer.agent, answer.template, answer.datagram, id); !got.over || got.values == "" {
			t.Errorf("%s as it is: %+v", version, got)
		}
	}
}

func TestThePollerBelievesNoAnswerNestedDeeplyAnywhere(t *testing.T) {
	t.Parallel()
	const id = minTemplateID + 77
	deep := slices.Repeat([]byte{0x30, 0x82, 0x1f, 0xff}, (maxDatagram-1000)/4)
	p, _ := newTestPoller(t)
	for version, answer := range plainAnswers(t) {
		for at := range answer.datagram {
			nested := slices.Concat(answer.datagram[:at], deep, answer.datagram[at:])
			if got := byPoller(p, answer.agent, answer.template, nested, id); got.values != "" {
				t.Errorf("%s, nested at %d of %d: %+v", version, at, len(answer.datagram), got)
			}
			_, _ = idOf(nested)
		}
	}
}

// knowingAgent is an Agent of two gauges that knows the engine that floods have.
func knowingAgent(t *testing.T, options Options, at netip.AddrPort) *Agent {
	t.Helper()
	options.Port = at.Port()
	a := client(t, options).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	if options.Version == "v3" {
		a.engine = newEngineer(t, options).engine
		a.engine.authentic = true
	}
	return a
}

// It comes before the parallel tests: nobody else's memory may change meanwhile.
func TestWrongDatagramsFillNoMemoryOfAPoller(t *testing.T) {
	const many = 20_000
	for name, f := range floods(t) {
		if f.reason != dropID {
			continue // TestAForgerWithTheRequestsIDIsLeftToACall
		}
		t.Run(name, func(t *testing.T) {
			var dropped atomic.Int64
			var early, late uint64
			at, requests := flooding(t, flood{f.wrong, f.truth, func() bool { return dropped.Load() >= many }})
			drop := func(string) {
				switch dropped.Add(1) {
				case many / 100:
					early = heap()
				case many:
					late = heap()
				}
			}
			options := f.options
			options.Timeout, options.Retries, options.Dropped = time.Hour, 0, drop
			p := NewPoller(PollerOptions{Stray: drop})
			defer p.Close()
			for _, got := range p.readOne(t.Context(), knowingAgent(t, options, at)) {
				if got.Err != nil {
					t.Error(got.Err)
				}
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

// The truth comes at the end of the flood, and must come too late. No parallel test
// may slow the flood down meanwhile.
func TestAFloodDoesNotExtendAPoll(t *testing.T) {
	const many = 2_000_000 // takes seconds
	for name, f := range floods(t) {
		for _, retries := range []int{0, 2} {
			t.Run(fmt.Sprint(name, ", retries ", retries), func(t *testing.T) {
				sent := 0
				at, requests := flooding(t, flood{f.wrong, f.truth, func() bool { sent++; return sent > many }})
				options := f.options
				options.Timeout, options.Retries = 100*time.Millisecond, retries
				p, _ := newTestPoller(t)
				got := p.readOne(t.Context(), knowingAgent(t, options, at))
				wantAbsence(t, got[0], policy.Failed, "no answer in ")
				if n := requests.Load(); n > int64(retries+2) { // of forgeries with its ID the first is one too many
					t.Errorf("%d requests were sent, want %d at most", n, retries+2)
				}
			})
		}
	}
}

func TestAReportInPlaceOfValuesIsHeededOnceByThePoller(t *testing.T) {
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
			e.forge = func(request *gosnmp.SnmpPacket, truth []byte) [][]byte {
				if answered++; answered == 1 {
					return [][]byte{truth}
				}
				return slices.Repeat([][]byte{e.report(request, what, level)}, 20)
			}
			at := e.listen(t)
			p, _ := newTestPoller(t)
			options := e.options
			options.Port, options.Retries = at.Port(), 5
			a := client(t, options).Question(gauges(t, twoObjects...)).Agent(at.Addr())
			wantNumber(t, p.readOne(t.Context(), a), 7)
			wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, about)
			if _, _, questions := e.counts(); questions > 2+1+2 {
				t.Errorf("%d datagrams were sent, want 5 at most: two for the first reading, then one by the poller and two by a call", questions)
			}
		})
	}
}

// Whatever an agent says in an object's place, both paths make the same of it.
func TestValuesOfEveryTypeAreTheSameWhoeverAsks(t *testing.T) {
	t.Parallel()
	p, _ := newTestPoller(t)
	for _, variable := range append(slices.Clone(interesting),
		gosnmp.SnmpPDU{Type: gosnmp.NoSuchInstance}, gosnmp.SnmpPDU{Type: gosnmp.NoSuchObject}, gosnmp.SnmpPDU{Type: gosnmp.Null},
		gosnmp.SnmpPDU{Type: gosnmp.IPAddress, Value: "10.0.0.1"}, gosnmp.SnmpPDU{Type: gosnmp.ObjectIdentifier, Value: ".1.3.6"},
		gosnmp.SnmpPDU{Type: gosnmp.OpaqueFloat, Value: float32(0.5)}, gosnmp.SnmpPDU{Type: gosnmp.OpaqueDouble, Value: 0.25},
		gosnmp.SnmpPDU{Type: gosnmp.Integer, Value: -1 << 31}, gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: ""},
		gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: " 3.25\n"}, gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: "0x10"},
		gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: "NaN"}, gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: "-Inf"}) {
		t.Run(fmt.Sprint(variable.Type, " ", variable.Value), func(t *testing.T) {
			t.Parallel()
			variable.Name = table + ".1"
			at := agent(t, newMIB(time.Hour, variable).replies)
			for _, of := range []config.SNMP{{OID: table + ".1", Scale: 1}, {OID: table + ".1", Scale: 1, Counter: true}} {
				options := Options{Timeout: patient}
				polled, called := p.readOne(t.Context(), reader(t, at, options, of))[0], reader(t, at, options, of).Read(t.Context())[0]
				if by, want := shownReading(polled), shownReading(called); by != want {
					t.Errorf("the poller says %s, a call %s", by, want)
				}
			}
		})
	}
}

// shownReading is all of a reading but its time.
func shownReading(r reading.Reading) string {
	value, ok := r.Sample.Value()
	return fmt.Sprintf("%v %v %v %v", value, ok, r.Sample.Why(), r.Err)
}

// Whoever forges answers with the request's ID could keep the poller busy.
func TestAForgerWithTheRequestsIDIsLeftToACall(t *testing.T) {
	t.Parallel()
	f := floods(t)["forged digests"]
	at, _ := flooding(t, flood{f.wrong, f.truth, func() bool { return false }})
	var dropped atomic.Int64
	options := f.options
	options.Timeout, options.Retries = 100*time.Millisecond, 0
	options.Dropped = func(string) { dropped.Add(1) }
	p, told := newTestPoller(t)
	wantAbsence(t, p.readOne(t.Context(), knowingAgent(t, options, at))[0], policy.Failed, "no answer in ")
	if told.of("fallback answer") != 1 || dropped.Load() < maxJudged {
		t.Errorf("told %v and %d dropped, want it to fall back after %d", told.counts, dropped.Load(), maxJudged)
	}
}
