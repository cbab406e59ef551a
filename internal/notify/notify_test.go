package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// receiver notes what is sent, and when.
type receiver struct {
	mu    sync.Mutex
	takes time.Duration
	err   error

	tries int
	got   []*message
	at    []time.Time
}

func (*receiver) timeout() time.Duration { return 10 * time.Second }

func (r *receiver) send(ctx context.Context, m *message) error {
	r.mu.Lock()
	r.tries++
	takes, err := r.takes, r.err
	r.mu.Unlock()
	if !sleep(ctx, takes) {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.at = append(r.got, m), append(r.at, time.Now())
	return nil
}

// answers sets how long the receiver takes from now on, and its error.
func (r *receiver) answers(takes time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes, r.err = takes, err
}

// scene is a notifier that runs, with what it is told and what comes out.
type scene struct {
	*receiver
	n       *Notifier
	logged  *observer.ObservedLogs
	began   time.Time
	stop    context.CancelFunc
	done    chan error
	stopped bool
}

func (s *scene) tell(e events.Event) {
	s.looked()
	s.n.Watcher.Tell(e)
	synctest.Wait()
}

// looked lets what the test has read be written to again.
func (r *receiver) looked() {
	r.mu.Lock()
	defer r.mu.Unlock()
}

func (s *scene) wait(d time.Duration) {
	s.looked()
	time.Sleep(d)
	synctest.Wait()
}

func (s *scene) end() {
	if s.looked(); !s.stopped {
		s.stopped = true
		s.stop()
		<-s.done
	}
}

func play(t *testing.T, change func(*config.Notify), f func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := config.Notify{
			Name: "ops", Severity: "warning", Wait: 30 * time.Second, Repeat: 5 * time.Minute, Remind: 4 * time.Hour,
			Slack: &config.NotifySlack{URL: secret.New("https://chat.example.jp/hooks/0123456789")},
		}
		if change != nil {
			change(&c)
		}
		core, logged := observer.New(zap.DebugLevel)
		n, err := New(Options{
			Config: c, Watcher: events.NewWatcher(events.Options{Status: func() fleet.Status { return fleet.Status{} }}), Installation: "prod",
			Jitter: func() float64 { return 0 }, Log: zap.New(core), Metrics: NewMetrics(prometheus.NewRegistry()),
		})
		if err != nil {
			t.Fatal(err)
		}
		s := &scene{receiver: &receiver{}, n: n, logged: logged, began: time.Now(), done: make(chan error, 1)}
		n.sender = s.receiver
		n.Listen()
		ctx, cancel := context.WithCancel(t.Context())
		s.stop = cancel
		go func() { s.done <- n.Run(ctx) }()
		synctest.Wait()
		f(t, s)
		s.end()
	})
}

func capped(group string, over bool) events.Event {
	text := "3 more are wanted than max allows (8)"
	if over {
		text = "no more are wanted than the group may have"
	}
	return events.Event{Kind: events.KindCapped, Severity: events.Critical, Group: group, Reason: "at_max", Over: over, Text: text}
}

func quarantine(group string, i int) events.Event {
	code := fmt.Sprintf("gc%08d", i)
	return events.Event{Kind: events.KindQuarantine, Severity: events.Warning, Group: group, Instance: code, Text: code + " is quarantined: did not serve within 1h"}
}

func TestTwoHundredThingsInANightAreOneMessage(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		for i := range 200 {
			s.tell(quarantine([]string{"web", "api"}[i%2], i))
			s.wait(100 * time.Millisecond)
		}
		s.wait(time.Hour)
		if len(s.got) != 1 {
			t.Fatalf("it took %d messages", len(s.got))
		}
		m := s.got[0]
		want := []string{
			"[warning] web: quarantine ×100: gc00000000 is quarantined: did not serve within 1h; … gc00000198 is quarantined: did not serve within 1h",
			"[warning] api: quarantine ×100: gc00000001 is quarantined: did not serve within 1h; … gc00000199 is quarantined: did not serve within 1h",
		}
		if !slices.Equal(m.Lines, want) || m.Title != "warning: web quarantine ×100, api quarantine ×100" || len(m.Events) != 200 || m.Lasting != 200 {
			t.Errorf("it says %q\n%s\nwith %d events", m.Title, strings.Join(m.Lines, "\n"), len(m.Events))
		}
		if waited := s.at[0].Sub(s.began); waited != 30*time.Second {
			t.Errorf("it left after %v", waited)
		}
	})
}

