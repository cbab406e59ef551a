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
	"maps"
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
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
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
}

// Daemon is a daemon ready to run.
type Daemon struct {
	Fleet    *fleet.Fleet
	Registry *prometheus.Registry

	options      Options
	order        []string    // the names of all groups, sorted
	store        store.Store // nil when no group acts
	journal      store.Journal
	installation string
	metrics      *metrics
	actions      *actions.Metrics
	groups       *fleet.Metrics
	server       *prom.Server // nil without PromQL
	control      net.Listener
	open         net.Listener
	closers      []func()
	trouble      atomic.Pointer[error]  // of the newest beat; nil: none
	inboxes      map[string]httpd.Inbox // by group/signal
	history      *history.History       // nil: none is kept
	traps        *snmp.Listener         // nil: nobody listens
	outage       outage                 // of the server, while forecasts learn the past
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
		actions:  actions.NewMetrics(registry),
		groups:   fleet.NewMetrics(registry),
		inboxes:  map[string]httpd.Inbox{},
		order:    slices.Sorted(maps.Keys(options.Config.Groups)),
	}
	for _, build := range []func() error{d.openStore, d.identify, d.openHistory, d.connectPrometheus, d.buildAccounts, d.openTraps, d.listen} {
		if err := build(); err != nil {
			d.close()
			return nil, err
		}
	}
	d.forgetGroups()
	return d, nil
}

// forgetGroups lets go of what the configuration says of groups, which are built now:
// ten thousand of them would be held twice.
func (d *Daemon) forgetGroups() {
	kept := *d.options.Config
	kept.Groups, kept.Queries = nil, nil
	d.options.Config = &kept
}

func (d *Daemon) acts(group config.Group) bool {
	return group.Acts() && !d.options.DryRun
}

// openStore opens the store, if there is a group that acts.
func (d *Daemon) openStore() error {
	for _, group := range d.options.Config.Groups {
		if !d.acts(group) {
			continue
		}
		bolt, err := store.Open(StatePath(d.options.Config))
		if err != nil {
			return explained(err, d.options.Config, os.Getenv)
		}
		d.store = bolt
		d.closers = append(d.closers, func() { _ = bolt.Close() })
		epoch, err := bolt.Claim()
		if err != nil {
			return fmt.Errorf("take over the store: %w", err)
		}
		d.journal = store.Journal{Store: bolt, Epoch: epoch}
		return nil
	}
	return nil
}

// identify finds the installation's name: the configured one, or one made at the
// first start and kept.
func (d *Daemon) identify() error {
	d.installation = d.options.Config.Installation
	if d.installation != "" || d.store == nil {
		return nil
	}
	kept, err := store.Read[string](d.store, "installation")
	if err != nil {
		return err
	}
	if kept.Revision == 0 {
		var name [4]byte
		_, _ = rand.Read(name[:]) // never fails
		kept.Value = hex.EncodeToString(name[:])
		if err := d.journal.Write(kept); err != nil {
			return fmt.Errorf("keep the name of this installation: %w", err)
		}
		d.options.Log.Info("this installation got a name; it is part of the label on every machine", zap.String("installation", kept.Value))
	}
	d.installation = kept.Value
	return nil
}

func (d *Daemon) connectPrometheus() error {
	if d.options.Config.Prometheus == nil {
		return nil
	}
	server, err := prom.NewServer(*d.options.Config.Prometheus)
	if err != nil {
		return err
	}
	d.server = server
	d.closers = append(d.closers, server.Close)
	return nil
}

// buildAccounts builds every provider with its groups, in the order of their names.
func (d *Daemon) buildAccounts() error {
	names := make([]string, 0, len(d.options.Config.Providers))
	for name := range d.options.Config.Providers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := d.buildAccount(d.options.Config.Providers[name]); err != nil {
			return fmt.Errorf("provider %s: %w", name, err)
		}
	}
	return nil
}

func (d *Daemon) listen() error {
	var err error
	if d.options.Config.Socket != "" {
		if d.control, err = httpd.ListenSocket(d.options.Config.Socket); err != nil {
			return err
		}
		d.closers = append(d.closers, func() { _ = d.control.Close() })
	}
	if d.open, err = httpd.ListenTCP(d.options.Config.Listen); err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = d.open.Close() })
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
	servers.Go(func() error { return httpd.Serve(serving, d.open, httpd.Open(d.Registry, d.healthy, d.inboxes)) })
	if d.control != nil {
		servers.Go(func() error { return httpd.Serve(serving, d.control, httpd.Control(d.Fleet, d)) })
	}
	if d.traps != nil {
		servers.Go(func() error { d.runTraps(serving); return nil })
	}
	if d.history != nil {
		servers.Go(func() error { return d.history.Run(serving) })
	}
	servers.Go(func() error { return d.tellSystemd(serving) })

	running, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(serving, stop) // a face that fails ends the daemon
	err := d.Fleet.Run(running)
	if ctx.Err() != nil {
		d.options.Log.Info("ended")
	}
	stopServing()
	return errors.Join(err, servers.Wait())
}

func (d *Daemon) close() {
	for _, closer := range slices.Backward(d.closers) {
		closer()
	}
	d.closers = nil
}

func jitter() float64 { return mathrand.Float64() }
