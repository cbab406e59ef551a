package snmp

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// telling is when a reading was told of which agent.
type telling struct {
	which int
	after time.Duration
	why   policy.Absence
}

// tellings reads the agents, and returns what was told in its order.
func (p *Poller) tellings(ctx context.Context, agents ...*Agent) (all []telling) {
	told := make(chan telling, 10*len(agents))
	started := time.Now()
	p.Read(ctx, agents, func(i int, readings []reading.Reading, _ time.Duration) {
		told <- telling{i, time.Since(started), readings[0].Sample.Why()}
	})
	close(told)
	for one := range told {
		all = append(all, one)
	}
	return all
}

// aside makes a poller of IPv4 whose requests are answered aside, after as long as the
// address's last octet says in units of 10 ms; never, if that is 0.
func aside(t *testing.T) (*Poller, *counted) {
	t.Helper()
	p, told := newTestPoller(t)
	p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
		for _, out := range datagrams {
			if units := out.to.Addr().As4()[3]; units > 0 {
				in := answered(out)
				time.AfterFunc(time.Duration(units)*10*time.Millisecond, func() { p.take([]incoming{in}) })
			}
		}
		return len(datagrams), nil
	}})
	return p, told
}

// after is the address of an agent that answers aside after so many units.
func after(units byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, units}) }

func TestEachAgentIsToldOfOnceWithinItsOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, told := aside(t)
		var agents []*Agent
		for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 2 * time.Second} {
			q := client(t, Options{Port: 161, Timeout: timeout}).Question(gauges(t, twoObjects...))
			agents = append(agents, q.Agent(after(0)), q.Agent(after(5)))
		}
		seen := map[int]int{}
		for _, one := range p.tellings(t.Context(), agents...) {
			seen[one.which]++
			silent, timeout := one.which%2 == 0, agents[one.which].options.Timeout
			switch {
			case silent && (one.why != policy.Failed || one.after != timeout):
				t.Errorf("silent agent %d is %s after %v, want it to have failed after %v", one.which, one.why, one.after, timeout)
			case !silent && (one.why != policy.Present || one.after > timeout):
				t.Errorf("agent %d is %s after %v", one.which, one.why, one.after)
			}
		}
		for i := range agents {
			if seen[i] != 1 {
				t.Errorf("agent %d was told of %d times", i, seen[i])
			}
		}
		if len(told.counts) != 0 {
			t.Errorf("told %v", told.counts)
		}
	})
}

func TestAnAnswerIsBelievedUntilTheTimeoutAndAStrayAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, told := aside(t)
		q := client(t, Options{Port: 161, Timeout: time.Second + time.Millisecond}).Question(gauges(t, twoObjects...))
		for _, one := range p.tellings(t.Context(), q.Agent(after(100)), q.Agent(after(101))) {
			if want := []policy.Absence{policy.Present, policy.Failed}[one.which]; one.why != want {
				t.Errorf("agent %d is %s, want %s", one.which, one.why, want)
			}
		}
		time.Sleep(time.Second)
		if told.of("stray "+dropID) != 1 || len(told.counts) != 1 {
			t.Errorf("told %v, want one stray", told.counts)
		}
	})
}

func TestLiveAgentsAreToldOfBeforeASilentOneGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := aside(t)
		q := client(t, Options{Port: 161, Timeout: time.Second}).Question(gauges(t, twoObjects...))
		all := p.tellings(t.Context(), q.Agent(after(0)), q.Agent(after(1)), q.Agent(after(2)), q.Agent(after(3)))
		if len(all) != 4 || all[3].which != 0 {
			t.Errorf("told %+v, want the silent one at last", all)
		}
	})
}

