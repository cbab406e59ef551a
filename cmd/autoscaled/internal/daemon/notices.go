package daemon

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/events"
	notices "github.com/autoscaled/autoscaled/internal/notify" // notify is a function of this package
	"github.com/autoscaled/autoscaled/internal/words"
)

// notifiers tell people what happens.
type notifiers []*notices.Notifier

// buildNotices builds what tells of what happens: to those who watch, and to those who are
// notified. A dry run notifies nobody.
func (d *Daemon) buildNotices() error {
	d.watcher = events.NewWatcher(events.Options{Status: d.Fleet.Status, Now: d.options.Now, Metrics: events.NewMetrics(d.Registry)})
	if d.options.DryRun {
		return nil
	}
	metrics := notices.NewMetrics(d.Registry)
	for _, c := range d.options.Config.Notify {
		n, err := notices.New(notices.Options{
			Config: c, Watcher: d.watcher, Installation: d.installation, URL: d.options.Config.Web.URL,
			Jitter: jitter, Log: d.options.Log, Metrics: metrics,
		})
		if err != nil {
			return fmt.Errorf("notifier %s: %w", c.Name, err)
		}
		d.notifiers = append(d.notifiers, n)
	}
	return nil
}

// runNotices lets it run until ctx ends.
func (d *Daemon) runNotices(ctx context.Context, servers *errgroup.Group) {
	servers.Go(func() error { return d.watcher.Run(ctx) })
	for _, n := range d.notifiers {
		servers.Go(func() error { return n.Run(ctx) })
	}
}

// TestNotifier sends a test by the named notifier, once, and says why it did not arrive.
func (d *Daemon) TestNotifier(ctx context.Context, name string) error {
	known := make([]string, len(d.notifiers))
	for i, n := range d.notifiers {
		if known[i] = n.Name(); n.Name() == name {
			return n.Test(ctx)
		}
	}
	return fmt.Errorf("there is no notifier `%s`: %s", words.Shown(name), words.Suggest(name, known))
}
