package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// tab is an open page that listens.
type tab struct {
	mu     sync.Mutex
	header http.Header
	code   int
	body   bytes.Buffer
	stuck  chan struct{} // while not nil and open, nothing is taken
}

func (p *tab) Header() http.Header { return p.header }
func (p *tab) WriteHeader(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = code
}
func (p *tab) Flush() {}

func (p *tab) Write(data []byte) (int, error) {
	if p.stuck != nil {
		<-p.stuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.body.Write(data)
}

// take is what was told since the last time: the HTML of each frame, by its kind.
func (p *tab) take(t *testing.T) map[string][]string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	told := map[string][]string{}
	for frame := range strings.SplitSeq(strings.TrimSuffix(p.body.String(), "\n\n"), "\n\n") {
		if frame == "" {
			continue
		}
		kind, data, ok := strings.Cut(strings.TrimPrefix(frame, "event: "), "\ndata: ")
		var text any
		if !ok || json.Unmarshal([]byte(data), &text) != nil {
			t.Fatalf("the stream has the frame %q", frame)
		}
		told[kind] = append(told[kind], fmt.Sprint(text))
	}
	p.body.Reset()
	return told
}

// stage is a dashboard in a bubble, with its watcher running.
type stage struct {
	*scene
	handler http.Handler
	ctx     context.Context
}

// onStage runs play in a bubble, and afterwards ends all that play began.
func onStage(t *testing.T, play func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &stage{scene: newScene(t), ctx: ctx}
		s.handler = as(access.Read, New(s.options()))
		go func() { _ = s.watcher.Run(ctx) }()
		play(t, s)
		cancel()
		synctest.Wait()
	})
}

func (s *stage) open(target string) (*tab, context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &tab{header: http.Header{}, code: 200}
	go s.handler.ServeHTTP(p, httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil))
	synctest.Wait()
	return p, cancel
}

// pass lets the watcher look again.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAnOpenPageIsToldWhatChanged(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		overview, _ := s.open("/ui/events?lang=en")
		group, _ := s.open("/ui/events?lang=ja&group=api")
		other, _ := s.open("/ui/events?lang=en&group=batch")
		pass(3 * time.Second)
		if first := overview.take(t); len(first["html"]) == 0 || !strings.Contains(first["html"][0], `id="list"`) {
			t.Fatalf("a page that opens is told %v", first)
		}
		group.take(t)
		other.take(t)
		s.change(func(status *fleet.Status) {
			status.Groups[0].Desired, status.Groups[0].Becoming = 7, 3
			status.Groups[0].Decision = fleet.DecisionStatus{At: time.Now(), From: 4, To: 7, Wanted: 7, Reason: policy.ReasonWant}
		})
		pass(2 * time.Second)
		told := overview.take(t)
		all := strings.Join(told["html"], "\n")
		wants(t, all, `<li id="row-api"`, "Growing to 7")
		lacks(t, all, `id="list"`, "row-batch")
		wants(t, strings.Join(told["event"], "\n"), `data-kind="decision"`, `href="/groups/api"`)
		told = group.take(t)
		wants(t, strings.Join(told["html"], "\n"), `id="state"`, `id="signals"`, `id="instances"`, "7 台へ増設中")
		wants(t, strings.Join(told["event"], "\n"), "判断")
		if told = other.take(t); len(told["html"])+len(told["event"]) > 0 {
			t.Errorf("the page of another group is told %v", told)
		}
	})
}

func TestWhenTheOrderChangesTheWholeListIsTold(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		overview, _ := s.open("/ui/events?lang=en")
		attention, _ := s.open("/ui/events?lang=en&attention=1")
		pass(2 * time.Second)
		overview.take(t)
		attention.take(t)
		s.change(func(status *fleet.Status) { groupIn(status, "api").Trouble = "no space left on device" })
		pass(2 * time.Second)
		if rows := rowsOf(strings.Join(overview.take(t)["html"], "")); len(rows) != 6 || rows[0] != "api" {
			t.Errorf("the list is told as %v", rows)
		}
		if rows := rowsOf(strings.Join(attention.take(t)["html"], "")); len(rows) != 4 || rows[0] != "api" {
			t.Errorf("what needs attention is told as %v", rows)
		}
	})
}

func TestAGroupThatIsRemovedSaysSoOnItsPage(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		page, _ := s.open("/ui/events?lang=en&group=api")
		pass(2 * time.Second)
		page.take(t)
		s.change(func(status *fleet.Status) { status.Groups = status.Groups[1:] })
		pass(2 * time.Second)
		wants(t, strings.Join(page.take(t)["html"], ""), "This group is configured no more.")
	})
}

