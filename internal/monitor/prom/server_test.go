package prom

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

var now = time.Unix(1_800_000_000, 0)

// newServer asks a fake Prometheus that is handler.
func newServer(t *testing.T, handler http.HandlerFunc) *Server {
	t.Helper()
	return serverAt(t, serve(t, handler))
}

func serverAt(t *testing.T, url string) *Server {
	t.Helper()
	server, err := NewServer(config.Prometheus{URL: url, Access: config.Access{BearerToken: secret.New("hush")}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func saying(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }
}

func success(data string) string { return `{"status":"success","data":` + data + `}` }

func vector(elements ...string) string {
	return success(`{"resultType":"vector","result":[` + strings.Join(elements, ",") + `]}`)
}

func series(group, value string) string {
	return fmt.Sprintf(`{"metric":{"group":%q},"value":[1800000000,%q]}`, group, value)
}

var rateQuestion = Question{PromQL: "sum by (group) (rate(x[1m]))", Lookback: time.Minute}

func TestAnswers(t *testing.T) {
	t.Parallel()
	only := Answer.Only
	ofWeb := func(a Answer) reading.Reading { return a.Of("group", "web") }
	tests := []struct {
		behaviour string
		body      string
		pick      func(Answer) reading.Reading
		want      float64
		why       policy.Absence
		says      string
	}{
		{"a scalar is the value", success(`{"resultType":"scalar","result":[1800000000,"2.5"]}`), only, 2.5, 0, ""},
		{"one element is the value", vector(series("web", "7")), only, 7, 0, ""},
		{"zero is a value", vector(series("web", "0")), only, 0, 0, ""},
		{"nothing is absent, not zero", vector(), only, 0, policy.Absent, "no series"},
		{"several are ambiguous", vector(series("web", "7"), series("api", "1")), only, 0, policy.Failed, "2 series match"},
		{"the group's own element is picked", vector(series("api", "1"), series("web", "7")), ofWeb, 7, 0, ""},
		{"a group without an element is absent", vector(series("api", "1")), ofWeb, 0, policy.Absent, `group="web"`},
		{"two elements of the group are ambiguous", vector(series("web", "7"), series("web", "8")), ofWeb, 0, policy.Failed, "sum by (group)"},
		{"NaN is not finite", vector(series("web", "NaN")), only, 0, policy.NotFinite, "NaN"},
		{"infinity is not finite", vector(series("web", "+Inf")), only, 0, policy.NotFinite, "Inf"},
		{"a matrix is refused", success(`{"resultType":"matrix","result":[]}`), only, 0, policy.Failed, "instant vector"},
		{"a string is refused", success(`{"resultType":"string","result":[1800000000,"7"]}`), only, 0, policy.Failed, "string"},
		{"a histogram is refused", success(`{"resultType":"vector","result":[{"metric":{},"histogram":[1800000000,{"count":"1","sum":"2","buckets":[]}]}]}`), only, 0, policy.Failed, "histogram"},
		{"a warning makes the answer partial", `{"status":"success","warnings":["store is down"],"data":{"resultType":"vector","result":[` + series("web", "7") + `]}}`, only, 0, policy.Failed, "store is down"},
		{"a result from the future is refused", success(`{"resultType":"scalar","result":[1800000600,"2.5"]}`), only, 0, policy.OutOfRange, "dated after"},
		{"an error is told", `{"status":"error","errorType":"bad_data","error":"parse error"}`, only, 0, policy.Failed, "parse error"},
		{"null for an element is refused", vector("null"), only, 0, policy.Failed, "null"},
		{"no JSON is refused", `<html>`, only, 0, policy.Failed, "ask prometheus"},
		{"JSON of another kind is refused", `{"status":"success","data":{"resultType":"vector","result":7}}`, only, 0, policy.Failed, "ask prometheus"},
		{"an empty object is refused", `{}`, only, 0, policy.Failed, ""},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			got := test.pick(newServer(t, saying(test.body)).Ask(t.Context(), rateQuestion, now, 0))
			expect(t, got, test.want, test.why)
			if got.Err != nil && !strings.Contains(got.Err.Error(), test.says) {
				t.Errorf("%q does not tell about %q", got.Err, test.says)
			}
		})
	}
}

func TestServersThatDoNotAnswerHaveFailed(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"too many requests": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow down", http.StatusTooManyRequests) },
		"unavailable":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/login") {
				t.Error("the redirect was followed, with the token")
			}
			http.Redirect(w, r, "/login", http.StatusTemporaryRedirect)
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `{"status":"success","data":"`+strings.Repeat("x", maxAnswer)+`"}`)
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newServer(t, handler).Ask(t.Context(), rateQuestion, now, 0).Only()
			expect(t, got, 0, policy.Failed)
			if strings.Contains(got.Err.Error(), "hush") {
				t.Errorf("%v shows the token", got.Err)
			}
		})
	}
}

