package prom

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// rangeQuestion asks for 5 values.
var rangeQuestion = Question{
	PromQL: "sum by (group) (x)", Lookback: time.Minute,
	Range: config.Range{Span: time.Minute, Step: 15 * time.Second, Statistic: "avg"},
}

func matrix(streams ...string) string {
	return success(`{"resultType":"matrix","result":[` + strings.Join(streams, ",") + `]}`)
}

// ranged has its last value at the end of the range, the others at its steps before.
func ranged(group string, values ...any) string {
	var points []string
	for i, value := range values {
		at := now.Add(-time.Duration(len(values)-1-i) * rangeQuestion.Range.Step)
		points = append(points, fmt.Sprintf(`[%d,"%v"]`, at.Unix(), value))
	}
	return fmt.Sprintf(`{"metric":{"group":%q},"values":[%s]}`, group, strings.Join(points, ","))
}

func TestRanges(t *testing.T) {
	t.Parallel()
	ofWeb := func(a Answer) reading.Reading { return a.Of("group", "web") }
	tests := []struct {
		behaviour string
		statistic string
		body      string
		want      float64
		why       policy.Absence
		says      string
	}{
		{"the mean", "avg", matrix(ranged("web", 1, 2, 3, 4, 10)), 4, 0, ""},
		{"the largest", "max", matrix(ranged("web", 1, 20, 3, 4, 10)), 20, 0, ""},
		{"the smallest", "min", matrix(ranged("web", 5, 20, 3, 4, 10)), 3, 0, ""},
		{"the one in the middle", "median", matrix(ranged("web", 5, 20, 3, 4, 10)), 5, 0, ""},
		{"halfway between the two in the middle", "median", matrix(ranged("web", 20, 3, 4, 10)), 7, 0, ""},
		{"zeros are values", "avg", matrix(ranged("web", 0, 0, 0, 0, 0)), 0, 0, ""},
		{"the group's own series is picked", "avg", matrix(ranged("api", 9, 9, 9, 9, 9), ranged("web", 1, 1, 1, 1, 1)), 1, 0, ""},
		{"a group without a series is absent, not zero", "avg", matrix(ranged("api", 9, 9, 9, 9, 9)), 0, policy.Absent, `group="web"`},
		{"nothing is absent, not zero", "avg", matrix(), 0, policy.Absent, "no series"},
		{"a series without points is absent", "avg", matrix(ranged("web")), 0, policy.Absent, "only 0 of 5"},
		{"less than half of the points are too few", "avg", matrix(ranged("web", 1, 2)), 0, policy.Absent, "only 2 of 5"},
		{"half of them do", "avg", matrix(ranged("web", 1, 2, 3)), 2, 0, ""},
		{"two series of the group are ambiguous", "avg", matrix(ranged("web", 1, 2, 3), ranged("web", 1, 2, 3)), 0, policy.Failed, "sum by (group)"},
		{"one NaN spoils the range", "max", matrix(ranged("web", 1, 2, "NaN", 4, 5)), 0, policy.NotFinite, "NaN"},
		{"also where the others have a middle", "median", matrix(ranged("web", "NaN", 2, 3, 4, 5)), 0, policy.NotFinite, "NaN"},
		{"one infinity spoils the range", "min", matrix(ranged("web", 1, 2, "+Inf", 4, 5)), 0, policy.NotFinite, "Inf"},
		{"a mean too large for a number is none", "avg", matrix(ranged("web", "1e308", "1e308", "1e308")), 0, policy.NotFinite, "Inf"},
		{"more points than asked for are refused", "avg", matrix(`{"metric":{"group":"web"},"values":[[1799999940,"1"],[1799999950,"1"],[1799999960,"1"],[1799999970,"1"],[1799999980,"1"],[1800000000,"1"]]}`), 0, policy.Failed, "more than the 5"},
		{"points out of order are refused", "avg", matrix(`{"metric":{"group":"web"},"values":[[1800000000,"1"],[1799999985,"1"],[1799999970,"1"]]}`), 0, policy.OutOfRange, "not in order"},
		{"the same point again is refused", "avg", matrix(`{"metric":{"group":"web"},"values":[[1800000000,"1"],[1800000000,"2"],[1800000000,"3"]]}`), 0, policy.OutOfRange, "not in order"},
		{"points from before the range are refused", "avg", matrix(`{"metric":{"group":"web"},"values":[[1799990000,"1"],[1799999985,"1"],[1800000000,"1"]]}`), 0, policy.OutOfRange, "not within"},
		{"points from the future are refused", "avg", matrix(`{"metric":{"group":"web"},"values":[[1799999985,"1"],[1800000000,"1"],[1800000600,"1"]]}`), 0, policy.OutOfRange, "not within"},
		{"a histogram is refused", "avg", matrix(`{"metric":{"group":"web"},"histograms":[[1800000000,{"count":"1","sum":"2","buckets":[]}]]}`), 0, policy.Failed, "histogram"},
		{"a vector is refused", "avg", vector(series("web", "7")), 0, policy.Failed, "over a range"},
		{"a scalar is refused", "avg", success(`{"resultType":"scalar","result":[1800000000,"2.5"]}`), 0, policy.Failed, "over a range"},
		{"a warning makes the answer partial", "avg", `{"status":"success","warnings":["store is down"],"data":{"resultType":"matrix","result":[]}}`, 0, policy.Failed, "store is down"},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			question := rangeQuestion
			question.Range.Statistic = test.statistic
			got := ofWeb(newServer(t, saying(test.body)).Ask(t.Context(), question, now, 0))
			expect(t, got, test.want, test.why)
			if got.Err != nil && !strings.Contains(got.Err.Error(), test.says) {
				t.Errorf("%q does not tell about %q", got.Err, test.says)
			}
			if test.why == policy.Present && !got.Sample.At().Equal(now) {
				t.Errorf("dated %v, want the newest point's %v", got.Sample.At(), now)
			}
		})
	}
}

