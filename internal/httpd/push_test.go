package httpd_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const token = "0123456789abcdef"

// inbox serves those of group web: jobs, and one without a token.
func inbox(jobs httpd.Inbox) http.Handler { return inboxAt("web/jobs", jobs) }

func inboxAt(name string, box httpd.Inbox) http.Handler {
	box.Token = secret.New(token)
	serve := httpd.Inboxes(map[string]httpd.Inbox{name: box, "web/tokenless": {Push: box.Push}})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/push/{group}/{signal}", serve)
	mux.HandleFunc("POST /v1/push/{group}/{signal}/{direction}", serve)
	return mux
}

// post sends body to a path behind /v1/push/.
func post(at http.Handler, path, authorization, body string) (status int, text string) {
	request := httptest.NewRequest(http.MethodPost, "/v1/push/"+path, strings.NewReader(body))
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	answer := httptest.NewRecorder()
	at.ServeHTTP(answer, request)
	return answer.Code, answer.Body.String()
}

func TestAPushIsTakenWithItsAge(t *testing.T) {
	t.Parallel()
	type taken struct {
		value float64
		age   time.Duration
	}
	took := make(chan taken, 1)
	at := inbox(httpd.Inbox{Push: func(value float64, at time.Time) (bool, error) {
		took <- taken{value, time.Since(at)}
		return value >= 0, nil
	}})
	for body, want := range map[string]taken{
		`{"value": 12.5}`:           {12.5, 0},
		`{"value": 0, "age": 7200}`: {0, 2 * time.Hour},
		`{"value": -3, "time": "` + time.Now().Add(-3*time.Hour).Format(time.RFC3339Nano) + `"}`: {-3, 3 * time.Hour},
	} {
		answer := `{"kept":true}`
		if want.value < 0 {
			answer = `{"kept":false,"why":"a newer one came before"}`
		}
		if status, text := post(at, "web/jobs", "Bearer "+token, body); status != http.StatusOK || text != answer+"\n" {
			t.Fatalf("%s: status %d: %s", body, status, text)
		}
		if got := <-took; got.value != want.value || got.age < want.age || got.age > want.age+time.Hour {
			t.Errorf("%s: took %v, want %v", body, got, want)
		}
	}
}

func TestWhoeverHasNotTheTokenLearnsAndChangesNothing(t *testing.T) {
	t.Parallel()
	at := inbox(httpd.Inbox{Push: func(float64, time.Time) (bool, error) {
		t.Error("it was taken")
		return true, nil
	}})
	want := ""
	for _, try := range []struct{ path, authorization string }{
		{"web/jobs", ""},
		{"web/jobs", token},
		{"web/jobs", "Bearer "},
		{"web/jobs", "Bearer " + token + "0"},
		{"web/jobs", "Bearer " + token[1:]},
		{"web/jobs", "Basic " + token},
		{"web/jobs", basic("autoscaled", token+"0")},
		{"web/jobs", basic(token, "")},
		{"web/jobs/up", "Bearer 1"},
		{"web/tokenless", "Bearer "},
		{"web/tokenless", basic("autoscaled", "")},
		{"web/tokenless", ""},
		{"web/cpu", "Bearer " + token},
		{"web/cpu", "Bearer "},
		{"web/cpu/up", "Bearer " + token},
		{"db/jobs", "Bearer " + token},
	} {
		status, text := post(at, try.path, try.authorization, `{"value": 1}`)
		if want == "" {
			want = text
		}
		if status != http.StatusUnauthorized || text != want || strings.Contains(text, token) || !strings.Contains(text, `"code":"unauthenticated"`) {
			t.Errorf("%v: status %d: %s", try, status, text)
		}
	}
}

func basic(name, password string) string {
	request := httptest.NewRequest(http.MethodPost, "/", nil)
	request.SetBasicAuth(name, password)
	return request.Header.Get("Authorization")
}

func TestTheTokenIsShownAsSuchOrAsAPassword(t *testing.T) {
	t.Parallel()
	at := inbox(httpd.Inbox{Push: func(float64, time.Time) (bool, error) { return true, nil }})
	for _, shown := range []string{"Bearer " + token, "bearer " + token, "BEARER " + token, basic("autoscaled", token), basic("", token)} {
		if status, text := post(at, "web/jobs", shown, `{"value": 1}`); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", shown, status, text)
		}
	}
}

