package soak

import (
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

var readings = flag.Int("soak.readings", 600, "how often the signals of real agents and pages are read")

// The month has no sockets; this is for what holds them. Machines come and go: every
// ten readings all of them are others. It is not parallel either.
func TestNothingGrowsFromReadingToReading(t *testing.T) {
	watch, addresses := newMonitor(t)
	var signals []policy.Signal
	read := func(from, to int) {
		for n := from; n < to; n++ {
			signals = watch.Read(t.Context(), time.Now(), targets(addresses, n/10), signals)
			for _, signal := range signals {
				if len(signal.Instances) != len(addresses) {
					t.Fatalf("reading %d: %+v", n, signal)
				}
			}
		}
	}
	warmUp := *readings / 3
	read(0, warmUp)
	before, open := heapBytes(), descriptors(t)
	read(warmUp, *readings)
	after, stillOpen := heapBytes(), descriptors(t)
	t.Logf("after %d readings %d KiB of heap and %d descriptors, after %d %d KiB and %d", warmUp, before/1024, open, *readings, after/1024, stillOpen)
	if after > before+slackBytes {
		t.Errorf("%d bytes of heap are in use, and were %d", after, before)
	}
	if stillOpen > open+len(addresses) { // a connection may be closing
		t.Errorf("%d descriptors are open, and were %d", stillOpen, open)
	}
}

// newMonitor watches machines that really answer, with signals of each kind.
func newMonitor(t *testing.T) (*monitor.Monitor, []netip.Addr) {
	t.Helper()
	var addresses []netip.Addr
	for n := range 4 {
		addresses = append(addresses, netip.AddrFrom4([4]byte{127, 99, 0, byte(n + 1)}))
	}
	snmp, app := freePort(t, addresses[0]), freePort(t, addresses[0])
	machines, err := guest.NewWorld(guest.Options{
		SNMPPort: snmp, AppPort: app, Community: "public", ServiceTime: time.Millisecond, Backlog: 1,
		Failed: func(code string, err error) { t.Errorf("machine %s: %v", code, err) },
	})
	must(t, err)
	t.Cleanup(machines.Close)
	for n, address := range addresses {
		machines.Power(fmt.Sprint(n), address, true)
	}
	watch, err := monitor.New(monitor.Options{Group: config.Group{Name: "web", Interval: time.Second, Signals: []config.Signal{
		{Name: "cpu", Statistic: "avg", Window: time.Second, Staleness: time.Minute, Quorum: 1,
			SNMP: &config.SNMP{Profile: "cpu_busy", Port: snmp, Community: secret.New("public"), Timeout: 10 * time.Second, Retries: 1, Scale: 1}},
		{Name: "rate", Statistic: "avg", Window: time.Second, Staleness: time.Minute, Quorum: 1,
			Scrape: &config.Scrape{Port: app, Path: "/metrics", Metric: "app_requests_total", Counter: true, Scale: 1, Timeout: 10 * time.Second}},
	}}})
	must(t, err)
	t.Cleanup(watch.Close)
	return watch, addresses
}

// targets are the instances of a generation, at the same addresses as those before.
func targets(addresses []netip.Addr, generation int) []monitor.Target {
	var all []monitor.Target
	for n, address := range addresses {
		all = append(all, monitor.Target{Code: fmt.Sprintf("gc%08d", generation*len(addresses)+n), Address: address})
	}
	return all
}

// descriptors is how many files and sockets this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

// freePort finds a port of the address that nobody uses for TCP.
func freePort(t *testing.T, address netip.Addr) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	must(t, err)
	defer listener.Close()
	return uint16(listener.Addr().(*net.TCPAddr).Port)
}
