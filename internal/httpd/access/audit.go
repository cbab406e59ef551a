package access

import (
	"context"
	"net/http"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/words"
)

type whyKey struct{}

// Why notes, for the line that [Audit] logs, why somebody changes something.
func Why(ctx context.Context, why string) {
	if kept, ok := ctx.Value(whyKey{}).(*string); ok {
		*kept = why
	}
}

// Audit logs one line for each request that changes something, or tried to: who, from
// where, what and why, and how it ended, and never a body. What was refused for want of a
// role is logged where it was refused.
func Audit(log *zap.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := Of(r.Context())
		if !changes(r.Method) || p.Role == None {
			next.ServeHTTP(w, r)
			return
		}
		why, answer, ended := new(string), &answered{ResponseWriter: w, status: http.StatusOK}, false
		defer func() {
			if !ended {
				answer.status = http.StatusInternalServerError // a panic
			}
			if answer.status != http.StatusUnauthorized && answer.status != http.StatusForbidden {
				log.Info(answer.told(), zap.String("who", p.shown()), zap.Stringer("role", p.Role), zap.String("from", p.From),
					zap.String("method", words.Shown(r.Method)), zap.String("path", words.Shown(r.URL.Path)), zap.String("why", *why), zap.Int("status", answer.status))
			}
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), whyKey{}, why)))
		ended = true
	})
}

func changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// answered remembers how a request was answered.
type answered struct {
	http.ResponseWriter
	status  int
	written bool
}

// WriteHeader notes the first status that is not a preliminary one.
func (a *answered) WriteHeader(status int) {
	if !a.written && status >= http.StatusOK {
		a.status, a.written = status, true
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what is wrapped.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) told() string {
	if a.status >= http.StatusBadRequest {
		return "not changed"
	}
	return "changed"
}
