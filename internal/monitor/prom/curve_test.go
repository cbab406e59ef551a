package prom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// stretch is a minute up to now, of one group's series.
var stretch = Stretch{PromQL: "load", Label: "group", Value: "web", Lookback: time.Minute, From: now.Add(-time.Minute), To: now, Step: 15 * time.Second}

func TestCurves(t *testing.T) {
	t.Parallel()
	tests := []struct {
		behaviour string
		body      string
		want      []float64 // of the curve; nil: there is none
		says      string
		again     bool
	}{
		{"a point at each step", matrix(ranged("web", 1, 2, 3, 4, 5)), []float64{1, 2, 3, 4, 5}, "", false},
		{"steps without points are left out", matrix(ranged("web", 4, 5)), []float64{4, 5}, "", false},
		{"zeros are values", matrix(ranged("web", 0, 0)), []float64{0, 0}, "", false},
		{"the one that is meant is picked", matrix(ranged("api", 9, 9), ranged("web", 1, 2)), []float64{1, 2}, "", false},
		{"none is nothing", matrix(ranged("api", 9, 9)), []float64{}, "", false},
		{"several are ambiguous", matrix(ranged("web", 1), ranged("web", 2)), nil, "2 series match where one is needed: sum by (group)", false},
		{"NaN is refused", matrix(ranged("web", 1, "NaN", 3)), nil, "the value at 2027-01-15T07:59:45Z is NaN: (…) >= 0 < +Inf leaves out what is no number", false},
		{"infinity is refused", matrix(ranged("web", "+Inf")), nil, "is +Inf", false},
		{"points out of order are refused", matrix(`{"metric":{"group":"web"},"values":[[1800000000,"1"],[1799999985,"1"]]}`), nil, "not in order", false},
		{"the same point again is refused", matrix(`{"metric":{"group":"web"},"values":[[1800000000,"1"],[1800000000,"1"]]}`), nil, "not in order", false},
		{"points from before are refused", matrix(`{"metric":{"group":"web"},"values":[[1799999925,"1"]]}`), nil, "not within", false},
		{"points from after are refused", matrix(`{"metric":{"group":"web"},"values":[[1800000015,"1"]]}`), nil, "not within", false},
		{"points between the steps are refused", matrix(`{"metric":{"group":"web"},"values":[[1799999986,"1"]]}`), nil, "not at the steps", false},
		{"a histogram is refused", matrix(`{"metric":{"group":"web"},"histograms":[[1800000000,{"count":"1","sum":"2","buckets":[]}]]}`), nil, "histogram_quantile", false},
		{"a vector is refused", vector(series("web", "7")), nil, "over a range", false},
		{"a warning makes it partial, for now", `{"status":"success","warnings":["store is down"],"data":{"resultType":"matrix","result":[]}}`, nil, "store is down", true},
		{"an error of the expression stays one", `{"status":"error","errorType":"bad_data","error":"parse error"}`, nil, "parse error", false},
		{"an error of time may pass", `{"status":"error","errorType":"timeout","error":"query timed out"}`, nil, "timed out", true},
		{"no JSON stays none", `<html>`, nil, "check that it runs", false},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			curve, err := newServer(t, saying(test.body)).Curve(t.Context(), stretch)
			if test.want == nil {
				checkNoCurve(t, err, test.says, test.again)
				return
			}
			if err != nil || len(curve.Points) != len(test.want) {
				t.Fatalf("got %+v, %v", curve, err)
			}
			for i, point := range curve.Points {
				if at := now.Add(time.Duration(i+1-len(test.want)) * stretch.Step); point.Value != test.want[i] || !point.At.Equal(at) {
					t.Errorf("point %d is %+v, want %g at %v", i, point, test.want[i], at)
				}
			}
			if len(test.want) > 0 && curve.Series != `{group="web"}` {
				t.Errorf("its series is %s", curve.Series)
			}
		})
	}
}

func checkNoCurve(t *testing.T, err error, says string, again bool) {
	t.Helper()
	failed, ok := errors.AsType[*CurveError](err)
	if !ok || failed.Again != again || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `for "load" from 2027-01-15T07:59:00Z to 2027-01-15T08:00:00Z`) {
		t.Errorf("got %v (again: %v), want %q (again: %v)", err, ok && failed.Again, says, again)
	}
}

func TestACurveOfOneInstant(t *testing.T) {
	t.Parallel()
	one := stretch
	one.From = now
	curve, err := newServer(t, saying(vector(series("web", "7")))).Curve(t.Context(), one)
	if err != nil || len(curve.Points) != 1 || curve.Points[0].Value != 7 || !curve.Points[0].At.Equal(now) {
		t.Errorf("got %+v, %v", curve, err)
	}
}

func TestTheStretchIsAskedAsGiven(t *testing.T) {
	t.Parallel()
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		for key, want := range map[string]string{"query": "load", "start": "1799999940", "end": "1800000000", "step": "15", "lookback_delta": "1m0s", "timeout": "10s"} {
			if got := r.FormValue(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		_, _ = fmt.Fprint(w, matrix())
	})
	if _, err := server.Curve(t.Context(), stretch); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(server.Name(), "http://127.") {
		t.Errorf("its name is %s", server.Name())
	}
}

func TestWhetherToAskAgainFollowsFromTheTrouble(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			http.Error(w, "no", code)
		}
	}
	for code, want := range map[int]CurveError{
		http.StatusUnauthorized:        {},
		http.StatusNotFound:            {},
		http.StatusBadRequest:          {},
		http.StatusTooManyRequests:     {Again: true, After: 30 * time.Second},
		http.StatusServiceUnavailable:  {Again: true, After: 30 * time.Second},
		http.StatusInternalServerError: {Again: true},
	} {
		_, err := newServer(t, status(code)).Curve(t.Context(), stretch)
		failed, ok := errors.AsType[*CurveError](err)
		if !ok || failed.Again != want.Again || failed.After > want.After || failed.After == 0 != (want.After == 0) {
			t.Errorf("after %d: %+v", code, err)
		}
	}
	dead, err := NewServer(config.Prometheus{URL: "http://127.0.0.1:1", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	_, err = dead.Curve(t.Context(), stretch)
	checkNoCurve(t, err, "connection refused", true)
}

func TestACurveThatIsNotWantedAnyMoreIsNoFailureOfTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // only then does the server see that the client is gone
		cancel(enough)
		<-r.Context().Done()
	})
	_, err := server.Curve(ctx, stretch)
	if _, failed := errors.AsType[*CurveError](err); failed || !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}
