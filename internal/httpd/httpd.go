// Package httpd lets people, programs and monitoring see a running daemon, and steer it.
//
// It is one handler for two faces: a unix socket that only the daemon's user can open, and a TCP
// port. Both serve the API, which is JSON and written down in openapi.yaml, the dashboard, the
// metrics and the health; what somebody may is decided by who they are, which package access finds out.
// [Client] is the API's other side. Inboxes take the values of pushed signals, and the answers to
// hooks, from whoever shows the token that each of them has.
//
// It promises bounded requests, at most 1024 connections at each face, of which half may listen
// to events, and that one alone, by name or by network, gets half of either at most; bounded memory for whoever sends
// or reads slowly; time-outs on every one of them, and that it never waits for a group longer than a request lasts;
// that an error has one shape everywhere, and changed nothing; and that openapi.yaml is neither more nor less
// than what is served. It calls fleet, events and record, and cmd wires it.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// Options are what a handler shows and steers. Of what is nil it answers that there is none.
type Options struct {
	Fleet         Fleet
	Past          Past
	Watcher       Watcher
	Costs         Costs
	Hooks         Hooks
	Configuration Configuration
	Notifiers     Notifiers
	Registry      *prometheus.Registry    // for /metrics
	Ready         func() error            // why the daemon cannot do its work; nil: it can
	Inboxes       func() map[string]Inbox // by group/signal, as they are now
	Pages         http.Handler            // the dashboard
	Log           *zap.Logger             // nil: faults of ours are not told
}

// Handler serves everything, to whoever [access.Of] says asks.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	mux := http.NewServeMux()
	answers := &once{}
	for _, rt := range routes(o) {
		mux.HandleFunc(rt.method+" "+rt.path, rt.serve(answers))
	}
	return surviving(o.Log, inOneShape(mux))
}

// routes are all that can be asked for.
func routes(o Options) []route {
	s := &server{Options: o, lists: make(chan struct{}, listsMax)}
	s.status = newShared(s.encodeStatus)
	all := append(s.views(), s.commands()...)
	all = append(all, s.histories()...)
	all = append(all, s.configuration()...)
	all = append(all, s.notifiers()...)
	all = append(all, s.told.routes(o.Watcher)...)
	all = append(all, s.inputs()...)
	return append(all, s.plainFaces()...)
}

// server is what the routes share.
type server struct {
	Options
	status *shared       // everything, encoded
	lists  chan struct{} // has an element for each list that is made
	told   streams       // whoever listens
	asked  questions     // to the cloud
}

// plainFaces are the routes that are no part of the API: what monitoring asks, and the dashboard.
func (s *server) plainFaces() []route {
	if s.Registry == nil {
		s.Registry = prometheus.NewRegistry()
	}
	metrics := promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{Registry: s.Registry, CoalesceGather: true})
	all := []route{
		other(http.MethodGet, "/livez", access.None, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") }),
		other(http.MethodGet, "/readyz", access.None, s.ready),
		other(http.MethodGet, "/healthz", access.None, s.ready),
		other(http.MethodGet, "/metrics", access.Read, within(func(f *face) *room { return f.scrapes }, metrics.ServeHTTP)),
		other(http.MethodGet, "/openapi.yaml", access.Read, describe),
	}
	if s.Pages == nil {
		return all
	}
	for _, path := range []string{"/{$}", "/groups/{group}", "/static/"} {
		all = append(all, other(http.MethodGet, path, access.Read, s.Pages.ServeHTTP))
	}
	return append(all, other(http.MethodGet, "/ui/events", access.Read, s.told.bounded(s.Pages)))
}

// ready says whether the daemon can do its work.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.Ready != nil {
		if err := s.Ready(); err != nil {
			fail(w, Error{Code: Unavailable, Text: err.Error()})
			return
		}
	}
	_, _ = fmt.Fprintln(w, "ok")
}