func TestAPushThatCannotBeReadSaysWhatToSend(t *testing.T) {
	t.Parallel()
	at := inbox(httpd.Inbox{Push: func(value float64, _ time.Time) (bool, error) {
		if value == 7 {
			return false, errors.New("nothing can be decided on it")
		}
		t.Error("it was taken")
		return true, nil
	}})
	for body, says := range map[string]string{
		``:                            "send for example",
		`12.5`:                        "it comes as number: send an object",
		`{"value": "12"}`:             "its value comes as string: send a number, without quotes",
		`{"value": 1e999}`:            "its value comes as number 1e999: send a number, without quotes and below 1.8e308",
		`{"value": 1, "age": "3s"}`:   "its age comes as string: send a number",
		`{"value": NaN}`:              "send for example",
		`{"valeu": 1}`:                "unknown field",
		`{"age": 1}`:                  "there is none",
		`{"value": null}`:             "there is none",
		`{"value": 1} {"value": 2}`:   "something follows",
		`{"value": 1}}`:               "something follows",
		`{"value": 1}]`:               "something follows",
		`{"value": 1}x`:               "something follows",
		`{"value": 1, "age": -1}`:     "its age is -1",
		`{"value": 1, "age": 1e300}`:  "its age is 1e+300",
		`{"value": 1, "time": "now"}`: "its time is `now`: send a time with its zone in quotes, for example \"2026-04-01T09:00:00+09:00\"",
		`{"value": 1, "time": 1775}`:  "its time comes as number: send a time",
		`{"value": 1, "time": ""}`:    "its time is ``: send a time",
		`{"value": 7}`:                "nothing can be decided",
		`{"value": 1, "time": "9999-12-31T23:59:59Z"}`:           "its time is 9999-12-31T23:59:59Z, and here it is 20",
		`{"value": 1, "time": "0001-01-01T00:00:00Z"}`:           "its time is 0001-01-01T00:00:00Z, and here it is 20",
		`{"value": 1, "time": "2026-01-01T00:00:00Z"}`:           "send one at most 24 hours away",
		`{"value": 1, "time": "2026-01-01T00:00:00Z", "age": 1}`: "one of the two",
	} {
		if problem := refused(t, at, "web/jobs", body); problem.Code != httpd.Invalid || !strings.Contains(problem.Text, says) || strings.Contains(problem.Text, "pushRequest") {
			t.Errorf("%.60s: %+v, want it to say %q", body, problem, says)
		}
	}
	if problem := refused(t, at, "web/jobs", `{"value": 1`+strings.Repeat(" ", 5000)+`}`); problem.Code != httpd.TooLarge {
		t.Errorf("a large one: %+v", problem)
	}
	if problem := refused(t, at, "web/jobs/up", `{"value": 1}`); problem.Code != httpd.NotFound || !strings.Contains(problem.Text, "without /up, or write format: direction") {
		t.Errorf("a value with a direction: %+v", problem)
	}
}

// refused is the error that comes of a push.
func refused(t *testing.T, at http.Handler, path, body string) (problem httpd.Error) {
	t.Helper()
	status, text := post(at, path, "Bearer "+token, body)
	if err := json.Unmarshal([]byte(text), &problem); err != nil || status < 400 {
		t.Errorf("%.60s: status %d: %s", body, status, text)
	}
	return problem
}

func TestAValueOlderThanItsSignalMayBeIsNotTaken(t *testing.T) {
	t.Parallel()
	at := inbox(httpd.Inbox{Staleness: time.Minute, Push: func(float64, time.Time) (bool, error) { return true, nil }})
	for body, want := range map[string]string{
		`{"value": 1, "age": 59}`:   `{"kept":true}`,
		`{"value": 1, "age": 3600}`: `{"kept":false,"why":"it is of 1h ago, and the signal's staleness is 1m"}`,
	} {
		if status, text := post(at, "web/jobs", "Bearer "+token, body); status != http.StatusOK || text != want+"\n" {
			t.Errorf("%s: status %d: %s", body, status, text)
		}
	}
}

func FuzzPush(f *testing.F) {
	for _, body := range []string{`{"value": 12.5, "age": 3}`, `{"value": 1, "time": "2026-01-01T00:00:00Z"}`, `{"value": 1e308, "age": 86400}`, `{"value": 1, "time": "9999-12-31T23:59:59Z"}`} {
		f.Add(body)
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, body string) {
		value, at, err := httpd.ReadPush([]byte(body), now)
		if err != nil && (value != 0 || !at.IsZero()) {
			t.Errorf("%q: an error (%v), and yet %v at %v", body, err, value, at)
		}
		if err == nil && now.Sub(at).Abs() > 24*time.Hour {
			t.Errorf("%q: it is dated %v", body, at)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			t.Errorf("%q: %v", body, value)
		}
	})
}
