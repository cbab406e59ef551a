package config

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Web is how the daemon is reached over the network, and who may do what there.
type Web struct {
	Config    string                   // path of a file in the format of Prometheus' exporters, from which TLS to Users come; empty: none
	TLS       *WebTLS                  // nil: plain HTTP
	HTTP2     bool                     // with TLS; default true
	Headers   map[string]string        // of every answer, in place of our own
	RateLimit RateLimit                // of all requests together
	Users     map[string]secret.Secret // bcrypt hash of the password, by name
	Roles     map[string]string        // read, operate or admin, by user or certificate's common name; others: read
	Tokens    []WebToken
	Anonymous string // none, read, operate or admin: of whoever has not said who it is; default read where nobody can say so, else none
	URL       string // under which people reach it, without a slash at the end; default: http(s)://Listen
}

// WebToken is what a program shows in place of a user's password.
type WebToken struct {
	Name   string
	Role   string // read, operate or admin
	SHA256 string // of the token, 64 hexadecimal digits
}

// RateLimit lets Burst requests pass at once, and after that one every Interval.
type RateLimit struct {
	Interval time.Duration // 0: any number may pass
	Burst    int
}

// Authenticates says that there is a way to say who one is.
func (w Web) Authenticates() bool {
	return len(w.Users) > 0 || len(w.Tokens) > 0 || w.TLS.VerifiesClients()
}

// readWeb reads the section web, and judges whether what can be reached at listen is
// protected well enough.
func readWeb(top *section, listen string) Web {
	s := top.section("web")
	defer s.close()
	web := Web{HTTP2: true, Config: read(s, "config", "", absolutePath)}
	whole := !s.has("config")
	if web.Config != "" {
		whole = readWebFile(s, &web)
	}
	web.Tokens = readTokens(s, web)
	web.Roles = readRoles(s, web, whole)
	local := IsLocal(listen)
	web.Anonymous = read(s, "anonymous", web.anonymous(local), oneOf("none", "read", "operate", "admin"))
	web.URL = read(s, "url", web.ownURL(listen), pageURL)
	if !local && web.Anonymous != "none" {
		s.fault("anonymous", "lets everybody in who can reach %s: write none, or listen at 127.0.0.1", words.Shown(listen))
	}
	if !local && whole {
		refuseUnprotected(top, web, listen)
	}
	return web
}

func (w Web) anonymous(local bool) string {
	if local && !w.Authenticates() {
		return "read"
	}
	return "none"
}

// refuseUnprotected reports a place to listen at that other machines can reach although
// what they say can be overheard, or anybody may say it.
func refuseUnprotected(s *section, web Web, listen string) {
	const tls, users = "tls_server_config", "basic_auth_users (or give it web.tokens)"
	var lacks, remedy string
	switch {
	case web.TLS == nil && !web.Authenticates():
		lacks, remedy = "TLS and authentication", tls+" and "+users
	case web.TLS == nil:
		lacks, remedy = "TLS", tls
	case !web.Authenticates():
		lacks, remedy = "authentication", users
	default:
		return
	}
	_, port, _ := net.SplitHostPort(listen)
	s.fault("listen", "`%s` is open to other machines without %s: write 127.0.0.1:%s, or web.config with the path of a file that has %s",
		words.Shown(listen), lacks, port, remedy)
}

// IsLocal says that only this machine can reach the place to listen at, which is host:port.
func IsLocal(listen string) bool {
	host, _, _ := net.SplitHostPort(listen)
	address, _ := netip.ParseAddr(host)
	return host == "localhost" || address.IsLoopback()
}

var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// hashOfToken accepts a token's hash. Its error does not repeat the value, which may be
// the token.
var hashOfToken = parser[string]{parseHashOfToken, func() Shape {
	return Shape{Range: "64 of 0-9 and a-f", Pattern: tokenHash.String(), Numbers: longNumbers(64)}
}}

func parseHashOfToken(value string) (string, error) {
	if !tokenHash.MatchString(value) {
		return "", errors.New("is not the SHA-256 of a token, 64 of 0-9 and a-f: `autoscaled config token NAME` makes a token and its entry here")
	}
	return value, nil
}

func readTokens(s *section, web Web) []WebToken {
	var tokens []WebToken
	for _, item := range s.items("tokens") {
		item.require("name", "role", "sha256")
		token := WebToken{
			Name:   read(item, "name", "", name),
			Role:   read(item, "role", "read", oneOf("read", "operate", "admin")),
			SHA256: read(item, "sha256", "", hashOfToken),
		}
		_, taken := web.Users[token.Name]
		switch {
		case token.Name != "" && slices.ContainsFunc(tokens, func(t WebToken) bool { return t.Name == token.Name }):
			item.fault("name", "another token has this name: write a different one")
		case taken:
			item.fault("name", "a user has this name: write a different one, so that the log can tell them apart")
		case token.SHA256 != "" && slices.ContainsFunc(tokens, func(t WebToken) bool { return t.SHA256 == token.SHA256 }):
			item.fault("sha256", "another token has this hash: `autoscaled config token NAME` makes a new one")
		}
		item.close()
		tokens = append(tokens, token)
	}
	return tokens
}

// readRoles reads who has which role. Without whole it is not known which users there are.
func readRoles(s *section, web Web, whole bool) map[string]string {
	if !s.has("roles") {
		return nil
	}
	mapping := s.dictionary("roles", text)
	roles := make(map[string]string, len(mapping.keys))
	for _, who := range mapping.keys {
		_, known := web.Users[who]
		if _, err := text.parse(who); err != nil {
			mapping.record(mapping.fields[who].key, mapping.join(who), "%v", err)
		} else if strings.HasPrefix(who, "unix:") {
			mapping.record(mapping.fields[who].key, mapping.join(who), "is how users of the socket are called, who may do everything: write a user or a certificate's common name")
		} else if whole && !known && !web.TLS.VerifiesClients() {
			mapping.record(mapping.fields[who].key, mapping.path, "unknown user `%s`: %s",
				words.Shown(who), words.Suggest(who, slices.Collect(maps.Keys(web.Users))))
		}
		roles[who] = read(mapping, who, "read", oneOf("read", "operate", "admin"))
	}
	return roles
}

// pageURL accepts the URL under which people open pages.
var pageURL = parser[string]{parsePageURL, like(`^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+/*\??#?$`, "http or https URL, without a path")}

func parsePageURL(value string) (string, error) {
	if _, err := httpURL.parse(value); err != nil {
		return "", err
	}
	u, err := url.Parse(value)
	if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", errors.New("the URL has a path: write for example https://autoscaled.example.jp")
	}
	return u.Scheme + "://" + u.Host, nil
}

// ownURL is the URL of the place to listen at, of every address that of this machine's
// name.
func (w Web) ownURL(listen string) string {
	scheme := "http://"
	if w.TLS != nil {
		scheme = "https://"
	}
	host, port, _ := net.SplitHostPort(listen)
	if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
		own, _ := os.Hostname()
		host = cmp.Or(own, "localhost")
	}
	return scheme + net.JoinHostPort(host, port)
}
