package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// apartVariable is set in the process that a test runs in with a network of its own.
const apartVariable = "AUTOSCALED_E2E_APART"

// apart says that this process has a network of its own. Where it has not, the test is
// run again in a process that has, and what became of it there is what becomes of it
// here. No privileges are needed where the kernel gives namespaces to everybody.
func apart(t *testing.T) bool {
	t.Helper()
	ip := tool(t, "ip")
	if os.Getenv(apartVariable) != "" {
		must(t, ip, "link", "set", "lo", "up")
		return true
	}
	probe := alone(ip, "link", "add", "one", "type", "veth", "peer", "name", "other")
	if said, err := probe.CombinedOutput(); err != nil {
		t.Skipf("the kernel, or the container around us, gives no network namespace with a pair of linked interfaces (veth) in it: %v: %s", err, said)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := alone(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=6m")
	again.Env = append(os.Environ(), apartVariable+"=yes")
	said, err := again.CombinedOutput()
	switch _, reason, skipped := strings.Cut(string(said), "--- SKIP: "); {
	case err != nil:
		t.Errorf("in a network of its own: %v:\n%s", err, said)
	case skipped:
		t.Skip(reason, string(said))
	case !strings.Contains(string(said), "--- PASS: "+t.Name()+" "):
		t.Errorf("in a network of its own it was not run:\n%s", said)
	default:
		t.Logf("in a network of its own:\n%s", said)
	}
	return false
}

// alone is a program that has a network of its own, and may change it.
func alone(program string, args ...string) *exec.Cmd {
	command := exec.Command(program, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if user := os.Getuid(); user != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return command
}

// office is a second network, where a daemon runs. Two cables lead to the scene's: one
// to the cloud's API, and one to the machines.
type office struct {
	s     *scene
	enter []string // the command that runs another one there
}

// The ends of the cables: in the scene's network, and in the office.
var cables = map[string][2]string{"cloud": {"10.77.0.1", "10.77.0.2"}, "machines": {"10.78.0.1", "10.78.0.2"}}

// office lays the cables. The addresses behind them are those of loopback networks,
// which the kernel must be told to let out.
func (s *scene) office() *office {
	s.t.Helper()
	holder := start(s.t, "office", nil, tool(s.t, "unshare"), "--net", "sleep", "infinity")
	network := fmt.Sprintf("/proc/%d/ns/net", holder.command.Process.Pid)
	eventually(s.t, soon, "second network", func() error {
		ours, errOurs := os.Readlink("/proc/self/ns/net")
		its, errIts := os.Readlink(network)
		if ours == its {
			return fmt.Errorf("it is still ours, %s", its)
		}
		return errors.Join(errOurs, errIts)
	})
	o := &office{s, []string{tool(s.t, "nsenter"), "--net=" + network, "--"}}
	const letOut = "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet"
	for _, in := range [][]string{nil, o.enter} {
		if said, err := command(in, "sh", "-c", letOut).CombinedOutput(); err != nil {
			s.t.Skipf("the kernel's settings cannot be changed in a network of our own, as in a container with a read-only /proc/sys: %v: %s", err, said)
		}
	}
	o.must("ip", "link", "set", "lo", "up")
	for name, ends := range cables {
		must(s.t, "ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", fmt.Sprint(holder.command.Process.Pid))
		must(s.t, "ip", "address", "add", ends[0]+"/30", "dev", name)
		must(s.t, "ip", "link", "set", name, "up")
		o.must("ip", "address", "add", ends[1]+"/30", "dev", name)
		o.must("ip", "link", "set", name, "up")
	}
	o.must("ip", "route", "add", s.host+"/32", "via", cables["cloud"][0], "dev", "cloud", "src", cables["cloud"][1], "table", "local")
	o.must("ip", "route", "add", s.network.Addr().String()+"/24", "via", cables["machines"][0], "dev", "machines", "src", cables["machines"][1], "table", "local")
	return o
}

// run starts the daemon in the office.
func (o *office) run(configuration string) *daemon {
	o.s.t.Helper()
	file := o.s.write("autoscaled.yaml", configuration)
	run := command(o.enter, autoscaled, "run", "--config", file, "--log-format", "text")
	return &daemon{start(o.s.t, "daemon", nil, run.Path, run.Args[1:]...), httpd.NewClient(o.s.socket())}
}

// worsen makes the cable to the machines lossy, slow and confusing in both directions,
// and returns what ends that and tells what was lost. Without netem in the kernel it is
// made so narrow that it holds back and loses.
func (o *office) worsen() (mend func() (told string)) {
	o.s.t.Helper()
	poor := []string{"netem", "delay", "20ms", "15ms", "loss", "25%", "duplicate", "10%", "reorder", "25%"}
	for _, in := range [][]string{nil, o.enter} {
		add := slices.Concat(in, []string{"tc", "qdisc", "add", "dev", "machines", "root"})
		if said, err := command(add, poor...).CombinedOutput(); err != nil {
			o.s.t.Logf("this kernel has no netem, so the cable is made narrow: %v: %s", err, said)
			poor = []string{"tbf", "rate", "4kbit", "burst", "1600", "limit", "300"}
			must(o.s.t, slices.Concat(add, poor)...)
		}
	}
	return func() string {
		told := o.must("tc", "-s", "qdisc", "show", "dev", "machines")
		must(o.s.t, "tc", "qdisc", "del", "dev", "machines", "root")
		o.must("tc", "qdisc", "del", "dev", "machines", "root")
		return told
	}
}

func (o *office) must(args ...string) (said string) {
	o.s.t.Helper()
	return must(o.s.t, slices.Concat(o.enter, args)...)
}

func command(in []string, args ...string) *exec.Cmd {
	all := slices.Concat(in, args)
	return exec.Command(all[0], all[1:]...)
}

// must runs a command that cannot fail where networks of our own exist.
func must(t *testing.T, args ...string) (said string) {
	t.Helper()
	output, err := command(args).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, output)
	}
	return string(output)
}

// throughout checks so many decisions, one after the other.
func (d *daemon) throughout(decisions int, check func(fleet.GroupStatus)) {
	d.t.Helper()
	var last time.Time
	d.until(late, "decisions", func(g fleet.GroupStatus) error {
		if g.Decision.At.After(last) {
			last = g.Decision.At
			decisions--
			check(g)
		}
		if decisions > 0 {
			return errors.New("too few decisions so far")
		}
		return nil
	})
}

// The daemon is in one network, and the cloud and its machines in another.
func TestANetworkThatIsPoorOrCutShrinksNothing(t *testing.T) {
	t.Parallel()
	if !apart(t) {
		return
	}
	s := newScene(t)
	show := func(load int) { s.write("load", fmt.Sprintln(load)) }
	show(100)
	port := s.snmpd(fmt.Sprintf("pass_persist .%s /bin/sh %s %s", loadObject, s.write("object.sh", loadScript), s.path("load")))
	o := s.office()
	sim := s.simulate()
	configuration := s.configuration(sim.endpoint(),
		fmt.Sprintf("load: {snmp: {oid: %s, port: %d, timeout: 300ms}, staleness: 3s}", loadObject, port), "target: {signal: load, value: 100}")
	configuration = with(t, configuration, "listen: "+s.host+":0", "listen: 127.0.0.1:0")
	configuration = with(t, configuration, "warm_up: 1s", "warm_up: 5s")
	d := o.run(configuration)
	d.restsAt(least)
	const size = least + 1 // so that there is one to lose
	show(150)
	d.until(soon, "decision", func(g fleet.GroupStatus) error { return decided(g, size) })
	show(100)
	d.restsAt(size)
	sofar := len(sim.books().Calls)
	stays := func(g fleet.GroupStatus) {
		if calls := sim.books().Calls[sofar:]; len(calls) > 0 {
			t.Fatalf("the cloud was asked to change something: %+v", calls)
		}
		if err := atRest(g, size); err != nil {
			t.Fatal(err)
		}
	}

	mend := o.worsen()
	measured := 0
	d.throughout(20, func(g fleet.GroupStatus) {
		stays(g)
		if value := g.Signals[0].Value; value != nil && *value != 100 {
			t.Fatalf("the load is %v, which no agent said", *value)
		}
		measured += g.Signals[0].Measured
	})
	told := mend()
	t.Logf("%d values came through a network that lost %s", measured, told)
	if measured == 0 || strings.Contains(told, "dropped 0,") || !strings.Contains(told, "dropped ") {
		t.Error("the test wants values to come through, and datagrams to be lost")
	}

	d.kill()
	d = o.run(with(t, configuration, "    scale_out:", "    health: {interval: 200ms, failures: 2}\n    scale_out:"))
	d.measures(soon, "load", func(load float64) bool { return load == 100 })
	d.restsAt(size)
	must(t, "ip", "link", "set", "machines", "down")
	d.until(soon, "silence of everybody, to signals and probes", func(g fleet.GroupStatus) error {
		if g.Decision.Reason != "unknown" || g.Failing != size {
			return fmt.Errorf("%s, %d fail their probes", g.Decision.Reason, g.Failing)
		}
		return d.says(fmt.Sprintf("none of the %d instances answers; that looks like the network between, or a setting that they share, and not like idleness", size))
	})
	d.throughout(10, stays)

	must(t, "ip", "link", "set", "machines", "up")
	show(38)
	d.restsAt(least)
	checkBooks(t, sim.books(), size)
}
