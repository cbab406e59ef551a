package actions

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const hookKey = "0123456789abcdef"

// receives starts a receiver, and returns what asks it.
func receives(t *testing.T, handler http.HandlerFunc) *httpReceiver {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newHTTPReceiver(server.URL+"/hook?token=s3cret", secret.New(hookKey), "https://autoscaled.example.jp/")
}

var japan = time.FixedZone("Japan", 9*60*60)

func someRequest() HookRequest {
	return HookRequest{
		ID: "gc00000005-finish-20260401T120000.000000000", Hook: "finish", At: AtLaunch, Group: "web", Instance: "gc00000005", Address: "10.0.0.5",
		Goal: policy.InService, Deadline: noon.Add(hookPatience).In(japan), Until: noon.Add(hookMax).In(japan), Attempt: 2, Now: noon,
	}
}

func keyed(text string) string {
	mac := hmac.New(sha256.New, []byte(hookKey))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestARequestIsSignedAndSaysHowItCanBeAnswered(t *testing.T) {
	t.Parallel()
	var body []byte
	var signature, method, kind, query string
	r := receives(t, func(w http.ResponseWriter, request *http.Request) {
		body, _ = io.ReadAll(request.Body)
		method, kind, query, signature = request.Method, request.Header.Get("Content-Type"), request.URL.RawQuery, request.Header.Get("Autoscaled-Signature")
		_, _ = io.WriteString(w, `{"action": "continue", "why": "done\n"}`)
	})
	answer, err := r.Ask(t.Context(), someRequest())
	if err != nil || answer != (HookAnswer{HookContinue, "done"}) {
		t.Fatalf("the answer is %+v, %v", answer, err)
	}
	at := fmt.Sprint(noon.Unix())
	if want := "t=" + at + ",v1=" + keyed(at+"."+string(body)); signature != want || method != http.MethodPost || kind != "application/json" || query != "token=s3cret" {
		t.Errorf("%s %s with the query %q is signed %s, want %s", method, kind, query, signature, want)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	id := someRequest().ID
	want := map[string]any{
		"id": id, "hook": "finish", "at": "launch", "group": "web", "instance": "gc00000005", "address": "10.0.0.5", "goal": "in_service",
		"deadline": "2026-04-01T12:05:00Z", "max_until": "2026-04-01T12:12:00Z", "attempt": 2.0,
		"callback": "https://autoscaled.example.jp/v1/hooks/" + id, "token": keyed(id),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it was told\n%v, want\n%v", got, want)
	}
}

func TestAnswersAreTakenAsTheyAreDocumented(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   HookAction // empty: an error
		says   string
		class  cloud.Class
	}{
		"nothing":              {http.StatusOK, "", HookWait, "", 0},
		"no content":           {http.StatusNoContent, "", HookWait, "", 0},
		"blanks":               {http.StatusAccepted, " \r\n", HookWait, "", 0},
		"wait":                 {http.StatusAccepted, `{"action":"wait"}`, HookWait, "", 0},
		"continue":             {http.StatusOK, `{"action":"continue"}`, HookContinue, "", 0},
		"abandon":              {http.StatusCreated, `{"action":"abandon","why":"disk"}`, HookAbandon, "", 0},
		"more than asked for":  {http.StatusOK, `{"action":"continue","job":7}`, HookContinue, "", 0},
		"a page":               {http.StatusOK, "<html>ok</html>", "", "is not JSON", cloud.ClassTransient},
		"half an answer":       {http.StatusOK, `{"action":"conti`, "", "is not JSON", cloud.ClassTransient},
		"two answers":          {http.StatusOK, `{"action":"continue"}{"action":"abandon"}`, "", "is not JSON", cloud.ClassTransient},
		"another kind":         {http.StatusOK, `{"action":1}`, "", "is not JSON", cloud.ClassTransient},
		"a list":               {http.StatusOK, `[]`, "", "is not JSON", cloud.ClassTransient},
		"null":                 {http.StatusOK, `null`, "", `the action ""`, cloud.ClassTransient},
		"no action":            {http.StatusOK, `{}`, "", `the action ""`, cloud.ClassTransient},
		"an unknown action":    {http.StatusOK, `{"action":"heartbeat"}`, "", `the action "heartbeat"`, cloud.ClassTransient},
		"endless":              {http.StatusOK, `"` + strings.Repeat("x", answerMax), "", "longer than", cloud.ClassTransient},
		"a redirect":           {http.StatusFound, "", "", "302 Found", cloud.ClassTransient},
		"a fault of ours":      {http.StatusForbidden, `{"action":"continue"}`, "", "403 Forbidden", cloud.ClassTransient},
		"a fault of its own":   {http.StatusInternalServerError, "", "", "500 ", cloud.ClassTransient},
		"too busy":             {http.StatusServiceUnavailable, "", "", "503 ", cloud.ClassThrottled},
		"asked too often":      {http.StatusTooManyRequests, "", "", "429 ", cloud.ClassThrottled},
		"an answer with a nul": {http.StatusOK, "\x00", "", "is not JSON", cloud.ClassTransient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receives(t, func(w http.ResponseWriter, request *http.Request) {
				if request.URL.Path != "/hook" {
					t.Errorf("it was asked at %s", request.URL.Path)
				}
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			answer, err := r.Ask(t.Context(), someRequest())
			if answer.Action != c.want || (err == nil) == (c.want == "") {
				t.Fatalf("it is %+v, %v", answer, err)
			}
			if err == nil {
				return
			}
			if class := cloud.ClassOf(err); class != c.class || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "ask hook finish at 127.0.0.1:") {
				t.Errorf("%v: %v", class, err)
			}
			if after := cloud.AfterOf(err); c.class == cloud.ClassThrottled && after != time.Minute {
				t.Errorf("it is asked again after %v", after)
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), hookKey) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestAReceiverThatHangsIsNotWaitedForBeyondTheTimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	r := receives(t, func(http.ResponseWriter, *http.Request) {
		cancel() // it was reached, and time is up
		<-done
	})
	defer close(done)
	_, err := r.Ask(ctx, someRequest())
	if cloud.ClassOf(err) != cloud.ClassTransient || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error is %v", err)
	}
}

func TestAReceiverThatIsNotThereIsNamedWithoutItsURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := newHTTPReceiver(server.URL+"/s3cret", secret.New(hookKey), "").Ask(t.Context(), someRequest())
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error is %v", err)
	}
}

