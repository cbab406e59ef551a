package snmp

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var epoch = time.Unix(1_800_000_000, 0)

// step is one answer of an agent: when, after which uptime, with which values.
type step struct {
	at, uptime float64 // seconds
	values     []Value
}

func c32(count uint64) Value { return Value{kind: counter32, bits: count} }
func c64(count uint64) Value { return Value{kind: counter64, bits: count} }

func lacking() Value { return noValue(policy.Absent, reading.ErrFirst) }

// ticks are cpu_busy's objects: user, system and idle, and as extras only wait.
func ticks(user, system, idle, wait uint64) []Value {
	return []Value{c32(user), lacking(), c32(system), c32(idle), c32(wait), lacking(), lacking(), lacking()}
}

func lastOf(q Quantity, steps []step) reading.Reading {
	m := meter{quantity: &q, before: &baseline{}}
	var last reading.Reading
	for _, s := range steps {
		last = m.read(snapshot{
			at:     epoch.Add(time.Duration(s.at * float64(time.Second))),
			uptime: time.Duration(s.uptime * float64(time.Second)),
			values: s.values,
		})
	}
	return last
}

func TestMeter(t *testing.T) {
	t.Parallel()
	const top32, top64 = math.MaxUint32, math.MaxUint64
	octets := config.SNMP{Profile: "network_in", Interface: 2}
	counter := config.SNMP{OID: ".1.3.6.1.4.1.99999.1.0", Counter: true, Scale: 1}
	gaugeOID := config.SNMP{OID: ".1.3.6.1.4.1.99999.2.0", Scale: 10}
	busyCPU := config.SNMP{Profile: "cpu_busy"}
	one := func(v Value) []Value { return []Value{v} }
	bits := func(v Value) []Value { return []Value{v, lacking()} } // of an interface of unknown speed
	link := func(octets, speed float64) []Value { return []Value{c64(uint64(octets)), gaugeOf(speed)} }
	usage := config.SNMP{Profile: "network_out_utilization", Interface: 2}
	packets := config.SNMP{Profile: "network_out_packets", Interface: 2}
	memory, disk := config.SNMP{Profile: "memory_used"}, config.SNMP{Profile: "disk_used", Path: "/"}
	processors := config.SNMP{Profile: "cpu_load_hr"}
	tests := []struct {
		behaviour string
		of        config.SNMP
		steps     []step
		want      float64
		why       policy.Absence
	}{
		{"a gauge is its value times the scale", gaugeOID, []step{{0, 1, one(gaugeOf(4))}}, 40, 0},
		{"a custom gauge may be negative", gaugeOID, []step{{0, 1, one(gaugeOf(-4))}}, -40, 0},
		{"load1 is a hundredth of laLoadInt", config.SNMP{Profile: "load1"}, []step{{0, 1, one(gaugeOf(150))}}, 1.5, 0},
		{"a negative load is out of range", config.SNMP{Profile: "load1"}, []step{{0, 1, one(gaugeOf(-1))}}, 0, policy.OutOfRange},
		{"an object that the agent lacks is absent", gaugeOID, []step{{0, 1, one(lacking())}}, 0, policy.Absent},
		{"a gauge of NaN is not finite", gaugeOID, []step{{0, 1, one(gaugeOf(math.NaN()))}}, 0, policy.NotFinite},
		{"one reading of a counter is absent", counter, []step{{0, 1, one(c64(5))}}, 0, policy.Absent},
		{"two make a rate", counter, []step{{0, 1, one(c64(5))}, {10, 11, one(c64(105))}}, 10, 0},
		{"octets become bits", octets, []step{{0, 1, bits(c64(0))}, {10, 11, bits(c64(1000))}}, 800, 0},
		{"a rate is not taken over less than the agent's refresh", octets,
			[]step{{0, 1, bits(c64(0))}, {10, 11, bits(c64(1000))}, {12, 13, bits(c64(1000))}}, 800, 0},
		{"polls in between do not lose the baseline", octets,
			[]step{{0, 1, bits(c64(0))}, {2, 3, bits(c64(0))}, {4, 5, bits(c64(1000))}}, 2000, 0},
		{"a 32-bit counter wraps at its width", counter, []step{{0, 1, one(c32(top32 - 49))}, {10, 11, one(c32(50))}}, 10, 0},
		{"a 64-bit counter wraps at its width", counter, []step{{0, 1, one(c64(top64 - 49))}, {10, 11, one(c64(50))}}, 10, 0},
		{"a 32-bit reset is no wrap", counter, []step{{0, 1, one(c32(1_000_000))}, {10, 11, one(c32(3))}}, 0, policy.Absent},
		{"a 64-bit reset is no wrap", counter, []step{{0, 1, one(c64(1_000_000))}, {10, 11, one(c64(3))}}, 0, policy.Absent},
		{"after a reset the next reading counts", counter,
			[]step{{0, 1, one(c64(1_000_000))}, {10, 11, one(c64(3))}, {20, 21, one(c64(13))}}, 1, 0},
		{"a restarted agent makes no rate", counter, []step{{0, 500, one(c64(5))}, {10, 1, one(c64(105))}}, 0, policy.Absent},
		{"after a restart the next reading counts", counter,
			[]step{{0, 500, one(c64(5))}, {10, 1, one(c64(105))}, {20, 11, one(c64(125))}}, 2, 0},
		{"a counter that changes its width makes no rate", counter, []step{{0, 1, one(c32(5))}, {10, 11, one(c64(105))}}, 0, policy.Absent},
		{"a gauge in place of a counter makes no rate", counter, []step{{0, 1, one(gaugeOf(5))}, {10, 11, one(gaugeOf(6))}}, 0, policy.Absent},
		{"a counter in place of a gauge has no value", gaugeOID, []step{{0, 1, one(c64(5))}}, 0, policy.Absent},
		{"an answer overtaken by a later one changes nothing", counter,
			[]step{{0, 1, one(c64(5))}, {10, 11, one(c64(105))}, {10, 11, one(c64(55))}}, 10, 0},
		{"a gap ends the baseline", counter,
			[]step{{0, 1, one(c64(5))}, {10, 11, one(lacking())}, {20, 21, one(c64(105))}}, 0, policy.Absent},
		{"busy is work over work and rest", busyCPU, []step{{0, 1, ticks(100, 100, 100, 100)}, {10, 11, ticks(130, 110, 150, 110)}}, 0.4, 0},
		{"busy counts through a wrap", busyCPU, []step{{0, 1, ticks(top32, 100, top32, 0)}, {10, 11, ticks(49, 100, 49, 0)}}, 0.5, 0},
		{"counters that were not refreshed repeat the reading before", busyCPU,
			[]step{{0, 1, ticks(100, 0, 100, 0)}, {5, 6, ticks(130, 0, 110, 0)}, {6, 7, ticks(130, 0, 110, 0)}}, 0.75, 0},
		{"an agent that has just started answers zeros, which make no share", busyCPU,
			[]step{{0, 1, ticks(0, 0, 0, 0)}, {5, 6, ticks(90_000, 0, 10_000, 0)}}, 0, policy.Absent},
		{"five and fifteen minutes have loads of their own", config.SNMP{Profile: "load15"}, []step{{0, 1, one(gaugeOf(275))}}, 2.75, 0},
		{"what moved faster than the interface is out of range", octets,
			[]step{{0, 1, link(0, 100)}, {10, 11, link(1.05*100e6/8*14, 100)}}, 0, policy.OutOfRange},
		{"an old copy can make a full interface seem faster than it is", octets,
			[]step{{0, 1, link(0, 100)}, {10, 11, link(100e6/8*13, 100)}}, 130e6, 0},
		{"a speed that snmpd made up bounds nothing", octets, []step{{0, 1, link(0, 10)}, {10, 11, link(100e6/8*10, 10)}}, 100e6, 0},
		{"an interface's use is a share of its speed", usage, []step{{0, 1, link(0, 100)}, {10, 11, link(100e6/8*5, 100)}}, 0.5, 0},
		{"an interface in full use has no more than all of it", usage, []step{{0, 1, link(0, 100)}, {10, 11, link(100e6/8*13, 100)}}, 1, 0},
		{"impossible use is out of range", usage, []step{{0, 1, link(0, 100)}, {10, 11, link(100e6/8*20, 100)}}, 0, policy.OutOfRange},
		{"without a speed there is no share of it", usage, []step{{0, 1, bits(c64(0))}, {10, 11, bits(c64(1))}}, 0, policy.Absent},
		{"a speed of 0 is none", usage, []step{{0, 1, link(0, 0)}, {10, 11, link(1, 0)}}, 0, policy.Absent},
		{"packets of all kinds count", packets, []step{{0, 1, []Value{c64(0), c64(0), c64(0)}}, {10, 11, []Value{c64(70), c64(20), c64(10)}}}, 10, 0},
		{"packets are counted without the kinds that the agent lacks", packets,
			[]step{{0, 1, []Value{c64(0), lacking(), lacking()}}, {10, 11, []Value{c64(70), lacking(), lacking()}}}, 7, 0},
		{"errors of both directions count", config.SNMP{Profile: "network_errors", Interface: 1},
			[]step{{0, 1, []Value{c32(0), c32(0)}}, {10, 11, []Value{c32(1), c32(2)}}}, 0.3, 0},
		{"memory that the kernel calls available is not used", memory, []step{{0, 1, []Value{gaugeOf(1000), gaugeOf(100), gaugeOf(50), gaugeOf(150), c64(400)}}}, 0.6, 0},
		{"memory that is free, buffer or cache is not used", memory, []step{{0, 1, []Value{gaugeOf(1000), gaugeOf(100), gaugeOf(50), gaugeOf(150), lacking()}}}, 0.7, 0},
		{"more memory free than there is, is out of range", memory, []step{{0, 1, []Value{gaugeOf(1000), gaugeOf(900), gaugeOf(50), gaugeOf(150), lacking()}}}, 0, policy.OutOfRange},
		{"memory needs what is free", memory, []step{{0, 1, []Value{gaugeOf(1000), lacking(), gaugeOf(50), gaugeOf(150), lacking()}}}, 0, policy.Absent},
		{"a host without swap uses none and has no share", config.SNMP{Profile: "swap_used"}, []step{{0, 1, []Value{gaugeOf(0), gaugeOf(0)}}}, 0, policy.Absent},
		{"swap that is not free is used", config.SNMP{Profile: "swap_used"}, []step{{0, 1, []Value{gaugeOf(200), gaugeOf(50)}}}, 0.75, 0},
		{"more used than there is, is out of range", disk, []step{{0, 1, []Value{gaugeOf(11), gaugeOf(10)}}}, 0, policy.OutOfRange},
		{"a negative size is out of range", disk, []step{{0, 1, []Value{gaugeOf(11), gaugeOf(-10)}}}, 0, policy.OutOfRange},
		{"the load of the processors is averaged", processors, []step{{0, 1, []Value{gaugeOf(100), gaugeOf(50)}}}, 0.75, 0},
		{"a processor's load above 100 is out of range", processors, []step{{0, 1, []Value{gaugeOf(130)}}}, 0, policy.OutOfRange},
		{"no processors make no load", processors, []step{{0, 1, nil}}, 0, policy.Absent},
		{"a row without a number makes no load", processors, []step{{0, 1, []Value{gaugeOf(1), lacking()}}}, 0, policy.Absent},
		{"connections are counted", config.SNMP{Profile: "tcp_connections"}, []step{{0, 1, one(gaugeOf(17))}}, 17, 0},
		{"an object's max bounds it", config.SNMP{OID: "1.3.6", Scale: 2, Max: 10}, []step{{0, 1, one(gaugeOf(5.1))}}, 0, policy.OutOfRange},
		{"an object's max can be reached", config.SNMP{OID: "1.3.6", Scale: 0.1, Max: 10}, []step{{0, 1, one(gaugeOf(100))}}, 10, 0},
		{"busy needs idle", busyCPU, []step{{0, 1, append(ticks(1, 1, 1, 1)[:3], lacking(), c32(1), lacking(), lacking(), lacking())}}, 0, policy.Absent},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			got := lastOf(quantity(t, test.of), test.steps)
			value, ok := got.Sample.Value()
			if ok != (test.why == policy.Present) || got.Sample.Why() != test.why {
				t.Fatalf("got %v (%s: %v), want %s", value, got.Sample.Why(), got.Err, test.why)
			}
			if math.Abs(value-test.want) > 1e-9 {
				t.Errorf("got %v, want %v", value, test.want)
			}
		})
	}
}

