package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/httpd"
	notices "github.com/autoscaled/autoscaled/internal/notify" // notify is a function of this package
	"github.com/autoscaled/autoscaled/internal/words"
)

// notifiers tell people what happens.
type notifiers struct {
	metrics *notices.Metrics

	mu      sync.Mutex // guards what follows
	all     map[string]*notifier
	ctx     context.Context // in which they run; nil: they do not yet
	servers *errgroup.Group // that they are part of
}

// notifier is one as it was built.
type notifier struct {
	*notices.Notifier
	digest digest             // of its configuration
	stop   context.CancelFunc // nil before it runs
	ended  chan struct{}      // closed when it has
}

// buildNotices builds what tells of what happens: to those who watch, and to those who are
// notified. A dry run notifies nobody.
func (d *Daemon) buildNotices() error {
	d.watcher = events.NewWatcher(events.Options{Status: d.Fleet.Status, Now: d.options.Now, Metrics: events.NewMetrics(d.Registry)})
	d.notifiers.metrics = notices.NewMetrics(d.Registry)
	d.Follow("notify", d.followNotify)
	put, err := d.followNotify(nil, d.options.Config)
	if err == nil {
		put()
	}
	return err
}

// followNotify builds the notifiers that a configuration has and this daemon has not.
func (d *Daemon) followNotify(_, becomes *config.Config) (apply func(), err error) {
	configured := becomes.Notify
	if d.options.DryRun {
		configured = nil
	}
	next := map[string]*notifier{}
	for _, c := range configured {
		if next[c.Name], err = d.notifierOf(c, becomes.Web.URL); err != nil {
			return nil, fmt.Errorf("notifier %s: %w", c.Name, err)
		}
	}
	return func() { d.notifiers.exchange(next) }, nil
}

// notifierOf is the notifier that works by this configuration already, or else a new one.
func (d *Daemon) notifierOf(c config.Notify, url string) (*notifier, error) {
	is := digestOf(c)
	d.notifiers.mu.Lock()
	now := d.notifiers.all[c.Name]
	d.notifiers.mu.Unlock()
	if now != nil && now.digest == is {
		return now, nil
	}
	built, err := notices.New(notices.Options{
		Config: c, Watcher: d.watcher, Installation: d.installation, URL: url, Jitter: jitter, Log: d.options.Log, Metrics: d.notifiers.metrics,
	})
	return &notifier{Notifier: built, digest: is, ended: make(chan struct{})}, err
}

// exchange makes next those who tell. Those who are not among them say their last word
// meanwhile; what each new one hears from now on it tells after that of its predecessor.
func (n *notifiers) exchange(next map[string]*notifier) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.all
	n.all = next
	for name, is := range next {
		if was := before[name]; was != is {
			is.Listen()
			n.run(is, was)
		}
	}
	for name, was := range before {
		if next[name] != was && was.stop != nil {
			was.stop()
		}
	}
}

// run lets a notifier run when the one before it, which may be nil, has ended. mu must be held.
func (n *notifiers) run(is, was *notifier) {
	if n.ctx == nil {
		return
	}
	ctx, stop := context.WithCancel(n.ctx)
	is.stop = stop
	n.servers.Go(func() error {
		defer n.leave(is)
		if was != nil {
			<-was.ended
			is.Succeed(was.Notifier)
		}
		return is.Run(ctx)
	})
}

// leave notes that a notifier has ended.
func (n *notifiers) leave(was *notifier) {
	close(was.ended)
	was.stop()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all[was.Name()] == nil {
		n.metrics.Forget(was.Name())
	}
}

// runNotices lets it run until ctx ends.
func (d *Daemon) runNotices(ctx context.Context, servers *errgroup.Group) {
	servers.Go(func() error { return d.watcher.Run(ctx) })
	n := &d.notifiers
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ctx, n.servers = ctx, servers
	for _, is := range n.all {
		n.run(is, nil)
	}
}

// TestNotifier sends a test by the named notifier, once, and says why it did not arrive.
func (d *Daemon) TestNotifier(ctx context.Context, name string) error {
	d.notifiers.mu.Lock()
	all := maps.Clone(d.notifiers.all)
	d.notifiers.mu.Unlock()
	if n := all[name]; n != nil {
		return n.Test(ctx)
	}
	switch {
	case d.options.DryRun:
		return httpd.Error{Code: httpd.NotFound, Text: "there is no notifier in a dry run: it notifies nobody"}
	case len(all) == 0:
		return httpd.Error{Code: httpd.NotFound, Text: "there is no notifier: write one under notify in the configuration"}
	}
	return httpd.Error{Code: httpd.NotFound, Text: fmt.Sprintf("there is no notifier `%s`: %s", words.Shown(name), words.Suggest(name, slices.Sorted(maps.Keys(all))))}
}