// Each batch's agents answer one after the other, so that requests would keep waiting for
// their turn if all answers were waited for first.
func TestManyAgentsThatAnswerSlowlyAreToldOfWithinTheirTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := newTestPoller(t)
		p.carryBy(&fakeCarrier{func(datagrams []outgoing) (int, error) {
			for i, out := range datagrams {
				in := answered(out)
				time.AfterFunc(time.Duration(1+i)*time.Millisecond, func() { p.take([]incoming{in}) })
			}
			return len(datagrams), nil
		}})
		q := client(t, Options{Port: 161, Timeout: 200 * time.Millisecond}).Question(gauges(t, twoObjects...))
		agents := make([]*Agent, 20*maxBatch)
		for i := range agents {
			agents[i] = q.Agent(after(1))
		}
		late, lost := 0, 0
		for _, one := range p.tellings(t.Context(), agents...) {
			if one.after > 200*time.Millisecond {
				late++
			}
			if one.why != policy.Present {
				lost++
			}
		}
		if late > 0 || lost > 0 {
			t.Errorf("%d of %d were told of too late, %d were given up", late, len(agents), lost)
		}
		time.Sleep(time.Second)
	})
}

func TestACancelledReadTellsOfAllAgentsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := aside(t)
		q := client(t, Options{Port: 161, Timeout: time.Hour, Retries: 3}).Question(gauges(t, twoObjects...))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		agents := []*Agent{q.Agent(after(0)), q.Agent(after(1)), q.Agent(after(0)), q.Agent(after(200))}
		all := p.tellings(ctx, agents...)
		for _, one := range all {
			if want := one.which == 1; want != (one.why == policy.Present) || one.after != time.Second {
				t.Errorf("agent %d is %s after %v", one.which, one.why, one.after)
			}
		}
		if len(all) != len(agents) {
			t.Errorf("%d of %d were told of", len(all), len(agents))
		}
		for i, one := range p.tellings(ctx, agents...) { // it is over before it begins
			if one.why != policy.Failed || one.after != 0 {
				t.Errorf("telling %d: %+v", i, one)
			}
		}
		time.Sleep(2 * time.Second) // for the late answers
	})
}

func TestACancelledReadEndsItsCalls(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{}, 10)
	at := agent(t, func(*gosnmp.SnmpPacket) [][]byte { asked <- struct{}{}; return nil })
	p, _ := newTestPoller(t)
	v1 := client(t, Options{Version: "v1", Port: at.Port(), Timeout: time.Hour, Retries: 3}).Question(gauges(t, twoObjects...))
	v2c := client(t, Options{Port: at.Port(), Timeout: time.Hour, Retries: 3}).Question(gauges(t, twoObjects...))
	go func() {
		<-asked
		<-asked
		cancel()
	}()
	for _, readings := range p.readAll(ctx, v1.Agent(at.Addr()), v2c.Agent(at.Addr())) {
		if len(readings) != len(twoObjects) {
			t.Fatalf("%d readings", len(readings))
		}
		wantAbsence(t, readings[0], policy.Failed, "canceled")
	}
}

func TestALostDatagramIsAskedAgainByACall(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if asked.Add(1) == 1 {
			return nil
		}
		return [][]byte{bytesOf(answerTo(request))}
	})
	p, told := newTestPoller(t)
	a := client(t, Options{Port: at.Port(), Timeout: 100 * time.Millisecond, Retries: 20}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	wantNumber(t, p.readOne(t.Context(), a), 7)
	if told.of("fallback "+fallbackSilence) != 1 || told.fallbacks() != 1 {
		t.Errorf("told %v, want one call because of silence", told.counts)
	}
}

