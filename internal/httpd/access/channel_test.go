package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// authority signs certificates.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.certificate, a.key = a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		a.t.Fatal(err)
	}
	template.NotBefore = time.Now().Add(-24 * time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		template.Subject.CommonName = "authority"
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return certificate, key
}

// client is a certificate for whoever has the name.
func (a *authority) client(name string, change ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range change {
		c(template)
	}
	certificate, key := a.sign(template)
	return tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}
}

// put writes a certificate of a server, with its key, to the files.
func (a *authority) put(cert, key string) *x509.Certificate {
	a.t.Helper()
	certificate, private := a.sign(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	write(a.t, cert, "CERTIFICATE", certificate.Raw)
	write(a.t, key, "PRIVATE KEY", der)
	return certificate
}

func write(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// secured is a scene that serves on a port, encrypted.
type secured struct {
	*scene
	authority *authority
	folder    string
	url       string
}

func secure(t *testing.T, web config.Web, settings config.WebTLS) *secured {
	t.Helper()
	s := &secured{authority: newAuthority(t), folder: t.TempDir()}
	settings.Cert.File, settings.Key.File = s.path("cert"), s.path("key")
	settings.MinVersion, settings.MaxVersion = max(settings.MinVersion, tls.VersionTLS12), tls.VersionTLS13
	s.authority.put(settings.Cert.File, settings.Key.File)
	write(t, s.path("ca"), "CERTIFICATE", s.authority.certificate.Raw)
	if settings.ClientAuth != tls.NoClientCert {
		settings.ClientCA.File = s.path("ca")
	}
	web.TLS = &settings
	s.scene = guarded(t, web)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "https://" + listener.Addr().String() + "/v1/status"
	server := &http.Server{
		Handler: s.door, TLSConfig: s.guard.TLSConfig(), Protocols: s.guard.Protocols(), ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

func (s *secured) path(name string) string { return filepath.Join(s.folder, name) }

// dial asks over a new connection. TLS says more about it.
func (s *secured) dial(settings *tls.Config, change ...func(*http.Request)) (*http.Response, string, error) {
	s.t.Helper()
	if settings == nil {
		settings = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	settings.RootCAs = x509.NewCertPool()
	settings.RootCAs.AddCert(s.authority.certificate)
	transport := &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

func (s *secured) says(settings *tls.Config, want string, change ...func(*http.Request)) {
	s.t.Helper()
	if _, text, err := s.dial(settings, change...); err != nil || !strings.Contains(text, want) {
		s.t.Errorf("got %q, %v, want %q", text, err, want)
	}
}

func (s *secured) hangsUp(settings *tls.Config) {
	s.t.Helper()
	if answer, text, err := s.dial(settings); err == nil {
		s.t.Errorf("answered %s %s, and should have hung up", answer.Status, text)
	}
}

func showing(certificate tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
}

func TestPasswordsGoOverTLS(t *testing.T) {
	t.Parallel()
	s := secure(t, people(t), config.WebTLS{})
	s.says(nil, "alice admin 127.0.0.1", as("alice", "correct horse"))
	s.says(nil, "unauthenticated")
	s.hangsUp(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
}

func TestHTTP2IsSpokenUnlessTurnedOff(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		web := people(t)
		web.HTTP2 = on
		answer, _, err := secure(t, web, config.WebTLS{}).dial(nil, as("alice", "correct horse"))
		if err != nil || answer.StatusCode != http.StatusOK || (answer.ProtoMajor == 2) != on {
			t.Errorf("with http2: %v: got %+v, %v", on, answer, err)
		}
	}
}

func TestACertificateSaysWhoOneIs(t *testing.T) {
	t.Parallel()
	s := secure(t, config.Web{Roles: map[string]string{"ops": "operate"}}, config.WebTLS{ClientAuth: tls.RequireAndVerifyClientCert})
	s.says(showing(s.authority.client("ops")), "ops operate 127.0.0.1")
	s.says(showing(s.authority.client("grafana")), "grafana read 127.0.0.1")
	s.says(showing(s.authority.client("")), "no common name")
	s.says(showing(s.authority.client("unix:root")), "name of a user of the socket")
	s.says(showing(s.authority.client("ops\x1b[2J")), "ops\ufffd[2J read")
	s.hangsUp(nil)
	s.hangsUp(showing(newAuthority(t).client("ops")))
	s.hangsUp(showing(s.authority.client("ops", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })))
	s.hangsUp(showing(s.authority.client("ops", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })))
}

func TestACertificateThatExpiresDuringAConnectionIsWorthNothing(t *testing.T) {
	t.Parallel()
	s := secure(t, config.Web{}, config.WebTLS{ClientAuth: tls.RequireAndVerifyClientCert})
	s.clock.pass(25 * time.Hour)
	s.says(showing(s.authority.client("ops")), "has expired")
}

func TestACertificateMayBeLeftOutForAPassword(t *testing.T) {
	t.Parallel()
	s := secure(t, people(t), config.WebTLS{ClientAuth: tls.VerifyClientCertIfGiven})
	s.says(showing(s.authority.client("ops")), "ops read")
	s.says(showing(s.authority.client("ops")), "alice admin", as("alice", "correct horse"))
	s.says(showing(s.authority.client("ops")), "is wrong", as("alice", "no"))
	s.says(nil, "alice admin", as("alice", "correct horse"))
	s.says(nil, "unauthenticated")
	s.hangsUp(showing(newAuthority(t).client("ops")))
}

func TestOnlyCertificatesOfTheAllowedNamesAreTaken(t *testing.T) {
	t.Parallel()
	s := secure(t, config.Web{}, config.WebTLS{ClientAuth: tls.RequireAndVerifyClientCert, ClientAllowedSANs: []string{"ops.example.jp", "10.0.0.7"}})
	s.says(showing(s.authority.client("ops", func(c *x509.Certificate) { c.DNSNames = []string{"x.example.jp", "ops.example.jp"} })), "ops")
	s.says(showing(s.authority.client("ops", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 7)} })), "ops")
	s.hangsUp(showing(s.authority.client("ops", func(c *x509.Certificate) { c.DNSNames = []string{"ops.example.jp.attacker.example"} })))
	s.hangsUp(showing(s.authority.client("ops.example.jp")))
}

func TestARenewedCertificateIsShownWithoutARestart(t *testing.T) {
	t.Parallel()
	s := secure(t, people(t), config.WebTLS{})
	shown := func() *big.Int {
		t.Helper()
		answer, _, err := s.dial(nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer.TLS.PeerCertificates[0].SerialNumber
	}
	first := shown()
	second := s.authority.put(s.path("cert"), s.path("key")).SerialNumber
	if shown().Cmp(first) != 0 {
		t.Error("the files are looked at at every connection")
	}
	s.clock.pass(lookEvery)
	if shown().Cmp(second) != 0 {
		t.Error("the renewed certificate is not shown")
	}
	write(t, s.path("cert"), "CERTIFICATE", s.authority.certificate.Raw) // half of a renewal
	for range 3 {
		s.clock.pass(lookEvery)
		if shown().Cmp(second) != 0 {
			t.Error("one without its key is shown")
		}
	}
	if said := strings.Count(s.logs.String(), "the old one stays"); said != 1 {
		t.Errorf("said %d times that it cannot be used: %s", said, s.logs)
	}
	third := s.authority.put(s.path("cert"), s.path("key")).SerialNumber
	if err := os.Chmod(s.path("key"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(lookEvery)
	if shown().Cmp(second) != 0 {
		t.Error("a key that others can read is used")
	}
	if err := os.Chmod(s.path("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(lookEvery)
	if shown().Cmp(third) != 0 {
		t.Error("the certificate is not shown once its key is protected again")
	}
	if strings.Contains(s.logs.String(), "PRIVATE") {
		t.Errorf("the log tells a key: %s", s.logs)
	}
}

func TestAnAuthorityThatIsTakenAwayCountsNoMore(t *testing.T) {
	t.Parallel()
	s := secure(t, config.Web{}, config.WebTLS{ClientAuth: tls.RequireAndVerifyClientCert})
	session := showing(s.authority.client("ops"))
	session.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	s.says(session, "ops")
	if answer, _, err := s.dial(session); err != nil || answer.TLS.DidResume {
		t.Errorf("a session outlives its connection: %+v, %v", answer, err)
	}
	other := newAuthority(t)
	write(t, s.path("ca"), "CERTIFICATE", other.certificate.Raw)
	s.clock.pass(lookEvery)
	s.hangsUp(session)
	s.says(showing(other.client("ops")), "ops")
}

func TestACertificateThatCannotBeUsedIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.pem")
	_, err := New(Options{Web: config.Web{TLS: &config.WebTLS{Cert: config.PEM{File: none}, Key: config.PEM{File: none}}}, Log: (&text{}).logger()})
	if err == nil || !strings.Contains(err.Error(), none) {
		t.Errorf("got %v", err)
	}
	plain := guarded(t, config.Web{}).guard
	if plain.TLSConfig() != nil || plain.Protocols().HTTP2() {
		t.Error("plain HTTP has TLS")
	}
}

func TestCurlGetsIn(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	token, hash := NewToken()
	web := people(t)
	web.HTTP2 = true
	web.Tokens = []config.WebToken{{Name: "deploy", Role: "operate", SHA256: hash}}
	s := secure(t, web, config.WebTLS{ClientAuth: tls.VerifyClientCertIfGiven})
	certificate, key := s.authority.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "ops"}})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.path("client.pem"), "CERTIFICATE", certificate.Raw)
	write(t, s.path("client.key"), "PRIVATE KEY", der)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"alice admin 127.0.0.1 200", []string{"--user", "alice:correct horse"}},
		{"deploy operate 127.0.0.1 200", []string{"--header", "Authorization: Bearer " + token}},
		{"ops read 127.0.0.1 200", []string{"--cert", s.path("client.pem"), "--key", s.path("client.key")}},
		{" 401", nil},
		{" 401", []string{"--user", "alice:no"}},
	} {
		args := append([]string{"--silent", "--show-error", "--cacert", s.path("ca"), "--write-out", " %{http_code}", s.url}, c.args...)
		said, err := exec.CommandContext(t.Context(), curl, args...).CombinedOutput()
		if err != nil || !strings.HasSuffix(string(said), c.want) {
			t.Errorf("curl %s: %v: %s", fmt.Sprint(c.args), err, said)
		}
	}
}
