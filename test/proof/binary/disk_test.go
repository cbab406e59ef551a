package binary

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// newDisk is a group at rest, whose disk can be filled.
func newDisk(t *testing.T, part uint64) *ordeal {
	t.Helper()
	o := newOrdeal(t, part, &tally{counts: map[string]int{}})
	o.daemon = o.scene.run(o.configuration, "WATCHDOG_USEC=600000") // so that it often tries to write
	o.daemon.restsAt(least)
	return o
}

// fill leaves the daemon no room to write, and waits until its status says so.
func (o *ordeal) fill() {
	o.t.Helper()
	if err := limitFiles(o.daemon.command.Process.Pid, 0); err != nil {
		o.t.Fatal(err)
	}
	o.daemon.until(soon, "trouble", func(g fleet.GroupStatus) error {
		if !strings.Contains(g.Trouble, "nothing was written: free space on the file system and check its disk") {
			return fmt.Errorf("its trouble is %q", g.Trouble)
		}
		return nil
	})
}

// clear gives the daemon room again.
func (o *ordeal) clear() {
	o.t.Helper()
	if err := limitFiles(o.daemon.command.Process.Pid, unlimited); err != nil {
		o.t.Fatal(err)
	}
}

// measures lets the load change a few times, and waits until the daemon has seen it.
func (o *ordeal) measures() {
	o.t.Helper()
	for _, size := range []int{least, most - 1, most, least + 1, most} {
		o.load.demand(size)
		o.daemon.until(soon, "new value", func(g fleet.GroupStatus) error {
			if len(g.Signals) != 1 || g.Signals[0].Value == nil || *g.Signals[0].Value != loadFor(size) {
				return fmt.Errorf("its signals are %+v", g.Signals)
			}
			return nil
		})
	}
}

// page fetches a page of the daemon's open face.
func (o *ordeal) page(path string) (status int, text string, err error) {
	response, err := client.Get(fmt.Sprintf("http://%s:%d%s", o.host, o.openPort, path))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

func (o *ordeal) healthIs(want int, words string) {
	o.t.Helper()
	eventually(o.t, soon, fmt.Sprintf("health %d", want), func() error {
		status, text, err := o.page("/healthz")
		if err == nil && (status != want || !strings.Contains(text, words)) {
			err = fmt.Errorf("it is %d: %s", status, text)
		}
		return err
	})
}

func TestProofOnAFullDiskTheDaemonMeasuresAndNothingElse(t *testing.T) {
	t.Parallel()
	o := newDisk(t, 1<<32)
	o.healthIs(http.StatusOK, "ok")
	o.fill()
	before := o.sim.books().Calls
	o.measures()
	o.healthIs(http.StatusServiceUnavailable, "free space")
	status, text, err := o.page("/metrics")
	if err != nil || status != http.StatusOK || !strings.Contains(text, `autoscaled_signal_value{group="web",signal="load"} `+fmt.Sprint(loadFor(most))) {
		t.Errorf("the metrics are %d, %v:\n%s", status, err, text)
	}
	if _, said := o.command("status", "--socket", o.socket()); !strings.Contains(said, "! nothing is done until this succeeds: ") {
		t.Errorf("the status does not say why nothing is done:\n%s", said)
	}
	if after := o.sim.books().Calls; len(after) != len(before) {
		t.Errorf("the cloud was asked to change something: %+v", after[len(before):])
	}

	o.clear()
	o.wanted = most
	o.atLast()
	o.healthIs(http.StatusOK, "ok")
}

// What is under way when the disk gets full comes to its end: at most one more call for
// each machine.
func TestProofADiskThatFillsUpWhileMachinesMoveStopsThem(t *testing.T) {
	t.Parallel()
	o := newDisk(t, 1<<32+1)
	sizes := []int{most, least, most - 1, least, most}
	if *kills < 100 {
		sizes = sizes[:2]
	}
	for n, size := range sizes {
		o.load.demand(size)
		<-time.After(o.span(2 * time.Second))
		o.fill()
		begun := o.sim.books().Calls
		o.measures()
		further := map[string]int{}
		for _, call := range o.sim.books().Calls[len(begun):] {
			if further[subject(call)]++; further[subject(call)] > 1 || call.Action == buying {
				t.Errorf("disk %d: this was begun although nothing could be written down: %+v", n+1, call)
			}
		}
		o.load.demand(size)
		o.clear()
		o.wanted = size
		o.daemon.restsAt(size)
	}
	o.atLast()
}

// subject is the code or the address that a call names.
func subject(call gpsim.Call) string {
	p := call.Parameters
	return p["GcServiceCode"] + p["ServiceCode"] + p["NodeIpAddress"]
}

func TestProofADaemonDoesNotStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	configuration := s.configuration(sim.endpoint(), s.servePage().signal())
	file := s.write("autoscaled.yaml", configuration)
	limited := func() *process {
		return start(t, "daemon without room", []string{limitVariable + "=0"}, thisProgram(t), autoscaled, "run", "--config", file, "--log-format", "text")
	}
	first := limited()
	if status := first.status(soon); status != 1 || first.says("autoscaled: make the state file "+s.path("state/autoscaled.db")+": ") != nil {
		t.Errorf("without a state file, it ended with %d and said %s", status, first.said.String())
	}

	d := s.run(configuration)
	d.restsAt(least)
	d.kill()
	second := limited()
	if status := second.status(soon); status != 1 || errors.Join(second.says("autoscaled: take over the store: "), second.says("free space")) != nil {
		t.Errorf("with a state file, it ended with %d and said %s", status, second.said.String())
	}
	if calls := sim.books().Calls; len(calls) > 0 {
		t.Errorf("the cloud was asked to change something: %+v", calls)
	}
}
