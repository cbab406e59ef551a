package snmp

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// drama plays an agent of whom random things become true, one step after the other.
type drama struct {
	t        *testing.T
	mib      *mib
	engineer *engineer // of v3; or nil
	refusing atomic.Bool
	uptime   time.Duration
	counts   []uint32 // of objectsOf
	row      int      // of eth0
	packets  uint64
}

// pause is what seems to lie between two steps: so much that what two readings of one step
// are apart makes no difference.
const pause = 10_000 * time.Second

// objectsOf are what the agent of a drama has, but for its interfaces, and kindsOf what
// they are.
var objectsOf, kindsOf = func() (oids []string, kinds map[string]gosnmp.Asn1BER) {
	kinds = map[string]gosnmp.Asn1BER{".1.3.6.1.4.1.99999.1.0": gosnmp.Counter32, ".1.3.6.1.4.1.99999.2.0": gosnmp.Gauge32}
	for name, kind := range map[string]gosnmp.Asn1BER{"cpu_busy": gosnmp.Counter32, "memory_used": gosnmp.Gauge32, "swap_used": gosnmp.Gauge32} {
		for _, o := range profiles[name].objects {
			kinds[o.oid] = kind
		}
	}
	return slices.Sorted(maps.Keys(kinds)), kinds
}()

// watched is what the agent of a drama is asked for, or the last of it.
var watched = []config.SNMP{
	eth0, eth0, {Profile: "cpu_busy"}, {Profile: "memory_used"}, {Profile: "swap_used"},
	{OID: ".1.3.6.1.4.1.99999.1.0", Counter: true, Scale: 1}, {OID: ".1.3.6.1.4.1.99999.2.0", Scale: 10, Max: 1000},
}

func (s *drama) answer(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	answer := s.mib.answer(request)
	if s.refusing.Load() {
		answer.Error, answer.ErrorIndex = gosnmp.GenErr, 1
	}
	return answer
}

// step lets the next things become true: mostly, counters move on.
func (s *drama) step(t *rapid.T, n int) {
	chance := func(what string, of int) bool {
		return rapid.IntRange(1, of).Draw(t, fmt.Sprintf("%s at %d", what, n)) == 1
	}
	if s.uptime += pause; chance("restart", 10) {
		s.uptime = time.Second
		if e := s.engineer; e != nil {
			e.boot(s.t, e.engine.id, e.engine.boots+1, 1)
		}
	}
	s.refusing.Store(chance("refusal", 10))
	if chance("renumbering", 6) {
		s.row = rapid.IntRange(2, 5).Draw(t, "row")
	}
	s.packets += uint64(rapid.IntRange(0, 1e6).Draw(t, "packets"))
	var cells []gosnmp.SnmpPDU
	for i, oid := range objectsOf {
		if chance("jump of "+oid, 20) {
			s.counts[i] = rapid.Uint32().Draw(t, "count")
		}
		s.counts[i] += rapid.Uint32Range(0, 1e6).Draw(t, "step")
		if chance("oddity of "+oid, 20) {
			cells = append(cells, rapid.SampledFrom(oddities).Draw(t, "oddity")(oid, s.counts[i])...)
		} else {
			cells = append(cells, cell(oid, kindsOf[oid], s.counts[i]))
		}
	}
	if !chance("loss of the row", 10) {
		cells = append(cells, links(link(s.row, "eth0", s.packets), link(s.row%5+1, "lo", 1))...)
	}
	s.mib.set(s.uptime, cells...)
}

// oddities are what else an agent may say of an object.
var oddities = []func(oid string, count uint32) []gosnmp.SnmpPDU{
	func(string, uint32) []gosnmp.SnmpPDU { return nil },
	func(oid string, count uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.Counter64, uint64(count)<<31)}
	},
	func(oid string, count uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.Gauge32, count)}
	},
	func(oid string, count uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.Integer, int(int32(count)))}
	},
	func(oid string, count uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.OctetString, fmt.Sprint(float64(count)/8))}
	},
	func(oid string, _ uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.OctetString, "unknown")}
	},
	func(oid string, count uint32) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{cell(oid, gosnmp.OpaqueFloat, float32(count))}
	},
}

// start makes the agent of a drama, and an Agent for each who asks.
func (s *drama) start(options Options) (met func(of []config.SNMP) *Agent) {
	s.mib = newMIB(time.Hour)
	var at netip.AddrPort
	if options.Version == "v3" {
		s.engineer = newEngineer(s.t, options)
		s.engineer.contents = s.answer
		at = s.engineer.listen(s.t)
	} else {
		at = agent(s.t, func(request *gosnmp.SnmpPacket) [][]byte { return [][]byte{bytesOf(s.answer(request))} })
	}
	options.Timeout = patient
	return func(of []config.SNMP) *Agent { return reader(s.t, at, options, of...) }
}

// earlier makes the readings before so much older.
func (a *Agent) earlier(by time.Duration) {
	for i := range a.before {
		a.before[i].at -= reading.Instant(by)
	}
}

// alike says that two readings are equal but for their times, and what these make of a rate.
func alike(a, b reading.Reading) bool {
	x, one := a.Sample.Value()
	y, other := b.Sample.Value()
	if !one || !other {
		return shownReading(a) == shownReading(b)
	}
	return math.Abs(x-y) <= math.Abs(y)/1000
}

func TestBothPathsReadTheSameOfTheSameScript(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v2c", "v3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := &drama{t: t}
			met := s.start(versions()[version])
			p, told := newTestPoller(t)
			reads, values := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				s.uptime, s.counts, s.row, s.packets = 0, make([]uint32, len(objectsOf)), 2, 0
				of := watched[rapid.SampledFrom([]int{0, 2, 6}).Draw(t, "left out"):]
				called, polled := met(of), met(of)
				for n := range rapid.IntRange(2, 8).Draw(t, "steps") {
					s.step(t, n)
					called.earlier(pause)
					polled.earlier(pause)
					want, got := called.Read(s.t.Context()), p.readOne(s.t.Context(), polled)
					if reads++; len(got) != len(want) {
						t.Fatalf("%d readings, by a call %d", len(got), len(want))
					}
					for i := range want {
						if !alike(got[i], want[i]) {
							t.Errorf("step %d, quantity %d: by the poller %s, by a call %s", n, i, shownReading(got[i]), shownReading(want[i]))
						}
						if got[i].Err == nil {
							values++
						}
					}
				}
			})
			t.Logf("%d reads with %d values; %v", reads, values, told.counts)
			if told.fallbacks() > reads*2/3 || values < reads/2 {
				t.Errorf("the test wants more polls, and more values: it had %d reads with %d values, and %v", reads, values, told.counts)
			}
		})
	}
}
