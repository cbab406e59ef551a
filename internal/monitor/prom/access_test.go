package prom

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
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         secret.Secret
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = inPEM("CERTIFICATE", der)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate for names and addresses, and its key.
func (a *authority) sign(t *testing.T, names ...string) (certificate, key secret.Secret) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	private := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return inPEM("CERTIFICATE", der), inPEM("PRIVATE KEY", encoded)
}

func inPEM(kind string, der []byte) secret.Secret {
	return secret.New(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

// serveTLS is an HTTPS server with a certificate for the given names, which demands
// one of clients' authority if that is given; its URL.
func serveTLS(t *testing.T, a, clients *authority, names []string, handler http.HandlerFunc) string {
	t.Helper()
	certificate, key := a.sign(t, names...)
	pair, err := tls.X509KeyPair([]byte(certificate.Reveal()), []byte(key.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(clients.certificate)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestTLSIsSpokenAsConfigured(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	certificate, key := ours.sign(t)
	foreign, foreignKey := theirs.sign(t)
	here, elsewhere := []string{"127.0.0.1"}, []string{"metrics.example.jp"}
	for name, test := range map[string]struct {
		names   []string
		clients *authority
		tls     *config.TLS
		says    string // empty: it is read
	}{
		"by a known authority":                    {names: here, tls: &config.TLS{CA: ours.pem}},
		"by an authority that nobody knows":       {names: here, says: "certificate signed by unknown authority"},
		"by another authority":                    {names: here, tls: &config.TLS{CA: theirs.pem}, says: "certificate signed by unknown authority"},
		"without looking":                         {names: elsewhere, tls: &config.TLS{InsecureSkipVerify: true}},
		"for another name":                        {names: elsewhere, tls: &config.TLS{CA: ours.pem}, says: "doesn't contain any IP SANs"},
		"for another name that is expected":       {names: elsewhere, tls: &config.TLS{CA: ours.pem, ServerName: "metrics.example.jp"}},
		"for this name where another is expected": {names: here, tls: &config.TLS{CA: ours.pem, ServerName: "metrics.example.jp"}, says: "wanted to match metrics.example.jp"},
		"with our certificate":                    {names: here, clients: ours, tls: &config.TLS{CA: ours.pem, Cert: certificate, Key: key}},
		"without our certificate":                 {names: here, clients: ours, tls: &config.TLS{CA: ours.pem}, says: "certificate required"},
		"with a certificate of somebody else":     {names: here, clients: ours, tls: &config.TLS{CA: ours.pem, Cert: foreign, Key: foreignKey}, says: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serveTLS(t, ours, test.clients, test.names, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/api/") {
					_, _ = fmt.Fprint(w, vector(series("web", "7")))
					return
				}
				_, _ = fmt.Fprint(w, "up 1\n")
			})
			access := config.Access{TLS: test.tls}
			_, pageErr := fetchFrom(t, fetcher(t, access), url)
			server, err := NewServer(config.Prometheus{URL: url, Access: access, Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			answerErr := server.Ask(t.Context(), rateQuestion, now, 0).Only().Err
			for what, err := range map[string]error{"page": pageErr, "answer": answerErr} {
				if (test.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s: got %v, want %q", what, err, test.says)
				}
			}
		})
	}
}

func TestAnAccessThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	certificate, key := a.sign(t)
	_, other := a.sign(t)
	for name, c := range map[string]config.TLS{
		"an authority that is none":   {CA: secret.New("hush")},
		"the key of another":          {Cert: certificate, Key: other},
		"a certificate without a key": {Cert: certificate},
		"a key without a certificate": {Key: key},
		"a certificate that is a key": {Cert: key, Key: key},
	} {
		_, err := NewPages().Via(config.Access{TLS: &c})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s, for pages: got %v", name, err)
		}
		if _, err = NewServer(config.Prometheus{URL: "https://127.0.0.1", Access: config.Access{TLS: &c}, Timeout: time.Second}); err == nil {
			t.Errorf("%s, for a server: accepted", name)
		}
	}
}

func TestCredentialsAreShownAndNeverTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		access config.Access
		want   string
	}{
		"none":   {config.Access{}, ""},
		"basic":  {config.Access{Username: "user", Password: secret.New("hush")}, "Basic dXNlcjpodXNo"},
		"bearer": {config.Access{BearerToken: secret.New("hush")}, "Bearer hush"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The server echoes them wherever a message could pick them up.
			echo := func(w http.ResponseWriter, r *http.Request) {
				shown := r.Header.Get("Authorization")
				if shown != test.want {
					t.Errorf("shown %q, want %q", shown, test.want)
				}
				switch r.URL.Path {
				case "/type":
					w.Header().Set("Content-Type", "hush/dXNlcjpodXNo")
				case "/encoding":
					w.Header().Set("Content-Encoding", "hush dXNlcjpodXNo")
				case "/status":
					hijacked, _, err := w.(http.Hijacker).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					_, _ = fmt.Fprintf(hijacked, "HTTP/1.1 403 %s hush\r\n\r\n", shown)
					_ = hijacked.Close()
					return
				}
				_, _ = fmt.Fprintf(w, "up{%q=\"1\",a=\"1\",a=\"hush %s\"} 1\n", shown, shown)
			}
			url := serve(t, echo)
			for _, path := range []string{"/", "/type", "/encoding", "/status"} {
				got := NewTarget(fetcher(t, test.access), url+path, []Selector{{Metric: "up", Scale: 1}}).Read(t.Context())[0]
				expect(t, got, 0, policy.Failed)
				if name != "none" && (strings.Contains(got.Err.Error(), "dXNlcjpodXNo") || strings.Contains(got.Err.Error(), "hush")) {
					t.Errorf("%s: told in %v", path, got.Err)
				}
			}
		})
	}
}
