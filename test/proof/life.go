package proof

import (
	"context"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// All lives of all worlds count into the same metrics: nobody reads them.
var (
	actionsMetrics = actions.NewMetrics(prometheus.NewRegistry())
	fleetMetrics   = fleet.NewMetrics(prometheus.NewRegistry())
)

// life is one life of autoscaled.
type life struct {
	fleet  *fleet.Fleet
	killed chan struct{} // closed when it dies
	ended  chan error    // what Run returned
	cancel context.CancelFunc
	number int

	dead     bool // nothing that it does reaches the world; guarded by the world's mu
	outdated bool // another has taken over, and it does not know; guarded by the world's mu
}

// die makes nothing that the process does reach the world any more. The world's mu
// must be held.
func (l *life) die() {
	if !l.dead {
		l.dead = true
		close(l.killed)
	}
}

// start starts a process. One that ends while it starts is started again, as an
// init system does.
func (w *World) start() {
	for {
		w.lives++
		l := &life{number: w.lives, fleet: &fleet.Fleet{}, killed: make(chan struct{}), ended: make(chan error, 1)}
		if err := w.build(l); err == nil {
			w.run(l)
			return
		}
		w.mu.Lock()
		l.die()
		w.mu.Unlock()
		for _, a := range l.fleet.Accounts {
			a.Close(context.Background())
		}
		time.Sleep(5 * time.Second)
	}
}

func (w *World) run(l *life) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go func() { l.ended <- l.fleet.Run(ctx) }()
	w.life = l
}

// kill ends the living process at once.
func (w *World) kill() {
	if w.life == nil {
		return
	}
	_ = w.die(w.life)
	w.bury(w.life)
	w.life = nil
}

// stop lets the living process end in order.
func (w *World) stop() {
	w.bury(w.life)
	w.life = nil
}

func (w *World) bury(l *life) {
	l.cancel()
	if err := <-l.ended; err != nil && !w.isDead(l) {
		w.mu.Lock()
		w.violate("life", "the process ended with %v", err)
		w.mu.Unlock()
	}
}

func half() float64 { return 0.5 }

// build wires a process as the daemon does.
func (w *World) build(l *life) error {
	disk := diskPort{w.disk.memory, w, l}
	epoch, err := disk.Claim()
	if err != nil {
		return err
	}
	journal := store.Journal{Store: disk, Epoch: epoch}
	account, err := actions.NewAccount(actions.AccountOptions{
		Name: accountName, Journal: journal, SettleWindow: settleWindow, OrderTimeout: callTimeout,
		Now: w.wallNow, Jitter: half, Log: zap.NewNop(), Metrics: actionsMetrics,
	})
	if err != nil {
		return err
	}
	l.fleet.Accounts = append(l.fleet.Accounts, account)
	reader := &port{world: w, life: l}
	var pools []cloud.BalancerReader
	for _, g := range w.groups {
		for _, p := range g.pools {
			pools = append(pools, &poolPort{reader, p})
		}
	}
	observer := fleet.NewObserver(fleet.ObserverOptions{
		Account: accountName, Machines: reader, Pools: pools, PollMoving: pollMoving, PollIdle: pollIdle, Timeout: lookTimeout,
		Settle: account.Settle, Now: w.wallNow, Log: zap.NewNop(), Metrics: fleetMetrics,
	})
	l.fleet.Observers = append(l.fleet.Observers, observer)
	for _, g := range w.groups {
		if err := w.buildGroup(l, g, account, observer, journal); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) buildGroup(l *life, g *group, account *actions.Account, observer *fleet.Observer, journal store.Journal) error {
	writer := &port{world: w, life: l, group: g}
	var balancers []cloud.Balancer
	var names []string
	for _, p := range g.pools {
		balancers, names = append(balancers, &poolPort{writer, p}), append(names, p.Name)
	}
	crew, err := actions.NewCrew(actions.CrewOptions{
		Group: g.Name, Installation: installation, Account: account, Machines: writer, Balancers: balancers,
		Template: cloud.Template{Source: templateCode, Type: machineType, Version: g.Template}, Journal: journal,
		Min: g.Min, Max: g.Max, Surge: surge,
		Probe: w.probe, ProbeInterval: probeInterval, ProbeCount: 2,
		HealthInterval: healthInterval, HealthFailures: healthFailures, Drift: g.drifts(),
		Drain: drain, Watch: watch, StopTimeout: stopTimeout, LaunchTimeout: launchTimeout, CallTimeout: callTimeout,
		StaleRead: staleRead, AbsenceAfter: absenceAfter, Now: w.wallNow, Jitter: half, Log: zap.NewNop(), Metrics: actionsMetrics,
	})
	if err != nil {
		return err
	}
	account.Serve(crew)
	spec := w.spec(g)
	acting, err := fleet.NewGroup(fleet.GroupOptions{
		DeciderOptions: fleet.DeciderOptions{
			Name: g.Name, Account: accountName, Spec: &spec, Interval: g.interval, Signals: &g.load, Observer: observer,
			Pools: names, Now: w.wallNow, Log: zap.NewNop(), Metrics: fleetMetrics,
		},
		Crew: crew, Journal: journal, Billing: writer.Billing, WarmUp: warmUp,
	})
	if err != nil {
		return err
	}
	l.fleet.Groups = append(l.fleet.Groups, acting)
	return nil
}

// spec wants one instance for each hundred of load.
func (w *World) spec(g *group) policy.Spec {
	return policy.Spec{
		Min: g.Min, Max: g.Max, Type: machineType, Gap: 3*g.interval + stabilization/10,
		Policies: policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100}),
		In:       policy.Direction{Stabilization: stabilization, Cooldown: g.Cooldown},
		Out:      policy.Direction{Cooldown: g.Cooldown},
		Standby:  g.Standby, ReleaseBefore: releaseBefore, OrderMax: 20, Surge: surge,
		LaunchFailuresMax: launchFailuresMax, HealBudget: 0.1, Brake: 0.45, Bake: bake,
	}
}

// drifts is what becomes of changes by others: what the configuration says by default,
// unless the story says something else.
func (g *group) drifts() map[actions.DriftKind]actions.DriftPolicy {
	policies := map[actions.DriftKind]actions.DriftPolicy{}
	for _, kind := range actions.DriftKinds() {
		policies[kind] = actions.DriftRepair
	}
	policies[actions.DriftRelabelled] = actions.DriftIgnore
	maps.Copy(policies, g.Drift)
	return policies
}
