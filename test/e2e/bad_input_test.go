package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestFaultsOfAFileAreNamedWithTheirPlaceAllAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	good := s.configuration("http://127.0.0.1:1/json", "cpu: {snmp: {profile: cpu_busy}}", "target: {signal: cpu, value: 60%}")
	const unknownColour = "groups.web: unknown key `colour`: valid: balancers, drift, health, hooks, interval, launch, max, min, mode, policies, provider, ready, rollout, scale_in, scale_out, shadow, signals, template, traps"
	for name, test := range map[string]struct {
		edits [][2]string // in the order of the file: a part, and what is written instead
		at    []string    // where each fault is
		want  []string
	}{
		"misspelt key": {
			edits: [][2]string{{"interval: 200ms", "intervall: 200ms"}}, at: []string{"intervall"},
			want: []string{"groups.web: unknown key `intervall`: did you mean `interval`?"},
		},
		"unknown field": {
			edits: [][2]string{{"    mode: act\n", "    mode: act\n    colour: red\n"}}, at: []string{"colour"},
			want: []string{unknownColour},
		},
		"min above max": {
			edits: [][2]string{{"min: 2", "min: 9"}}, at: []string{"9\n    max"},
			want: []string{"groups.web.min: 9 is larger than max (5): lower min or raise max"},
		},
		"several": {
			edits: [][2]string{{"mode: act", "mode: akt"}, {"interval: 200ms", "interval: 200"}, {"value: 60%", "value: 95%"}},
			at:    []string{"akt", "200\n", "95%"},
			want: []string{
				"groups.web.mode: unknown value `akt`: did you mean `act`?",
				"groups.web.interval: `200` has no unit: write for example 200s",
				"groups.web.policies[0].target.value: the group would never grow: cpu_busy never exceeds 100%, and value with tolerance_out is 104.5%: write for example 60%",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := good
			for _, edit := range test.edits {
				text = with(t, text, edit[0], edit[1])
			}
			file := s.write("autoscaled.yaml", text)
			var want strings.Builder
			for i, message := range test.want {
				fmt.Fprintf(&want, "%s:%s: %s\n", file, place(t, text, test.at[i]), message)
			}
			refuse(t, 1, want.String(), "check", file)
			refuse(t, 1, "autoscaled: "+want.String(), "run", "--config", file)
			if _, err := os.Stat(s.path("state")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused file left a state directory: %v", err)
			}
		})
	}
	expect(t, s.path("autoscaled.yaml")+": good: 1 group: web (act, 2 to 5)\n", "check", s.write("autoscaled.yaml", good))
}

// place is line:column of the only occurrence of part.
func place(t *testing.T, text, part string) string {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found || strings.Count(text, part) != 1 {
		t.Fatalf("%q is not in the file once", part)
	}
	line := 1 + strings.Count(before, "\n")
	return fmt.Sprintf("%d:%d", line, len(before)-strings.LastIndex(before, "\n"))
}

func TestAnUnreachableAgentIsNamedOnceAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	silent := s.freePort("udp")
	configuration := s.configuration(sim.endpoint(), fmt.Sprintf("cpu: {snmp: {profile: cpu_busy, port: %d}}", silent), "target: {signal: cpu, value: 60%}")
	d := s.run(with(t, configuration, "warm_up: 1s", "warm_up: 0s")) // a warming instance may be silent
	// While one of the two does not serve yet, the other may be told of alone.
	const ofBoth = "none of the"
	d.until(soon, "fault of both agents", func(g fleet.GroupStatus) error {
		if g.Serving != least || g.Decision.Reason != "unknown" || len(d.lines(ofBoth)) < 1 {
			return fmt.Errorf("%d serve, %s", g.Serving, g.Decision.Reason)
		}
		return nil
	})
	d.decides(10)
	if told := d.lines("reading failed"); len(told) > least {
		t.Errorf("it is told %d times: %q", len(told), told)
	}
	d.told(ofBoth, fmt.Sprintf("WARN reading failed group=web signal=cpu quality=failed "+
		"error=\"none of the %d instances answers; that looks like the network between, or a setting that they share, and not like idleness: check from here. "+
		"The first: snmp %v:%d: nobody listens on that port: is snmpd running and its agentAddress this one? (connection refused)\"",
		least, sim.books().Machines[1].Address, silent))
	sim.checkUntouched()
	d.restsAt(least)
}

func TestARunningTemplateIsNamedOnceAndOrderedFromOnceItIsStopped(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	operator := sim.operator()
	if _, err := operator.StartVirtualMachine(t.Context(), gpapi.VirtualMachineRequest{GpServiceCode: gpServiceCode, GcServiceCode: template}); err != nil {
		t.Fatal(err)
	}
	eventually(t, soon, "running template", func() error {
		if status := sim.books().Machines[0].Status; status != gpsim.StatusRunning {
			return errors.New(status)
		}
		return nil
	})
	load := s.servePage()
	d := s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy))
	d.restsAt(least)
	load.demand(least + 1)
	eventually(t, soon, "refusal", func() error { return d.says("order failed") })
	d.decides(10)
	d.told("order failed", "WARN order failed account=gio class=conflict retry_in=* "+
		"error=\"order 1 from template gc00000001: it is Running, and must be stopped to be cloned: stop it, or name another template\"")
	if orders := calls(sim.books(), buying); len(orders) > 0 {
		t.Errorf("orders left: %+v", orders)
	}

	if _, err := operator.StopVirtualMachine(t.Context(), gpapi.StopVirtualMachineRequest{GpServiceCode: gpServiceCode, GcServiceCode: template}); err != nil {
		t.Fatal(err)
	}
	d.restsAt(least + 1)
}

