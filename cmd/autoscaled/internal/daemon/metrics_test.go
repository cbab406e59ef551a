package daemon_test

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
)

// description is what the page says of a metric, but for its meaning.
type description struct{ kind, labels string }

var metricRow = regexp.MustCompile("(?m)^\\| `(autoscaled_[a-z_]+)` \\| ([a-z]+) \\| ([a-z0-9_`, ]*) \\| .+ \\|$")

// documented reads the tables of docs/metrics.md.
func documented(t *testing.T) map[string]description {
	t.Helper()
	page, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]description{}
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		metrics[row[1]] = described(row)
	}
	return metrics
}

// described is what a row of the page says, of which the parts are given.
func described(row []string) description {
	labels := strings.FieldsFunc(row[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
	slices.Sort(labels)
	return description{row[2], strings.Join(labels, " ")}
}

// shown describes the daemon's own metrics among families.
func shown(families []*dto.MetricFamily) map[string]description {
	metrics := map[string]description{}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "autoscaled_") {
			continue
		}
		labels := map[string]bool{}
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = true
			}
		}
		names := slices.Sorted(maps.Keys(labels))
		metrics[family.GetName()] = description{strings.ToLower(family.GetType().String()), strings.Join(names, " ")}
	}
	return metrics
}

func gather(t *testing.T, registry *prometheus.Registry) []*dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// TestTheMetricsArePublishedAsDocumented lets a daemon run until it shows every
// metric, and holds them against the page in both directions.
func TestTheMetricsArePublishedAsDocumented(t *testing.T) {
	t.Parallel()
	want := documented(t)
	if len(want) < 15 {
		t.Fatalf("the page documents only %d metrics", len(want))
	}
	s := newScene(t)
	s.replace("      - target: {signal: cpu, value: 60%}", "      - forecast: {signal: cpu, value: 80%, backfill: {csv: "+s.past(t)+"}}")
	s.replace("\nproviders:", "\nnotify: [{name: ops, email: {server: '127.0.0.1:1', from: autoscaled@example.jp, to: [ops@example.jp], tls: none}}]\nproviders:")
	s.replace("    call_timeout: 5s\n", "    call_timeout: 5s\n    billing: gp-gio\n")
	s.simulate(t)
	d, logged, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	eventually(t, "as many metrics are shown as documented", func() bool { return len(shown(gather(t, d.Registry))) >= len(want) })
	families := gather(t, d.Registry)
	if *update {
		updateMetrics(t, families)
		want = documented(t)
	}
	got := shown(families)
	for name, description := range want {
		if got[name] != description {
			t.Errorf("%s is documented as %+v, and is %+v", name, description, got[name])
		}
	}
	for name, description := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s (%+v) is not documented", name, description)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	address := logged.FilterMessage("running").All()[0].ContextMap()["metrics"].(string)
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/healthz": http.StatusOK} {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
}
