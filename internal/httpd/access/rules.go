package access

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
)

// rules is what the configuration says. They do not change; others take their place.
type rules struct {
	web         config.Web
	anonymous   Role
	headers     map[string]string
	names       []string // that we are called by, besides addresses of this machine alone
	crossOrigin *http.CrossOriginProtection
	pace        *pace
}

func newRules(web config.Web, listen string) *rules {
	r := &rules{
		web: web, anonymous: ParseRole(web.Anonymous), headers: web.Headers,
		crossOrigin: http.NewCrossOriginProtection(), pace: newPace(web.RateLimit), names: []string{"localhost"},
	}
	if !config.IsLocal(listen) { // the configuration may mean another place, after a restart
		r.anonymous = None
	}
	if name, _, err := net.SplitHostPort(listen); err == nil && name != "" {
		r.names = append(r.names, strings.ToLower(name))
	}
	if u, err := url.Parse(web.URL); err == nil && u.Host != "" {
		r.names = append(r.names, strings.ToLower(u.Hostname()))
		usual := map[string]string{"http": ":80", "https": ":443"} // browsers leave it out
		_ = r.crossOrigin.AddTrustedOrigin(u.Scheme + "://" + strings.TrimSuffix(u.Host, usual[u.Scheme]))
	}
	return r
}

// role is that of a user, or of a certificate's common name.
func (r *rules) role(name string) Role {
	if role := ParseRole(r.web.Roles[name]); role != None {
		return role
	}
	return Read
}

// calledByOwnName says that the request was meant for us. A page of another site can have
// its own name lead to this machine, and then read what it is answered.
func (r *rules) calledByOwnName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || slices.Contains(r.names, strings.ToLower(host))
}

// challenges are the ways in which one can say who one is, as in WWW-Authenticate.
func (r *rules) challenges() (challenges []string) {
	if len(r.web.Users) > 0 {
		challenges = append(challenges, `Basic realm="autoscaled", charset="UTF-8"`)
	}
	if len(r.web.Tokens) > 0 {
		challenges = append(challenges, `Bearer realm="autoscaled"`)
	}
	return challenges
}

// nobody is the refusal of somebody who has not said who it is, and has to.
func (r *rules) nobody() *refusal {
	return &refusal{reason: reasonUnknown, text: "who asks is not known: show a user's password, a token or a client certificate, as configured under web"}
}

// protective are the headers that keep a browser from doing with our pages what we do not
// do ourselves.
var protective = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	"X-Content-Type-Options": "nosniff",
	"Referrer-Policy":        "no-referrer",
	"Cache-Control":          "no-store",
}

func (r *rules) setHeaders(h http.Header) {
	for name, value := range protective {
		h.Set(name, value)
	}
	for name, value := range r.headers {
		h.Set(name, value)
	}
}