func TestASilentAgentIsPolledAsOftenAsConfigured(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{0, 3} {
		t.Run(fmt.Sprint(retries, " retries"), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			at := agent(t, func(*gosnmp.SnmpPacket) [][]byte {
				asked.Add(1)
				return nil
			})
			p, told := newTestPoller(t)
			q := client(t, Options{Port: at.Port(), Timeout: hasty, Retries: retries}).Question(gauges(t, twoObjects...))
			for range 50 { // on a busy machine, time can be up before the last one
				before := asked.Load()
				a := q.Agent(at.Addr())
				for range 2 { // the second time it is known to be silent
					got := p.readOne(t.Context(), a)
					wantAbsence(t, got[0], policy.Failed, fmt.Sprintf("no answer in %d × 30ms: is snmpd running there", retries+1))
				}
				calls := told.of("fallback " + fallbackSilence)
				switch times := int(asked.Load() - before); {
				case times == 2*(retries+1):
					if calls == 0 {
						t.Error("who is known to be silent was not asked by a call")
					}
					return
				case times > 2*(retries+1):
					t.Fatalf("asked %d times, want %d", times, 2*(retries+1))
				}
			}
			t.Error("never asked so often")
		})
	}
}

func TestAClosedPortIsToldByTheCallThatFollows(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 61, 6, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = conn.Close()
	p, _ := newTestPoller(t)
	a := client(t, Options{Port: at.Port(), Timeout: hasty, Retries: 1}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	for range 2 {
		wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, "nobody listens on that port")
	}
}

func TestAnAgentThatSaysTooBigToThePollerIsAskedForLessByCalls(t *testing.T) {
	t.Parallel()
	sizes := make(chan int, 100)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		sizes <- len(request.Variables) - 1
		answer := answerTo(request)
		if len(request.Variables) > 12 {
			answer.Error, answer.Variables = gosnmp.TooBig, nil
		}
		return [][]byte{bytesOf(answer)}
	})
	p, told := newTestPoller(t)
	a := client(t, Options{Port: at.Port(), Timeout: patient}).Question(gauges(t, many(40)...)).Agent(at.Addr())
	for range 2 {
		for i, got := range p.readOne(t.Context(), a) {
			if value, ok := got.Sample.Value(); !ok || value != 7 {
				t.Fatalf("object %d is %v (%v)", i, value, got.Err)
			}
		}
	}
	var asked []int
	for len(sizes) > 0 {
		asked = append(asked, <-sizes)
	}
	if len(asked) < 5 || asked[0] != 40 || slices.Max(asked[4:]) > 12 {
		t.Errorf("asked for %v objects, want 40 first, and soon no more than fit", asked)
	}
	if told.of("fallback "+fallbackAnswer) != 1 || told.of("fallback "+fallbackSize) != 1 {
		t.Errorf("told %v, want a call because of the answer, and then because of the size", told.counts)
	}
}

func TestWhatTheAgentRefusesThePollerIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*gosnmp.SnmpPacket)
		says   string
	}{
		"no such name":   {func(p *gosnmp.SnmpPacket) { p.Error, p.ErrorIndex = gosnmp.NoSuchName, 2 }, "NoSuchName"},
		"no uptime":      {func(p *gosnmp.SnmpPacket) { p.Variables[0].Type, p.Variables[0].Value = gosnmp.NoSuchObject, nil }, "sysUpTime.0"},
		"an error":       {func(p *gosnmp.SnmpPacket) { p.Error = gosnmp.GenErr }, "GenErr"},
		"nothing at all": {func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.AuthorizationError, nil }, "AuthorizationError"},
		"always too big": {func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.TooBig, nil }, "too big"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var well atomic.Bool
			at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
				answer := answerTo(request)
				if !well.Load() {
					test.change(answer)
				}
				return [][]byte{bytesOf(answer)}
			})
			p, told := newTestPoller(t)
			a := client(t, Options{Port: at.Port(), Timeout: patient}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
			wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Failed, test.says)
			if told.of("fallback "+fallbackAnswer) != 1 || told.fallbacks() != 1 {
				t.Errorf("told %v, want a call because of the answer", told.counts)
			}
			well.Store(true)
			for range 2 {
				wantNumber(t, p.readOne(t.Context(), a), 7)
			}
		})
	}
}

