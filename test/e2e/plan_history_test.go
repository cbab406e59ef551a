package e2e

import (
	"fmt"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/plan/load"
)

// recorded is a past that Prometheus is given: two groups of two machines each, for two
// days, every minute. The machines of web carry load together; they were not scraped for
// an hour.
type recorded struct {
	begin time.Time
	gap   time.Time // the hour from here on
}

const (
	recordedMinutes = 2 * 24 * 60
	recordedGap     = time.Hour
	recordedFresh   = 30 * time.Second // how long a value counts, also by a server that has to be told when it starts
)

// requests is what the machines of web got together.
func (recorded) requests(minute int) float64 {
	return math.Round(1000 * (1.5 + math.Sin(float64(minute)/229)))
}

// page is the past in OpenMetrics.
func (p recorded) page() string {
	var b strings.Builder
	b.WriteString("# TYPE app_requests gauge\n")
	for _, machine := range []struct {
		group, instance string
		share           float64
	}{{"web", "a", 0.25}, {"web", "b", 0.75}, {"shop", "c", 1}} {
		for minute := range recordedMinutes {
			at := p.begin.Add(time.Duration(minute) * time.Minute)
			if since := at.Sub(p.gap); since >= 0 && since < recordedGap {
				continue
			}
			fmt.Fprintf(&b, "app_requests{group=%q,instance=%q} %g %d\n", machine.group, machine.instance, p.requests(minute)*machine.share, at.Unix())
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// prometheusOf is Debian's Prometheus with a past, and nothing that it scrapes; its client.
func (s *scene) prometheusOf(p recorded) *prom.Server {
	s.t.Helper()
	_, url := s.prometheusWith(p.page())
	server, err := prom.NewServer(config.Prometheus{URL: url, Timeout: soon})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(server.Close)
	return server
}

// prometheusWith is Debian's Prometheus with a past, in OpenMetrics, and nothing that it scrapes.
func (s *scene) prometheusWith(past string) (server *process, url string) {
	s.t.Helper()
	said, err := exec.Command(tool(s.t, "promtool"), "tsdb", "create-blocks-from", "openmetrics", s.write("past.txt", past), s.path("series")).CombinedOutput()
	if err != nil {
		s.t.Fatalf("give prometheus a past: %v\n%s", err, said)
	}
	listen := s.freeAddress()
	server = start(s.t, "prometheus", nil, tool(s.t, "prometheus"), "--config.file="+s.write("prometheus.yml", "scrape_configs: []\n"),
		"--storage.tsdb.path="+s.path("series"), "--storage.tsdb.retention.time=100y", "--query.lookback-delta="+recordedFresh.String(), "--web.listen-address="+listen)
	eventually(s.t, soon, "prometheus being ready", func() error { return readyAt("http://" + listen + "/-/ready") })
	return server, "http://" + listen
}

func readyAt(url string) error {
	client := http.Client{Timeout: soon, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it says %s", response.Status)
	}
	return nil
}

func TestThePastOfAGroupIsReadFromPrometheus(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	past := recorded{begin: time.Now().Add(-3 * 24 * time.Hour).Truncate(time.Hour).UTC()}
	past.gap = past.begin.Add(1000 * time.Minute) // across the end of an answer
	server := s.prometheusOf(past)

	requests := load.Query{Quantity: load.Quantity{Name: "requests"}, PromQL: "sum by (group) (app_requests)", Label: "group", Value: "web", Lookback: recordedFresh}
	mean := load.Query{Quantity: load.Quantity{Name: "each", PerInstance: true}, PromQL: `avg(app_requests{group="web"})`, Lookback: recordedFresh}
	serving := load.Query{Quantity: load.Quantity{Name: "serving"}, PromQL: `count(app_requests{group="web"})`, Lookback: recordedFresh}
	answers := 0
	asked := load.Prometheus{
		Server: server, Queries: []load.Query{requests, mean, serving}, From: past.begin.Add(-6 * time.Hour), To: past.begin.Add(3 * 24 * time.Hour),
		Progress: func(done, _ int) { answers = done },
	}
	l, warnings, err := load.ReadPrometheus(t.Context(), asked, load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !l.Start.Equal(past.begin) || l.Len() != recordedMinutes || answers != 3*5 {
		t.Fatalf("%d steps from %v of %d answers, want %d from %v", l.Len(), l.Start, answers, recordedMinutes, past.begin)
	}
	for minute := range l.Len() {
		at := l.Time(minute)
		want := past.requests(minute)
		if since := at.Sub(past.gap); since >= 0 && since < recordedGap {
			want = math.NaN()
		}
		for _, signal := range l.Signals {
			if got := signal.Totals[minute]; math.Abs(got-want) > 1e-6 || math.IsNaN(got) != math.IsNaN(want) {
				t.Fatalf("%s was %g at %v, want %g", signal.Name, got, at, want)
			}
		}
		if l.Serving[minute] != 2 {
			t.Fatalf("%d served at %v", l.Serving[minute], at)
		}
	}
	if len(warnings) != 3 || !strings.Contains(warnings[0].Text, "there are values from "+past.begin.Format(time.RFC3339)) || !strings.Contains(warnings[1].Text, "nothing is known of 60 of 2880 steps, in 1 gap") {
		t.Errorf("warns %v", warnings)
	}

	for promql, says := range map[string]string{
		`app_requests{group="web"}`: "2 series match where one is needed: sum(…)",
		`nothing_of_this_name`:      "has no series for",
		`sum by (`:                  "parse error",
		`sum(app_requests) - 1e9`:   "is negative",
		`sum(app_requests) / 0`:     "is +Inf",
	} {
		asked.Queries = []load.Query{{Quantity: load.Quantity{Name: "requests"}, PromQL: promql, Lookback: recordedFresh}}
		if _, _, err := load.ReadPrometheus(t.Context(), asked, load.Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", promql, err, says)
		}
	}
	// What the error about values that are no numbers advises.
	asked.Queries[0].PromQL = `(sum(app_requests) / (minute() > bool 5)) >= 0 < +Inf`
	if l, _, err = load.ReadPrometheus(t.Context(), asked, load.Options{}); err != nil || l.Signals[0].Gaps().Count < 24 {
		t.Errorf("with infinities left out: %v", err)
	}
}
