package soak

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/store"
)

// How every group works.
const (
	interval    = 20 * time.Second
	callTimeout = 200 * time.Second
	staleRead   = 2 * time.Minute
)

var (
	errDead     = errors.New("the process is dead")
	errDiskFull = errors.New("no space left on device")
	errNoRoute  = errors.New("no route to host")
)

// process is one life of autoscaled. Nothing that it does once it is dead reaches
// the world.
type process struct {
	world    *world
	fleet    *fleet.Fleet
	registry *prometheus.Registry
	stop     func()

	dead     atomic.Bool
	diskFull atomic.Bool // commits fail
	cut      atomic.Bool // calls fail
}

// Commit lets the living process write.
func (d disk) Commit(epoch store.Epoch, txn store.Txn) (store.Revision, error) {
	switch {
	case d.process.dead.Load():
		return 0, errDead
	case d.process.diskFull.Load():
		return 0, errDiskFull
	}
	return d.Store.Commit(epoch, txn)
}

// disk is the world's disk as one process sees it.
type disk struct {
	store.Store
	process *process
}

// RoundTrip lets the living process call.
func (p *process) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case p.dead.Load():
		return nil, errDead
	case p.cut.Load():
		return nil, errNoRoute
	}
	return gpsim.Transport(p.world.cloud()).RoundTrip(request)
}

// start starts a process on the world's disk.
func (w *world) start() {
	w.t.Helper()
	p := &process{world: w, registry: prometheus.NewRegistry(), fleet: &fleet.Fleet{}}
	epoch, err := w.disk.Claim()
	must(w.t, err)
	journal := store.Journal{Store: disk{w.disk, p}, Epoch: epoch}
	client, err := gpapi.New(gpapi.Options{
		AccessKey: secret.New(accessKey), SecretKey: secret.New("s3cret"), CallsPerSecond: 2, CallTimeout: callTimeout,
		Transport: p, Now: time.Now, Jitter: half,
	})
	must(w.t, err)
	metrics, groups := actions.NewMetrics(p.registry), fleet.NewMetrics(p.registry)
	account, err := actions.NewAccount(actions.AccountOptions{
		Name: "gio", Journal: journal, SettleWindow: 10 * time.Minute, OrderTimeout: 3 * callTimeout,
		Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: metrics,
	})
	must(w.t, err)
	options := gp.Options{GpServiceCode: gpCode, SSHPublicKey: "ssh-ed25519 AAAA operator@example", FwLb: glCode}
	observer := fleet.NewObserver(fleet.ObserverOptions{
		Account: "gio", Machines: gp.NewReader(client.Reader, options), Pools: w.poolReaders(client.Reader),
		PollMoving: 20 * time.Second, PollIdle: 2 * time.Minute, Timeout: callTimeout,
		Settle: account.Settle, Now: time.Now, Log: zap.NewNop(), Metrics: groups,
	})
	p.fleet.Observers, p.fleet.Accounts = []*fleet.Observer{observer}, []*actions.Account{account}
	for _, pool := range w.pools {
		writer := gp.NewWriter(client, options)
		crew, err := actions.NewCrew(actions.CrewOptions{
			Group: pool.name, Installation: installation, Account: account, Machines: writer,
			Balancers: []cloud.Balancer{gp.NewPool(client, poolOptions(pool))}, Template: cloud.Template{Source: template, Type: machineType},
			Journal: journal, Min: pool.min, Max: pool.max, Surge: 1,
			Probe: w.probe, ProbeInterval: 2 * time.Second, ProbeCount: 2,
			Drain: 30 * time.Second, StopTimeout: 10 * time.Minute, LaunchTimeout: 2 * time.Hour, CallTimeout: 3 * callTimeout,
			StaleRead: staleRead, AbsenceAfter: 30 * time.Second, Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: metrics,
		})
		must(w.t, err)
		account.Serve(crew)
		spec := pool.spec()
		group, err := fleet.NewGroup(fleet.GroupOptions{
			DeciderOptions: fleet.DeciderOptions{
				Name: pool.name, Account: "gio", Spec: &spec, Interval: interval, Signals: pool.load, Observer: observer,
				Pools: []string{glCode + "/" + pool.name}, Now: time.Now, Log: zap.NewNop(), Metrics: groups,
			},
			Crew: crew, Journal: journal, Billing: writer.Billing, WarmUp: 20 * time.Second,
		})
		must(w.t, err)
		p.fleet.Groups = append(p.fleet.Groups, group)
	}
	w.run(p)
}

func half() float64 { return 0.5 }

func poolOptions(p pool) gp.PoolOptions {
	return gp.PoolOptions{GpServiceCode: gpCode, GlServiceCode: glCode, Pool: p.name, Port: port}
}

func (w *world) poolReaders(api *gpapi.Reader) []cloud.BalancerReader {
	var readers []cloud.BalancerReader
	for _, p := range w.pools {
		readers = append(readers, gp.NewPoolReader(api, poolOptions(p)))
	}
	return readers
}

// spec wants one instance for each hundred of load.
func (p pool) spec() policy.Spec {
	return policy.Spec{
		Min: p.min, Max: p.max, Type: machineType, Gap: 10 * time.Minute,
		Policies: policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100, ToleranceOut: 0.1, ToleranceIn: 0.1}),
		In:       policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute},
		Standby:  p.standby, ReleaseBefore: 30 * time.Minute, OrderMax: 10, Surge: 1,
	}
}

// run runs the process until its stop is called.
func (w *world) run(p *process) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- p.fleet.Run(ctx) }()
	p.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the process ended with %v", err)
		}
	}
	w.process = p
}
