package monitor_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// TestPagesAndAnswersAreReachedAsConfigured has one server behind TLS that serves
// pages to a user, and the values of a range to a bearer.
func TestPagesAndAnswersAreReachedAsConfigured(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/metrics" && password == "hush":
			_, _ = fmt.Fprint(w, "busy 3\n")
		case r.URL.Path == "/api/v1/query_range" && r.Header.Get("Authorization") == "Bearer hush":
			at := time.Now().Unix()
			_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"group":"web"},"values":[[%d,"4"],[%d,"6"]]}]}}`, at-1, at)
		default:
			http.Error(w, "", http.StatusForbidden)
		}
	}))
	defer server.Close()
	address := netip.MustParseAddrPort(server.Listener.Addr().String())
	anyCertificate := &config.TLS{InsecureSkipVerify: true}
	over := config.Range{Span: 2 * time.Second, Step: time.Second, Statistic: "max"}
	signal := func(name string, c config.Signal) config.Signal {
		c.Name, c.Staleness = name, time.Minute
		return c
	}
	page := func(access config.Access) config.Signal {
		return config.Signal{Scrape: &config.Scrape{
			Port: address.Port(), Path: "/metrics", Metric: "busy", Scale: 1, Timeout: 10 * time.Second, Access: access,
		}}
	}
	answers, err := prom.NewServer(config.Prometheus{
		URL: server.URL, Timeout: 10 * time.Second, Access: config.Access{BearerToken: secret.New("hush"), TLS: anyCertificate},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Close()
	m, err := monitor.New(monitor.Options{
		Group: config.Group{Name: "web", Signals: []config.Signal{
			signal("page", page(config.Access{Username: "user", Password: secret.New("hush"), TLS: anyCertificate})),
			signal("refused", page(config.Access{Username: "user", Password: secret.New("wrong"), TLS: anyCertificate})),
			signal("plain", page(config.Access{Username: "user", Password: secret.New("hush")})),
			signal("answer", config.Signal{PromQL: "x", Range: over}),
			signal("query", config.Signal{Query: "rate"}),
		}},
		Queries:    map[string]config.Query{"rate": {PromQL: "y", GroupLabel: "group", Range: over}},
		Prometheus: answers,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := m.Read(t.Context(), time.Now(), []monitor.Target{{Code: "gc00000001", Address: address.Addr()}}, nil)
	for i, want := range []struct {
		value float64
		why   policy.Absence
	}{{3, policy.Present}, {0, policy.Failed}, {0, policy.Failed}, {6, policy.Present}, {6, policy.Present}} {
		sample := got[i].Group
		if got[i].PerInstance {
			sample = got[i].Instances[0].Sample
		}
		if value, _ := sample.Value(); value != want.value || sample.Why() != want.why {
			t.Errorf("%s is %v (%s), want %v (%s); faults %v", got[i].Name, value, sample.Why(), want.value, want.why, m.Faults())
		}
	}
}

func TestNewRefusesAnAccessOrARangeThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	answers, err := prom.NewServer(config.Prometheus{URL: "http://127.0.0.1:9090", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Close()
	for says, signal := range map[string]config.Signal{
		"ca holds no certificate": {Scrape: &config.Scrape{
			Metric: "x", Timeout: time.Second, Access: config.Access{TLS: &config.TLS{CA: secret.New("none")}},
		}},
		"range: step": {PromQL: "x", Range: config.Range{Span: time.Minute, Statistic: "avg"}},
	} {
		_, err := monitor.New(monitor.Options{Group: config.Group{Signals: []config.Signal{signal}}, Prometheus: answers})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error about %q", err, says)
		}
	}
}