func TestAnIdlePageHearsABeat(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		page, _ := s.open("/ui/events?lang=en")
		pass(2 * time.Second)
		page.take(t)
		pass(20 * time.Second)
		if beats := len(page.take(t)["beat"]); beats < 3 {
			t.Errorf("in 20 s it heard %d beats", beats)
		}
	})
}

// Who does not read gets, when it reads again, the newest state and not the whole past; and
// meanwhile nobody else waits.
func TestASlowPageHoldsUpNobodyAndCatchesUp(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		slow := &tab{header: http.Header{}, stuck: make(chan struct{})}
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		go s.handler.ServeHTTP(slow, httptest.NewRequestWithContext(ctx, http.MethodGet, "/ui/events?lang=en", nil))
		quick, _ := s.open("/ui/events?lang=en")
		for i := range 300 {
			s.change(func(status *fleet.Status) {
				status.Groups[0].Signals = []fleet.SignalStatus{{Name: "cpu", Value: ptr(float64(i + 1000))}}
			})
			s.watcher.Tell(events.Event{Kind: events.KindAction, Group: "api", Text: fmt.Sprintf("act %d", i)})
			pass(time.Second + time.Millisecond)
		}
		if heard := len(quick.take(t)["event"]); heard < 300 {
			t.Errorf("the quick page heard of %d of 300 events", heard)
		}
		close(slow.stuck)
		pass(6 * time.Second)
		told := slow.take(t)
		if len(told["html"]) > rowsMost || len(told["event"]) > framesMost {
			t.Errorf("the slow page was told %d parts and %d events at once", len(told["html"]), len(told["event"]))
		}
		wants(t, strings.Join(told["html"], ""), "1,299")
		wants(t, strings.Join(told["event"], ""), "act 299")
	})
}

// However many watch, a change is rendered once for each language.
func TestAChangeIsRenderedOncePerLanguage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		options := s.options()
		reads := 0
		options.Signals = func(group string) (fleet.GroupSignals, error) { reads++; return s.signals(group) }
		d := &dashboard{Options: options}
		d.Now, d.live = time.Now, newLive(d)
		var keys []viewKey
		var readers []*reader
		for i := range 200 {
			key := viewKey{lang: languages()[i%2], group: "web"}
			r, ok := d.live.join(key)
			if !ok {
				t.Fatal("a page was turned away")
			}
			r.take()
			keys, readers = append(keys, key), append(readers, r)
		}
		synctest.Wait()
		reads = 0
		web := *groupIn(s.watcher.Latest(), "web")
		d.live.spread(&events.Batch{Groups: []fleet.GroupStatus{web}, Events: []events.Event{{ID: 7, Kind: events.KindDecision, Group: "web"}}})
		if reads != 2 {
			t.Errorf("the group was rendered %d times for two languages", reads)
		}
		if a, b := readers[0].frames["whole"], readers[198].frames["whole"]; len(a) == 0 || &a[0] != &b[0] {
			t.Error("pages of one language do not share what was rendered")
		}
		for i, key := range keys {
			d.live.leave(key, readers[i])
		}
		synctest.Wait()
	})
}

func TestMorePagesThanThereIsRoomForAreTurnedAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		d := &dashboard{Options: s.options()}
		d.Now, d.live = time.Now, newLive(d)
		key := viewKey{lang: english}
		var readers []*reader
		for range streamsMost {
			r, _ := d.live.join(key)
			readers = append(readers, r)
		}
		if _, ok := d.live.join(key); ok {
			t.Error("there is room for any number")
		}
		answer := httptest.NewRecorder()
		d.live.serve(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ui/events", nil))
		if answer.Code != http.StatusServiceUnavailable {
			t.Errorf("one too many is answered with %d", answer.Code)
		}
		for _, r := range readers {
			d.live.leave(key, r)
		}
		if len(d.live.views) != 0 || d.live.follows != nil || d.live.streams != 0 {
			t.Error("something is left of pages that were closed")
		}
		synctest.Wait()
	})
}

func TestPagesThatCloseAreForgotten(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		for range 20 {
			_, closed := s.open("/ui/events?lang=en&group=web")
			closed()
			synctest.Wait()
		}
		page, _ := s.open("/ui/events?lang=en&group=web")
		pass(2 * time.Second)
		page.take(t)
		s.change(func(status *fleet.Status) { groupIn(status, "web").Desired = 9 })
		pass(2 * time.Second)
		wants(t, strings.Join(page.take(t)["html"], ""), "Growing to 9")
	})
}

func TestPagesThatAreNotReadShareWhatWaitsForThem(t *testing.T) {
	t.Parallel()
	frame := []byte("event: html\ndata: \"x\"\n\n")
	for range 2 {
		r := newReader()
		r.put("whole", frame)
		if all := r.take(); len(all) != 1 || &all[0][0] != &frame[0] {
			t.Errorf("a reader has a copy of %q", all)
		}
	}
}