func TestARepeatedReadingKeepsItsTime(t *testing.T) {
	t.Parallel()
	got := lastOf(quantity(t, config.SNMP{Profile: "cpu_busy"}), []step{
		{0, 1, ticks(100, 0, 100, 0)}, {5, 6, ticks(130, 0, 110, 0)}, {9, 10, ticks(130, 0, 110, 0)},
	})
	if want := epoch.Add(5 * time.Second); !got.Sample.At().Equal(want) {
		t.Errorf("measured at %v, want %v: a frozen agent must become stale", got.Sample.At(), want)
	}
}

func TestBusyIsAShareWhateverTheAgentSays(t *testing.T) {
	t.Parallel()
	q := quantity(t, config.SNMP{Profile: "cpu_busy"})
	rapid.Check(t, func(t *rapid.T) {
		var steps []step
		for i := range rapid.IntRange(1, 6).Draw(t, "answers") {
			values := make([]Value, len(q.objects))
			for j := range values {
				values[j] = rapid.SampledFrom([]Value{
					c32(uint64(rapid.Uint32().Draw(t, "count"))), c64(rapid.Uint64().Draw(t, "count")), lacking(), gaugeOf(math.NaN()), gaugeOf(3),
				}).Draw(t, "value")
			}
			steps = append(steps, step{float64(i * 10), rapid.Float64Range(0, 100).Draw(t, "uptime"), values})
		}
		if value, ok := lastOf(q, steps).Sample.Value(); ok && (value < 0 || value > q.Ceiling) {
			t.Fatalf("busy is %v", value)
		}
	})
}