func TestWhatComesLaterWaitsForTheSpanBetweenMessages(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		for i := range 60 {
			s.wait(20 * time.Second)
			s.tell(quarantine("web", i))
		}
		s.wait(time.Hour)
		var left []time.Duration
		for _, at := range s.at {
			left = append(left, at.Sub(s.began))
		}
		if want := []time.Duration{30 * time.Second, 330 * time.Second, 630 * time.Second, 930 * time.Second, 1230 * time.Second}; !slices.Equal(left, want) {
			t.Errorf("messages left after %v", left)
		}
		total := 0
		for _, m := range s.got {
			total += len(m.Events)
		}
		if last := s.got[1].Lines; total != 61 || last[len(last)-1] != "lasting since before: capped 1, quarantine 1" {
			t.Errorf("they hold %d events, and end in %q", total, last)
		}
	})
}

func TestWhatBeginsAndEndsInBetweenIsOneLine(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		s.wait(20 * time.Second)
		s.tell(capped("web", true))
		s.wait(10 * time.Second)
		if m := s.got[0]; m.Title != "over: web capped over" || !slices.Equal(m.Lines, []string{"[passed] web: 3 more are wanted than max allows (8) (over after 20s)"}) || m.Severity != events.Info {
			t.Errorf("it says %q: %q", m.Title, m.Lines)
		}
		for range 7 {
			s.tell(capped("web", false))
			s.tell(capped("web", true))
		}
		s.tell(capped("web", false))
		s.wait(5 * time.Minute)
		if m := s.got[1]; m.Title != "critical: web capped" || !slices.Equal(m.Lines, []string{"[critical] web: 3 more are wanted than max allows (8) (8 times)"}) {
			t.Errorf("it says %q: %q", m.Title, m.Lines)
		}
		s.tell(capped("web", true))
		s.tell(capped("web", false))
		s.tell(capped("web", true))
		s.wait(5 * time.Minute)
		if m := s.got[2]; m.Title != "over: web capped over" || !slices.Equal(m.Lines, []string{"[over] web: no more are wanted than the group may have"}) {
			t.Errorf("it says %q: %q", m.Title, m.Lines)
		}
		s.wait(24 * time.Hour)
		if len(s.got) != 3 {
			t.Errorf("it goes on with %q", s.got[3].Title)
		}
	})
}

func TestWhatLastsIsToldAgainUntilItIsOver(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		s.wait(9 * time.Hour)
		if len(s.got) != 3 {
			t.Fatalf("%d messages in 9 h", len(s.got))
		}
		since := s.began.UTC().Format("2006-01-02 15:04 MST")
		for i, m := range s.got[1:] {
			if !m.Reminder || m.Title != "still critical: web capped" || m.Lines[0] != "[critical] web: 3 more are wanted than max allows (8) (since "+since+")" || len(m.Events) != 1 {
				t.Errorf("reminder %d: %q: %q", i, m.Title, m.Lines)
			}
		}
		if strings.Contains(s.got[2].Events[0].Text, "since") {
			t.Error("the events themselves are changed")
		}
		s.tell(capped("web", true))
		s.wait(24 * time.Hour)
		if len(s.got) != 4 || s.got[3].Reminder {
			t.Errorf("%d messages in the end", len(s.got))
		}
	})
	play(t, func(c *config.Notify) { c.Remind = 0 }, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		s.wait(240 * time.Hour)
		if len(s.got) != 1 {
			t.Errorf("it reminds, though it is not to: %d messages", len(s.got))
		}
	})
}

