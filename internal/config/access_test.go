package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// certificateInPEM is a certificate with keyInPEM for its key, and signed by it, so
// that it passes for an authority's too. Nobody trusts it.
var (
	certificateInPEM, keyInPEM = newCertificate()
	_, otherKeyInPEM           = newCertificate()
)

func newCertificate() (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		panic(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	inPEM := func(kind string, der []byte) string {
		return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	}
	return inPEM("CERTIFICATE", signed), inPEM("PRIVATE KEY", encoded)
}

// reading reads a file with one group, whose only signal has the given source; what
// each instance, or the share of each, should show is under target.
func reading(t *testing.T, source, target string) Signal {
	t.Helper()
	config, err := Parse("source.yaml", []byte(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 1
    max: 3
    template: {source: gc00000001, type: V40}
    signals:
      load: {`+source+`}
    policies: [{target: {signal: load, `+target+`: 1}}]
`), furnished().env())
	if err != nil {
		t.Fatal(err)
	}
	return config.Groups["web"].Signals[0]
}

func TestAccessIsReadAsWritten(t *testing.T) {
	t.Parallel()
	certificate, key := secret.New(certificateInPEM), secret.New(keyInPEM)
	for written, want := range map[string]Access{
		"":                                       {},
		"username: a, password: env:SECRET":      {Username: "a", Password: secret.New("content-of-variable")},
		"bearer_token: env:SECRET":               {BearerToken: secret.New("content-of-variable")},
		"tls: {}":                                {TLS: &TLS{}},
		"tls: {ca: file:/etc/autoscaled/ca.pem}": {TLS: &TLS{CA: certificate}},
		"tls: {cert: file:/etc/autoscaled/client.pem, key: file:/etc/autoscaled/client.key}": {TLS: &TLS{Cert: certificate, Key: key}},
		"tls: {server_name: 10.0.0.5, insecure_skip_verify: true}":                           {TLS: &TLS{ServerName: "10.0.0.5", InsecureSkipVerify: true}},
	} {
		ofInstances := reading(t, "scrape: {metric: up, "+written+"}", "value")
		ofGroup := reading(t, "scrape: {metric: up, url: 'https://10.0.0.5/metrics', "+written+"}", "per_instance")
		for _, signal := range []Signal{ofInstances, ofGroup} {
			if got := signal.Scrape.Access; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v", written, got)
			}
		}
	}
}

func TestARangeHasAStepOfItsOwn(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]Range{
		"":                   {},
		"range: {span: 5m}":  {Span: 5 * time.Minute, Step: 15 * time.Second, Statistic: "avg"},
		"range: {span: 1s}":  {Span: time.Second, Step: time.Second, Statistic: "avg"},
		"range: {span: 24h}": {Span: 24 * time.Hour, Step: 72 * time.Minute, Statistic: "avg"},
		"range: {span: 1m, step: 100ms, statistic: median}": {Span: time.Minute, Step: 100 * time.Millisecond, Statistic: "median"},
	} {
		if got := reading(t, "promql: up, "+written, "per_instance").Range; got != want {
			t.Errorf("%s: got %+v", written, got)
		}
	}
}
