package prom

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// overloaded refuses every request until it is well, and counts them.
type overloaded struct {
	status     int
	retryAfter string
	asked      int
	well       bool
}

func (o *overloaded) RoundTrip(*http.Request) (*http.Response, error) {
	o.asked++
	response := &http.Response{StatusCode: o.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("busy"))}
	if o.retryAfter != "" {
		response.Header.Set("Retry-After", o.retryAfter)
	}
	if o.well {
		response.StatusCode, response.Body = http.StatusOK, io.NopCloser(strings.NewReader(success(
			fmt.Sprintf(`{"resultType":"scalar","result":[%d,"7"]}`, time.Now().Unix()))))
	}
	return response, nil
}

// asking is a server behind o.
func asking(t *testing.T, o *overloaded) *Server {
	t.Helper()
	server, err := NewServer(config.Prometheus{URL: "http://overloaded", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	server.client.http.Transport = &patient{next: o}
	return server
}

func TestAServerThatAsksForAPauseIsNotAskedBefore(t *testing.T) {
	t.Parallel()
	for behaviour, test := range map[string]struct {
		status     int
		retryAfter string
		pause      time.Duration
	}{
		"for seconds, throttling":    {http.StatusTooManyRequests, "60", time.Minute},
		"for seconds, unavailable":   {http.StatusServiceUnavailable, "60", time.Minute},
		"until a date":               {http.StatusTooManyRequests, "Sat, 01 Jan 2000 00:01:30 GMT", 90 * time.Second}, // bubbles begin in 2000
		"for longer than is granted": {http.StatusTooManyRequests, "4294967295", maxPause},
		"until the end of time":      {http.StatusTooManyRequests, "Fri, 31 Dec 9999 23:59:59 GMT", maxPause},
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &overloaded{status: test.status, retryAfter: test.retryAfter}
				server := asking(t, o)
				ask := func() error { return server.Ask(t.Context(), rateQuestion, time.Now(), 0).Only().Err }
				_ = ask()
				o.well = true
				time.Sleep(test.pause - time.Millisecond)
				if err := ask(); err == nil || !strings.Contains(err.Error(), "another 1ms") || o.asked != 1 {
					t.Errorf("asked %d times just before the end of the pause: %v", o.asked, err)
				}
				time.Sleep(time.Millisecond)
				if err := ask(); err != nil || o.asked != 2 {
					t.Errorf("asked %d times at the end of the pause: %v", o.asked, err)
				}
			})
		})
	}
}

func TestAServerThatAsksForNoPauseIsAskedAgain(t *testing.T) {
	t.Parallel()
	for behaviour, test := range map[string]overloaded{
		"throttling without a span":      {status: http.StatusTooManyRequests},
		"a span of nothing":              {status: http.StatusTooManyRequests, retryAfter: "0"},
		"a date that is past":            {status: http.StatusTooManyRequests, retryAfter: "Mon, 01 Jan 1990 00:00:00 GMT"},
		"a span below nothing":           {status: http.StatusTooManyRequests, retryAfter: "-60"},
		"nonsense":                       {status: http.StatusTooManyRequests, retryAfter: "soon"},
		"another error, and a span":      {status: http.StatusInternalServerError, retryAfter: "60"},
		"a refusal of the expression":    {status: http.StatusBadRequest, retryAfter: "60"},
		"a span that no number can hold": {status: http.StatusTooManyRequests, retryAfter: "99999999999999999999"},
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			server := asking(t, &test)
			for range 3 {
				expect(t, server.Ask(t.Context(), rateQuestion, now, 0).Only(), 0, policy.Failed)
			}
			if test.asked != 3 {
				t.Errorf("asked %d times, want 3", test.asked)
			}
		})
	}
}

func TestALaterPauseDoesNotShortenAnEarlierOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p patient
		p.pause(time.Minute)
		p.pause(time.Second)
		if left := p.left(); left != time.Minute {
			t.Errorf("%v left, want the minute", left)
		}
	})
}

func TestAPauseIsForEveryQuestion(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "", http.StatusTooManyRequests)
	})
	for i := range 5 {
		server.Ask(t.Context(), Question{PromQL: fmt.Sprint(i)}, now, 0)
	}
	server.Ask(t.Context(), rangeQuestion, now, 0)
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}
