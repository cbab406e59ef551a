package guest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const community = "watcher"

// nextAddress gives every machine of every test its own loopback address.
var nextAddress atomic.Uint32

func newAddress() netip.Addr {
	n := nextAddress.Add(1)
	return netip.AddrFrom4([4]byte{127, 77, byte(n >> 8), byte(n)})
}

// freePort is a port that was free for TCP and UDP at the address a moment ago.
func freePort(t *testing.T, address netip.Addr) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

// testMachine is a machine of a world of its own ports, and how to reach it.
type testMachine struct {
	world *World
	code  string
	snmp  netip.AddrPort
	app   netip.AddrPort
}

func (m testMachine) power(on bool) { m.world.Power(m.code, m.app.Addr(), on) }

// newMachines returns machines that are on, in one world.
func newMachines(t *testing.T, count int, change func(*Options)) []testMachine {
	t.Helper()
	options := Options{
		SNMPPort:    freePort(t, newAddress()),
		AppPort:     freePort(t, newAddress()),
		Community:   community,
		ServiceTime: time.Millisecond,
		Backlog:     100,
		Failed:      func(code string, err error) { t.Errorf("machine %s failed: %v", code, err) },
	}
	if change != nil {
		change(&options)
	}
	world, err := NewWorld(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	machines := make([]testMachine, count)
	for i := range machines {
		address := newAddress()
		machines[i] = testMachine{
			world: world,
			code:  fmt.Sprintf("gc%08d", i+1),
			snmp:  netip.AddrPortFrom(address, options.SNMPPort),
			app:   netip.AddrPortFrom(address, options.AppPort),
		}
		machines[i].power(true)
	}
	return machines
}

func newMachine(t *testing.T, change func(*Options)) testMachine {
	t.Helper()
	return newMachines(t, 1, change)[0]
}

// get reads a page on a connection of its own.
func get(t *testing.T, address netip.AddrPort, path string) (status int, body string, err error) {
	t.Helper()
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		Timeout:   30 * time.Second,
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+address.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// mustGet reads a page that must be answered with the given status.
func mustGet(t *testing.T, address netip.AddrPort, path string, want int) string {
	t.Helper()
	status, body, err := get(t, address, path)
	if err != nil || status != want {
		t.Fatalf("GET %s%s: status %d, error %v, want status %d", address, path, status, err, want)
	}
	return body
}

// manager is a gosnmp client of the machine.
func manager(t *testing.T, address netip.AddrPort, timeout time.Duration) *gosnmp.GoSNMP {
	t.Helper()
	client := &gosnmp.GoSNMP{
		Target:    address.Addr().String(),
		Port:      address.Port(),
		Community: community,
		Version:   gosnmp.Version2c,
		Timeout:   timeout,
		MaxOids:   gosnmp.MaxOids,
	}
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Conn.Close() })
	return client
}

// waitUntil asks every few milliseconds until yes; a minute of no ends the test.
func waitUntil(t *testing.T, yes func() bool) {
	t.Helper()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	giveUp := time.NewTimer(time.Minute)
	defer giveUp.Stop()
	for !yes() {
		select {
		case <-again.C:
		case <-giveUp.C:
			t.Fatal("gave up waiting")
		}
	}
}
