package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

const (
	requestBytesMax = 64 << 10
	commandTimeout  = 25 * time.Second // a preflight calls the cloud some times
)

// Fleet is what the control face shows and steers. Its errors are a
// [fleet.NoGroupError] or [fleet.UnknownGroupError], a [fleet.RefusedError] for what must not be done, or say
// what kept it from being done.
type Fleet interface {
	Status() fleet.Status
	Signals(group string) (fleet.GroupSignals, error)
	Override(ctx context.Context, group string, override policy.Override) error
	Promote(ctx context.Context, group string, promoted bool, by, why string) error
	Resume(ctx context.Context, group string) error
	Adopt(ctx context.Context, adoption fleet.Adoption) error
	Disown(ctx context.Context, code string, by, why string) error
	Protect(ctx context.Context, code string, protection actions.Protection) error
	Unprotect(ctx context.Context, code string) error
	Preflight(ctx context.Context, group string) (fleet.Preflight, error)
	PlanDrill(ctx context.Context, group string) (fleet.DrillPlan, error)
	Drill(ctx context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error)
}

// OverrideRequest is the body of an override. It is over after For or at Until; with
// neither it lasts until the group is resumed.
type OverrideRequest struct {
	Kind  policy.OverrideKind `json:"kind"`
	Count int                 `json:"count,omitempty"`
	For   string              `json:"for,omitempty"` // as in 1h30m
	Until time.Time           `json:"until,omitzero"`
	By    string              `json:"by"`            // who asks
	Why   string              `json:"why,omitempty"` // for whoever reads the status
}

// override is the order that is asked for at now.
func (r OverrideRequest) override(now time.Time) (policy.Override, error) {
	o := policy.Override{Kind: r.Kind, Count: r.Count, Until: r.Until, By: r.By, Why: r.Why}
	if r.For == "" {
		return o, nil
	}
	span, err := time.ParseDuration(r.For)
	switch {
	case !r.Until.IsZero():
		return o, fleet.RefusedError{Why: "the override has an end and a length: name one of the two"}
	case err != nil || span <= 0:
		return o, fleet.RefusedError{Why: fmt.Sprintf("%q is no length of time: write for example 90m", r.For)}
	}
	o.Until = now.Add(span)
	return o, nil
}

// SignedRequest is the body of a command that says who asks, and why.
type SignedRequest struct {
	By  string `json:"by"`            // who asks
	Why string `json:"why,omitempty"` // for whoever reads the status
}

// problem is the body of every answer that is not a success.
type problem struct {
	Error string `json:"error"`
}

// done is the body of a success that has nothing to tell.
type done struct{}

// Control serves the control face of f and its past.
func Control(f Fleet, past Past) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/groups/{group}/decisions", decisions(past))
	mux.HandleFunc("GET /v1/groups/{group}/explain", explain(past))
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, f.Status())
	})
	mux.HandleFunc("GET /v1/groups/{group}/signals", func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(context.Context) (any, error) { return f.Signals(r.PathValue("group")) })
	})
	mux.HandleFunc("GET /v1/groups/{group}/preflight", func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) { return f.Preflight(ctx, r.PathValue("group")) })
	})
	mux.HandleFunc("GET /v1/groups/{group}/drill", func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) { return f.PlanDrill(ctx, r.PathValue("group")) })
	})
	mux.HandleFunc("POST /v1/groups/{group}/drill", request("drill", func(ctx context.Context, r *http.Request, request fleet.DrillRequest) (any, error) {
		return f.Drill(ctx, r.PathValue("group"), request)
	}))
	mux.HandleFunc("POST /v1/groups/{group}/override", command("override", func(ctx context.Context, r *http.Request, request OverrideRequest) error {
		override, err := request.override(time.Now())
		if err != nil {
			return err
		}
		return f.Override(ctx, r.PathValue("group"), override)
	}))
	for verb, promoted := range map[string]bool{"promote": true, "rollback": false} {
		mux.HandleFunc("POST /v1/groups/{group}/"+verb, command(verb, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Promote(ctx, r.PathValue("group"), promoted, request.By, request.Why)
		}))
	}
	mux.HandleFunc("POST /v1/groups/{group}/resume", bare(f.Resume, "group"))
	mux.HandleFunc("POST /v1/adopt", command("adopt", func(ctx context.Context, _ *http.Request, adoption fleet.Adoption) error {
		return f.Adopt(ctx, adoption)
	}))
	mux.HandleFunc("POST /v1/instances/{code}/disown", command("disown", func(ctx context.Context, r *http.Request, request SignedRequest) error {
		return f.Disown(ctx, r.PathValue("code"), request.By, request.Why)
	}))
	mux.HandleFunc("POST /v1/instances/{code}/protect", command("protect", func(ctx context.Context, r *http.Request, request SignedRequest) error {
		return f.Protect(ctx, r.PathValue("code"), actions.Protection{By: request.By, Why: request.Why})
	}))
	mux.HandleFunc("POST /v1/instances/{code}/unprotect", bare(f.Unprotect, "code"))
	return mux
}

// command serves a command whose body is a Request, and which has nothing to tell; name is
// what people call it.
func command[Request any](name string, do func(ctx context.Context, r *http.Request, request Request) error) http.HandlerFunc {
	return request(name, func(ctx context.Context, r *http.Request, request Request) (any, error) {
		return done{}, do(ctx, r, request)
	})
}

// request serves a command whose body is a Request with what do returns.
func request[Request any](name string, do func(ctx context.Context, r *http.Request, request Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if err := readRequest(http.MaxBytesReader(w, r.Body, requestBytesMax), &request); err != nil {
			answer(w, http.StatusBadRequest, problem{fmt.Sprintf("read the %s request: %v", name, err)})
			return
		}
		steer(w, r, func(ctx context.Context) (any, error) { return do(ctx, r, request) })
	}
}

// bare serves a command that needs to know nothing but its object, which is named
// by the given part of the path.
func bare(do func(ctx context.Context, object string) error, part string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) { return done{}, do(ctx, r.PathValue(part)) })
	}
}

// steer answers with what do returns.
func steer(w http.ResponseWriter, r *http.Request, do func(ctx context.Context) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	result, err := do(ctx)
	if err != nil {
		answer(w, statusOf(err), problem{err.Error()})
		return
	}
	answer(w, http.StatusOK, result)
}

func statusOf(err error) int {
	var noGroup fleet.NoGroupError
	var noDecision record.NoDecisionError
	var unknown fleet.UnknownGroupError
	var refused fleet.RefusedError
	switch {
	case errors.As(err, &noGroup), errors.As(err, &noDecision), errors.As(err, &unknown):
		return http.StatusNotFound
	case errors.As(err, &refused):
		return http.StatusConflict
	default:
		return http.StatusServiceUnavailable
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}
