package access

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Said is what a request says of itself, for the line that [Audit] logs.
type Said struct {
	What  string // is asked for, in a few plain words, of what its path does not say; no secrets
	Why   string
	Trial bool // it changes nothing: it only asks what it would change
}

// whatMax is how much of Said.What is logged, in characters.
const whatMax = 200

type auditKey struct{}

// audited is what becomes known of a request while it is answered.
type audited struct {
	Said
	replayed  bool
	unchanged bool
}

// Say notes what a request says of itself.
func Say(ctx context.Context, said Said) {
	if line, ok := ctx.Value(auditKey{}).(*audited); ok {
		line.Said = said
	}
}

// Replayed notes that a request is given the answer of an earlier one, and changes nothing.
func Replayed(ctx context.Context) {
	if line, ok := ctx.Value(auditKey{}).(*audited); ok {
		line.replayed = true
	}
}

// Unchanged notes that a request which is answered without an error changes nothing all the same.
func Unchanged(ctx context.Context) {
	if line, ok := ctx.Value(auditKey{}).(*audited); ok {
		line.unchanged = true
	}
}

// Audit logs one line for each request that changes something, or tried to: who, from
// where, what and why, and how it ended, and never a body. What was refused for want of a
// role is logged where it was refused. Of what failed those of one role fill only so many lines: what
// readers try hides nothing that others do.
func Audit(log *zap.Logger, next http.Handler) http.Handler {
	var failed [Admin + 1]lines
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := Of(r.Context())
		if !changes(r.Method) || p.Role == None {
			next.ServeHTTP(w, r)
			return
		}
		line, answer, ended := &audited{}, &answered{ResponseWriter: w, status: http.StatusOK}, false
		defer func() {
			if !ended {
				answer.status = http.StatusInternalServerError // a panic
			}
			if answer.status == http.StatusUnauthorized || answer.status == http.StatusForbidden {
				return
			}
			became, fields := line.became(answer.status), append(line.fields(p, r), zap.Int("status", answer.status))
			if answer.status >= http.StatusBadRequest {
				silent, ok := failed[p.Role].line(time.Now())
				if !ok {
					return
				}
				if silent > 0 {
					fields = append(fields, zap.Int("not_logged_before", silent))
				}
			}
			log.Info(became, fields...)
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), auditKey{}, line)))
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

// became says what came of the request.
func (l *audited) became(status int) string {
	switch {
	case l.replayed:
		return "replayed"
	case l.Trial:
		return "asked"
	case l.unchanged, status >= http.StatusBadRequest:
		return "not changed"
	default:
		return "changed"
	}
}

// fields are those of the line. What there is nothing to say about is left out.
func (l *audited) fields(p Principal, r *http.Request) []zap.Field {
	fields := []zap.Field{zap.String("who", p.shown()), zap.Stringer("role", p.Role)}
	if p.From != "" {
		fields = append(fields, zap.String("from", p.From))
	}
	fields = append(fields, zap.String("method", words.Shown(r.Method)), zap.String("path", words.Shown(r.URL.Path)))
	if l.What != "" {
		fields = append(fields, zap.String("what", words.Clip(l.What, whatMax)))
	}
	return append(fields, zap.String("why", l.Why))
}
