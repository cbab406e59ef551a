package daemon_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest/observer"
)

// notify sends a trap of v2c to the address.
func notify(t *testing.T, at, community, oid string) {
	t.Helper()
	to := netip.MustParseAddrPort(at)
	sender := &gosnmp.GoSNMP{Target: to.Addr().String(), Port: to.Port(), Version: gosnmp.Version2c, Community: community, Timeout: time.Second, MaxOids: 10}
	if err := sender.Connect(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Conn.Close() }()
	if _, err := sender.SendTrap(gosnmp.SnmpTrap{Variables: []gosnmp.SnmpPDU{
		{Name: ".1.3.6.1.6.3.1.1.4.1.0", Type: gosnmp.ObjectIdentifier, Value: oid},
	}}); err != nil {
		t.Fatal(err)
	}
}

// counted is the value of a counter with a label of the value.
func counted(t *testing.T, from prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && metric.GetLabel()[0].GetValue() == label {
				return metric.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s of %s", name, label)
	return 0
}

// lines are what was logged with the message, each with what it says beside it.
func lines(logged *observer.ObservedLogs, message string) (list []string) {
	for _, entry := range logged.FilterMessage(message).All() {
		of := entry.ContextMap()
		what, _ := of["reason"].(string)
		if oid, ok := of["oid"].(string); ok {
			what = oid
		}
		list = append(list, fmt.Sprintf("%s %s from %s: %s", entry.Level, what, of["from"], of["why"]))
	}
	return list
}

func TestWhatBecomesOfTrapsIsToldOnceAndWithWhatToDo(t *testing.T) {
	t.Parallel()
	s := newScene(t).
		replace("listen: 127.0.0.1:0\n", "listen: 127.0.0.1:0\ntraps: {listen: '127.0.0.1:0', senders: [{from: 127.0.0.1, community: public}]}\n").
		replace("    interval: 200ms\n", "    interval: 200ms\n    traps: [{oid: 1.3.6.1.4.1.9999.1}, {oid: 1.3.6.1.4.1.9999.2, from: 127.0.0.1}]\n")
	d, logged, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	at := logged.FilterMessage("listening for traps").All()[0].ContextMap()["at"].(string)
	for range 3 {
		notify(t, at, "private", ".1.3.6.1.4.1.9999.2")
		notify(t, at, "public", ".1.3.6.1.4.1.9999.3")
		notify(t, at, "public", ".1.3.6.1.4.1.9999.1")
	}
	notify(t, at, "public", ".1.3.6.1.4.1.9999.2")
	const outcomes, drops = "autoscaled_traps_total", "autoscaled_traps_dropped_total"
	eventually(t, "the last trap wakes the group", func() bool { return counted(t, d.Registry, outcomes, "woke") == 1 })
	if ignored, dropped := counted(t, d.Registry, outcomes, "ignored"), counted(t, d.Registry, drops, "community"); ignored != 6 || dropped != 3 {
		t.Errorf("%v were ignored, and %v dropped", ignored, dropped)
	}
	if got, want := lines(logged, "a trap was dropped"), []string{
		"warn community from 127.0.0.1: it has another community than traps.senders has for that address",
	}; !slices.Equal(got, want) {
		t.Errorf("of those that were dropped it tells %q, want %q", got, want)
	}
	if got, want := lines(logged, "a trap came that no group waits for"), []string{
		"info .1.3.6.1.4.1.9999.3 from 127.0.0.1: no group names its OID: if one should, add it to groups.NAME.traps",
		"info .1.3.6.1.4.1.9999.1 from 127.0.0.1: a group names its OID, from other addresses: without `from` in groups.NAME.traps it has to come from one of the group's own instances",
	}; !slices.Equal(got, want) {
		t.Errorf("of those that were ignored it tells %q, want %q", got, want)
	}
	for _, entry := range logged.All() {
		if text := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(text, "private") {
			t.Errorf("it tells a community: %s", text)
		}
	}
}
