package e2e

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// agents is how many machines of a scene snmpd answers for, from the first
// address on: the fixture's four and as many as a test may order.
const agents = 4 + most

// snmpd starts net-snmp's agent at the addresses of the machines, in place of the
// simulated agents, and returns its port.
func (s *scene) snmpd(lines ...string) uint16 {
	s.t.Helper()
	program := tool(s.t, "snmpd")
	port := s.freePort("udp")
	var addresses []string
	address := s.network.Addr()
	for range agents {
		address = address.Next()
		addresses = append(addresses, fmt.Sprintf("udp:%v:%d", address, port))
	}
	configuration := append([]string{"rocommunity public", "dontLogTCPWrappersConnects yes", "agentaddress " + strings.Join(addresses, ",")}, lines...)
	file := s.write("snmpd.conf", strings.Join(configuration, "\n")+"\n")
	start(s.t, "snmpd", []string{"MIBS=", "SNMP_PERSISTENT_DIR=" + s.folder}, program, "-f", "-Lo", "-C", "-c", file)
	return port
}

// untilIdle is how long the tests of other packages may keep the processors busy.
const untilIdle = 5 * time.Minute

// It comes before the parallel tests: those are idle for most of the time, and
// this machine must be able to be.
func TestProcessorsUnderLoadScaleOutAndIdleOnesIn(t *testing.T) {
	s := newScene(t)
	port := s.snmpd()
	sim := s.simulate()
	// Growing needs more than 93 %, shrinking from 5 to 4 less than 68 %.
	d := s.run(s.configuration(sim.endpoint(),
		fmt.Sprintf("cpu: {snmp: {profile: cpu_busy, port: %d}}", port),
		"target: {signal: cpu, value: 85%}"))
	d.measures(untilIdle, "processors at rest", func(busy float64) bool { return busy > 0 && busy < 0.85 })
	d.restsAt(least)

	stopBurning := burn()
	defer stopBurning()
	d.restsAt(most)
	stopBurning()
	d.until(untilIdle, "fewer instances, and some stopped", func(g fleet.GroupStatus) error {
		if g.Serving == most || g.Standby == 0 {
			return fmt.Errorf("%d serve and %d stand by (%v)", g.Serving, g.Standby, g.Decision.Policies)
		}
		return nil
	})
	checkBooks(t, sim.books(), most)
}

// burn keeps all processors busy until it is told to stop.
func burn() (stop func()) {
	var stopped atomic.Bool
	for range runtime.NumCPU() {
		go func() {
			for !stopped.Load() {
			}
		}()
	}
	return func() { stopped.Store(true) }
}

// loadObject is the object that loadScript makes of a file: the agent sends each
// question to the script in lines, and reads the answer from it. (The answers of a
// plain `pass` are kept for 30 s.)
const (
	loadObject = "1.3.6.1.4.1.8072.9999.9999.1.0"
	loadScript = `while read -r question; do
	case $question in
	PING) echo PONG ;;
	get) read -r oid && echo "$oid" && echo gauge && cat "$1" ;;
	*) read -r oid && echo NONE ;;
	esac
done
`
)

func TestSizeFollowsAnObjectOfAnAgent(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	show := func(load int) { s.write("load", fmt.Sprintln(load)) }
	show(100)
	port := s.snmpd(fmt.Sprintf("pass_persist .%s /bin/sh %s %s", loadObject, s.write("object.sh", loadScript), s.path("load")))
	sim := s.simulate()
	// Every instance shows the same, so a load that asks for growth is taken back
	// before the new instances are believed to carry it too.
	d := s.run(with(t, s.configuration(sim.endpoint(),
		fmt.Sprintf("load: {snmp: {oid: %s, port: %d}}", loadObject, port),
		"target: {signal: load, value: 100}"), "warm_up: 1s", "warm_up: 5s"))
	d.restsAt(least)

	for _, sweep := range []struct{ load, size int }{{150, 3}, {160, 5}, {38, 2}} {
		show(sweep.load)
		d.until(soon, "decision", func(g fleet.GroupStatus) error { return decided(g, sweep.size) })
		show(100)
		d.restsAt(sweep.size)
	}

	books := sim.books()
	checkBooks(t, books, most)
	if bought := ordered(books); bought != most-ownedAtFirst {
		t.Errorf("%d machines were bought, want %d", bought, most-ownedAtFirst)
	}
	checkPool(t, sim, books, statusOfProgram(t, s))
}
