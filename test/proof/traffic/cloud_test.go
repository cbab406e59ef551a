package traffic

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// The fixture: a stopped template, two machines of ours that serve, and a foreign
// machine in the same pool.
const (
	installation = "traffic"
	group        = "web"
	gpCode       = "gp00000001"
	glCode       = "gl00000001"
	pool         = "web"
	template     = "gc00000001"
	foreign      = "gc00000004"
	accessKey    = "SIMULATEDACCESSKEY01"
	secretKey    = "simulated-secret-key"

	seededMachines = 4
)

// How quick the cloud is.
var delays = gpsim.Delays{
	Prepare: 100 * time.Millisecond, EarlyStatus: 20 * time.Millisecond, Clone: 150 * time.Millisecond,
	Configure: 30 * time.Millisecond, Start: 120 * time.Millisecond, Stop: 100 * time.Millisecond, StaleRead: 20 * time.Millisecond,
}

// cloud is the simulated cloud: GP-API on a port, machines that really listen, and
// the FW+LB in front of them.
type cloud struct {
	sim      *gpsim.Sim
	machines *guest.World
	balancer *guest.Balancer
	visitors *gate
	endpoint string
	appPort  uint16

	mu       sync.Mutex
	nodes    []netip.AddrPort // guarded by mu: the pool as last set
	left     int              // guarded by mu: nodes taken out
	underWay int              // guarded by mu: requests under way at those moments, added up
}

func newCloud(p place, on terms) *cloud {
	t := p.t
	t.Helper()
	c := &cloud{appPort: p.freePort()}
	var err error
	c.machines, err = guest.NewWorld(guest.Options{
		SNMPPort: p.freePort(), AppPort: c.appPort, Community: "public", ServiceTime: on.serviceTime, Backlog: backlog, BootHealthyAfter: on.bootTime,
		Failed: func(code string, err error) { t.Errorf("machine %s: %v", code, err) },
	})
	must(t, err)
	t.Cleanup(c.machines.Close)
	c.balancer, err = guest.NewBalancer(net.JoinHostPort(p.host, "0"), time.Minute)
	must(t, err)
	t.Cleanup(func() { must(t, c.balancer.Close()) })
	c.visitors = openGate(p, c.balancer)
	c.sim, err = gpsim.New(gpsim.Options{
		Accounts: []gpsim.Account{{AccessKey: accessKey, SecretKey: secret.New(secretKey), GpServiceCode: gpCode}},
		Delays:   delays, AddressBase: p.network,
		Hooks: gpsim.Hooks{Power: c.machines.Power, Pool: c.setPool},
	})
	must(t, err)
	c.run(p)
	c.seed(t)
	c.untilAllServe(t)
	return c
}

// run lets time pass in the cloud, and serves its API.
func (c *cloud) run(p place) {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.sim.Run(ctx) }()
	p.t.Cleanup(func() {
		stop()
		must(p.t, <-ended)
		must(p.t, c.sim.Close())
	})
	c.endpoint = p.serve(c.sim) + "/json"
}

func (c *cloud) seed(t *testing.T) {
	t.Helper()
	var nodes []netip.AddrPort
	for _, spec := range []gpsim.MachineSpec{
		{Code: template, Label: "web template", Status: gpsim.StatusStopped},
		{Code: "gc00000002", Label: actions.Mark(installation, group, "gc00000002"), Status: gpsim.StatusRunning},
		{Code: "gc00000003", Label: actions.Mark(installation, group, "gc00000003"), Status: gpsim.StatusRunning},
		{Code: foreign, Label: "shop, ask Sato before touching", Status: gpsim.StatusRunning},
	} {
		spec.Type = "V40"
		_, address, err := c.sim.AddMachine(spec)
		must(t, err)
		if spec.Status == gpsim.StatusRunning {
			nodes = append(nodes, netip.AddrPortFrom(address, c.appPort))
		}
	}
	must(t, c.sim.AddFwLb(glCode, map[string][]netip.AddrPort{pool: nodes}))
}

// untilAllServe waits until the fixture's machines have booted.
func (c *cloud) untilAllServe(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	c.mu.Lock()
	nodes := slices.Clone(c.nodes)
	c.mu.Unlock()
	for _, node := range nodes {
		eventually(t, "boot of "+node.String(), func() error {
			response, err := client.Get("http://" + node.String() + "/healthz")
			if err != nil {
				return err
			}
			defer response.Body.Close()
			return wantStatus(response.StatusCode)
		})
	}
}

// setPool tells the FW+LB of its nodes, and notes what was under way when one left.
func (c *cloud) setPool(_, _ string, nodes []netip.AddrPort) {
	c.balancer.SetNodes(nodes)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, before := range c.nodes {
		if !slices.Contains(nodes, before) {
			c.left++
			c.underWay += int(c.visitors.underWay.Load())
		}
	}
	c.nodes = nodes
}

// removals is how many nodes left the pool, and how many requests were under way
// at the FW+LB at those moments, added up.
func (c *cloud) removals() (nodes, underWay int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left, c.underWay
}

// effects counts the calls of an action that changed something.
func effects(books gpsim.Books, action string) int {
	n := 0
	for _, call := range books.Calls {
		if call.Action == action && call.Effect {
			n++
		}
	}
	return n
}