func TestAMessageDoesNotHoldTheTokenThatAServerEchoes(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"an error":  saying(`{"status":"error","errorType":"denied","error":"no right: Bearer hush"}`),
		"a warning": saying(`{"status":"success","warnings":["asked with Bearer hush"],"data":{"resultType":"vector","result":[]}}`),
		"a page": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.Header.Get("Authorization"), http.StatusForbidden)
		},
	} {
		err := newServer(t, handler).Ask(t.Context(), rateQuestion, now, 0).Only().Err
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheQuestionIsAskedAsConfigured(t *testing.T) {
	t.Parallel()
	newServer(t, func(w http.ResponseWriter, r *http.Request) {
		want := map[string]string{"query": rateQuestion.PromQL, "time": "1800000000", "lookback_delta": "1m0s"}
		for key, value := range want {
			if got := r.FormValue(key); got != value {
				t.Errorf("%s is %q, want %q", key, got, value)
			}
		}
		if got := r.Header.Get("Authorization"); got != "Bearer hush" {
			t.Errorf("authorization is %q", got)
		}
		_, _ = fmt.Fprint(w, vector())
	}).Ask(t.Context(), rateQuestion, now, 0)
}

func TestGroupsShareOneAnswer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = fmt.Fprint(w, vector(series("web", "7"), series("api", "1")))
	})
	var groups sync.WaitGroup
	for range 20 {
		groups.Go(func() {
			expect(t, server.Ask(t.Context(), rateQuestion, now, 5*time.Second).Of("group", "web"), 7, policy.Present)
		})
	}
	groups.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times within a moment, want once", n)
	}
	server.Ask(t.Context(), rateQuestion, now.Add(5*time.Second), 5*time.Second)
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want a second time after the age", n)
	}
	server.Ask(t.Context(), Question{PromQL: "other"}, now, 5*time.Second)
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times, want another question to be asked by itself", n)
	}
}

// tallying counts the queries that it answers.
type tallying struct {
	answering
	asked int
}

func (c *tallying) RoundTrip(request *http.Request) (*http.Response, error) {
	c.asked++
	return c.answering.RoundTrip(request)
}

// Groups have their slots all over the interval, and take an answer that is younger than
// nine tenths of it, as package monitor has them do.
func TestHowOftenIsAskedDoesNotDependOnHowManyGroupsThereAre(t *testing.T) {
	t.Parallel()
	const interval, slots, rounds = 10 * time.Second, 20, 9
	for _, groups := range []int{slots, 200, 2000} {
		synctest.Test(t, func(t *testing.T) {
			server, err := NewServer(config.Prometheus{URL: "http://canned", Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			queries := &tallying{answering: answering{http.StatusOK, []byte(vector(series("web", "7")))}}
			server.client.http.Transport = queries
			last := make([]time.Time, groups)
			for range rounds * slots {
				slot := int(time.Now().UnixNano() / int64(interval/slots) % slots)
				for group := slot; group < groups; group += slots {
					answer := server.Ask(t.Context(), rateQuestion, time.Now(), min(interval, time.Since(last[group])))
					if answer.err != nil || !answer.evaluated.After(last[group]) {
						t.Fatalf("group %d gets the same answer twice (%v)", group, answer.err)
					}
					last[group] = answer.evaluated
				}
				time.Sleep(interval / slots)
			}
			if queries.asked != rounds {
				t.Errorf("%d groups asked %d times in %d intervals, want once in each", groups, queries.asked, rounds)
			}
		})
	}
}

func TestAFailureIsSharedAndACancellationIsNot(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			_ = r.ParseForm() // only then does the server see that the client is gone
			cancel()
			<-r.Context().Done()
			return
		}
		http.Error(w, "", http.StatusServiceUnavailable)
	})
	server.Ask(ctx, rateQuestion, now, time.Minute)
	server.Ask(t.Context(), rateQuestion, now, time.Minute)
	server.Ask(t.Context(), rateQuestion, now, time.Minute)
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2: once after the cancelled call, and no more after the failure", n)
	}
}

func TestAServerThatIsNotThereHasFailed(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	got := serverAt(t, gone.URL).Ask(t.Context(), rateQuestion, now, 0).Only()
	expect(t, got, 0, policy.Failed)
	if !strings.Contains(got.Err.Error(), "check that it runs") {
		t.Errorf("%v does not say what to do", got.Err)
	}
}

func TestNewServerRefusesWhatItCannotAsk(t *testing.T) {
	t.Parallel()
	for _, c := range []config.Prometheus{
		{URL: "", Timeout: time.Second},
		{URL: "prometheus:9090", Timeout: time.Second},
		{URL: "ftp://prometheus", Timeout: time.Second},
		{URL: "http://user:hush@[::1", Timeout: time.Second},
		{URL: "http://prometheus:9090"},
	} {
		_, err := NewServer(c)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
