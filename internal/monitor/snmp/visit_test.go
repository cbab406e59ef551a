package snmp

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const inPackets = ".1.3.6.1.2.1.31.1.1.1.7"

// link is an interface of an agent: its index, name and count of packets.
func link(index int, name string, packets uint64) []gosnmp.SnmpPDU {
	return []gosnmp.SnmpPDU{
		cell(fmt.Sprintf("%s.%d", ifName, index), gosnmp.OctetString, name),
		cell(fmt.Sprintf("%s.%d", inPackets, index), gosnmp.Counter64, packets),
	}
}

func links(all ...[]gosnmp.SnmpPDU) (cells []gosnmp.SnmpPDU) {
	for _, cell := range all {
		cells = append(cells, cell...)
	}
	return cells
}

var eth0 = config.SNMP{Profile: "network_in_packets", InterfaceName: "eth0"}

func wantAbsence(t *testing.T, got reading.Reading, why policy.Absence, about string) {
	t.Helper()
	if got.Sample.Why() != why {
		t.Errorf("it is %s (%v), want %s", got.Sample.Why(), got.Err, why)
	}
	says(t, got.Err, about)
}

func TestAllQuantitiesOfAnAgentAreReadInOnePDU(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, cell(".1.3.6.1.4.1.2021.10.1.5.1", gosnmp.Integer, 7))
	readings := reader(t, agent(t, m.replies), Options{Timeout: patient}, config.SNMP{OID: ".1.3.6.1.4.1.1.0", Scale: 1}, config.SNMP{Profile: "load1"}).Read(t.Context())
	wantAbsence(t, readings[0], policy.Absent, "no such object")
	if value, ok := readings[1].Sample.Value(); !ok || value != 0.07 {
		t.Errorf("load1 is %v (%v), want 0.07", value, readings[1].Err)
	}
	if asked := m.questions(); asked[gosnmp.GetRequest] != 1 || len(asked) != 1 {
		t.Errorf("asked %v, want one GET", asked)
	}
}

func TestMoreQuantitiesThanFitAreReadInSeveralPDUs(t *testing.T) {
	t.Parallel()
	var of []config.SNMP
	var cells []gosnmp.SnmpPDU
	for i := range 3 * maxObjects {
		oid := fmt.Sprintf(".1.3.6.1.4.1.1.%d.0", i)
		of, cells = append(of, config.SNMP{OID: oid, Scale: 1}), append(cells, cell(oid, gosnmp.Gauge32, uint32(i)))
	}
	m := newMIB(time.Hour, cells...)
	for i, got := range reader(t, agent(t, m.replies), Options{Timeout: patient}, of...).Read(t.Context()) {
		if value, ok := got.Sample.Value(); !ok || value != float64(i) {
			t.Errorf("quantity %d is %v (%v)", i, value, got.Err)
		}
	}
	if asked := m.questions()[gosnmp.GetRequest]; asked != 3 {
		t.Errorf("%d PDUs, want 3", asked)
	}
}

func TestNoQuantityIsSpreadOverTwoPDUs(t *testing.T) {
	t.Parallel()
	var of []config.SNMP
	for i := range maxObjects - 1 {
		of = append(of, config.SNMP{OID: fmt.Sprintf(".1.3.6.1.4.1.1.%d.0", i), Scale: 1})
	}
	sizes := make(chan int, 10)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		sizes <- len(request.Variables) - 1
		return [][]byte{bytesOf(answerTo(request))}
	})
	reader(t, at, Options{Timeout: patient}, append(of, config.SNMP{Profile: "cpu_busy"})...).Read(t.Context())
	if first, second := <-sizes, <-sizes; first != maxObjects-1 || second != 8 {
		t.Errorf("%d and %d objects were asked, want 49 and the 8 of cpu_busy", first, second)
	}
}

func TestAnInterfaceIsFoundByItsNameOnce(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, links(link(1, "lo", 5), link(12, "eth0", 1000), link(13, "eth0.7", 9))...)
	a := reader(t, agent(t, m.replies), Options{Timeout: patient}, eth0)
	for range 3 {
		wantAbsence(t, a.Read(t.Context())[0], policy.Absent, reading.ErrFirst.Error()[:11])
		a.meter(0).forget()
	}
	if asked := m.questions(); asked[gosnmp.GetBulkRequest] != 1 || asked[gosnmp.GetRequest] != 3 {
		t.Errorf("asked %v, want one walk and three GETs", asked)
	}
	if index := a.index(&a.question.quantities[0]); index != ".12" {
		t.Errorf("it is at %s, want .12", index)
	}
}

func TestARenumberedInterfaceIsFoundAgainAndCountsAnew(t *testing.T) {
	t.Parallel()
	for name, uptime := range map[string]time.Duration{"while the agent runs": 2 * time.Hour, "by a restart": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMIB(time.Hour, links(link(2, "eth0", 1000))...)
			a := reader(t, agent(t, m.replies), Options{Timeout: patient}, eth0)
			a.Read(t.Context())

			m.set(uptime, links(link(2, "docker0", 5), link(3, "eth0", 3000))...)
			a.earlier(10 * time.Second)
			wantAbsence(t, a.Read(t.Context())[0], policy.Absent, "one reading of a counter")

			m.set(uptime+10*time.Second, links(link(2, "docker0", 6), link(3, "eth0", 3500))...)
			a.earlier(10 * time.Second)
			if value, ok := a.Read(t.Context())[0].Sample.Value(); !ok || math.Abs(value-50) > 2 {
				t.Errorf("%v packets per second, want 50 of the new row", value)
			}
		})
	}
}