func TestAWrongSecretIsNamedOnceAndNeverShown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	s.write("secret-key", "not-the-secret")
	load := s.servePage()
	load.demand(most)
	d := s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy))
	eventually(t, soon, "refusal", func() error { return d.says("look at the cloud failed") })
	throughout(t, time.Second, "the daemon looks on", d.running)
	d.told("look at the cloud failed", "WARN look at the cloud failed; nothing new is believed of what could not be read account=gio class=denied "+
		"error=\"list machines of gp00000001: GetServiceCodeList: HTTP status 401: \\\"Unauthorized\\\": "+
		"\\\"The access key is unknown or the signature does not match.\\\" (RequestId *): check access_key and secret_key of the provider, and the clock of this machine\"")
	sim.checkUntouched()
	_, status := run(t, "status", "--socket", s.socket())
	if !strings.Contains(status, "! list machines of gp00000001") {
		t.Errorf("status does not name the trouble:\n%s", status)
	}
	if strings.Contains(d.said.String()+status, "not-the-secret") {
		t.Error("the secret is shown")
	}
}

func TestAFullPoolIsNamedOnceAndJoinedWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate("--state", s.path("cloud.json"), "--max-pool-nodes", "3")
	load := s.servePage()
	d := s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy))
	d.restsAt(least)
	load.demand(least + 1)
	eventually(t, late, "refusal", func() error { return d.says("step failed") })
	d.decides(10)
	node := fmt.Sprintf("%s:%d", sim.books().Machines[4].Address, s.appPort)
	d.told("step failed", "WARN step failed group=web instance=gc00000005 class=invalid retry_in=* step=join "+
		"error=\"attach "+node+" to pool gl00000001/web: AddLbNode: HTTP status 400: "+
		"\\\"QuotaExceeded\\\": \\\"The pool web is full: it has 3 nodes.\\\" (RequestId *): check the parameters, the account's limits, and whether the machine's state allows the action\"")
	if nodes := sim.nodes(); len(nodes) != 3 || ordered(sim.books()) != 1 {
		t.Errorf("the pool holds %v, and %d machines were bought", nodes, ordered(sim.books()))
	}

	sim.kill()
	sim.flags = append(sim.flags, "--max-pool-nodes", "4")
	sim.start()
	d.restsAt(least + 1)
	if bought := ordered(sim.books()); bought != 1 {
		t.Errorf("%d machines were bought, want 1", bought)
	}
}

func TestAFullAccountIsNamedOnceAndTheGroupServesOn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate("--max-machines", "4")
	load := s.servePage()
	d := s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy))
	d.restsAt(least)
	load.demand(least + 1)
	eventually(t, soon, "refusal", func() error { return d.says("order failed") })
	d.decides(10)
	d.told("order failed", "WARN order failed account=gio class=invalid retry_in=* error=\"order 1 machines V40 like gc00000001: "+
		"AddCloneVirtualMachines: HTTP status 400: \\\"QuotaExceeded\\\": \\\"gp00000001 has 4 of at most 4 virtual machines.\\\" (RequestId *): "+
		"check the parameters, the account's limits, and whether the machine's state allows the action\"")
	load.demand(least)
	d.restsAt(least)
	if bought := ordered(sim.books()); bought != 0 {
		t.Errorf("%d machines were bought", bought)
	}
}

func TestWhatAnotherProgramHoldsIsNamedAndTheFirstDaemonRunsOn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	configuration := s.configuration(sim.endpoint(), s.servePage().signal(), loadPolicy)
	first := s.run(configuration)
	first.restsAt(least)
	taken, err := net.Listen("tcp", s.host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	ownState := with(t, configuration, "/state\n", "/state-of-second\n")
	ownSocket := with(t, ownState, "/run/autoscaled.sock", "/run/second.sock")
	for name, test := range map[string]struct{ configuration, want string }{
		"state directory": {configuration, "another autoscaled already runs on this state directory (" + s.path("state") + "): stop it, or give this one a directory of its own"},
		"control socket":  {ownState, "listen on " + s.socket() + ": another autoscaled answers there; stop it, or set `socket:` to another path"},
		"port": {
			with(t, ownSocket, "listen: "+s.host+":0", "listen: "+taken.Addr().String()),
			"listen on " + taken.Addr().String() + ": another program uses this port; stop it, or set `listen:` to another one",
		},
	} {
		refuse(t, 1, "autoscaled: "+test.want+"\n", "run", "--config", s.write(strings.ReplaceAll(name, " ", "-")+".yaml", test.configuration))
	}
	first.decides(5)
	first.restsAt(least)
	sim.checkUntouched()
}

// changing are the parts of a log line that differ from run to run.
var changing = regexp.MustCompile(`(retry_in=|RequestId )\S+?(\)| )`)

// told fails the test unless the daemon has said exactly one line with the part,
// and that is what is wanted.
func (d *daemon) told(part, want string) {
	d.t.Helper()
	if got := changing.ReplaceAllString(d.once(part), "$1*$2"); got != want {
		d.t.Errorf("the daemon said\n%s\nwant\n%s", got, want)
	}
}
