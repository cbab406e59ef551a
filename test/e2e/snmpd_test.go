package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
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
	return s.snmpdBy(nil, lines...)
}

// snmpdBy starts it by a command that runs the one behind it.
func (s *scene) snmpdBy(command []string, lines ...string) uint16 {
	s.t.Helper()
	port := s.freePort("udp")
	var addresses []string
	address := s.network.Addr()
	for range agents {
		address = address.Next()
		addresses = append(addresses, fmt.Sprintf("udp:%v:%d", address, port))
	}
	configuration := append([]string{"rocommunity public", "dontLogTCPWrappersConnects yes", "agentaddress " + strings.Join(addresses, ",")}, lines...)
	file := s.write("snmpd.conf", strings.Join(configuration, "\n")+"\n")
	command = append(command, tool(s.t, "snmpd"), "-f", "-Lo", "-C", "-c", file)
	start(s.t, "snmpd", []string{"MIBS=", "SNMP_PERSISTENT_DIR=" + s.folder}, command[0], command[1:]...)
	return port
}

func TestProcessorsUnderLoadScaleOutAndIdleOnesIn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	processors := showProcessors(s)
	port := s.snmpdBy(processors.shown())
	sim := s.simulate()
	// Growing needs more than 93 %, shrinking from 5 to 4 less than 68 %.
	d := s.run(s.configuration(sim.endpoint(),
		fmt.Sprintf("cpu: {snmp: {profile: cpu_busy, port: %d}}", port),
		"target: {signal: cpu, value: 85%}"))
	d.measures(late, "processors at rest", func(busy float64) bool { return busy > 0 && busy < 0.85 })
	d.restsAt(least)
	processors.busy.Store(true)
	d.restsAt(most)
	processors.busy.Store(false)
	d.until(late, "fewer instances, and some stopped", func(g fleet.GroupStatus) error {
		if g.Serving == most || g.Standby == 0 {
			return fmt.Errorf("%d serve and %d stand by (%v)", g.Serving, g.Standby, g.Decision.Policies)
		}
		return nil
	})
	checkBooks(t, sim.books(), most)
}

// processors are two that an agent is shown in place of this machine's, which other tests
// keep busy.
type processors struct {
	t    *testing.T
	file *os.File // in place of /proc/stat
	busy atomic.Bool
}

func showProcessors(s *scene) *processors {
	file, err := os.Create(s.path("stat"))
	if err != nil {
		s.t.Fatal(err)
	}
	p := &processors{t: s.t, file: file}
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { p.run(ended) })
	s.t.Cleanup(func() {
		close(ended)
		running.Wait()
		_ = file.Close()
	})
	return p
}

// run lets them work, or rest for nine tenths of the time.
func (p *processors) run(ended chan struct{}) {
	const each = 10 // hundredths of a second
	var user, idle int
	for tick := time.Tick(each * 10 * time.Millisecond); ; {
		worked := each
		if !p.busy.Load() {
			worked /= 10
		}
		user, idle = user+worked, idle+each-worked
		one := fmt.Sprintf("%012d 0 0 %012d 0 0 0 0 0 0", user, idle)
		both := fmt.Sprintf("%012d 0 0 %012d 0 0 0 0 0 0", 2*user, 2*idle)
		text := fmt.Sprintf("cpu  %s\ncpu0 %s\ncpu1 %s\nintr 0\nctxt 0\nbtime 1\nprocesses 1\n", both, one, one)
		if _, err := p.file.WriteAt([]byte(text), 0); err != nil { // always as long, so that it is whole at any time
			p.t.Error(err)
		}
		select {
		case <-tick:
		case <-ended:
			return
		}
	}
}

// shown is the command that runs the one behind it where these are the machine's processors.
func (p *processors) shown() []string {
	command := []string{tool(p.t, "unshare"), "--mount"}
	if os.Getuid() != 0 {
		command = append(command, "--map-root-user")
	}
	command = append(command, "sh", "-c", `mount --bind "$0" /proc/stat && exec "$@"`, p.file.Name())
	if said, err := exec.Command(command[0], append(command[1:], "true")...).CombinedOutput(); err != nil {
		p.t.Skipf("an agent cannot be shown other processors here: %v: %s", err, said)
	}
	return command
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
