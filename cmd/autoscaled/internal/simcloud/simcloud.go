// Package simcloud puts the simulated cloud together for people: the GP-API
// simulator on a port, its machines on loopback, and its FW+LB as a real proxy,
// with a small fixture of the first account: a stopped template, a pool, two
// serving machines that carry the mark of an installation, and a foreign machine
// in the same pool.
//
// It promises that everything it starts ends with Close, and that a state file
// makes contracts, machines and pools outlive the process. Commands simulator and
// demo call it; it calls gpsim and its guest machines.
package simcloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// The fixture.
const (
	GpServiceCode = "gp00000001"
	GlServiceCode = "gl00000001"
	Pool          = "web"
	Group         = "web"
	Template      = "gc00000001"
	First         = "gc00000002" // serving, marked as ours
	Second        = "gc00000003" // serving, marked as ours
	Foreign       = "gc00000004" // in the pool, somebody else's
	Type          = "V40"
	AccessKey     = "SIMULATEDACCESSKEY01"
	SecretKey     = "simulated-secret-key"
)

// Options say how the cloud behaves.
type Options struct {
	Listen       string // host:port of the API
	ProxyListen  string // host:port of the FW+LB
	Installation string // whose mark the two serving machines carry
	StateFile    string // empty: nothing outlives the process

	TLS           *tls.Certificate // nil: the API speaks plain HTTP
	Accounts      []gpsim.Account  // who may call; empty: AccessKey
	Delays        gpsim.Delays
	Spread        float64       // how widely delays vary: see gpsim.Options
	Seed          uint64        // of what is drawn
	Faults        []gpsim.Fault // armed before the first call
	StaleReads    gpsim.StaleReads
	CloneInherits []gpsim.Inheritance
	CloneLanding  string         // status in which a clone lands; empty: gpsim's default
	AddressBase   netip.Prefix   // of the machines' private addresses, within 127.0.0.0/8
	MaxMachines   int            // that an account may have; 0: 100
	MaxPoolNodes  int            // that the pool can hold; 0: 50
	Capacity      map[string]int // machines that a location, L or R, has room for; absent: no limit

	SNMPPort    uint16
	AppPort     uint16
	ServiceTime time.Duration // CPU time that one request costs
	Backlog     int           // requests that may wait at a machine
	BootTime    time.Duration // from Running to serving
	Now         func() time.Time
	Failed      func(code string, err error) // a machine could not be put on loopback
}

// Cloud is a running simulated cloud.
type Cloud struct {
	Sim      *gpsim.Sim
	World    *guest.World
	Balancer *guest.Balancer
	URL      string // of the page for people, without a slash at its end
	Endpoint string // URL of the API

	ForeignAddress netip.Addr

	lock *os.File // of the state file; nil without one
	stop context.CancelFunc
	done sync.WaitGroup
}

// Start starts the cloud and returns when the fixture's machines serve.
func Start(o Options) (*Cloud, error) {
	var fixture startFailures
	o.Failed = fixture.before(o.Failed)
	world, err := guest.NewWorld(guest.Options{
		SNMPPort: o.SNMPPort, AppPort: o.AppPort, Community: "public", ServiceTime: o.ServiceTime, Backlog: o.Backlog,
		BootHealthyAfter: o.BootTime, Failed: o.Failed,
	})
	if err != nil {
		return nil, err
	}
	balancer, err := guest.NewBalancer(o.ProxyListen, 5*time.Second)
	if err != nil {
		world.Close()
		return nil, fmt.Errorf("start the simulated FW+LB on %s: %w; is the port in use?", o.ProxyListen, err)
	}
	c := &Cloud{World: world, Balancer: balancer, stop: func() {}}
	if c.lock, err = lockState(o.StateFile); err == nil {
		err = c.serve(o)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	time.Sleep(o.BootTime + o.BootTime/4) // until the fixture's machines serve
	if err := fixture.end(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the machines that run at first: %w; does another simulator run with the same --addresses?", err), c.Close())
	}
	return c, nil
}

// lockState keeps a second simulator from the state file, until what it returns is
// closed; nil without a file.
func lockState(path string) (*os.File, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // there is nothing to lock
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the state file: %w; name a file whose folder can be written with --state", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w: another simulator has it; give this one a --state of its own", lock.Name(), err), lock.Close())
	}
	return lock, nil
}

