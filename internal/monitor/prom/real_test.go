package prom

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// hushed is the user and password of every server here, and what their files say
// about them: the password is hush.
var hushed = config.Access{Username: "user", Password: secret.New("hush")}

const users = "basic_auth_users: {user: $2b$04$abcdefghijklmnopqrstuuppZFpU9n.F.R29ic//YRPBUgRHbgy9m}\n"

// guarded is a folder with what a server of Prometheus' kind needs to speak TLS,
// and the access to it.
type guarded struct {
	folder string
	access config.Access
}

func guard(t *testing.T) guarded {
	t.Helper()
	a := newAuthority(t)
	certificate, key := a.sign(t, "prometheus.example.jp")
	g := guarded{folder: t.TempDir(), access: hushed}
	g.access.TLS = &config.TLS{CA: a.pem, ServerName: "prometheus.example.jp"}
	g.write(t, "ca.pem", a.pem.Reveal())
	g.write(t, "cert.pem", certificate.Reveal())
	g.write(t, "key.pem", key.Reveal())
	g.write(t, "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"+users)
	return g
}

func (g guarded) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(g.folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tool finds a program that the tests need, or skips the test.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("AUTOSCALED_REQUIRE_TOOLS") != "":
		t.Fatalf("%s is missing: run test/setup.sh", name)
	}
	t.Skipf("%s is missing: run test/setup.sh", name)
	return ""
}

// freeAddress is an address of loopback that no other process uses.
func freeAddress(t testing.TB) string {
	t.Helper()
	pid := os.Getpid()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 93+pid>>15&7, pid>>8&127, pid&255|1))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start runs a program until the test ends, and shows what it said if that failed.
func start(t testing.TB, program string, args ...string) {
	t.Helper()
	command := exec.Command(program, args...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, said.String())
		}
	})
}

// eventually waits until check returns nil.
func eventually(t testing.TB, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ticker := time.Tick(50 * time.Millisecond); ; {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-ticker:
		}
	}
}

// nodeExporter is Debian's, behind TLS and a password where g is given; its URL.
func nodeExporter(t testing.TB, g *guarded) string {
	t.Helper()
	listen := freeAddress(t)
	args := []string{"--web.listen-address=" + listen}
	scheme := "http://"
	if g != nil {
		args = append(args, "--web.config.file="+filepath.Join(g.folder, "web.yml"))
		scheme = "https://"
	}
	start(t, tool(t, "prometheus-node-exporter"), args...)
	listening(t, listen)
	return scheme + listen + "/metrics"
}

func listening(t testing.TB, address string) {
	t.Helper()
	eventually(t, func() error {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

// systemSays is the number behind the given words in a file of /proc.
func systemSays(t *testing.T, path, words string) float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == words {
			value, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("%s does not have %s", path, words)
	return 0
}

func TestANodeExportersPageSaysWhatTheSystemSays(t *testing.T) {
	t.Parallel()
	g := guard(t)
	url := nodeExporter(t, &g)
	memory := systemSays(t, "/proc/meminfo", "MemTotal:") * 1024
	target := NewTarget(fetcher(t, g.access), url, []Selector{
		{Metric: "node_memory_MemTotal_bytes", Scale: 1},
		{Metric: "node_boot_time_seconds", Scale: 1},
		{Metric: "node_cpu_seconds_total", Labels: map[string]string{"mode": "idle"}, Counter: true, Scale: 1},
		{Metric: "node_cpu", Scale: 1},
	})
	got := target.Read(t.Context())
	expect(t, got[0], memory, policy.Present)
	expect(t, got[1], systemSays(t, "/proc/stat", "btime"), policy.Present)
	expect(t, got[2], 0, policy.Absent)
	expect(t, got[3], 0, policy.Absent)
	got = target.Read(t.Context())
	if idle, ok := got[2].Sample.Value(); !ok || idle < 0 {
		t.Errorf("at the second reading %v (%v), want a rate", idle, got[2].Err)
	}

	stranger := g.access
	stranger.Password = secret.New("wrong")
	if _, err := fetchFrom(t, fetcher(t, stranger), url); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong password: got %v", err)
	}
}

// TestANodeExportersPageSaysTheSameInOpenMetrics has the real page written anew by
// Prometheus' own library, since Debian's node exporter has no OpenMetrics.
func TestANodeExportersPageSaysTheSameInOpenMetrics(t *testing.T) {
	t.Parallel()
	body := get(t, nodeExporter(t, nil))
	var selectors []Selector
	rewritten := bytes.Buffer{}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range families {
		if _, err := expfmt.MetricFamilyToOpenMetrics(&rewritten, family); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "_count", "_sum"} {
			selectors = append(selectors, Selector{Metric: name + suffix, Scale: 1})
		}
	}
	if _, err := expfmt.FinalizeOpenMetrics(&rewritten); err != nil {
		t.Fatal(err)
	}
	text, open := siftVectors(t, string(body), textFormat, selectors), siftVectors(t, rewritten.String(), openMetrics, selectors)
	compared := 0
	for name, want := range text {
		got, ok := open[name]
		if !ok {
			continue // a counter that is not called …_total: its name differs there
		}
		compared++
		if got.String() != want.String() && !strings.Contains(want.String(), "=> NaN") {
			t.Errorf("%s is\n%v\nin OpenMetrics, and\n%v\nin text", name, got, want)
		}
	}
	if compared < 100 {
		t.Errorf("only %d metrics compared", compared)
	}
}

func siftVectors(t *testing.T, body string, format format, selectors []Selector) vectors {
	t.Helper()
	p, err := sift(body, format, now, selectors...)
	if err != nil {
		t.Fatal(err)
	}
	found, err := vectorsOf(p)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func get(t testing.TB, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestAPageOfPrometheusOwnLibraryIsReadInBothFormats serves one registry by
// client_golang, which negotiates the format, and compresses behind a proxy that asks for it.
func TestAPageOfPrometheusOwnLibraryIsReadInBothFormats(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Buckets: []float64{0.5, 1}})
	registry.MustRegister(latency, collectors.NewGoCollector())
	for _, seconds := range []float64{0.2, 0.7, 3} {
		latency.(prometheus.ExemplarObserver).ObserveWithExemplar(seconds, prometheus.Labels{"trace": "a # b"})
	}
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	for _, format := range []string{"text/plain", "application/openmetrics-text"} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if asked := r.Header.Get("Accept-Encoding"); asked != "identity" {
				t.Errorf("asked for %q", asked)
			}
			r.Header.Set("Accept-Encoding", "gzip")
			if format != "text/plain" { // an exporter that knows nothing else
				r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
			}
			handler.ServeHTTP(w, r)
			if got := w.Header(); !strings.HasPrefix(got.Get("Content-Type"), format) || got.Get("Content-Encoding") != "gzip" {
				t.Errorf("served %v, want %s by gzip", got, format)
			}
		})
		got := NewTarget(fetcher(t, config.Access{}), url, []Selector{
			{Metric: "latency_seconds_count", Scale: 1},
			{Metric: "latency_seconds_bucket", Labels: map[string]string{"le": "1"}, Scale: 1},
			{Metric: "latency_seconds_sum", Scale: 1},
		}).Read(t.Context())
		for i, want := range []float64{3, 2, 3.9} {
			expect(t, got[i], want, policy.Present)
		}
	}
}

