package prom

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve is an HTTP server on loopback; its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// everything selects what the tests' pages hold.
var everything = []Selector{{Metric: "up"}, {Metric: "c"}, {Metric: "g"}, {Metric: "a"}}

func fetcher(t *testing.T, access config.Access) *Fetcher {
	t.Helper()
	pages := NewPages()
	t.Cleanup(pages.Close)
	f, err := pages.Via(access)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// vectors is what was kept of a page, by the name of the metric.
type vectors map[string]model.Vector

func fetch(t *testing.T, handler http.HandlerFunc) (vectors, error) {
	t.Helper()
	return fetchFrom(t, fetcher(t, config.Access{}), serve(t, handler))
}

func fetchFrom(t *testing.T, f *Fetcher, url string) (vectors, error) {
	t.Helper()
	return fetchWithin(t.Context(), f, url)
}

func fetchWithin(ctx context.Context, f *Fetcher, url string) (found vectors, err error) {
	r, err := f.request(url)
	if err != nil {
		return nil, err
	}
	err = f.fetch(ctx, r, everything, func(p *page) error {
		found, err = vectorsOf(p)
		return err
	})
	return found, err
}

func vectorsOf(p *page) (vectors, error) {
	metrics, err := describe(p.series)
	if err != nil {
		return nil, err
	}
	found := vectors{}
	for i, metric := range metrics {
		name := string(metric[model.MetricNameLabel])
		found[name] = append(found[name], &model.Sample{Metric: metric, Value: model.SampleValue(p.samples[i].value), Timestamp: model.Time(p.samples[i].timeMs)})
	}
	return found, nil
}

// sift is a page as it comes out of the sieve, if the parser knows what it means.
func sift(body string, format format, at time.Time, selectors ...Selector) (*page, error) {
	s := newSieve(selectors, &page{at: at})
	s.format = format
	if err := s.read(strings.NewReader(body)); err != nil {
		return nil, err
	}
	_, err := describe(s.page.series)
	return s.page, err
}

func parse(t *testing.T, body string, at time.Time, selectors ...Selector) *page {
	t.Helper()
	page, err := sift(body, textFormat, at, selectors...)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// reader reads the selectors of pages, and fails the test where a page is not believed.
type reader struct {
	target *Target
	t      rapid.TB
	ctx    context.Context
}

func newReader(t rapid.TB, selectors ...Selector) reader {
	pages := NewPages()
	f, err := pages.Via(config.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return reader{NewTarget(f, "http://canned", selectors), t, context.Background()}
}

func (r reader) read(p *page) []reading.Reading {
	r.t.Helper()
	readings := make([]reading.Reading, len(r.target.meters))
	if err := r.target.take(r.ctx, p, readings); err != nil {
		r.t.Fatal(err)
	}
	return readings
}

const exposition = `# TYPE requests_total counter
requests_total{code="200",method="get"} 10
requests_total{code="200",method="post"} 5
requests_total{code="500",method="get"} 1
# TYPE temperature gauge
temperature -3.5
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 3
latency_seconds_bucket{le="+Inf"} 4
latency_seconds_sum 6
latency_seconds_count 4
# TYPE size_bytes summary
size_bytes{quantile="0.9"} 12
size_bytes_sum 40
size_bytes_count 5
{"quoted",of="a"} 3
  {of="quoted"	, "quoted" } 5
odd{path="{\"a\" } 1", le = "x" ,} 2
twice{a="1",b="2"} 1
twice{b="2",a="1"} 1
thrice 1
thrice{a=""} 1
spelt_bucket{le="1"} 1
spelt_bucket{le="1.0"} 1
broken NaN
`

func TestTargetSelects(t *testing.T) {
	t.Parallel()
	tests := []struct {
		behaviour string
		selector  Selector
		want      float64
		why       policy.Absence
	}{
		{"one series", Selector{Metric: "temperature", Scale: 1}, -3.5, 0},
		{"the scaled value", Selector{Metric: "temperature", Scale: 2}, -7, 0},
		{"the sum of all matching series", Selector{Metric: "requests_total", Labels: map[string]string{"code": "200"}, Scale: 1}, 15, 0},
		{"only series that match every label", Selector{Metric: "requests_total", Labels: map[string]string{"code": "500", "method": "get"}, Scale: 1}, 1, 0},
		{"the parts of a histogram", Selector{Metric: "latency_seconds_count", Scale: 1}, 4, 0},
		{"one bucket", Selector{Metric: "latency_seconds_bucket", Labels: map[string]string{"le": "1"}, Scale: 1}, 3, 0},
		{"one bucket, however its bound is written", Selector{Metric: "latency_seconds_bucket", Labels: map[string]string{"le": "1.0"}, Scale: 1}, 3, 0},
		{"one quantile of a summary", Selector{Metric: "size_bytes", Labels: map[string]string{"quantile": "0.90"}, Scale: 1}, 12, 0},
		{"the sum of a summary", Selector{Metric: "size_bytes_sum", Scale: 1}, 40, 0},
		{"a series whose name stands in quotes", Selector{Metric: "quoted", Scale: 1}, 8, 0},
		{"labels with braces, quotes and blanks in them", Selector{Metric: "odd", Labels: map[string]string{"path": `{"a" } 1`}, Scale: 1}, 2, 0},
		{"nothing by a label that is only part of the value", Selector{Metric: "odd", Labels: map[string]string{"path": `{"a" }`}, Scale: 1}, 0, policy.Absent},
		{"nothing of a page with the series twice", Selector{Metric: "twice", Scale: 1}, 0, policy.Failed},
		{"nothing of a series that is twice but for an empty label", Selector{Metric: "thrice", Scale: 1}, 0, policy.Failed},
		{"nothing of a bucket that is twice in two spellings", Selector{Metric: "spelt_bucket", Scale: 1}, 0, policy.Failed},
		{"negative gauges", Selector{Metric: "temperature", Scale: 1}, -3.5, 0},
		{"no negative counters", Selector{Metric: "temperature", Counter: true, Scale: 1}, 0, policy.OutOfRange},
		{"nothing by the name of the histogram alone", Selector{Metric: "latency_seconds", Scale: 1}, 0, policy.Absent},
		{"nothing by a prefix", Selector{Metric: "requests", Scale: 1}, 0, policy.Absent},
		{"nothing by a label that differs", Selector{Metric: "temperature", Labels: map[string]string{"room": "1"}, Scale: 1}, 0, policy.Absent},
		{"no value in NaN", Selector{Metric: "broken", Scale: 1}, 0, policy.NotFinite},
		{"no rate in one page", Selector{Metric: "requests_total", Counter: true, Scale: 1}, 0, policy.Absent},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			got := newReader(t, test.selector).read(parse(t, exposition, time.Now(), test.selector))[0]
			expect(t, got, test.want, test.why)
		})
	}
}

func expect(t *testing.T, got reading.Reading, want float64, why policy.Absence) {
	t.Helper()
	value, _ := got.Sample.Value()
	if got.Sample.Why() != why || math.Abs(value-want) > 1e-9 {
		t.Errorf("got %v (%s: %v), want %v (%s)", value, got.Sample.Why(), got.Err, want, why)
	}
}

func TestCounterRates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		behaviour string
		pages     []string // one every 10 s
		want      float64
		why       policy.Absence
	}{
		{"the increase per second", []string{"c 100\n", "c 150\n"}, 5, 0},
		{"increases of several series are added up", []string{"c{a=\"1\"} 100\nc{a=\"2\"} 7\n", "c{a=\"1\"} 150\nc{a=\"2\"} 17\n"}, 6, 0},
		{"a counter that started again makes no rate", []string{"c 100\n", "c 3\n"}, 0, policy.Absent},
		{"nor does one of several, behind the others' growth", []string{"c{a=\"1\"} 100\nc{a=\"2\"} 50\n", "c{a=\"1\"} 900\nc{a=\"2\"} 1\n"}, 0, policy.Absent},
		{"nor does one of several that vanished", []string{"c{a=\"1\"} 100\nc{a=\"2\"} 50\n", "c{a=\"1\"} 900\n"}, 0, policy.Absent},
		{"a new series adds nothing yet", []string{"c{a=\"1\"} 100\n", "c{a=\"1\"} 150\nc{a=\"2\"} 1000\n"}, 5, 0},
		{"another order of the series makes no difference", []string{"c{a=\"1\"} 100\nc{a=\"2\"} 7\n", "c{a=\"2\"} 17\nc{a=\"1\"} 150\n"}, 6, 0},
		{"another order of the labels makes no difference", []string{"c{a=\"1\",b=\"2\"} 100\n", "c{b=\"2\",a=\"1\",} 150\n"}, 5, 0},
		{"after a restart the next page counts", []string{"c 100\n", "c 3\n", "c 23\n"}, 2, 0},
		{"after a gap the next page makes no rate", []string{"c 100\n", "x 1\n", "c 200\n"}, 0, policy.Absent},
		{"NaN is no rate", []string{"c 100\n", "c NaN\n"}, 0, policy.NotFinite},
		{"NaN before is no rate", []string{"c NaN\n", "c 100\n"}, 0, policy.NotFinite},
		{"the times of the page count, where it has some", []string{"c 100 1799999000000\n", "c 150 1799999005000\n"}, 10, 0},
		{"a page that repeats its dated counter repeats the rate", []string{"c 100 1799999000000\n", "c 150 1799999005000\n", "c 150 1799999005000\n"}, 10, 0},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			c := Selector{Metric: "c", Counter: true, Scale: 1}
			target := newReader(t, c)
			var got reading.Reading
			for i, body := range test.pages {
				got = target.read(parse(t, body, time.Unix(1_800_000_000+10*int64(i), 0), c))[0]
			}
			expect(t, got, test.want, test.why)
		})
	}
}