// inOneShape lets also those errors have the one shape that the mux answers by itself.
func inOneShape(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		its := &recorded{header: http.Header{}}
		handler.ServeHTTP(its, r)
		if allowed := its.header.Get("Allow"); its.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allowed)
			fail(w, Error{Invalid, fmt.Sprintf("%s is not for %s: use %s", r.URL.Path, r.Method, strings.ReplaceAll(allowed, ", ", " or ")), its.status})
			return
		}
		fail(w, Error{Code: NotFound, Text: fmt.Sprintf("there is no %s: /openapi.yaml has all there is", r.URL.Path)})
	})
}

// surviving lets the daemon live on when a handler panics.
func surviving(log *zap.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &begun{ResponseWriter: w, request: r}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, is := fault.(error); is && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			log.Error("a fault of ours in an answer; the daemon goes on", zap.String("method", r.Method), zap.String("path", r.URL.Path),
				zap.Any("fault", fault), zap.ByteString("stack", debug.Stack()))
			if watched.yet {
				panic(http.ErrAbortHandler) // so that nobody takes half an answer for a whole one
			}
			fail(w, internal)
		}()
		next.ServeHTTP(watched, r)
		watched.begin()
	})
}

// begun knows whether an answer has begun. Of large ones it lets only so many be sent at a time: each is
// held until whoever asked has taken it.
type begun struct {
	http.ResponseWriter
	request *http.Request
	status  int
	yet     bool
}

// WriteHeader notes the status; it is sent with what follows.
func (b *begun) WriteHeader(status int) {
	if status < http.StatusOK {
		b.ResponseWriter.WriteHeader(status)
	} else if b.status == 0 {
		b.status = status
	}
}

// begin sends the header. Strangers who were shown all there is for them, or nothing, leave their
// connection to others.
func (b *begun) begin() {
	if b.yet {
		return
	}
	b.yet = true
	if access.Of(b.request.Context()).Role == access.None && (b.request.Method != http.MethodPost || b.status >= http.StatusBadRequest) {
		b.Header().Set("Connection", "close")
	}
	if b.status != 0 {
		b.ResponseWriter.WriteHeader(b.status)
	}
}

func (b *begun) Write(content []byte) (int, error) {
	if n := len(content); n > smallAnswer {
		room, who := faceOf(b.request.Context()).sending, access.Of(b.request.Context()).Name
		if !room.enter(who, n) {
			return 0, b.giveUp()
		}
		defer room.leave(who, n)
	}
	b.begin()
	return b.ResponseWriter.Write(content)
}

// giveUp says that there is no room for an answer, if it has not begun.
func (b *begun) giveUp() error {
	if !b.yet {
		b.yet = true
		b.Header().Del("Content-Length")
		b.Header().Set("Retry-After", "10")
		fail(b.ResponseWriter, Error{Code: Unavailable, Text: "too many large answers are not taken yet: read those first, or ask for less"})
	}
	return busy
}

// FlushError sends what was written so far.
func (b *begun) FlushError() error {
	b.begin()
	return http.NewResponseController(b.ResponseWriter).Flush()
}

// Unwrap lets [http.ResponseController] reach what is below.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Serve serves handler on listener until ctx ends, and then lets requests under
// way end for up to a second. What connects beyond connectionsMax waits. Changes are made to the server
// first: with a TLSConfig it speaks TLS.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, changes ...func(*http.Server)) error {
	here := newFace(ctx.Done())
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      commandTimeout + 5*time.Second, // what a command answers is still sent
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    headerBytesMax(listener.Addr()),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          requestsMax,
			MaxReceiveBufferPerConnection: requestBytesMax,
			MaxReceiveBufferPerStream:     requestBytesMax,
		},
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), faceKey{}, here)
		},
	}
	for _, change := range changes {
		change(server)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	}()
	bounded := limit(listener, connectionsMax)
	begin := server.Serve
	if server.TLSConfig != nil {
		begin = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := begin(bounded); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	<-stopped
	return nil
}
