package access

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/words"
)

// The reasons why requests are refused, as in the metric.
const (
	reasonUnknown  = "unauthenticated" // nobody has said who asks
	reasonWrong    = "credentials"     // they are wrong
	reasonGuessing = "too_many"        // wrong ones came from there
	reasonBusy     = "busy"            // passwords wait
	reasonRate     = "rate"            // rate_limit
	reasonRole     = "role"            // whoever asks may not
	reasonOrigin   = "cross_origin"    // another site's page asks
	reasonHost     = "host"            // the request is for another name
)

// kinds are the status and the code of an answer, by reason.
var kinds = map[string]struct {
	status int
	code   string
}{
	reasonUnknown:  {http.StatusUnauthorized, "unauthenticated"},
	reasonWrong:    {http.StatusUnauthorized, "unauthenticated"},
	reasonGuessing: {http.StatusTooManyRequests, "too_many"},
	reasonRate:     {http.StatusTooManyRequests, "too_many"},
	reasonBusy:     {http.StatusServiceUnavailable, "unavailable"},
	reasonRole:     {http.StatusForbidden, "forbidden"},
	reasonOrigin:   {http.StatusForbidden, "forbidden"},
	reasonHost:     {http.StatusForbidden, "forbidden"},
}

// refusal is why a request gets no further.
type refusal struct {
	reason string
	text   string        // what is wrong: what to do
	user   string        // that failed, if there is such a user
	after  time.Duration // to try again; 0: trying again does not help
}

// answer writes the refusal as every error of the API is written.
func (f refusal) answer(w http.ResponseWriter, challenges []string) {
	kind := kinds[f.reason]
	h := w.Header()
	if kind.status == http.StatusUnauthorized && len(challenges) > 0 {
		h["Www-Authenticate"] = challenges
	}
	if f.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.after.Seconds()))))
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(kind.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": kind.code, "error": f.text})
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, f refusal) {
	g.refused.tell(r, f, g.now())
	if Of(r.Context()).Role == None {
		w.Header().Set("Connection", "close") // strangers leave it to others
	}
	f.answer(w, g.rules.Load().challenges())
}

// refused counts what is refused, and logs some of it: whoever guesses must not fill the disk.
type refused struct {
	log   *zap.Logger
	count *prometheus.CounterVec // nil: nothing is counted
	lines
}

// lines bounds the lines of one kind in the log.
type lines struct {
	mu     sync.Mutex
	begin  time.Time // of the minute in which
	logged int       // were logged
	silent int       // and were not, since the last line
}

// linesMax is how many lines of a kind are logged in a minute.
const linesMax = 30

func newRefused(log *zap.Logger, registerer prometheus.Registerer) *refused {
	r := &refused{log: log}
	if registerer == nil {
		return r
	}
	r.count = promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "autoscaled_http_refused_total", Help: "Requests over the network that were refused, by reason.",
	}, []string{"reason"})
	for reason := range kinds {
		r.count.WithLabelValues(reason)
	}
	return r
}

func (r *refused) tell(request *http.Request, f refusal, now time.Time) {
	if r.count != nil {
		r.count.WithLabelValues(f.reason).Inc()
	}
	silent, ok := r.line(now)
	if !ok {
		return
	}
	p := Of(request.Context())
	who := p.shown()
	if f.user != "" {
		who = f.user
	}
	r.log.Warn("refused", zap.String("reason", f.reason), zap.Int("status", kinds[f.reason].status),
		zap.String("who", who), zap.Stringer("role", p.Role), zap.String("from", p.From),
		zap.String("method", words.Shown(request.Method)), zap.String("path", words.Shown(request.URL.Path)), zap.Int("not_logged_before", silent))
}

// line says whether another line may be logged, and how many were not since the last one.
func (l *lines) line(now time.Time) (silent int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.begin) || !now.Before(l.begin.Add(time.Minute)) {
		l.begin, l.logged = now, 0
	}
	if l.logged == linesMax {
		l.silent++
		return 0, false
	}
	l.logged++
	silent, l.silent = l.silent, 0
	return silent, true
}
