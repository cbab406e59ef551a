package access

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
)

// lasting is a door behind which a request goes on: it says whether it still may, after what happens meanwhile.
func (s *scene) lasting(meanwhile func()) {
	s.door = s.guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := Still(r.Context())
		meanwhile()
		_, _ = fmt.Fprint(w, before, " then ", Still(r.Context()))
	}))
}

func TestWhatLastsEndsWithTheRoleOfWhoAsks(t *testing.T) {
	t.Parallel()
	token, hash := NewToken()
	tokens := func(role string) config.Web {
		return config.Web{Tokens: []config.WebToken{{Name: "deploy", Role: role, SHA256: hash}}, Anonymous: "none"}
	}
	local := func(role string) config.Web { return config.Web{Anonymous: role} }
	other := people(t)
	other.Users = hashes(t, map[string]string{"alice": "another one"})
	demoted := people(t)
	demoted.Roles = nil
	for name, c := range map[string]struct {
		was, becomes config.Web
		asks         func(*http.Request)
		still        bool
	}{
		"a token stays":           {tokens("read"), tokens("read"), bearing(token), true},
		"a token is taken away":   {tokens("read"), config.Web{Anonymous: "none"}, bearing(token), false},
		"a token may less":        {tokens("admin"), tokens("read"), bearing(token), false},
		"a password stays":        {people(t), people(t), as("alice", "correct horse"), false}, // its hash is another one
		"a password is changed":   {people(t), other, as("alice", "correct horse"), false},
		"users are taken away":    {people(t), config.Web{Anonymous: "none"}, as("alice", "correct horse"), false},
		"a user may less":         {people(t), demoted, as("alice", "correct horse"), false},
		"anonymous stays":         {local("read"), local("read"), func(*http.Request) {}, true},
		"anonymous is taken away": {local("read"), local("none"), func(*http.Request) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := guarded(t, c.was)
			if name == "a password stays" {
				c.becomes, c.still = c.was, true
			}
			s.lasting(func() { s.guard.Set(c.becomes) })
			s.wants(s.gets(c.asks), 200, fmt.Sprint("true then ", c.still))
		})
	}
}

func TestAnAuthorityThatIsTakenAwayEndsWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := secure(t, config.Web{Anonymous: "none"}, config.WebTLS{ClientAuth: tls.RequireAndVerifyClientCert})
	chain := func() []*x509.Certificate {
		leaf, err := x509.ParseCertificate(s.authority.client("ops").Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return []*x509.Certificate{leaf}
	}()
	shows := func(r *http.Request) {
		r.TLS = &tls.ConnectionState{PeerCertificates: chain, VerifiedChains: [][]*x509.Certificate{chain}}
	}
	s.wants(s.gets(shows), 200, "ops read")
	s.lasting(func() {
		write(t, s.path("ca"), "CERTIFICATE", newAuthority(t).certificate.Raw)
		s.clock.pass(lookEvery)
	})
	s.wants(s.gets(shows), 200, "true then false")
	s.wants(s.gets(shows), 401, "not trusted any more") // over the same connection
}

func TestAFloodOfRefusedChangesFillsNoLogAndHidesNobody(t *testing.T) {
	t.Parallel()
	logs := &text{}
	audited := Audit(logs.logger(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	post := func(p Principal) {
		audited.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(With(t.Context(), p), http.MethodPost, "/", http.NoBody))
	}
	for range 100 {
		post(Principal{Name: "mallory", Role: Read})
	}
	post(Principal{Name: "alice", Role: Operate})
	if said := strings.Count(logs.String(), "mallory"); said < linesMax || said > 2*linesMax { // a minute may end meanwhile
		t.Errorf("%d lines of 100 are logged", said)
	}
	if !strings.Contains(logs.String(), "alice") {
		t.Error("what an operator tried is not logged")
	}
}
