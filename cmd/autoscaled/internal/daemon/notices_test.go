package daemon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
)

// told is what a webhook was sent.
type told struct {
	mu     sync.Mutex
	titles []string
	kinds  map[string]bool
}

func (w *told) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct {
		Title  string
		Events []struct{ Kind, Group string }
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		panic(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.titles = append(w.titles, message.Title)
	for _, e := range message.Events {
		w.kinds[e.Kind+" "+e.Group] = true
	}
}

func (w *told) of(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kinds[kind]
}

// notified is a scene with a webhook that is told of everything, at once.
func notified(t *testing.T) (*scene, *told) {
	t.Helper()
	w := &told{kinds: map[string]bool{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	s := newScene(t)
	s.replace("\nproviders:", "\nnotify: [{name: all, severity: info, wait: 0s, repeat: 0s, webhook: {url: '"+server.URL+"', secret: env:SECRET_KEY}}]\nproviders:")
	return s, w
}

func TestAWebhookIsToldWhatTheDaemonDoes(t *testing.T) {
	t.Parallel()
	s, w := notified(t)
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	eventually(t, "it is told of the instances", func() bool { return w.of("instance_came web") })
	if err := d.TestNotifier(t.Context(), "all"); err != nil || !w.of("test ") {
		t.Errorf("the test did not arrive: %v", err)
	}
	if err := d.TestNotifier(t.Context(), "al"); err == nil || err.Error() != "there is no notifier `al`: did you mean `all`?" {
		t.Errorf("error is %v", err)
	}
}

func TestADryRunNotifiesNobody(t *testing.T) {
	t.Parallel()
	s, w := notified(t)
	s.simulate(t)
	d, _, err := s.new(t, func(o *daemon.Options) { o.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	eventually(t, "it decides", func() bool { return !d.Fleet.Status().Groups[0].Decision.At.IsZero() })
	if err := d.TestNotifier(t.Context(), "all"); err == nil || !strings.HasPrefix(err.Error(), "there is no notifier") {
		t.Errorf("error is %v", err)
	}
	if len(w.titles) != 0 {
		t.Errorf("it told %q", w.titles)
	}
}
