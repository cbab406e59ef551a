package prom

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// check fails the test when r breaks the promise of every reading.
func check(t *testing.T, r reading.Reading) {
	t.Helper()
	value, ok := r.Sample.Value()
	if ok != (r.Err == nil) || math.IsNaN(value) || math.IsInf(value, 0) {
		t.Fatalf("value %v (%v) with error %v", value, ok, r.Err)
	}
}

var fuzzSelectors = []Selector{
	{Metric: "c", Scale: 1},
	{Metric: "requests_total", Counter: true, Scale: 1},
	{Metric: "latency_seconds_bucket", Labels: map[string]string{"le": "1"}, Scale: 1},
	{Metric: "up", Scale: 1},
}

// readTwice reads every selector of the page, and of the same page a second later.
func readTwice(t *testing.T, p *page) {
	t.Helper()
	target, later := newReader(t, fuzzSelectors...), *p
	later.at = later.at.Add(time.Second)
	for _, p := range []*page{p, &later} {
		for _, r := range target.read(p) {
			check(t, r)
		}
	}
}

// FuzzPage also holds what comes through the sieve against the parser on the
// whole page: where that reads it, and knows no histogram or summary, it must find
// the same values under the same names.
func FuzzPage(f *testing.F) {
	f.Add(exposition)
	f.Add("c{a=\"\\n\"} 1e300 99999999999999\n")
	f.Add("{\"c\",a=\"b\"} 0.5\n# TYPE c summary\nc{quantile=\"2\"} Inf\n")
	f.Add("{c}00\nA 1\n")
	f.Add("up{a=\"}\\\"# \"}\t1 2\n up 3\n")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := sift(body, textFormat, now, fuzzSelectors...)
		if err != nil {
			return
		}
		readTwice(t, got)
		if strings.Contains(body, "TYPE") {
			return
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(body))
		if err != nil {
			return
		}
		kept, err := vectorsOf(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, selector := range fuzzSelectors {
			var want model.Vector
			if family, ok := families[selector.Metric]; ok {
				if want, err = expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: undated}, family); err != nil {
					t.Fatal(err)
				}
				for _, sample := range want {
					tidy(sample.Metric)
				}
			}
			found := kept[selector.Metric]
			for _, sample := range found {
				if sample.Timestamp != undated { // those beyond 2262 are other ones in expfmt
					sample.Timestamp = model.TimeFromUnixNano(int64(sample.Timestamp) * int64(time.Millisecond))
				}
			}
			if found.String() != want.String() {
				t.Fatalf("%s: got %v, want %v", selector.Metric, found, want)
			}
		}
	})
}

func FuzzOpenMetrics(f *testing.F) {
	f.Add(openMetricsPage)
	f.Add("up 1 1.5 # {} 2\n# EOF\n")
	f.Add("c{a=\" # {\"} 1e-3 -1e3\n{\"up\"} 1\n# EOF\n")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := sift(body, openMetrics, now, fuzzSelectors...)
		if err != nil {
			return
		}
		if !strings.HasSuffix(body, "# EOF\n") {
			t.Fatal("a page without its end is accepted")
		}
		readTwice(t, got)
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(vector(series("web", "7"), series("web", "NaN"))))
	f.Add([]byte(success(`{"resultType":"scalar","result":[1e300,"-Inf"]}`)))
	f.Add([]byte(success(`{"resultType":"vector","result":[null]}`)))
	f.Add([]byte(success(`null`)))
	f.Add([]byte(matrix(ranged("web", 1, 2, 3, 4, 5))))
	f.Add([]byte(success(`{"resultType":"matrix","result":[null,{"metric":{},"histograms":[]}]}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		server, err := NewServer(config.Prometheus{URL: "http://canned", Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		server.client.http.Transport = answering{http.StatusOK, body}
		for _, question := range []Question{rateQuestion, rangeQuestion} {
			answer := server.Ask(t.Context(), question, now, 0)
			check(t, answer.Only())
			check(t, answer.Of("group", "web"))
		}
	})
}
