package httpd_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const token = "0123456789abcdef"

// inbox serves one that keeps what it takes, and returns its URL.
func inbox(t *testing.T, push func(value float64, at time.Time) (kept bool, err error)) string {
	t.Helper()
	listener, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	boxes := map[string]httpd.Inbox{"web/jobs": {Token: secret.New(token), Push: push}, "web/tokenless": {Push: push}}
	serve(t, listener, httpd.Open(prometheus.NewRegistry(), func() error { return nil }, boxes))
	return "http://" + listener.Addr().String() + "/v1/push/"
}

func post(t *testing.T, url, authorization, body string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestAPushIsTakenWithItsAge(t *testing.T) {
	t.Parallel()
	type taken struct {
		value float64
		age   time.Duration
	}
	took := make(chan taken, 1)
	url := inbox(t, func(value float64, at time.Time) (bool, error) {
		took <- taken{value, time.Since(at)}
		return value >= 0, nil
	})
	for body, want := range map[string]taken{
		`{"value": 12.5}`:           {12.5, 0},
		`{"value": 0, "age": 7200}`: {0, 2 * time.Hour},
		`{"value": -3, "time": "` + time.Now().Add(-3*time.Hour).Format(time.RFC3339Nano) + `"}`: {-3, 3 * time.Hour},
	} {
		status, text := post(t, url+"web/jobs", "Bearer "+token, body)
		if answer := fmt.Sprintf("{\"kept\":%v}\n", want.value >= 0); status != http.StatusOK || text != answer {
			t.Fatalf("%s: status %d: %s", body, status, text)
		}
		if got := <-took; got.value != want.value || got.age < want.age || got.age > want.age+time.Hour {
			t.Errorf("%s: took %v, want %v", body, got, want)
		}
	}
}

func TestWhoeverHasNotTheTokenLearnsAndChangesNothing(t *testing.T) {
	t.Parallel()
	url := inbox(t, func(float64, time.Time) (bool, error) {
		t.Error("it was taken")
		return true, nil
	})
	want := ""
	for _, try := range []struct{ path, authorization string }{
		{"web/jobs", ""},
		{"web/jobs", token},
		{"web/jobs", "Bearer "},
		{"web/jobs", "Bearer " + token + "0"},
		{"web/jobs", "Bearer " + token[1:]},
		{"web/jobs", "Basic " + token},
		{"web/tokenless", "Bearer "},
		{"web/tokenless", ""},
		{"web/cpu", "Bearer " + token},
		{"web/cpu", "Bearer "},
		{"db/jobs", "Bearer " + token},
	} {
		status, text := post(t, url+try.path, try.authorization, `{"value": 1}`)
		if want == "" {
			want = text
		}
		if status != http.StatusUnauthorized || text != want || strings.Contains(text, token) {
			t.Errorf("%v: status %d: %s", try, status, text)
		}
	}
}

func TestAPushThatCannotBeReadSaysWhatToSend(t *testing.T) {
	t.Parallel()
	url := inbox(t, func(value float64, _ time.Time) (bool, error) {
		if value == 7 {
			return false, errors.New("nothing can be decided on it")
		}
		t.Error("it was taken")
		return true, nil
	})
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
		`{"value": 1, "time": "now"}`: "its time is `now`: send a time with its zone in quotes, for example \\\"2026-04-01T09:00:00+09:00\\\"",
		`{"value": 1, "time": 1775}`:  "its time comes as number: send a time",
		`{"value": 1, "time": ""}`:    "its time is ``: send a time",
		`{"value": 7}`:                "nothing can be decided",
		`{"value": 1, "time": "9999-12-31T23:59:59Z"}`:           "its time is 9999-12-31T23:59:59Z, and here it is 20",
		`{"value": 1, "time": "0001-01-01T00:00:00Z"}`:           "its time is 0001-01-01T00:00:00Z, and here it is 20",
		`{"value": 1, "time": "2026-01-01T00:00:00Z"}`:           "send one at most 24 hours away",
		`{"value": 1, "time": "2026-01-01T00:00:00Z", "age": 1}`: "one of the two",
		`{"value": 1` + strings.Repeat(" ", 5000) + `}`:          "too large",
	} {
		if status, text := post(t, url+"web/jobs", "Bearer "+token, body); status != http.StatusBadRequest || !strings.Contains(text, says) || strings.Contains(text, "pushRequest") {
			t.Errorf("%.60s: status %d: %s, want it to say %q", body, status, text, says)
		}
	}
}

func TestTheSchemeOfATokenIsWrittenInAnyCase(t *testing.T) {
	t.Parallel()
	url := inbox(t, func(float64, time.Time) (bool, error) { return true, nil })
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		if status, text := post(t, url+"web/jobs", scheme+" "+token, `{"value": 1}`); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", scheme, status, text)
		}
	}
}

func FuzzPush(f *testing.F) {
	for _, body := range []string{`{"value": 12.5, "age": 3}`, `{"value": 1, "time": "2026-01-01T00:00:00Z"}`, `{"value": 1e308, "age": 86400}`, `{"value": 1, "time": "9999-12-31T23:59:59Z"}`} {
		f.Add(body)
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, body string) {
		value, at, err := httpd.ReadPush(strings.NewReader(body), now)
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