func TestThePollerReadsWhatAgentsSayInOnePDU(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour,
		cell(".1.3.6.1.4.1.1.0", gosnmp.Gauge32, uint32(4)), cell(".1.3.6.1.4.1.3.0", gosnmp.OctetString, "3.25"),
		cell(".1.3.6.1.4.1.4.0", gosnmp.OctetString, "eth0"), cell(".1.3.6.1.4.1.5.0", gosnmp.Integer, -7), cell(".1.3.6.1.4.1.6.0", gosnmp.Counter64, uint64(9)))
	p, told := newTestPoller(t)
	a := client(t, Options{Port: agent(t, m.replies).Port(), Timeout: patient}).Question(gauges(t,
		".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0", ".1.3.6.1.4.1.3.0", ".1.3.6.1.4.1.4.0", ".1.3.6.1.4.1.5.0", ".1.3.6.1.4.1.6.0")).Agent(loopback)
	for range 3 {
		got := p.readOne(t.Context(), a)
		wantAbsence(t, got[1], policy.Absent, "no such object")
		wantAbsence(t, got[3], policy.OutOfRange, `the text "eth0" is not a decimal number`)
		wantAbsence(t, got[5], policy.Absent, "set kind: counter")
		for i, want := range map[int]float64{0: 4, 2: 3.25, 4: -7} {
			if value, ok := got[i].Sample.Value(); !ok || value != want {
				t.Errorf("object %d is %v (%v), want %v", i, value, got[i].Err, want)
			}
		}
	}
	if asked := m.questions(); asked[gosnmp.GetRequest] != 3 || len(asked) != 1 || len(told.counts) != 0 {
		t.Errorf("asked %v and told %v, want three GETs and nothing", asked, told.counts)
	}
}

func TestFloatsAreReadByThePollerWithGosnmpsHelp(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, cell(".1.3.6.1.4.1.1.0", gosnmp.OpaqueFloat, float32(0.5)))
	p, told := newTestPoller(t)
	a := client(t, Options{Port: agent(t, m.replies).Port(), Timeout: patient}).Question(gauges(t, ".1.3.6.1.4.1.1.0")).Agent(loopback)
	if value, ok := p.readOne(t.Context(), a)[0].Sample.Value(); !ok || value != 0.5 {
		t.Errorf("%v, want 0.5", value)
	}
	if told.of("fallback "+fallbackEncoded) != 1 || told.fallbacks() != 0 || m.questions()[gosnmp.GetRequest] != 1 {
		t.Errorf("told %v, want that its encoding was odd, and no call", told.counts)
	}
}

func TestWhatThePollerCannotAskIsAskedByACallThatSaysWhy(t *testing.T) {
	t.Parallel()
	sum := config.SNMP{OID: table, Table: "sum", Scale: 1}
	var wide []config.SNMP
	for _, oid := range columnOf(maxObjects + 1) {
		wide = append(wide, config.SNMP{OID: oid, Scale: 1})
	}
	for name, test := range map[string]struct {
		version string
		of      []config.SNMP
		reason  string
	}{
		"v1":                  {"v1", wide[:3], fallbackVersion},
		"a table":             {"v2c", []config.SNMP{sum}, fallbackTable},
		"a table and a row":   {"v2c", []config.SNMP{sum, eth0}, fallbackTable},
		"a row and a table":   {"v2c", []config.SNMP{eth0, sum}, fallbackTable},
		"too much":            {"v2c", wide, fallbackSize},
		"a row, but no other": {"v2c", []config.SNMP{{Profile: "disk_used", Path: "/nowhere"}}, fallbackRow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMIB(time.Hour, append(links(link(2, "eth0", 1000)), rows(maxObjects+1)...)...)
			at := agent(t, m.replies)
			p, told := newTestPoller(t)
			options := Options{Version: test.version, Timeout: patient}
			polled, called := reader(t, at, options, test.of...), reader(t, at, options, test.of...)
			const reads = 3
			for range reads {
				want := called.Read(t.Context())
				for i, got := range p.readOne(t.Context(), polled) {
					if test.of[i] != eth0 && shownReading(got) != shownReading(want[i]) {
						t.Errorf("quantity %d is %s, by a call %s", i, shownReading(got), shownReading(want[i]))
					}
				}
			}
			if told.of("fallback "+test.reason) != reads || told.fallbacks() != reads {
				t.Errorf("told %v, want a call for each reading because of the %s", told.counts, test.reason)
			}
		})
	}
}