func TestOnlyWhatIsWantedIsTold(t *testing.T) {
	t.Parallel()
	look := events.Event{Kind: events.KindLook, Severity: events.Warning, Account: "gio", Text: "no answer"}
	grown := events.Event{Kind: events.KindDecision, Severity: events.Info, Group: "web", Reason: "want", Text: "2 to 4"}
	order := events.Event{Kind: events.KindOrder, Severity: events.Critical, Account: "gio", Group: "api", About: "o1", Reason: "asking", Text: "order o1"}
	all := []events.Event{capped("web", false), capped("api", false), look, grown, order}
	for name, c := range map[string]struct {
		change func(*config.Notify)
		want   []int
	}{
		"by default":                 {nil, []int{0, 1, 2, 4}},
		"all":                        {func(c *config.Notify) { c.Severity = "info" }, []int{0, 1, 2, 3, 4}},
		"what is critical":           {func(c *config.Notify) { c.Severity = "critical" }, []int{0, 1, 4}},
		"a group with its account":   {func(c *config.Notify) { c.Groups, c.Accounts = []string{"web"}, []string{"gio"} }, []int{0, 2, 4}},
		"a group on another account": {func(c *config.Notify) { c.Groups, c.Accounts = []string{"web"}, []string{"other"} }, []int{0}},
		"kinds":                      {func(c *config.Notify) { c.Severity, c.Kinds = "info", []string{"decision", "order"} }, []int{3, 4}},
		"reasons":                    {func(c *config.Notify) { c.Reasons = []string{"asking"} }, []int{4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, c.change, func(t *testing.T, s *scene) {
				for _, e := range all {
					s.tell(e)
				}
				s.wait(time.Minute)
				var want, got []string
				for _, i := range c.want {
					want = append(want, all[i].Text+all[i].Group)
				}
				for _, e := range s.got[0].Events {
					got = append(got, e.Text+e.Group)
				}
				if !slices.Equal(got, want) {
					t.Errorf("it tells %q", got)
				}
			})
		})
	}
}

func TestWhatWasToldIsFollowedThoughItIsWantedNoMore(t *testing.T) {
	t.Parallel()
	override := func(kind string, severity events.Severity, over bool) events.Event {
		return events.Event{Kind: events.KindOverride, Severity: severity, Group: "web", Reason: kind, Over: over, Text: kind}
	}
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(override("pause", events.Warning, false))
		s.wait(time.Minute)
		s.tell(override("hold", events.Info, false)) // in place of it
		s.wait(10 * time.Minute)
		s.tell(override("hold", events.Info, true))
		s.wait(24 * time.Hour)
		if len(s.got) != 2 || s.got[1].Title != "info: web operator's order" {
			t.Errorf("%d messages, the last %q", len(s.got), s.got[len(s.got)-1].Title)
		}
	})
}

func TestAReceiverThatIsAwayIsTriedForAnHourAndLoggedTwice(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(0, errors.New("nobody there"))
		s.tell(capped("web", false))
		s.wait(2 * time.Hour)
		if s.tries != 12 { // after 5 s, 10 s … 320 s, and then every 10 minutes, within an hour
			t.Errorf("%d tries", s.tries)
		}
		if got := testutil.ToFloat64(s.n.Metrics.notifications.WithLabelValues("ops", outcomeGivenUp)); got != 1 {
			t.Errorf("given up %v times", got)
		}
		if got := testutil.ToFloat64(s.n.Metrics.notifications.WithLabelValues("ops", outcomeFailed)); int(got) != s.tries {
			t.Errorf("%v failures counted of %d", got, s.tries)
		}
		if s.logged.Len() != 2 {
			t.Errorf("logged are %v", s.logged.All())
		}
		s.answers(0, nil)
		s.tell(quarantine("web", 1))
		s.wait(time.Minute)
		if len(s.got) != 1 || s.got[0].Lines[1] != "lasting since before: capped 1" {
			t.Errorf("after it came back it got %d messages", len(s.got))
		}
	})
}

func TestWhatHappensWhileAReceiverIsAwayComesInOneMessage(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(0, errors.New("nobody there"))
		s.tell(capped("web", false))
		s.wait(20 * time.Minute)
		for i := range 20 {
			s.tell(quarantine("web", i))
			s.wait(time.Minute)
		}
		s.answers(0, nil)
		s.wait(30 * time.Minute)
		if len(s.got) != 2 || len(s.got[0].Events) != 1 || len(s.got[1].Events) != 20 {
			t.Errorf("it got %d messages", len(s.got))
		}
	})
}

func TestAReceiverThatWantsToBeLeftAloneIs(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(0, busyError{errors.New("429"), 2 * time.Minute})
		s.tell(capped("web", false))
		s.wait(30*time.Second + 119*time.Second)
		if s.tries != 1 {
			t.Errorf("%d tries within its two minutes", s.tries)
		}
		s.wait(time.Second)
		if s.tries != 2 {
			t.Errorf("%d tries after them", s.tries)
		}
	})
}

