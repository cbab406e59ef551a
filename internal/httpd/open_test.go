package httpd_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// open serves the open face on loopback and returns its URL.
func open(t *testing.T, reg *prometheus.Registry, healthy func() error) string {
	t.Helper()
	listener, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, asReader(httpd.Handler(httpd.Options{Fleet: &fakeFleet{}, Registry: reg, Ready: healthy})))
	return "http://" + listener.Addr().String()
}

// asReader lets whoever asks look.
func asReader(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Role: access.Read})))
	})
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestMetricsShowTheRegistryAndNothingElse(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "test_size_bytes", Help: "A size."})
	reg.MustRegister(gauge)
	gauge.Set(7)
	status, page := get(t, open(t, reg, func() error { return nil })+"/metrics")
	if status != http.StatusOK || !strings.Contains(page, "test_size_bytes 7\n") || strings.Contains(page, "go_goroutines") {
		t.Errorf("status %d, page\n%s", status, page)
	}
}

func TestHealthzSaysWhyTheDaemonIsNotHealthy(t *testing.T) {
	t.Parallel()
	good := open(t, prometheus.NewRegistry(), func() error { return nil })
	if status, body := get(t, good+"/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("healthy: status %d, body %q", status, body)
	}
	bad := open(t, prometheus.NewRegistry(), func() error { return errors.New("the store is full") })
	if status, body := get(t, bad+"/healthz"); status != http.StatusServiceUnavailable || body != `{"code":"unavailable","error":"the store is full"}`+"\n" {
		t.Errorf("not healthy: status %d, body %q", status, body)
	}
}

func TestABusyPortIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	taken, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	_, err = httpd.ListenTCP(address)
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "set `listen:`") {
		t.Errorf("error is %v", err)
	}
}

func TestAnAddressOfAnotherMachineIsRefused(t *testing.T) {
	t.Parallel()
	_, err := httpd.ListenTCP("192.0.2.1:9469")
	if err == nil || !strings.Contains(err.Error(), "address of this machine") {
		t.Errorf("error is %v", err)
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	t.Parallel()
	listener, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := httpd.Serve(ctx, listener, http.NotFoundHandler()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}
