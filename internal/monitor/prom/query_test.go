package prom

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/autoscaled/autoscaled/internal/config"
)

// recorder is a transport that writes down what is asked.
type recorder struct {
	status int
	asked  []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
	}
	r.asked = append(r.asked, fmt.Sprintf("%s %s %v %s", request.Method, request.URL, request.Header, body))
	return &http.Response{StatusCode: r.status, Body: io.NopCloser(strings.NewReader(vector()))}, nil
}

func TestTheRequestsAreThoseOfClientGolang(t *testing.T) {
	t.Parallel()
	const timeout = 1500 * time.Millisecond
	ranged := rangeQuestion
	ranged.Range.Step = 7500 * time.Millisecond
	for _, address := range []string{
		"http://host", "http://host:9090/", "https://host/prefix/", "http://host/a/../b//c", "http://user:word@host/a%2Fb%20c?tenant=1&timeout=9", "http://[::1]:9090/:name",
	} {
		for _, status := range []int{200, 400, 403, 405, 429, 500, 501} {
			for _, question := range []Question{{PromQL: `a{b="c&d"} + 1`}, rateQuestion, ranged} {
				ours, theirs := &recorder{status: status}, &recorder{status: status}
				at := now.Add(123456789 * time.Nanosecond)
				server, err := NewServer(config.Prometheus{URL: address, Timeout: timeout})
				if err != nil {
					t.Fatal(err)
				}
				server.client.http.Transport = ours
				_, _, err = server.evaluate(t.Context(), question, at)
				if wantErr := askByClientGolang(t, address, theirs, timeout, question, at); fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%s, %d: %v, want %v", address, status, err, wantErr)
				}
				if !slices.Equal(ours.asked, theirs.asked) {
					t.Errorf("%s, %d: asked\n%s\nwant\n%s", address, status, strings.Join(ours.asked, "\n"), strings.Join(theirs.asked, "\n"))
				}
			}
		}
	}
}

func askByClientGolang(t *testing.T, address string, transport http.RoundTripper, timeout time.Duration, question Question, at time.Time) error {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: address, RoundTripper: transport})
	if err != nil {
		t.Fatal(err)
	}
	options := []v1.Option{v1.WithTimeout(timeout), v1.WithLookbackDelta(question.Lookback)}
	if over := question.Range; over.Span > 0 {
		_, _, _, err = v1.NewAPI(client).QueryRange(t.Context(), question.PromQL, v1.Range{Start: at.Add(-over.Span), End: at, Step: over.Step}, options...)
	} else {
		_, _, _, err = v1.NewAPI(client).Query(t.Context(), question.PromQL, at, options...)
	}
	return err
}
