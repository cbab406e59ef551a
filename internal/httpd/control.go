package httpd

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Fleet is what is shown and steered. Its errors are a [fleet.UnknownGroupError] or
// [fleet.UnknownInstanceError], a [fleet.RefusedError] for what must not be done, or say
// what kept it from being done.
type Fleet interface {
	Status() fleet.Status
	Group(name string) (fleet.GroupStatus, error)
	Instance(code string) (group string, in actions.InstanceStatus, err error)
	Signals(group string) (fleet.GroupSignals, error)
	Preflight(ctx context.Context, group string) (fleet.Preflight, error)
	PlanDrill(ctx context.Context, group string) (fleet.DrillPlan, error)

	Override(ctx context.Context, group string, override policy.Override) error
	Resume(ctx context.Context, group, by, why string) error
	Scale(ctx context.Context, group string, count int, by, why string) error
	Promote(ctx context.Context, group string, promoted bool, by, why string) error
	Drill(ctx context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error)
	Adopt(ctx context.Context, adoption fleet.Adoption) error
	Protect(ctx context.Context, code string, protection actions.Protection) error
	Unprotect(ctx context.Context, code, by, why string) error
	Retry(ctx context.Context, code, by, why string) error
	Release(ctx context.Context, code, by, why string) error
	Disown(ctx context.Context, code string, by, why string) error
}

// OverrideRequest is the body of an override. It is over after For or at Until; with
// neither it lasts until the group is resumed.
type OverrideRequest struct {
	Kind  policy.OverrideKind `json:"kind"`
	Count int                 `json:"count,omitempty"`
	For   string              `json:"for,omitempty"` // as in 1h30m
	Until time.Time           `json:"until,omitzero"`
	By    string              `json:"by,omitempty"`  // who asks; over the socket only
	Why   string              `json:"why,omitempty"` // for whoever reads the status
}

// override is the order that is asked for at now.
func (r OverrideRequest) override(now time.Time) (policy.Override, error) {
	o := policy.Override{Kind: r.Kind, Count: r.Count, Until: r.Until, By: r.By, Why: r.Why}
	if !slices.Contains(policy.OverrideKinds(), r.Kind) {
		return o, invalid("there is no override of the kind `%s`: %s", words.Shown(string(r.Kind)), words.Suggest(string(r.Kind), overrideKinds()))
	}
	if r.For == "" {
		return o, nil
	}
	span, err := time.ParseDuration(r.For)
	switch {
	case !r.Until.IsZero():
		return o, invalid("the override has an end and a length: name one of the two")
	case err != nil || span <= 0:
		return o, invalid("%q is no length of time: write for example 90m", r.For)
	}
	o.Until = now.Add(span)
	return o, nil
}

func overrideKinds() (names []string) {
	for _, kind := range policy.OverrideKinds() {
		names = append(names, string(kind))
	}
	return names
}

// SignedRequest is the body of a command that says who asks, and why.
type SignedRequest struct {
	By  string `json:"by,omitempty"`  // who asks; over the socket only
	Why string `json:"why,omitempty"` // for whoever reads the status
}

// ScaleRequest is the body of a command that sets a group's size once.
type ScaleRequest struct {
	Count int    `json:"count"`         // instances
	By    string `json:"by,omitempty"`  // who asks; over the socket only
	Why   string `json:"why,omitempty"` // for whoever reads the history
}

// commands are the routes that change something.
func (s *server) commands() []route {
	f := s.Fleet
	return []route{
		command("/v1/groups/{group}/override", access.Operate, s.override),
		command("/v1/groups/{group}/resume", access.Operate, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Resume(ctx, r.PathValue("group"), by(ctx, request.By), request.Why)
		}),
		command("/v1/groups/{group}/scale", access.Operate, s.scale),
		command("/v1/groups/{group}/promote", access.Operate, s.promote(true)),
		command("/v1/groups/{group}/rollback", access.Operate, s.promote(false)),
		ask("/v1/groups/{group}/drill", access.Admin, func(ctx context.Context, r *http.Request, drill fleet.DrillRequest) (fleet.Drill, error) {
			drill.By = by(ctx, drill.By)
			return f.Drill(ctx, r.PathValue("group"), drill)
		}),
		command("/v1/adopt", access.Admin, func(ctx context.Context, _ *http.Request, adoption fleet.Adoption) error {
			adoption.By = by(ctx, adoption.By)
			return f.Adopt(ctx, adoption)
		}),
		command("/v1/instances/{code}/protect", access.Operate, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Protect(ctx, r.PathValue("code"), actions.Protection{By: by(ctx, request.By), Why: request.Why})
		}),
		command("/v1/instances/{code}/unprotect", access.Operate, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Unprotect(ctx, r.PathValue("code"), by(ctx, request.By), request.Why)
		}),
		command("/v1/instances/{code}/retry", access.Operate, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Retry(ctx, r.PathValue("code"), by(ctx, request.By), request.Why)
		}),
		command("/v1/instances/{code}/release", access.Admin, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Release(ctx, r.PathValue("code"), by(ctx, request.By), request.Why)
		}),
		command("/v1/instances/{code}/disown", access.Admin, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			return f.Disown(ctx, r.PathValue("code"), by(ctx, request.By), request.Why)
		}),
	}
}

func (s *server) override(ctx context.Context, r *http.Request, request OverrideRequest) error {
	request.By = by(ctx, request.By)
	override, err := request.override(time.Now())
	if err != nil {
		return err
	}
	return s.Fleet.Override(ctx, r.PathValue("group"), override)
}

func (s *server) scale(ctx context.Context, r *http.Request, request ScaleRequest) error {
	if request.Count < 0 {
		return invalid("`count` is below 0: send how many instances the group is to have")
	}
	return s.Fleet.Scale(ctx, r.PathValue("group"), request.Count, by(ctx, request.By), request.Why)
}

func (s *server) promote(promoted bool) func(ctx context.Context, r *http.Request, request SignedRequest) error {
	return func(ctx context.Context, r *http.Request, request SignedRequest) error {
		return s.Fleet.Promote(ctx, r.PathValue("group"), promoted, by(ctx, request.By), request.Why)
	}
}

// by is who asks. Over the network it is who they proved to be. Over the socket it is who they say,
// since several people may share an account, beside the account if that is another.
func by(ctx context.Context, said string) string {
	p := access.Of(ctx)
	user, local := strings.CutPrefix(p.Name, "unix:")
	switch {
	case !local || p.From != "":
		return cmp.Or(p.Name, "anonymous")
	case said == "" || said == user:
		return user
	default:
		return said + " (" + p.Name + ")"
	}
}
