package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const key = "0123456789abcdef0123456789abcdef"

// The signature was made by: printf '%s' '1775044800.{"version":1,"title":"a test"}' | openssl dgst -sha256 -hmac $key
func TestTheSignatureIsThatOfOpenssl(t *testing.T) {
	t.Parallel()
	got := sign(secret.New(key), time.Unix(1775044800, 0), []byte(`{"version":1,"title":"a test"}`))
	if want := "t=1775044800,v1=0753e9ab9f230bb2e48e764f263003847f0f95359500a0e79766c237e1a19ab6"; got != want {
		t.Errorf("it is %s", got)
	}
}

// example is a message with something of everything, also what is hostile.
func example() *message {
	o := Options{Config: config.Notify{Name: "ops"}, Installation: "prod", URL: "https://autoscaled.example.jp"}
	now := time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)
	m, g := newMessage(&o, now), gathered{}
	for _, e := range []events.Event{
		{ID: 7, At: now, Kind: events.KindCapped, Severity: events.Critical, Group: "web", Reason: "at_max", Text: "3 more are wanted"},
		{ID: 8, At: now, Kind: events.KindQuarantine, Severity: events.Warning, Group: "web", Instance: "gc00000001", Text: "@channel <!channel> ```rm``` [x](http://evil) 日本 \u2028."},
	} {
		g.add(e, false, now)
	}
	m.tell(&g, nil)
	return m
}

// listen is a server that answers as it is told, and what it was sent.
func listen(t *testing.T, answer http.HandlerFunc) (url string, requests chan *http.Request, bodies chan []byte) {
	t.Helper()
	requests, bodies = make(chan *http.Request, 10), make(chan []byte, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- body
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hooks/T0SECRET", requests, bodies
}

// A proxy is what the dialer would look at, in place of the receiver.
func TestNoProxyIsBetweenUsAndAReceiver(t *testing.T) {
	t.Parallel()
	if newPoster(secret.New("https://example.jp")).client.Transport.(*http.Transport).Proxy != nil {
		t.Error("there is one")
	}
}

func TestAWebhookIsSentWhatHappenedAndCanVerifyIt(t *testing.T) {
	t.Parallel()
	url, requests, bodies := listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	m := example()
	if err := newWebhook(&config.NotifyWebhook{URL: secret.New(url), Secret: secret.New(key)}).send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r, body := <-requests, <-bodies
	stamp, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Autoscaled-Signature"), "t="), ",")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		t.Fatalf("it is signed at %q", stamp)
	}
	at := time.Unix(seconds, 0)
	if at.After(time.Now()) {
		t.Errorf("it is signed at %v", at)
	}
	if got := r.Header.Get("Autoscaled-Signature"); got != sign(secret.New(key), at, body) {
		t.Errorf("the signature %s is not that of the body", got)
	}
	if got := r.Header.Get("Autoscaled-Delivery"); got != m.ID || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the head is %v", r.Header)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	told := got["events"].([]any)
	if got["version"] != 1.0 || got["installation"] != "prod" || got["severity"] != "critical" || len(told) != 2 || told[0].(map[string]any)["kind"] != "capped" {
		t.Errorf("the body is %s", body)
	}
}

func TestAChatIsSentWhatItShowsAndNothingThatItObeys(t *testing.T) {
	t.Parallel()
	url, _, bodies := listen(t, func(http.ResponseWriter, *http.Request) {})
	if err := newSlack(&config.NotifySlack{URL: secret.New(url)}).send(t.Context(), example()); err != nil {
		t.Fatal(err)
	}
	var got slackMessage
	if err := json.Unmarshal(<-bodies, &got); err != nil {
		t.Fatal(err)
	}
	want := "*[autoscaled prod] critical: web capped, web quarantine*\n```\n[critical] web: 3 more are wanted\n" +
		"[warning] web: @\u200bchannel ‹!channel› '''rm''' [x](http://evil) 日本 \u2028.\n```\nhttps://autoscaled.example.jp"
	if got.Text != want || len(got.Blocks) != 3 {
		t.Errorf("it is sent %q in %d blocks", got.Text, len(got.Blocks))
	}
}

func TestALongDigestFitsIntoAChatsBlocks(t *testing.T) {
	t.Parallel()
	m := example()
	m.Lines = nil
	for range 25 {
		m.Lines = append(m.Lines, strings.Repeat("長", 1000))
	}
	sent := newSlackMessage(m)
	if len(sent.Blocks) < 4 || len(sent.Blocks) > 10 {
		t.Errorf("%d blocks", len(sent.Blocks))
	}
	for _, block := range sent.Blocks {
		if n := len([]rune(block.Text.Text)); n > 3000 {
			t.Errorf("a block has %d characters", n)
		}
	}
}

func TestWhatIsNotTakenIsAnErrorWithoutTheURL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"refused": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no_service "+r.URL.Path, http.StatusNotFound)
		}, "the receiver answered 404: no_service <secret>"},
		"moved":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "the receiver answered 302: "},
		"broken": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write(make([]byte, 1<<20))
		}, "the receiver answered 502: " + strings.Repeat("\uFFFD", 60) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, requests, _ := listen(t, c.answer)
			err := newSlack(&config.NotifySlack{URL: secret.New(url)}).send(t.Context(), example())
			if err == nil || err.Error() != c.want && !strings.HasPrefix(c.want, "the receiver answered 302") || strings.Contains(err.Error(), "T0SECRET") {
				t.Errorf("error is %v", err)
			}
			if len(requests) != 1 {
				t.Errorf("%d requests", len(requests))
			}
		})
	}
}

func TestNoSecretIsInTheErrorOfAReceiverThatIsNotThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL + "/hooks/T0SECRET"
	server.Close()
	err := newSlack(&config.NotifySlack{URL: secret.New(url)}).send(t.Context(), example())
	if err == nil || strings.Contains(err.Error(), "T0SECRET") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("it took too long"))
	if err = newSlack(&config.NotifySlack{URL: secret.New(url)}).send(ctx, example()); err == nil || err.Error() != "it took too long" {
		t.Errorf("error is %v", err)
	}
}

func TestAReceiverThatIsBusySaysForHowLong(t *testing.T) {
	t.Parallel()
	url, _, _ := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	err := newSlack(&config.NotifySlack{URL: secret.New(url)}).send(t.Context(), example())
	var busy busyError
	if !errors.As(err, &busy) || busy.after != 2*time.Minute {
		t.Errorf("error is %v", err)
	}
}

func TestNothingIsSentWhereCloudsKeepCredentials(t *testing.T) {
	t.Parallel()
	err := newSlack(&config.NotifySlack{URL: secret.New("http://169.254.169.254/latest/T0SECRET")}).send(t.Context(), example())
	if err == nil || !strings.Contains(err.Error(), "nothing is sent there") || strings.Contains(err.Error(), "T0SECRET") {
		t.Errorf("error is %v", err)
	}
}
