package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/events"
)

// hooked is what webhooks are told, outside the bubble.
type hooked struct {
	mu       sync.Mutex
	messages []hookedMessage
}

type hookedMessage struct {
	Notifier string
	Reminder bool
	Lines    []string
}

func (h *hooked) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var m hookedMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		panic(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages = append(h.messages, m)
}

// take is what was told since it was asked last, each as its notifier and its lines.
func (h *hooked) take() (told []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		told = append(told, m.Notifier+": "+strings.Join(m.Lines, "; "))
	}
	h.messages = nil
	slices.Sort(told)
	return told
}

// notifying tells a story in which the notifiers of the stage run, in virtual time. The lines are those
// of notify, with URL for that of the webhook.
func notifying(t *testing.T, lines string, story func(t *testing.T, s *stage, h *hooked, reload func(lines string) error)) {
	t.Helper()
	h := &hooked{}
	server := httptest.NewServer(h)
	defer server.Close()
	list := func(lines string) string {
		return "notify:\n" + strings.ReplaceAll(lines, "URL", "webhook: {url: '"+server.URL+"', secret: env:KEY}") + "\n"
	}
	onStage(t, func(t *testing.T, s *stage) {
		s.stop()
		whole := s.text
		s.text += list(lines)
		s.start()
		ctx, cancel := context.WithCancel(context.Background())
		var running errgroup.Group
		s.daemon.runNotices(ctx, &running)
		defer func() { cancel(); s.must(running.Wait()) }()
		story(t, s, h, func(lines string) error {
			s.save(whole + list(lines))
			_, err := s.daemon.Reload(t.Context(), false, "test")
			return err
		})
	})
}

// failing is that something about the group web begins, or is over.
func (s *stage) failing(about string, over bool) {
	s.daemon.watcher.Tell(events.Event{Kind: events.KindFailing, Group: "web", Instance: about, Text: about + " is at fault", Over: over})
	synctest.Wait()
}

const (
	keptNotifier    = "  - {name: kept, wait: 10m, kinds: [failing], URL}\n"
	changedNotifier = "  - {name: changed, wait: %s, remind: 1h, kinds: [failing], URL}\n"
	goneNotifier    = "  - {name: gone, wait: 10m, kinds: [failing], URL}\n"
	freshNotifier   = "  - {name: fresh, wait: 10m, kinds: [failing], URL}\n"
)

func TestNotifiersFollowAReload(t *testing.T) {
	t.Parallel()
	notifying(t, keptNotifier+fmt.Sprintf(changedNotifier, "10m")+goneNotifier, func(t *testing.T, s *stage, h *hooked, reload func(string) error) {
		told := func(when string, want ...string) {
			t.Helper()
			if got := h.take(); !slices.Equal(got, want) {
				t.Errorf("%s they tell\n%q, want\n%q", when, got, want)
			}
		}
		s.failing("gc1", false)
		s.must(reload(keptNotifier + fmt.Sprintf(changedNotifier, "1s") + freshNotifier))
		time.Sleep(3 * time.Second)
		const first = ": [warning] web: gc1 is at fault"
		told("at the reload those that are changed or gone say what they hold:", "changed"+first, "gone"+first)
		s.failing("gc2", false)
		time.Sleep(11 * time.Minute)
		const second = "[warning] web: gc2 is at fault"
		told("after it, each tells what it heard:", "changed: "+second+"; lasting since before: not answering 1", "fresh: "+second,
			"kept: [warning] web: not answering ×2: gc1 is at fault; … gc2 is at fault")
		s.failing("gc1", true)
		time.Sleep(11 * time.Minute)
		const over = ": [over] web: gc1 is at fault; lasting since before: not answering 1"
		told("of the end", "changed"+over, "fresh"+over, "kept"+over)
		time.Sleep(2 * time.Hour)
		if got := h.take(); len(got) != 2 || got[0] != got[1] || !strings.HasPrefix(got[0], "changed: [warning] web: gc2 is at fault (since") {
			t.Errorf("reminded is of %q", got)
		}
	})
}

func TestAReloadThatIsRefusedOrOnlyTriedLeavesNotifiersAlone(t *testing.T) {
	t.Parallel()
	notifying(t, keptNotifier, func(t *testing.T, s *stage, h *hooked, reload func(string) error) {
		before := s.daemon.notifiers.all["kept"]
		s.failing("gc1", false)
		if err := reload(freshNotifier + "  - {name: fresh, URL}\n"); err == nil || !strings.Contains(err.Error(), "notify[1].name") {
			t.Errorf("error is %v", err)
		}
		s.save(s.text[:strings.Index(s.text, "notify:")])
		if _, err := s.daemon.Reload(t.Context(), true, "test"); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		if got := h.take(); s.daemon.notifiers.all["kept"] != before || got != nil {
			t.Errorf("there are %v, and told is %q", s.daemon.notifiers.all, got)
		}
		time.Sleep(11 * time.Minute)
		if got := h.take(); len(got) != 1 {
			t.Errorf("told is %q", got)
		}
	})
}
