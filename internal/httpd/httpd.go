// Package httpd lets people and monitoring see a running daemon, and steer it.
//
// There are two faces. The control face is JSON over HTTP on a unix socket that
// only the daemon's user can open: status, pause, resume; [Client] is its other
// side. The open face is a TCP port with /metrics and /healthz, which change
// nothing and show no secret.
//
// It promises bounded requests, time-outs on every connection, and that it never
// waits for a group longer than a request lasts. It calls fleet, and cmd wires it.
package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const (
	requestBytesMax = 64 << 10
	commandTimeout  = 10 * time.Second
)

// Fleet is what the control face shows and steers.
type Fleet interface {
	Status() fleet.Status
	Pause(ctx context.Context, group string, pause policy.Pause) error
	Resume(ctx context.Context, group string) error
}

// PauseRequest is the body of a pause.
type PauseRequest struct {
	By  string `json:"by"`            // who asks
	Why string `json:"why,omitempty"` // for whoever reads the status
}

// problem is the body of every answer that is not a success.
type problem struct {
	Error string `json:"error"`
}

// Control serves the control face of f.
func Control(f Fleet) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, f.Status())
	})
	mux.HandleFunc("POST /v1/groups/{group}/pause", func(w http.ResponseWriter, r *http.Request) {
		var request PauseRequest
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytesMax))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&request); err != nil {
			answer(w, http.StatusBadRequest, problem{fmt.Sprintf("read the pause request: %v", err)})
			return
		}
		steer(w, r, func(ctx context.Context, group string) error {
			return f.Pause(ctx, group, policy.Pause{By: request.By, Why: request.Why})
		})
	})
	mux.HandleFunc("POST /v1/groups/{group}/resume", func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, f.Resume)
	})
	return mux
}

func steer(w http.ResponseWriter, r *http.Request, command func(ctx context.Context, group string) error) {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	err := command(ctx, r.PathValue("group"))
	var noGroup fleet.NoGroupError
	switch {
	case err == nil:
		answer(w, http.StatusOK, struct{}{})
	case errors.As(err, &noGroup):
		answer(w, http.StatusNotFound, problem{err.Error()})
	default:
		answer(w, http.StatusServiceUnavailable, problem{err.Error()})
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}

// Open serves the open face: the metrics of reg, and a /healthz that answers 200
// while healthy returns nil.
func Open(reg *prometheus.Registry, healthy func() error) http.Handler {
	mux := http.NewServeMux()
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
// way end for up to a second.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
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
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	<-stopped
	return nil
}