func TestNoHookIsSentWhereNoReceiverCanBeMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		plain   bool
		good    bool
	}{
		{"127.0.0.1:80", true, true},
		{"[::1]:80", true, true},
		{"10.1.2.3:80", true, true},
		{"172.16.0.1:80", true, true},
		{"192.168.1.1:80", true, true},
		{"[fd00::1]:80", true, true},
		{"203.0.113.7:443", false, true},
		{"203.0.113.7:80", true, false},
		{"[2001:db8::1]:80", true, false},
		{"[::ffff:203.0.113.7]:80", true, false},
		{"169.254.169.254:80", true, false},
		{"169.254.169.254:443", false, false},
		{"[fe80::1]:443", false, false},
		{"[fe80::1%eth0]:443", false, false},
		{"[::ffff:169.254.169.254]:443", false, false},
		{"224.0.0.1:443", false, false},
		{"0.0.0.0:443", false, false},
		{"[::]:443", false, false},
		{"nowhere", false, false},
	} {
		if err := checkDialed(c.address, c.plain); (err == nil) != c.good {
			t.Errorf("%s, plain %v: %v", c.address, c.plain, err)
		}
	}
	for _, url := range []string{"http://169.254.169.254/latest/meta-data", "https://169.254.169.254/", "http://203.0.113.7/"} {
		if _, err := newHTTPReceiver(url, secret.New(hookKey), "").Ask(t.Context(), someRequest()); err == nil || !strings.Contains(err.Error(), "nothing is sent there") && !strings.Contains(err.Error(), "use https") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestWithoutAURLOfItsOwnOnlyThePathOfTheCallbackIsTold(t *testing.T) {
	t.Parallel()
	var told HookRequest
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_ = json.NewDecoder(request.Body).Decode(&told)
	}))
	defer server.Close()
	hooks := HTTPHooks([]config.Hook{
		{Name: "a", At: "launch", URL: server.URL, Secret: secret.New(hookKey), Timeout: time.Minute, Max: time.Hour, Otherwise: "abandon"},
		{Name: "b", At: "end", URL: server.URL, Secret: secret.New(hookKey), Timeout: time.Minute, Max: time.Hour, Otherwise: "continue"},
	}, "")
	if err := validateHooks(hooks); err != nil || len(hooks) != 2 || hooks[1].At != AtEnd || hooks[1].Otherwise != HookContinue || hooks[0].Max != time.Hour {
		t.Errorf("the hooks are %+v, %v", hooks, err)
	}
	answer, err := hooks[0].Receiver.Ask(t.Context(), someRequest())
	if err != nil || answer.Action != HookWait || told.Callback != "/v1/hooks/"+someRequest().ID {
		t.Errorf("it was told %+v, and answered %+v, %v", told, answer, err)
	}
}

func FuzzHookAnswer(f *testing.F) {
	for _, seed := range []string{"", " ", `{"action":"continue","why":"ok"}`, `{"action":"wait"}`, `{"action":"abandon","why":"\u0000\ud800"}`, "null", "[", `{"action":"go"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := parseAnswer(body)
		switch {
		case err != nil && answer != (HookAnswer{}):
			t.Errorf("%q is %+v with the error %v", body, answer, err)
		case err != nil:
			if len(err.Error()) > 400 {
				t.Errorf("%q: the error has %d bytes", body, len(err.Error()))
			}
		case answer.Action != HookContinue && answer.Action != HookAbandon && answer.Action != HookWait:
			t.Errorf("%q is %+v", body, answer)
		case answer.Why != printable(answer.Why):
			t.Errorf("%q says %q", body, answer.Why)
		}
	})
}