func TestASlowReceiverHoldsUpNobodyAndATryEnds(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(time.Hour, nil)
		s.tell(capped("web", false))
		s.wait(35 * time.Second)
		before := time.Now()
		for i := range 3000 { // more than fits anywhere
			s.n.Watcher.Tell(quarantine("web", i))
		}
		synctest.Wait()
		if took := time.Since(before); took != 0 {
			t.Errorf("telling took %v", took)
		}
		s.answers(0, nil)
		s.wait(10 * time.Minute)
		if len(s.got) < 2 {
			t.Fatalf("%d messages", len(s.got))
		}
		last := s.got[len(s.got)-1]
		if len(last.Events) > keptEvents || len(last.Events)+last.Dropped == 0 {
			t.Errorf("the last one has %d events, and %d dropped", len(last.Events), last.Dropped)
		}
	})
}

func TestTheEndSendsWhatWasNotSentWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		s.end()
		if len(s.got) != 1 {
			t.Error("what was gathered is lost")
		}
	})
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(5*time.Second, nil)
		s.tell(capped("web", false))
		s.wait(40 * time.Second)
		s.tell(capped("api", false))
		before := time.Now()
		s.end()
		if took := time.Since(before); took != lastWord {
			t.Errorf("the end took %v", took)
		}
		if lost := s.logged.FilterMessageSnippet("is lost").Len(); lost != 1 {
			t.Errorf("that it is lost is logged %d times", lost)
		}
	})
	play(t, nil, func(t *testing.T, s *scene) {
		s.answers(0, errors.New("not now"))
		s.tell(capped("web", false))
		s.wait(31 * time.Second)
		s.tell(capped("api", false))
		s.answers(0, nil)
		s.end()
		if len(s.got) != 2 || time.Since(s.began) > 35*time.Second {
			t.Errorf("%d messages after %v", len(s.got), time.Since(s.began))
		}
	})
}

func TestANightInManyGroupsIsFewLines(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		for i := range 300 {
			s.tell(capped(fmt.Sprintf("shop-%03d", i), false))
		}
		for i := range 40 {
			e := capped(fmt.Sprintf("shop-%03d", i), true)
			s.tell(e)
		}
		s.tell(events.Event{Kind: events.KindLook, Severity: events.Warning, Account: "gio", Text: "no answer"})
		s.wait(time.Minute)
		want := []string{
			"[critical] capped ×260 at 260 places: shop-040, shop-041, shop-042, shop-043, shop-044, shop-045, shop-046, … shop-299",
			"[warning] account gio: no answer",
			"[passed] capped ×40 at 40 places: shop-000, shop-001, shop-002, shop-003, shop-004, shop-005, shop-006, … shop-039",
		}
		if m := s.got[0]; !slices.Equal(m.Lines, want) || m.Title != "critical: shop-040 capped, shop-041 capped, shop-042 capped and 298 more" {
			t.Errorf("it says %q:\n%s", m.Title, strings.Join(m.Lines, "\n"))
		}
	})
}

func TestWhoMissedSomethingSaysSoAndRemindsOfNothingThatMayBeOver(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		s.tell(capped("web", false))
		s.wait(time.Minute)
		s.end()
		s.n.take(events.Batch{Missed: true, Events: []events.Event{quarantine("web", 1)}}, time.Now())
		m := s.n.digest(time.Now())
		if len(m.Lines) != 2 || !strings.Contains(m.Lines[1], "nobody noted") || m.Lasting != 1 {
			t.Errorf("it says %q, and %d last", m.Lines, m.Lasting)
		}
	})
}

func TestATestArrivesAtOnce(t *testing.T) {
	t.Parallel()
	play(t, nil, func(t *testing.T, s *scene) {
		if err := s.n.Test(t.Context()); err != nil || len(s.got) != 1 || s.got[0].Title != "info: test" {
			t.Errorf("%v, %d messages", err, len(s.got))
		}
		s.answers(0, errors.New("nobody there"))
		if err := s.n.Test(t.Context()); err == nil || err.Error() != "notify ops: nobody there" {
			t.Errorf("error is %v", err)
		}
	})
}
