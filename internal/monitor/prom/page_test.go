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

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve is an HTTP server on loopback; its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func fetch(t *testing.T, handler http.HandlerFunc) (*Page, error) {
	t.Helper()
	pages := NewPages()
	t.Cleanup(pages.Close)
	return pages.Fetch(t.Context(), serve(t, handler))
}

func parse(t *testing.T, body string, at time.Time) *Page {
	t.Helper()
	page, err := parsePage([]byte(body), at)
	if err != nil {
		t.Fatal(err)
	}
	return page
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
		{"nothing by the name of the histogram alone", Selector{Metric: "latency_seconds", Scale: 1}, 0, policy.Absent},
		{"nothing by a prefix", Selector{Metric: "requests", Scale: 1}, 0, policy.Absent},
		{"nothing by a label that differs", Selector{Metric: "temperature", Labels: map[string]string{"room": "1"}, Scale: 1}, 0, policy.Absent},
		{"no value in NaN", Selector{Metric: "broken", Scale: 1}, 0, policy.NotFinite},
		{"no rate in one page", Selector{Metric: "requests_total", Counter: true, Scale: 1}, 0, policy.Absent},
	}
	page := parse(t, exposition, time.Now())
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			got := (&meter{selector: test.selector}).read(page)
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
			m := meter{selector: Selector{Metric: "c", Counter: true, Scale: 1}}
			var got reading.Reading
			for i, body := range test.pages {
				got = m.read(parse(t, body, time.Unix(1_800_000_000+10*int64(i), 0)))
			}
			expect(t, got, test.want, test.why)
		})
	}
}

func TestDatedValuesKeepTheirTime(t *testing.T) {
	t.Parallel()
	received := time.Unix(1_800_000_000, 0)
	old := (&meter{selector: Selector{Metric: "g", Scale: 1}}).read(parse(t, "g 1 1799999000000\n", received))
	if !old.Sample.At().Equal(time.Unix(1_799_999_000, 0)) {
		t.Errorf("measured at %v, the page says %v", old.Sample.At().Unix(), 1_799_999_000)
	}
	ahead := (&meter{selector: Selector{Metric: "g", Scale: 1}}).read(parse(t, "g 1 1800000600000\n", received))
	expect(t, ahead, 0, policy.OutOfRange)
}

func TestPagesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"status": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "up 1", http.StatusServiceUnavailable) }, "wanted 200"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("the redirect to %s was followed", r.URL.Path)
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "redirects are not followed"},
		"no exposition": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }, "text format"},
		"compressed unasked": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "" {
				t.Errorf("asked for %s", r.Header.Get("Accept-Encoding"))
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
		}, "text format"},
		"more lines than memory should hold": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, strings.Repeat("a 1\n", maxLines+1))
		}, "more than 100000 lines"},
		// The parser would be at it for hours.
		"a line of nothing but labels": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "up 1\na{")
			for i := range 300_000 {
				_, _ = fmt.Fprintf(w, "l%x=\"\",", i)
			}
			_, _ = fmt.Fprint(w, "} 1\n")
		}, "line 2 has more than 64 labels"},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = fmt.Fprint(w, "up 1\n")
		}, "unexpected EOF"},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			line := []byte("# " + strings.Repeat("x", 1<<16) + "\n")
			for range 2 * maxBody / len(line) {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, "longer than 4 MiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fetch(t, test.handler)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error about %q", err, test.says)
			}
		})
	}
}

func TestABodyOfExactlyTheBoundIsRead(t *testing.T) {
	t.Parallel()
	comment := "# " + strings.Repeat("x", maxBody-len("# \nup 1\n")) + "\nup 1\n"
	if _, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, comment) }); err != nil {
		t.Error(err)
	}
}

func TestASilentPageEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	pages := NewPages()
	defer pages.Close()
	got := NewTarget(pages, url, []Selector{{Metric: "up", Scale: 1}, {Metric: "down", Scale: 1}}).Read(ctx)
	for _, r := range got {
		expect(t, r, 0, policy.Failed)
	}
}

func TestPageErrorsDoNotShowAPassword(t *testing.T) {
	t.Parallel()
	pages := NewPages()
	defer pages.Close()
	for _, url := range []string{"http://user:hush@127.0.0.1:1/", "http://user:hush@[::1/"} {
		if _, err := pages.Fetch(t.Context(), url); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	}
}