// Not parallel, since others' allocations would count.
func TestAPageLikeTheOneBeforeTakesNoMemory(t *testing.T) {
	selectors := append([]Selector{{Metric: "node_network_receive_bytes_total", Counter: true, Scale: 8}}, threeSelectors...)
	target := newReader(t, selectors...).target
	p, readings := parse(t, string(readFile(t, nodeExporterPage)), now, selectors...), make([]reading.Reading, len(selectors))
	read := func() {
		p.at = p.at.Add(time.Second)
		if err := target.take(t.Context(), p, readings); err != nil {
			t.Error(err)
		}
	}
	read()
	if allocated := testing.AllocsPerRun(100, read); allocated > 0 {
		t.Errorf("%g allocations for each page", allocated)
	}
	for i, want := range []float64{0, 0.03, 2.4961286144e10, 0} {
		expect(t, readings[i], want, policy.Present)
	}
}

func TestDatedValuesKeepTheirTime(t *testing.T) {
	t.Parallel()
	received := time.Unix(1_800_000_000, 0)
	g := Selector{Metric: "g", Scale: 1}
	old := newReader(t, g).read(parse(t, "g 1 1799999000000\n", received, g))[0]
	if !old.Sample.At().Equal(time.Unix(1_799_999_000, 0)) {
		t.Errorf("measured at %v, the page says %v", old.Sample.At().Unix(), 1_799_999_000)
	}
	ahead := newReader(t, g).read(parse(t, "g 1 1800000600000\n", received, g))[0]
	expect(t, ahead, 0, policy.Skewed)
}

func TestASilentPageEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	got := NewTarget(fetcher(t, config.Access{}), url, []Selector{{Metric: "up", Scale: 1}, {Metric: "down", Scale: 1}}).Read(ctx)
	for _, r := range got {
		expect(t, r, 0, policy.Failed)
	}
}

func TestPageErrorsDoNotShowAPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://user:hush@127.0.0.1:1/", "http://user:hush@[::1/"} {
		if _, err := fetchFrom(t, fetcher(t, config.Access{}), url); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	}
}

// openMetricsPage is from the specification, with times and exemplars.
const openMetricsPage = `# TYPE foo histogram
# UNIT foo seconds
# HELP foo Seconds.
foo_bucket{le="0.01"} 0
foo_bucket{le="1.0"} 8 # {} 0.67
foo_bucket{le="+Inf"} 17 # {id="a # b"} 9.8 1520879607.789
foo_count 17
foo_sum 324789.3
foo_created 1520430000.123
# TYPE up gauge
up{target="a"} 1 1799999000.25
up{target="b"} 1 1.7999990005e9 # {trace="x"} 1
# TYPE colour stateset
colour{colour="red"} 1
# EOF
`

func TestOpenMetricsIsReadAsItIsMeant(t *testing.T) {
	t.Parallel()
	for behaviour, test := range map[string]struct {
		selector Selector
		want     float64
		at       float64 // s; 0: when it was received
	}{
		"a bucket":                {Selector{Metric: "foo_bucket", Labels: map[string]string{"le": "1"}}, 8, 0},
		"beside its exemplar":     {Selector{Metric: "foo_bucket", Labels: map[string]string{"le": "+Inf"}}, 17, 0},
		"a count":                 {Selector{Metric: "foo_count"}, 17, 0},
		"a time of creation":      {Selector{Metric: "foo_created"}, 1520430000.123, 0},
		"times in seconds":        {Selector{Metric: "up", Labels: map[string]string{"target": "a"}}, 1, 1799999000.25},
		"the oldest of the times": {Selector{Metric: "up"}, 2, 1799999000.25},
		"a state":                 {Selector{Metric: "colour", Labels: map[string]string{"colour": "red"}}, 1, 0},
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			test.selector.Scale = 1
			page, err := sift(openMetricsPage, openMetrics, now, test.selector)
			if err != nil {
				t.Fatal(err)
			}
			got := newReader(t, test.selector).read(page)[0]
			expect(t, got, test.want, policy.Present)
			at := now
			if test.at > 0 {
				at = time.UnixMilli(int64(test.at * 1000))
			}
			if !got.Sample.At().Equal(at) {
				t.Errorf("dated %v, want %v", got.Sample.At(), at)
			}
		})
	}
}