// startFailures gathers what fails until the cloud has started.
type startFailures struct {
	mu    sync.Mutex
	ended bool
	errs  []error
}

// before is then, once the cloud has started.
func (f *startFailures) before(then func(code string, err error)) func(code string, err error) {
	return func(code string, err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.ended {
			then(code, err)
			return
		}
		f.errs = append(f.errs, err)
	}
}

func (f *startFailures) end() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return errors.Join(f.errs...)
}

// serve starts the simulator and its API.
func (c *Cloud) serve(o Options) error {
	var err error
	c.Sim, err = gpsim.New(gpsim.Options{
		Accounts: o.accounts(),
		Delays:   o.Delays, Spread: o.Spread, Seed: o.Seed, Now: o.Now, AddressBase: o.AddressBase, StateFile: o.StateFile,
		StaleReads: o.StaleReads, CloneInherits: o.CloneInherits, CloneLanding: o.CloneLanding, MaxMachines: o.MaxMachines, MaxPoolNodes: o.MaxPoolNodes, Capacity: o.Capacity,
		Hooks: gpsim.Hooks{
			Power: c.World.Power,
			Pool:  func(_, _ string, nodes []netip.AddrPort) { c.Balancer.SetNodes(nodes) },
		},
	})
	if err != nil {
		return err
	}
	if err := c.seed(o); err != nil {
		return err
	}
	for _, fault := range o.Faults {
		if err := c.Sim.Inject(fault); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another port", o.Listen, err)
	}
	c.URL = "http://" + listener.Addr().String()
	if o.TLS != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*o.TLS}, MinVersion: tls.VersionTLS12})
		c.URL = "https://" + listener.Addr().String()
	}
	c.Endpoint = c.URL + "/json"
	server := &http.Server{Handler: c.Sim, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = func() { stop(); _ = server.Close() }
	c.done.Go(func() { _ = server.Serve(listener) })
	c.done.Go(func() { _ = c.Sim.Run(ctx) })
	return nil
}

func (o Options) accounts() []gpsim.Account {
	if len(o.Accounts) > 0 {
		return o.Accounts
	}
	return []gpsim.Account{{AccessKey: AccessKey, SecretKey: secret.New(SecretKey), GpServiceCode: GpServiceCode}}
}

// seed makes the fixture; in a reopened simulator it changes nothing.
func (c *Cloud) seed(o Options) error {
	if _, _, err := c.Sim.AddMachine(gpsim.MachineSpec{Code: Template, Type: Type, Label: "web template", Status: gpsim.StatusStopped}); err != nil {
		return err
	}
	var nodes []netip.AddrPort
	for _, spec := range []gpsim.MachineSpec{
		{Code: First, Label: actions.Mark(o.Installation, Group, First)},
		{Code: Second, Label: actions.Mark(o.Installation, Group, Second)},
		{Code: Foreign, Label: "shop, ask Sato before touching"},
	} {
		spec.Type, spec.Status = Type, gpsim.StatusRunning
		_, address, err := c.Sim.AddMachine(spec)
		if err != nil {
			return err
		}
		c.ForeignAddress = address // the last one
		nodes = append(nodes, netip.AddrPortFrom(address, o.AppPort))
	}
	return c.Sim.AddFwLb(GlServiceCode, map[string][]netip.AddrPort{Pool: nodes})
}

// Close ends the cloud.
func (c *Cloud) Close() error {
	c.stop()
	c.done.Wait()
	var errs []error
	if c.Sim != nil {
		errs = append(errs, c.Sim.Close())
	}
	errs = append(errs, c.Balancer.Close())
	c.World.Close()
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}