func TestAnInterfaceIsFoundByACallAndThenPolled(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, links(link(1, "lo", 5), link(12, "eth0", 1000), link(13, "eth0.7", 9))...)
	a := reader(t, agent(t, m.replies), Options{Timeout: patient}, eth0)
	p, told := newTestPoller(t)
	for range 3 {
		wantAbsence(t, p.readOne(t.Context(), a)[0], policy.Absent, reading.ErrFirst.Error()[:11])
		a.meter(0).forget()
	}
	if asked := m.questions(); asked[gosnmp.GetBulkRequest] != 1 || asked[gosnmp.GetRequest] != 3 {
		t.Errorf("asked %v, want one walk and three GETs", asked)
	}
	if told.of("fallback "+fallbackRow) != 1 || told.fallbacks() != 1 {
		t.Errorf("told %v, want one call to find the row", told.counts)
	}
}

// Two signals are about the interface, and none may compare the counters of two rows.
func TestARenumberedInterfaceIsFoundAgainByThePollerAndCountsAnew(t *testing.T) {
	t.Parallel()
	for name, uptime := range map[string]time.Duration{"while the agent runs": 2 * time.Hour, "by a restart": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMIB(time.Hour, links(link(1, "lo", 5), link(2, "eth0", 1000))...)
			lo := config.SNMP{Profile: "network_in_packets", InterfaceName: "lo"}
			a := reader(t, agent(t, m.replies), Options{Timeout: patient}, lo, eth0, eth0)
			p, told := newTestPoller(t)
			later := func() []reading.Reading {
				a.earlier(10 * time.Second)
				return p.readOne(t.Context(), a)
			}
			later()
			m.set(time.Hour+10*time.Second, links(link(1, "lo", 105), link(2, "eth0", 2000))...)
			wantRate(t, later(), 10, 100, 100)
			m.set(uptime, links(link(1, "lo", 205), link(2, "docker0", 5), link(3, "eth0", 3000))...)
			for _, got := range later()[1:] {
				wantAbsence(t, got, policy.Absent, "one reading of a counter")
			}
			m.set(uptime+10*time.Second, links(link(1, "lo", 305), link(2, "docker0", 6), link(3, "eth0", 3500))...)
			wantRate(t, later(), 10, 50, 50)
			if told.of("fallback "+fallbackRow) != 2 || told.fallbacks() != 2 {
				t.Errorf("told %v, want a call to find the rows, and another to find them again", told.counts)
			}
		})
	}
}

// wantRate wants about so many per second of each.
func wantRate(t *testing.T, readings []reading.Reading, perSecond ...float64) {
	t.Helper()
	for i, want := range perSecond {
		if value, ok := readings[i].Sample.Value(); !ok || math.Abs(value-want) > want/20 {
			t.Errorf("quantity %d is %v per second (%v), want %v", i, value, readings[i].Err, want)
		}
	}
}

func TestAPollersErrorsNameTheAgentAndNoSecret(t *testing.T) {
	t.Parallel()
	at := agent(t, altered(func(p *gosnmp.SnmpPacket) { p.Community += "!" }))
	p, _ := newTestPoller(t)
	var counted drops
	a := client(t, Options{Port: at.Port(), Timeout: hasty, Dropped: counted.note}).Question(gauges(t, twoObjects...)).Agent(at.Addr())
	err := p.readOne(t.Context(), a)[0].Err
	says(t, err, fmt.Sprintf("snmp %s: no answer in 1 × 30ms that can be believed: the last datagram was dropped because it carries another community", at))
	if err != nil && strings.Contains(err.Error(), "public") || counted.of(dropCommunity) != 1 {
		t.Errorf("%v, dropped %v", err, counted.counts)
	}
}
