package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// byHeader looks at what the header Authorization shows. Whoever shows what is wrong is
// refused, whatever it may otherwise.
func (g *Guard) byHeader(rules *rules, r *http.Request, p *Principal) *refusal {
	shown := r.Header["Authorization"]
	scheme, rest, _ := strings.Cut(shown[0], " ")
	switch {
	case len(shown) > 1:
	case strings.EqualFold(scheme, "Bearer"):
		if name, role := rules.token(strings.TrimSpace(rest)); role != None {
			p.Name, p.Role = name, role
			return nil
		}
	case strings.EqualFold(scheme, "Basic"):
		if user, password, ok := r.BasicAuth(); ok && len(rules.web.Users) > 0 {
			return g.byPassword(rules, r, p, user, password)
		}
	}
	return g.fail(r, "")
}

// byPassword compares a password with that of a user. It takes as long for a user that
// there is not.
func (g *Guard) byPassword(rules *rules, r *http.Request, p *Principal, user, password string) *refusal {
	if refusal := g.guessed(r); refusal != nil {
		return refusal
	}
	attempt := g.passwords.attempt(rules.web.Users, user, password)
	if !attempt.proven() {
		leave, ok := g.passwords.enter(r.Context(), address(r))
		if !ok {
			return &refusal{reason: reasonBusy, text: "too many passwords are being looked at: try again in a second", after: time.Second}
		}
		defer leave()
		if refusal := g.guessed(r); refusal != nil { // meanwhile
			return refusal
		}
		if !attempt.proven() && !attempt.compare() {
			return g.fail(r, attempt.knownUser())
		}
	}
	p.Name, p.Role = user, rules.role(user)
	return nil
}

// guessed refuses whoever has failed too often.
func (g *Guard) guessed(r *http.Request) *refusal {
	if wait := g.failures.wait(address(r), g.now()); wait > 0 {
		return &refusal{reason: reasonGuessing, text: "too many wrong passwords or tokens came from this address: wait, and look at which is configured", after: wait}
	}
	return nil
}

// fail counts a failure and says so. User is one that there is, or empty.
func (g *Guard) fail(r *http.Request, user string) *refusal {
	if refusal := g.guessed(r); refusal != nil {
		return refusal
	}
	g.failures.add(address(r), g.now())
	return &refusal{reason: reasonWrong, text: "the password or token is wrong: show one that is configured under web", user: user}
}

// tokenCharactersMin is what cannot be guessed. It lets a right token pass while wrong
// ones are refused unseen: those say nothing about others.
const tokenCharactersMin = 32

// token is whose token is shown; None: nobody's.
func (r *rules) token(shown string) (name string, role Role) {
	hash := sha256.Sum256([]byte(shown))
	hexadecimal := []byte(hex.EncodeToString(hash[:]))
	for _, token := range r.web.Tokens { // all of them, so that the time says nothing
		if subtle.ConstantTimeCompare(hexadecimal, []byte(token.SHA256)) == 1 {
			name, role = token.Name, ParseRole(token.Role)
		}
	}
	if len(shown) < tokenCharactersMin {
		return "", None
	}
	return name, role
}

// byCertificate takes the word of an authority. The handshake has verified it, and that may be long ago.
func (g *Guard) byCertificate(rules *rules, chain []*x509.Certificate, p *Principal) *refusal {
	certificate := chain[0]
	name := certificate.Subject.CommonName
	switch {
	case name == "":
		return &refusal{reason: reasonWrong, text: "the client certificate has no common name: show one that has"}
	case strings.HasPrefix(name, socketUser):
		return &refusal{reason: reasonWrong, text: "the client certificate has the name of a user of the socket: show one with another common name"}
	case g.now().After(certificate.NotAfter): // the handshake was earlier
		return &refusal{reason: reasonWrong, text: "the client certificate has expired: connect with a new one"}
	case g.channel != nil && !g.channel.trusts(chain):
		return &refusal{reason: reasonWrong, text: "the client certificate is not trusted any more: connect with one of an authority in client_ca_file"}
	}
	p.Name, p.Role = words.Shown(name), rules.role(name)
	return nil
}
