package prom

import (
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// What is no HTTP is quoted by the standard library, and can be what we sent: our own
// credentials, said back by a port that echoes.
func TestAPortThatEchoesCredentialsIsNotQuoted(t *testing.T) {
	t.Parallel()
	const password = "hush-hush-password"
	encoded := basic("reader", password)
	access := config.Access{Username: "reader", Password: secret.New(password)}
	for name, answer := range map[string]string{
		"in place of a status":    password + "\r\n\r\n",
		"in place of a header":    "HTTP/1.1 200 OK\r\n" + password + "\r\n\r\n",
		"encoded":                 "Authorization: Basic " + encoded + "\r\n\r\n",
		"in place of a number":    "HTTP/1.1 " + password + " OK\r\n\r\n",
		"in the name of a coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + password + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fetcher(t, access)
			f.connections.dialContext = overWire([]byte(answer))
			got := NewTarget(f, "http://page.example/metrics", []Selector{{Metric: "up", Scale: 1}}).Read(t.Context())[0]
			if got.Err == nil || strings.Contains(got.Err.Error(), password) || strings.Contains(got.Err.Error(), encoded) {
				t.Errorf("it is explained by %q", got.Err)
			}
		})
	}
}
