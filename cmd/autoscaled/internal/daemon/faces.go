package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/page"
	"github.com/autoscaled/autoscaled/internal/record"
)

// listen opens the faces: the control socket, if there is to be one, and the TCP port.
func (d *Daemon) listen() error {
	err := d.guardFaces()
	if err != nil {
		return err
	}
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

// guardFaces makes what finds out who asks at the TCP port.
func (d *Daemon) guardFaces() error {
	guard, err := access.New(access.Options{
		Web: d.options.Config.Web, Listen: d.options.Config.Listen, Open: ownProof, Log: d.options.Log, Now: d.options.Now, Registerer: d.Registry,
	})
	if err != nil {
		return err
	}
	d.guard = guard
	d.Follow("web", d.followWeb)
	return nil
}

// followWeb takes over who may do what. How connections are made, and where people find the daemon, is
// settled at the start.
func (d *Daemon) followWeb(was, becomes *config.Config) (apply func(), err error) {
	switch before, after := was.Web, becomes.Web; {
	case (before.TLS == nil) != (after.TLS == nil), before.HTTP2 != after.HTTP2:
		return nil, restartError{[]string{"web.config"}} // whether TLS or HTTP/2 is spoken
	case before.URL != after.URL && was.Listen == becomes.Listen: // of which it is told elsewhere
		return nil, restartError{[]string{"web.url"}} // it is in messages and hooks that are under way
	}
	return func() { d.guard.Set(becomes.Web) }, nil
}

// ownProof says that a request needs no role: it shows nothing, or has a token of its own.
func ownProof(r *http.Request) bool {
	switch r.URL.Path {
	case "/livez", "/readyz", "/healthz":
		return true
	}
	return strings.HasPrefix(r.URL.Path, "/v1/push/") || strings.HasPrefix(r.URL.Path, "/v1/hooks/")
}

// serveFaces serves both faces until ctx ends. They show and steer the same; who may what is
// found out at each of them.
func (d *Daemon) serveFaces(ctx context.Context, servers *errgroup.Group) {
	handler := access.Audit(d.options.Log, httpd.Handler(httpd.Options{
		Fleet:         d.Fleet,
		Past:          d,
		Watcher:       d.watcher,
		Costs:         d.Cost,
		Hooks:         d.Fleet,
		Configuration: d,
		Notifiers:     d.TestNotifier,
		Registry:      d.Registry,
		Ready:         d.ready,
		Inboxes:       d.Inboxes,
		Pages:         d.pages(),
		Log:           d.options.Log,
	}))
	faults, err := zap.NewStdLogAt(d.options.Log, zap.DebugLevel) // of connections: what strangers try is worth no more
	if err != nil {
		faults = zap.NewStdLog(zap.NewNop())
	}
	servers.Go(func() error {
		return httpd.Serve(ctx, d.open, d.guard.Handler(handler), func(s *http.Server) {
			s.TLSConfig, s.Protocols, s.ErrorLog = d.guard.TLSConfig(), d.guard.Protocols(), faults
		})
	})
	if d.control != nil {
		servers.Go(func() error {
			return httpd.Serve(ctx, d.control, access.Socket(handler), func(s *http.Server) {
				s.ConnContext, s.ErrorLog = access.ConnContext, faults
			})
		})
	}
	servers.Go(func() error { d.punctual.keep(ctx); return nil })
}

// pages are the dashboard.
func (d *Daemon) pages() http.Handler {
	return page.New(page.Options{
		Watcher: d.watcher,
		Signals: d.Fleet.Signals,
		Series: func(ctx context.Context, group string, from, to time.Time, points int) (record.Series, error) {
			return httpd.Series(ctx, d, group, from, to, points)
		},
		Explain: func(ctx context.Context, group string, at time.Time) (record.Explained, error) {
			return httpd.Explain(ctx, d, group, at)
		},
		Cost: func(ctx context.Context, group string) (page.Cost, error) {
			cost, err := d.Cost(ctx, group)
			if problem := (httpd.Error{}); errors.As(err, &problem) && problem.Code == httpd.NotFound {
				err = page.ErrNoPrices
			}
			return page.Cost(cost), err
		},
		Version: d.options.Version,
		Now:     d.options.Now,
		Log:     d.options.Log,
	})
}

// ready says why the daemon cannot do its work: the store cannot be written, or goroutines get their turn too
// late for groups to keep their schedule. A group that is stuck is no reason: the others go on.
func (d *Daemon) ready() error {
	if err := d.healthy(); err != nil {
		return err
	}
	return d.punctual.late(time.Now())
}

const (
	tick    = time.Second
	lateMax = 5 * time.Second
)

// punctual knows whether goroutines get their turn in time: one of its own takes it every second.
type punctual struct {
	last atomic.Pointer[time.Time] // of its turns; nil: none yet
}

// keep takes its turns until ctx ends.
func (p *punctual) keep(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		now := time.Now()
		p.last.Store(&now)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// late says by how much the turn that was due is late at now, if that is too much.
func (p *punctual) late(now time.Time) error {
	last := p.last.Load()
	if last == nil {
		return nil
	}
	if lag := now.Sub(*last) - tick; lag > lateMax {
		return fmt.Errorf("the scheduler is %s late: give this machine more processor time, or autoscaled fewer groups or longer intervals", lag.Round(time.Second/10))
	}
	return nil
}