func TestNewQuantityRefusesWhatItCannotAsk(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		of    config.SNMP
		about string
	}{
		{config.SNMP{Profile: "cpu"}, "cpu_busy, cpu_load_hr"},
		{config.SNMP{Profile: "network_in"}, "ifIndex"},
		{config.SNMP{Profile: "disk_used"}, "path is empty"},
		{config.SNMP{}, "neither profile nor oid"},
		{config.SNMP{OID: "sysUpTime.0"}, "not one in numbers"},
		{config.SNMP{OID: "1.3.6.1.99999999999"}, "not one in numbers"},
		{config.SNMP{OID: "1.3.6.1.4", Table: "median"}, "sum, avg or max"},
	} {
		_, err := NewQuantity(test.of)
		says(t, err, test.about)
	}
}

func TestConfigurationAndProfilesHaveTheSameNames(t *testing.T) {
	t.Parallel()
	known := config.SNMPProfiles()
	if names := slices.Sorted(maps.Keys(profiles)); !slices.Equal(names, slices.Sorted(slices.Values(known))) {
		t.Errorf("profiles %q, and configuration knows %q", names, known)
	}
	for name, p := range profiles {
		if p.counts && len(p.objects) > 32/kindBits {
			t.Errorf("%s has %d objects, of which a baseline has no room", name, len(p.objects))
		}
		if p.ceiling != 0 && p.ceiling != 1 || (p.table != nil) != (name == "cpu_load_hr") {
			t.Errorf("%s has the ceiling %v", name, p.ceiling)
		}
	}
}

func TestImpossibleValuesNameTheirObject(t *testing.T) {
	t.Parallel()
	got := lastOf(quantity(t, config.SNMP{Profile: "network_in", Interface: 2}),
		[]step{{0, 1, []Value{c64(0), gaugeOf(100)}}, {10, 11, []Value{c64(1 << 40), gaugeOf(100)}}})
	says(t, got.Err, "ifHCInOctets.2")
	says(t, got.Err, "more than an interface of 1e+08 bit/s can carry")
}
