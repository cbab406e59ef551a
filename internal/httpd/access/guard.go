package access

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Options are what a Guard needs.
type Options struct {
	Web    config.Web
	Listen string // host:port, whose host whoever has not said who it is may call us by

	// Open says which requests nobody needs to have a role for. What they show to say who
	// they are is left to the handler, and is not looked at. nil: none.
	Open func(*http.Request) bool

	Log        *zap.Logger
	Now        func() time.Time      // nil: time.Now
	Registerer prometheus.Registerer // nil: nothing is counted
}

// Guard stands at the door of the network.
type Guard struct {
	open      func(*http.Request) bool
	listen    string
	now       func() time.Time
	rules     atomic.Pointer[rules]
	channel   *channel // nil: plain HTTP
	passwords *passwords
	failures  *failures
	refused   *refused
}

// New makes a guard. The error says which certificate cannot be used, and what to do.
func New(o Options) (*Guard, error) {
	g := &Guard{
		open: o.Open, listen: o.Listen, now: o.Now,
		passwords: newPasswords(), failures: newFailures(), refused: newRefused(o.Log, o.Registerer),
	}
	if g.open == nil {
		g.open = func(*http.Request) bool { return false }
	}
	if g.now == nil {
		g.now = time.Now
	}
	g.rules.Store(newRules(o.Web, o.Listen))
	if o.Web.TLS == nil {
		return g, nil
	}
	var err error
	g.channel, err = newChannel(o.Web, g.now, o.Log)
	return g, err
}

// Set makes the guard follow another configuration. It changes neither whether there is
// TLS and HTTP/2, nor where it listens: those need a restart.
func (g *Guard) Set(web config.Web) {
	g.rules.Store(newRules(web, g.listen))
	if g.channel != nil && web.TLS != nil {
		g.channel.set(*web.TLS)
	}
}

// Handler finds out who asks, and lets nobody through who may nothing; what the others may
// is for [Require] to see. It protects people's browsers from other sites, and gives every
// answer the headers that do.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rules := g.rules.Load()
		rules.setHeaders(w.Header())
		p := Principal{From: address(r).String()}
		refusal := g.admit(rules, r, &p)
		ctx := context.WithValue(With(r.Context(), p), guardKey{}, g)
		ctx = context.WithValue(ctx, stillKey{}, func() bool { return g.still(r, p) })
		if refusal != nil {
			g.refuse(w, r.WithContext(ctx), *refusal)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type guardKey struct{}

// admit finds out who asks. A refusal is why nobody is let through.
func (g *Guard) admit(rules *rules, r *http.Request, p *Principal) *refusal {
	if rules.crossOrigin.Check(r) != nil || askedByAnotherSite(r) {
		return &refusal{reason: reasonOrigin, text: "another site's page asks: open our own page, and ask there"}
	}
	if g.open(r) {
		return nil
	}
	if wait := rules.pace.take(g.now()); wait > 0 {
		return &refusal{reason: reasonRate, text: "there are more requests than rate_limit allows: ask less often", after: wait}
	}
	shown := r.Header["Authorization"]
	switch {
	case len(shown) > 0:
		return g.byHeader(rules, r, p)
	case r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
		return g.byCertificate(rules, r.TLS.PeerCertificates, p)
	case rules.anonymous == None:
		return rules.nobody()
	case !rules.calledByOwnName(r.Host):
		return &refusal{reason: reasonHost, text: "the request calls us by a name that is not ours: ask for localhost, or set web.url to the name that people use"}
	}
	p.Role = rules.anonymous
	return nil
}

type stillKey struct{}

// Still says that whoever asks would have its role again, as things are configured now: what
// lasts long asks from time to time.
func Still(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	still, guarded := ctx.Value(stillKey{}).(func() bool)
	return !guarded || still()
}

// still is [Still]. It counts as no request, and a password that was changed is not compared with the new one.
func (g *Guard) still(r *http.Request, was Principal) bool {
	rules, is := g.rules.Load(), Principal{From: was.From}
	user, password, basic := r.BasicAuth()
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case was.Role == None:
		return true
	case basic:
		if len(rules.web.Users) > 0 && g.passwords.attempt(rules.web.Users, user, password).proven() {
			is.Name, is.Role = user, rules.role(user)
		}
	case strings.EqualFold(scheme, "Bearer"):
		is.Name, is.Role = rules.token(strings.TrimSpace(shown))
	case r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
		if g.byCertificate(rules, r.TLS.PeerCertificates, &is) != nil {
			return false
		}
	default:
		is.Role = rules.anonymous
	}
	return is == was
}

// askedByAnotherSite says that a page of another site asks the API in somebody's name. It cannot read
// the answer, but could have us make one after another. A link that somebody follows is none of that.
func askedByAnotherSite(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Dest") != "document"
}

// address is where the request comes from; what its headers say of that may be invented.
func address(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr().Unmap()
}