func TestARangeThatEndedEarlyIsAsOldAsItsNewestPoint(t *testing.T) {
	t.Parallel()
	body := matrix(`{"metric":{"group":"web"},"values":[[1799999940,"1"],[1799999955,"1"],[1799999970,"1"]]}`)
	got := newServer(t, saying(body)).Ask(t.Context(), rangeQuestion, now, 0).Only()
	if want := now.Add(-30 * time.Second); !got.Sample.At().Equal(want) {
		t.Errorf("dated %v, want %v", got.Sample.At(), want)
	}
}

func TestTheRangeIsAskedAsConfigured(t *testing.T) {
	t.Parallel()
	newServer(t, func(w http.ResponseWriter, r *http.Request) {
		want := map[string]string{
			"query": rangeQuestion.PromQL, "start": "1799999940", "end": "1800000000", "step": "15", "lookback_delta": "1m0s", "timeout": "10s",
		}
		for key, value := range want {
			if got := r.FormValue(key); got != value {
				t.Errorf("%s is %q, want %q", key, got, value)
			}
		}
		if r.URL.Path != "/api/v1/query_range" {
			t.Errorf("asked at %s", r.URL.Path)
		}
		_, _ = fmt.Fprint(w, matrix())
	}).Ask(t.Context(), rangeQuestion, now, 0)
}

func TestRangesThatCannotBeEvaluatedAreRefused(t *testing.T) {
	t.Parallel()
	for says, over := range map[string]config.Range{
		"step 0s":        {Span: time.Minute, Statistic: "avg"},
		"step -1s":       {Span: time.Minute, Step: -time.Second, Statistic: "avg"},
		"step 2m0s":      {Span: time.Minute, Step: 2 * time.Minute, Statistic: "avg"},
		"statistic \"\"": {Span: time.Minute, Step: time.Second},
		"use avg, max":   {Span: time.Minute, Step: time.Second, Statistic: "p99"},
	} {
		if err := (Question{Range: over}).Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: got %v", over, err)
		}
	}
	for _, question := range []Question{rateQuestion, rangeQuestion} {
		if err := question.Check(); err != nil {
			t.Error(err)
		}
	}
}