// TestPrometheusIsAskedAtAnInstantAndOverARange runs Debian's Prometheus behind TLS
// and a password, scraping Debian's node exporter.
func TestPrometheusIsAskedAtAnInstantAndOverARange(t *testing.T) {
	t.Parallel()
	g := guard(t)
	exporter := nodeExporter(t, nil)
	listen := freeAddress(t)
	file := g.write(t, "prometheus.yml", fmt.Sprintf(`
scrape_configs:
  - job_name: node
    scrape_interval: 250ms
    scrape_timeout: 250ms
    static_configs: [{targets: [%q], labels: {group: web}}]
`, strings.TrimSuffix(strings.TrimPrefix(exporter, "http://"), "/metrics")))
	start(t, tool(t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(g.folder, "series"),
		"--web.listen-address="+listen, "--web.config.file="+filepath.Join(g.folder, "web.yml"))
	server, err := NewServer(config.Prometheus{URL: "https://" + listen, Access: g.access, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ask := func(promql string, over config.Range) Answer {
		return server.Ask(t.Context(), Question{PromQL: promql, Lookback: 5 * time.Second, Range: over}, time.Now(), 0)
	}
	over := config.Range{Span: 2 * time.Second, Step: time.Second, Statistic: "max"}
	const memory = "sum by (group) (node_memory_MemTotal_bytes)"
	eventually(t, func() error { return ask(memory, over).Of("group", "web").Err })

	want := systemSays(t, "/proc/meminfo", "MemTotal:") * 1024
	expect(t, ask(memory, over).Of("group", "web"), want, policy.Present)
	expect(t, ask(memory, config.Range{}).Of("group", "web"), want, policy.Present)
	expect(t, ask("scalar("+memory+")", config.Range{}).Only(), want, policy.Present)
	expect(t, ask(memory, over).Of("group", "api"), 0, policy.Absent)
	expect(t, ask("nothing_of_this_name", config.Range{}).Only(), 0, policy.Absent)
	expect(t, ask("nothing_of_this_name", over).Only(), 0, policy.Absent)
	expect(t, ask("up - up", config.Range{}).Only(), 0, policy.Present)
	expect(t, ask("0 / (up - up)", config.Range{}).Only(), 0, policy.NotFinite)
	expect(t, ask("0 / (up - up)", over).Only(), 0, policy.NotFinite)
	expect(t, ask("up[5m]", config.Range{}).Only(), 0, policy.Failed)
	expect(t, ask("node_cpu_seconds_total", config.Range{}).Only(), 0, policy.Failed)
	if got := ask("sum by (", config.Range{}).Only(); got.Err == nil || !strings.Contains(got.Err.Error(), "parse error") {
		t.Errorf("of a broken expression: %v", got.Err)
	}

	stranger, err := NewServer(config.Prometheus{
		URL: "https://" + listen, Access: config.Access{TLS: g.access.TLS}, Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if got := stranger.Ask(t.Context(), rateQuestion, time.Now(), 0).Only(); got.Err == nil || !strings.Contains(got.Err.Error(), "401") {
		t.Errorf("without a password: %v", got.Err)
	}
}