func TestAnInterfaceThatIsRenumberedWhileItIsLookedForIsLookedForAgain(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, links(link(2, "eth0", 1000))...)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if request.PDUType == gosnmp.GetRequest {
			m.set(time.Hour, links(link(2, "docker0", 5), link(3, "eth0", 1000))...)
		}
		return m.replies(request)
	})
	wantAbsence(t, reader(t, at, Options{Timeout: patient}, eth0).Read(t.Context())[0], policy.Absent, "one reading of a counter")
}

func TestARowThatIsNotThereIsAbsentAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, append(links(link(1, "lo", 5), link(2, "eth1", 7), link(3, "eth1", 8)), cell(".1.3.6.1.4.1.2021.10.1.5.1", gosnmp.Integer, 7))...)
	readings := reader(t, agent(t, m.replies), Options{Timeout: patient},
		eth0, config.SNMP{Profile: "network_in_packets", InterfaceName: "eth1"}, config.SNMP{Profile: "load1"}, config.SNMP{Profile: "disk_used", Path: "/var"}).Read(t.Context())
	wantAbsence(t, readings[0], policy.Absent, `no row named "eth0": it has lo, eth1, eth1`)
	wantAbsence(t, readings[1], policy.Absent, "several rows named")
	wantAbsence(t, readings[3], policy.Absent, `no row named "/var"`)
	if _, ok := readings[2].Sample.Value(); !ok {
		t.Errorf("load1: %v", readings[2].Err)
	}
}

func TestAnAgentThatRenumbersAllTheTimeFails(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour)
	turn := 1
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if turn++; request.PDUType == gosnmp.GetBulkRequest {
			m.set(time.Hour, links(link(turn, "eth0", 5))...)
		} else {
			m.set(time.Hour, links(link(turn, "other", 5))...)
		}
		return m.replies(request)
	})
	a := reader(t, at, Options{Timeout: patient}, eth0)
	wantAbsence(t, a.Read(t.Context())[0], policy.Failed, "renumbers its rows")
}

func TestATableThatBreaksOffFailsWhatNeedsIt(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, append(rows(40), cell(".1.3.6.1.4.1.2021.10.1.5.1", gosnmp.Integer, 7))...)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if request.PDUType == gosnmp.GetBulkRequest && request.Variables[1].Name != table {
			return nil // its second part is lost, always
		}
		return m.replies(request)
	})
	readings := reader(t, at, Options{Timeout: 50 * time.Millisecond},
		config.SNMP{Profile: "load1"}, config.SNMP{OID: table, Table: "sum", Scale: 1}).Read(t.Context())
	if _, ok := readings[0].Sample.Value(); !ok {
		t.Errorf("load1: %v", readings[0].Err)
	}
	wantAbsence(t, readings[1], policy.Failed, "table column "+table+": no answer")
}

func TestATableMakesOneNumber(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, cell(table+".1", gosnmp.Gauge32, uint32(10)), cell(table+".7", gosnmp.Gauge32, uint32(40)), cell(table+".9", gosnmp.Gauge32, uint32(10)))
	var of []config.SNMP
	for _, statistic := range []string{"sum", "avg", "max"} {
		of = append(of, config.SNMP{OID: table, Table: statistic, Scale: 0.5})
	}
	for i, want := range []float64{30, 10, 20} {
		got := reader(t, agent(t, m.replies), Options{Timeout: patient}, of...).Read(t.Context())[i]
		if value, ok := got.Sample.Value(); !ok || value != want {
			t.Errorf("%s is %v (%v), want %v", of[i].Table, value, got.Err, want)
		}
	}
	if asked := m.questions()[gosnmp.GetBulkRequest]; asked != 3 {
		t.Errorf("%d walks for three readings of three signals of one column, want 3", asked)
	}
}

func TestATableOfCountersNeedsTheSameRows(t *testing.T) {
	t.Parallel()
	counts := func(cells ...uint32) (all []gosnmp.SnmpPDU) {
		for i, count := range cells {
			all = append(all, cell(fmt.Sprintf("%s.%d", table, i), gosnmp.Counter32, count))
		}
		return all
	}
	m := newMIB(time.Hour, counts(0, math.MaxUint32)...)
	a := reader(t, agent(t, m.replies), Options{Timeout: patient}, config.SNMP{OID: table, Table: "sum", Counter: true, Scale: 1})
	next := func(cells ...gosnmp.SnmpPDU) reading.Reading {
		m.set(2*time.Hour, cells...)
		a.earlier(10 * time.Second)
		return a.Read(t.Context())[0]
	}
	wantAbsence(t, a.Read(t.Context())[0], policy.Absent, "one reading of a counter")
	got := next(counts(100, 99)...)
	if value, ok := got.Sample.Value(); !ok || math.Abs(value-20) > 1 {
		t.Errorf("%v per second (%v), want 20", value, got.Err)
	}
	wantAbsence(t, next(counts(100, 99, 5)...), policy.Absent, "other rows")
	wantAbsence(t, next(), policy.Absent, "no rows")
}

func TestADiskIsFoundByItsPath(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour,
		cell(hrStorageDescr+".1", gosnmp.OctetString, "Physical memory"), cell(hrStorageDescr+".36", gosnmp.OctetString, "/"),
		cell(".1.3.6.1.2.1.25.2.3.1.5.36", gosnmp.Integer, 400), cell(".1.3.6.1.2.1.25.2.3.1.6.36", gosnmp.Integer, 100))
	got := reader(t, agent(t, m.replies), Options{Timeout: patient}, config.SNMP{Profile: "disk_used", Path: "/"}).Read(t.Context())[0]
	if value, ok := got.Sample.Value(); !ok || value != 0.25 {
		t.Errorf("%v used (%v), want 0.25", value, got.Err)
	}
}