func TestTheFormatIsThatOfTheContentType(t *testing.T) {
	t.Parallel()
	const dated = "up 1 1800000000\n# EOF\n" // of 2027 in seconds, of 1970 in milliseconds
	for contentType, want := range map[string]time.Time{
		"": time.UnixMilli(1_800_000_000),
		"text/plain; version=0.0.4; charset=utf-8":                   time.UnixMilli(1_800_000_000),
		"text/plain; version=1.0.0; escaping=underscores":            time.UnixMilli(1_800_000_000),
		"application/openmetrics-text; version=1.0.0; charset=utf-8": time.Unix(1_800_000_000, 0),
		"application/openmetrics-text":                               time.Unix(1_800_000_000, 0),
		"application/openmetrics-text; version=2.0.0":                {},
		"text/plain; version=0.0.5":                                  {},
		"application/json":                                           {},
		"application/vnd.google.protobuf; encoding=delimited":        {},
		"text/html; charset=utf-8":                                   {},
		"text/plain; version=\"":                                     {},
	} {
		page, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			if accept := r.Header.Get("Accept"); accept != acceptedFormats {
				t.Errorf("accepts %q", accept)
			}
			w.Header()["Content-Type"] = []string{contentType}
			if contentType == "" {
				w.Header()["Content-Type"] = nil
			}
			_, _ = fmt.Fprint(w, dated)
		})
		if want.IsZero() {
			if err == nil || !strings.Contains(err.Error(), "Content-Type") {
				t.Errorf("%s: got %v, want an error about it", contentType, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", contentType, err)
		} else if got := page["up"][0].Timestamp.Time(); !got.Equal(want) {
			t.Errorf("%s: dated %v, want %v", contentType, got, want)
		}
	}
}

func TestPagesThatAreReachedAlikeShareTheirConnections(t *testing.T) {
	t.Parallel()
	pages := NewPages()
	defer pages.Close()
	via := func(access config.Access) *Fetcher {
		f, err := pages.Via(access)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	token := func(content string) config.Access { return config.Access{BearerToken: secret.New(content)} }
	first, again := via(token("a")), via(token("a"))
	if first != again {
		t.Error("the same access has two fetchers")
	}
	if via(token("a")) == via(token("b")) || via(config.Access{}) == via(config.Access{TLS: &config.TLS{}}) {
		t.Error("different accesses share a fetcher")
	}
}
