package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/store"
)

const (
	installation = "soak"
	gpCode       = "gp00000001"
	glCode       = "gl00000001"
	template     = "gc00000001"
	foreign      = "gc00000002"
	machineType  = "V40"
	accessKey    = "AKSOAK"
	port         = 80
)

// pool is a group as it is configured, and its load.
type pool struct {
	name              string
	min, max, standby int
	seeded            []string // machines that serve from the beginning
	load              *curve
}

// world is what outlives a process of autoscaled: the cloud, the disk, the load.
type world struct {
	t      *testing.T
	random *rand.Rand
	file   string // the cloud's state
	disk   *store.Memory
	pools  []pool
	story  story

	mu  sync.Mutex // guards the rest of this block
	sim *gpsim.Sim
	on  map[netip.Addr]bool

	*process // the living one; nil: none
}

// newWorld makes the world inside a bubble, and starts a process in it.
func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), file: filepath.Join(t.TempDir(), "cloud.json"), disk: store.NewMemory(),
		on: map[netip.Addr]bool{}, story: story{effects: map[string]int{}},
		pools: []pool{
			{name: "web", min: 2, max: 12, standby: 2, seeded: []string{"gc00000003", "gc00000004"}, load: newCurve(seed+1, 2, 10, 16*time.Hour)},
			{name: "api", min: 1, max: 6, seeded: []string{"gc00000005"}, load: newCurve(seed+2, 1, 5, 15*time.Hour)},
		},
	}
	t.Cleanup(w.kill)
	w.openCloud()
	w.furnish()
	w.start()
	return w
}

// openCloud opens the cloud, with what its file holds.
func (w *world) openCloud() {
	w.t.Helper()
	sim, err := gpsim.New(gpsim.Options{
		Accounts:  []gpsim.Account{{AccessKey: accessKey, SecretKey: secret.New("s3cret"), GpServiceCode: gpCode}},
		StateFile: w.file, MaxMachines: 1000, Hooks: gpsim.Hooks{Power: w.powerTurned},
	})
	must(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sim = sim
}

func (w *world) cloud() *gpsim.Sim {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sim
}

// furnish makes what is there before the first process: a stopped template, a
// foreign machine, and for each group a pool with machines that serve.
func (w *world) furnish() {
	w.t.Helper()
	w.furnishMachine(template, "template", gpsim.StatusStopped)
	shared := w.furnishMachine(foreign, "somebody else's", gpsim.StatusRunning)
	pools := map[string][]netip.AddrPort{}
	for _, p := range w.pools {
		pools[p.name] = []netip.AddrPort{shared}
		for _, code := range p.seeded {
			pools[p.name] = append(pools[p.name], w.furnishMachine(code, actions.Mark(installation, p.name, code), gpsim.StatusRunning))
		}
	}
	must(w.t, w.sim.AddFwLb(glCode, pools))
}

func (w *world) furnishMachine(code, label, status string) netip.AddrPort {
	w.t.Helper()
	_, address, err := w.sim.AddMachine(gpsim.MachineSpec{Code: code, Label: label, Status: status, Type: machineType})
	must(w.t, err)
	return netip.AddrPortFrom(address, port)
}

func (w *world) powerTurned(_ string, address netip.Addr, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on {
		w.on[address] = true
	} else {
		delete(w.on, address) // addresses are not used again
	}
}

func (w *world) probe(_ context.Context, address netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on[address] {
		return errors.New("connection refused")
	}
	return nil
}

// kill ends the living process as a power cut does.
func (w *world) kill() {
	if w.process == nil {
		return
	}
	w.dead.Store(true)
	w.stop()
	w.process = nil
}

// until waits, for so long at most, until check has nothing to say any more.
func (w *world) until(what string, limit time.Duration, check func() error) {
	w.t.Helper()
	var err error
	for begun := time.Now(); ; time.Sleep(time.Minute) {
		if err = check(); err == nil {
			return
		}
		if time.Since(begun) > limit {
			w.t.Fatalf("%v: %v passed without %s: %v\n%s", time.Now(), limit, what, err, w.describe())
		}
	}
}

// atRest says what is not yet as it should be at night: as many serve as the least
// load needs, as many stand by as are kept, and nothing else is on record.
func (w *world) atRest() error {
	status := w.fleet.Status()
	for _, a := range status.Accounts {
		if a.LookTrouble != "" || a.Trouble != "" || len(a.Orders) > 0 {
			return fmt.Errorf("account %s has trouble", a.Name)
		}
	}
	for _, p := range w.pools {
		g := status.Groups[slices.IndexFunc(status.Groups, func(g fleet.GroupStatus) bool { return g.Name == p.name })]
		if g.Trouble != "" || g.Serving != p.min || g.Standby > p.standby || g.Serving+g.Standby != len(g.Instances) {
			return fmt.Errorf("in group %s %d serve and %d stand by of %d on record", g.Name, g.Serving, g.Standby, len(g.Instances))
		}
	}
	return nil
}

func (w *world) describe() string {
	var text strings.Builder
	status := w.fleet.Status()
	for _, a := range status.Accounts {
		fmt.Fprintf(&text, "account %+v\n", a)
	}
	for _, g := range status.Groups {
		fmt.Fprintf(&text, "group %s: desired %d, serving %d, becoming %d, standby %d, trouble %q, %+v\n",
			g.Name, g.Desired, g.Serving, g.Becoming, g.Standby, g.Trouble, g.Decision)
		for _, in := range g.Instances {
			fmt.Fprintf(&text, "  %+v\n", in)
		}
	}
	return text.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
