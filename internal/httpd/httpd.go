// Package httpd lets people and monitoring see a running daemon, and steer it.
//
// There are two faces. The control face is JSON over HTTP on a unix socket that
// only the daemon's user can open: status, signals and preflight, which change
// nothing, and pause, resume, adopt, disown, protect, unprotect; [Client] is its other side. The
// open face is a TCP port with /metrics and /healthz, which change nothing and show
// no secret, and with an inbox for each pushed signal, which takes values from whoever
// shows the signal's token.
//
// It promises bounded requests, at most 256 connections at each face, time-outs on every
// one of them, and that it never waits for a group longer than a request lasts. It calls
// fleet, and cmd wires it.
package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Open serves the open face: the metrics of reg, a /healthz that answers 200 while
// healthy returns nil, and the inboxes, whose keys are group/signal.
func Open(reg *prometheus.Registry, healthy func() error, pushed map[string]Inbox) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/push/{group}/{signal}", inboxes(pushed))
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	return mux
}

// Serve serves handler on listener until ctx ends, and then lets requests under
// way end for up to a second. What connects beyond connectionsMax waits.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      commandTimeout + 5*time.Second, // what a command answers is still sent
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    headerBytesMax(listener.Addr()),
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
	if err := server.Serve(limit(listener, connectionsMax)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	<-stopped
	return nil
}
