package httpd_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// remote serves handler over TLS, and returns a client that trusts it and shows a token.
func remote(t *testing.T, handler http.Handler) *httpd.Client {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	trust := server.Client().Transport.(*http.Transport).TLSClientConfig
	client, err := httpd.NewRemote(server.URL+"/", "as_token", &tls.Config{RootCAs: trust.RootCAs})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestARemoteClientShowsItsTokenAndGetsTheSameAnswers(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{State: fleet.Status{Groups: []fleet.GroupStatus{{Name: "web", Desired: 3}}}}
	face := face(f, access.Admin)
	client := remote(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer as_token" {
			t.Errorf("it shows %q", r.Header.Get("Authorization"))
		}
		face.ServeHTTP(w, r)
	}))
	if group, err := client.Group(t.Context(), "web"); err != nil || group.Desired != 3 {
		t.Errorf("got %+v, %v", group, err)
	}
	page, err := client.Groups(t.Context(), httpd.GroupsQuery{Limit: 5, After: "api", Attention: true})
	if err != nil || len(page.Groups) != 0 {
		t.Errorf("got %+v, %v", page, err)
	}
	ctx := t.Context()
	for _, err := range []error{
		client.Scale(ctx, "web", 0, httpd.SignedRequest{Why: "night"}),
		client.Retry(ctx, "gc1", httpd.SignedRequest{}),
		client.Release(ctx, "gc1", httpd.SignedRequest{Why: "broken"}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []any{[]any{"scale", "web", 0, "sato", "night"}, []string{"retry", "gc1", "sato", ""}, []string{"release", "gc1", "sato", "broken"}}
	if got := f.Asked(); !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
}

func TestAnErrorKeepsItsCode(t *testing.T) {
	t.Parallel()
	client := remote(t, face(&fakeFleet{}, access.Read))
	var p httpd.Error
	if _, err := client.Group(t.Context(), "wev"); !errors.As(err, &p) || p.Code != httpd.NotFound || p.Status != http.StatusNotFound || p.Text != "there is no group `wev`: did you mean `web`?" {
		t.Errorf("the error is %#v", p)
	}
	if err := client.Resume(t.Context(), "web", httpd.SignedRequest{}); !errors.As(err, &p) || p.Code != httpd.Forbidden {
		t.Errorf("the error is %#v", p)
	}
	proxy := remote(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>bad gateway", http.StatusBadGateway)
	}))
	if _, err := proxy.Status(t.Context()); !errors.As(err, &p) || p.Status != http.StatusBadGateway || !strings.Contains(p.Text, "502 Bad Gateway") {
		t.Errorf("of what no daemon answers: %v", err)
	}
}

func TestATokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	var stolen atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Store(true) }))
	defer thief.Close()
	client := remote(t, http.RedirectHandler(thief.URL, http.StatusFound))
	if _, err := client.Status(t.Context()); err == nil || stolen.Load() {
		t.Errorf("a redirect was followed: %v", err)
	}
	for _, base := range []string{"http://autoscaled.example.jp", "http://192.0.2.1:9469", "ftp://here", "autoscaled.example.jp", "https://", "https://user:secret@here", "https://here?x", ":"} {
		if _, err := httpd.NewRemote(base, "as_token", nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", base, err)
		}
	}
	for _, base := range []string{"http://127.0.0.1:9469", "http://localhost:9469", "http://[::1]:9469/", "https://autoscaled.example.jp/behind/a/proxy"} {
		if _, err := httpd.NewRemote(base, "as_token", nil); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestADaemonThatIsNotReachedIsAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	client, err := httpd.NewRemote("http://127.0.0.1:1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var unreachable httpd.UnreachableError
	if _, err := client.Status(t.Context()); !errors.As(err, &unreachable) || unreachable.At != "http://127.0.0.1:1" {
		t.Errorf("the error is %v", err)
	}
}

func TestAClientHearsWhatHappensUntilItHasHeardEnough(t *testing.T) {
	t.Parallel()
	states := make(chan fleet.Status, 1)
	states <- fleet.Status{}
	watcher := events.NewWatcher(events.Options{Status: func() fleet.Status {
		state := <-states
		states <- state
		return state
	}})
	handler := httpd.Handler(httpd.Options{Fleet: &fakeFleet{}, Watcher: watcher})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := remote(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Role: access.Read})))
	}))
	watcher.Tell(events.Event{Kind: events.KindTest, Text: "before"})
	first := watcher.Recent("", 1)[0]
	watcher.Tell(events.Event{Kind: events.KindTest, Text: "one", Group: "web"})
	watcher.Tell(events.Event{Kind: events.KindTest, Text: "other", Group: "api"})
	watcher.Tell(events.Event{Kind: events.KindTest, Text: "two", Group: "web"})
	var texts []string
	for update, err := range client.Events(ctx, httpd.EventsQuery{After: first.ID, Groups: []string{"web"}, EventsOnly: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if texts = append(texts, update.Event.Text); len(texts) == 2 {
			break
		}
	}
	if want := []string{"one", "two"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("heard %v, want %v", texts, want)
	}
}

func TestAClientIsToldWhyItHearsNoMore(t *testing.T) {
	t.Parallel()
	ended := remote(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, ": alive\n\nevent: gone\ndata: {\"group\":\"web\"}\n\nevent: missed\ndata: {}\n\nevent: accounts\ndata: {\"accounts\":[{\"name\":\"gio\"}]}\n\nevent: group\ndata: {\"name\":\"db\"}\n\nevent: decision\ndata: {\"te")
	}))
	var heard []httpd.Update
	var last error
	for update, err := range ended.Events(t.Context(), httpd.EventsQuery{}) {
		if last = err; err == nil {
			heard = append(heard, update)
		}
	}
	if !errors.Is(last, io.EOF) || len(heard) != 4 || heard[0].Gone != "web" || !heard[1].Missed || heard[2].Accounts[0].Name != "gio" || heard[3].Group.Name != "db" {
		t.Errorf("heard %+v, then %v", heard, last)
	}
	silent := remote(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, err := range silent.Events(ctx, httpd.EventsQuery{}) {
		last = err
	}
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Errorf("the error is %v", last)
	}
}
