package prom

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

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

func FuzzPage(f *testing.F) {
	f.Add([]byte(exposition))
	f.Add([]byte("c{a=\"\\n\"} 1e400 99999999999999999\n"))
	f.Add([]byte("{\"c\",a=\"b\"} 0x1p-2\n# TYPE c summary\nc{quantile=\"2\"} Inf\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := parsePage(body, now)
		if err != nil {
			return
		}
		for _, selector := range []Selector{
			{Metric: "c", Scale: 1},
			{Metric: "requests_total", Counter: true, Scale: 1},
			{Metric: "latency_seconds_bucket", Labels: map[string]string{"le": "1"}, Scale: 1},
		} {
			m := meter{selector: selector}
			check(t, m.read(page))
			later := *page
			later.at = later.at.Add(time.Second)
			check(t, m.read(&later))
		}
	})
}

// canned is a transport that answers everything with its bytes.
type canned []byte

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(c))}, nil
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(vector(element("web", "7"), element("web", "NaN"))))
	f.Add([]byte(success(`{"resultType":"scalar","result":[1e300,"-Inf"]}`)))
	f.Add([]byte(success(`{"resultType":"vector","result":[null]}`)))
	f.Add([]byte(success(`null`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		client, err := api.NewClient(api.Config{Address: "http://canned", RoundTripper: canned(body)})
		if err != nil {
			t.Fatal(err)
		}
		server := &Server{timeout: time.Minute, api: v1.NewAPI(client), answers: map[Question]*shared{}}
		answer := server.Ask(t.Context(), rateQuestion, now, 0)
		check(t, answer.Only())
		check(t, answer.Of("group", "web"))
	})
}
