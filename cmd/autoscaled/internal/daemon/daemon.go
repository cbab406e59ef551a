// Package daemon builds a running daemon from a configuration, and runs it: it
// opens the store, makes the clients, wires monitor, policy, actions and fleet
// together, serves the control socket and the open port, and tells systemd.
//
// It promises that New either returns a daemon that can run, or an error with
// everything it had opened closed again; and that Run returns within the bounds of
// package fleet once its context ends. Command run and the demo use it; it holds
// no logic of its own.
package daemon

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/store"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// Options are what New needs.
type Options struct {
	Config    *config.Config
	DryRun    bool              // every group only recommends, nothing is written anywhere
	Version   string            //
	Log       *zap.Logger       //
	Now       func() time.Time  // wall time; nil: time.Now
	Transport http.RoundTripper // for provider calls; nil: the network
	Text      []byte            // that Config was read from, as Load returns it
	Env       config.Env        // with which a reload reads the file again; zero: the process's
}

// Daemon is a daemon ready to run.
type Daemon struct {
	Fleet    *fleet.Fleet
	Registry *prometheus.Registry

	options      Options                       // as they were at the start: Config is what cannot change; see Configuration
	storage      atomic.Pointer[store.Journal] // nil when no group acts
	installation string
	metrics      *metrics
	poller       *snmp.Poller
	actions      *actions.Metrics
	groups       *fleet.Metrics
	control      net.Listener
	open         net.Listener
	closers      []func()
	trouble      atomic.Pointer[error] // of the newest beat; nil: none
	history      *history.History      // nil: none is kept
	traps        *snmp.Listener        // nil: nobody listens
	outage       outage                // of the server, while forecasts learn the past
	costs        costs
	works        works
	inForce      atomic.Pointer[inForce]
	pushed       atomic.Pointer[map[string]httpd.Inbox]       // by group/signal
	trapRules    atomic.Pointer[map[string][]config.TrapRule] // by group; of those that have any
	reloads      reloads
	watcher      *events.Watcher
	notifiers    notifiers
	punctual     punctual
	guard        *access.Guard // at the TCP port
}

// New opens what the daemon needs. On error nothing stays open.
func New(options Options) (*Daemon, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	registry := prometheus.NewRegistry()
	d := &Daemon{
		Fleet:    &fleet.Fleet{},
		Registry: registry,
		options:  options,
		metrics:  newMetrics(registry, options.Version).touch(),
		poller:   newPoller(registry),
		actions:  actions.NewMetrics(registry),
		groups:   fleet.NewMetrics(registry),
	}
	d.closers = append(d.closers, d.poller.Close)
	registry.MustRegister(fleet.Orders{Fleet: d.Fleet}, disk{d}, &d.costs)
	for _, build := range []func() error{d.openStore, d.identify, d.openHistory, d.buildFirst, d.buildNotices, d.openTraps, d.listen} {
		if err := build(); err != nil {
			d.close()
			return nil, err
		}
	}
	return d, nil
}

func (d *Daemon) acts(group config.Group) bool {
	return group.Acts() && !d.options.DryRun
}

// openStore opens the store, if there is a group that acts.
func (d *Daemon) openStore() error { return d.openStoreFor(d.options.Config) }

func (d *Daemon) openStoreFor(c *config.Config) error {
	acting := false
	for _, group := range c.Groups {
		acting = acting || d.acts(group)
	}
	if !acting || d.storage.Load() != nil {
		return nil
	}
	bolt, err := store.Open(StatePath(c))
	if err != nil {
		return explained(err, c, os.Getenv)
	}
	epoch, err := bolt.Claim()
	if err != nil {
		_ = bolt.Close()
		return fmt.Errorf("take over the store: %w", err)
	}
	d.closers = append(d.closers, func() { _ = bolt.Close() })
	d.storage.Store(&store.Journal{Store: bolt, Epoch: epoch})
	return nil
}

// journal is where groups that act write; nobody else may ask for it.
func (d *Daemon) journal() store.Journal { return *d.storage.Load() }

// identify finds the installation's name: the configured one, or one made at the
// first start and kept.
func (d *Daemon) identify() error {
	d.installation = d.options.Config.Installation
	if d.installation != "" || d.storage.Load() == nil {
		return nil
	}
	kept, err := store.Read[string](d.journal().Store, "installation")
	if err != nil {
		return err
	}
	if kept.Revision == 0 {
		var name [4]byte
		_, _ = rand.Read(name[:]) // never fails
		kept.Value = hex.EncodeToString(name[:])
		if err := d.journal().Write(kept); err != nil {
			return fmt.Errorf("keep the name of this installation: %w", err)
		}
		d.options.Log.Info("this installation got a name; it is part of the label on every machine", zap.String("installation", kept.Value))
	}
	d.installation = kept.Value
	return nil
}

// Run runs the daemon until ctx ends. It may be called once.
func (d *Daemon) Run(ctx context.Context) error {
	defer d.close()
	d.options.Log.Info("running", zap.String("version", d.options.Version), zap.String("config", d.options.Config.File),
		zap.String("installation", d.installation), zap.Int("groups_acting", len(d.Fleet.Groups)),
		zap.Int("groups_recommending", len(d.Fleet.Advisors)), zap.Stringer("metrics", d.open.Addr()))
	// The faces stay up while the fleet ends, so that its end can be watched.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	servers, serving := errgroup.WithContext(serving)
	d.serveFaces(serving, servers)
	if d.traps != nil {
		servers.Go(func() error { d.runTraps(serving); return nil })
	}
	if d.history != nil {
		servers.Go(func() error { return d.history.Run(serving) })
	}
	servers.Go(func() error { return d.tellSystemd(serving) })
	d.runNotices(serving, servers)
	servers.Go(func() error { d.keepCosts(serving); return nil })

	running, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(serving, stop) // a face that fails ends the daemon
	d.reloads.begin(running)
	err := d.Fleet.Run(running)
	d.reloads.end()
	if ctx.Err() != nil {
		d.options.Log.Info("ended")
	}
	stopServing()
	return errors.Join(err, servers.Wait())
}

func (d *Daemon) close() {
	d.works.close()
	for _, closer := range slices.Backward(d.closers) {
		closer()
	}
	d.closers = nil
}

func jitter() float64 { return mathrand.Float64() }
