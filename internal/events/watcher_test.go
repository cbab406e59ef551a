package events_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// world is a fleet that tests change, and the watcher that looks at it.
type world struct {
	*events.Watcher
	registry *prometheus.Registry

	mu     sync.Mutex
	status *fleet.Status
	takes  time.Duration // a look
	looks  int
}

func (w *world) look() fleet.Status {
	time.Sleep(w.takes)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	return *w.status
}

// becomes lets the fleet become another.
func (w *world) becomes(status *fleet.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

// looksIn counts the looks within a span.
func (w *world) looksIn(span time.Duration) int {
	count := func() int {
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.looks
	}
	before := count()
	time.Sleep(span)
	return count() - before
}

// play runs a watcher of a calm fleet in a bubble.
func play(t *testing.T, takes time.Duration, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{status: calm(), takes: takes, registry: prometheus.NewRegistry()}
		w.Watcher = events.NewWatcher(events.Options{Status: w.look, Metrics: events.NewMetrics(w.registry)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		synctest.Wait()
		f(t, w)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// next is the batch that waits; an empty one if none does.
func next(s *events.Subscription) (b events.Batch) {
	synctest.Wait()
	select {
	case b = <-s.C:
	default:
	}
	return b
}

func failing(turn int) *fleet.Status {
	return web(turn, func(g *fleet.GroupStatus) { g.Instances[0].Failing = noon })
}

func TestAListenerHearsWithinASecond(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		time.Sleep(5 * time.Second)
		w.becomes(failing(1))
		time.Sleep(time.Second)
		b := next(s)
		expect(t, b.Events, "failing warning web gc00000001")
		if len(b.Groups) != 1 || b.Missed {
			t.Errorf("the batch is %+v", b)
		}
		if got := w.Latest().Groups[0].Instances[0].Failing; got.IsZero() {
			t.Error("the latest look does not show it")
		}
		if got := testutil.ToFloat64(counter(t, w.registry, "failing", "warning")); got != 1 {
			t.Errorf("it was counted %v times", got)
		}
	})
}

// counter reads one series of the events counted.
func counter(t *testing.T, registry *prometheus.Registry, kind, severity string) prometheus.Collector {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "found"})
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if labels := metric.GetLabel(); len(labels) == 2 && labels[0].GetValue() == kind && labels[1].GetValue() == severity {
				gauge.Add(metric.GetCounter().GetValue())
			}
		}
	}
	return gauge
}

func TestItLooksSeldomWhileNobodyListensAndStillKeepsWhatHappens(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		if n := w.looksIn(100 * time.Second); n != 10 {
			t.Errorf("it looked %d times in 100 s", n)
		}
		w.becomes(failing(1))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect(t, w.Recent("", 50), "failing warning web gc00000001")
		s := w.Subscribe(0)
		if n := w.looksIn(100 * time.Second); n != 100 {
			t.Errorf("it looked %d times in 100 s for a listener", n)
		}
		s.Close()
		time.Sleep(10 * time.Second)
		if n := w.looksIn(100 * time.Second); n != 10 {
			t.Errorf("it looked %d times in 100 s after the listener left", n)
		}
	})
}

func TestALookThatTakesLongIsFollowedByALongRest(t *testing.T) {
	t.Parallel()
	play(t, time.Second, func(t *testing.T, w *world) {
		defer w.Subscribe(0).Close()
		if n := w.looksIn(210 * time.Second); n != 10 {
			t.Errorf("it looked %d times in 210 s", n)
		}
	})
}

func TestLatestIsFreshAlsoWhileNobodyListens(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		time.Sleep(5500 * time.Millisecond)
		w.becomes(failing(1))
		if w.Latest().Groups[0].Instances[0].Failing.IsZero() {
			t.Error("it is stale")
		}
	})
}

func TestManyWhoAskForTheLatestShareOneLook(t *testing.T) {
	t.Parallel()
	var looks, asked atomic.Int32
	all := make(chan struct{})
	w := events.NewWatcher(events.Options{Status: func() fleet.Status {
		looks.Add(1)
		<-all
		return *calm()
	}})
	var asking sync.WaitGroup
	for range 100 {
		asking.Go(func() {
			if asked.Add(1) == 100 {
				close(all)
			}
			if w.Latest() == nil {
				t.Error("there is none")
			}
		})
	}
	asking.Wait()
	if looks.Load() != 1 {
		t.Errorf("%d looks", looks.Load())
	}
}

func TestASlowListenerGetsTheNewestStateAndIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		slow, quick := w.Subscribe(0), w.Subscribe(0)
		defer slow.Close()
		defer quick.Close()
		heard := 0
		for i := range 1200 { // one event per look
			w.becomes(failing(2 * i))
			if i%2 == 1 {
				w.becomes(web(2*i, func(*fleet.GroupStatus) {}))
			}
			time.Sleep(time.Second)
			b := next(quick)
			if heard += len(b.Events); b.Missed {
				t.Fatalf("the quick one missed something at %d", i)
			}
		}
		if heard != 1200 {
			t.Errorf("the quick one heard of %d", heard)
		}
		b := next(slow)
		if len(b.Events) != 1000 || !b.Missed || len(b.Groups) != 1 {
			t.Fatalf("the slow one has %d events, %d groups, missed: %v", len(b.Events), len(b.Groups), b.Missed)
		}
		if at := b.Groups[0].Decision.At; !at.Equal(noon.Add(2 * 1199 * 10 * time.Second)) {
			t.Errorf("its group is of %v", at)
		}
		for i := range b.Events[1:] {
			if b.Events[i+1].ID != b.Events[i].ID+1 {
				t.Fatal("the events are not in order")
			}
		}
	})
}

func TestAGroupThatGoesAndComesIsNeitherTwiceInWhatASlowListenerGets(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		none := calm()
		none.Groups = nil
		for _, status := range []*fleet.Status{none, failing(1)} {
			w.becomes(status)
			time.Sleep(time.Second)
		}
		if b := next(s); len(b.Groups) != 1 || len(b.Gone) != 0 {
			t.Errorf("it came back, and the batch has %d groups and %v gone", len(b.Groups), b.Gone)
		}
		for _, status := range []*fleet.Status{calm(), none} {
			w.becomes(status)
			time.Sleep(time.Second)
		}
		if b := next(s); len(b.Groups) != 0 || len(b.Gone) != 1 {
			t.Errorf("it went, and the batch has %d groups and %v gone", len(b.Groups), b.Gone)
		}
	})
}

func TestWhoComesBackHearsWhatHappenedSince(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		for i := range 3 {
			w.Tell(events.Event{Kind: events.KindAction, By: "alice", Text: string(rune('a' + i))})
		}
		all := w.Recent("", 10)
		newest := all[0].ID
		for name, c := range map[string]struct {
			after  uint64
			events int
			missed bool
		}{
			"heard all":                 {newest, 0, false},
			"heard all but one":         {newest - 1, 1, false},
			"heard the first":           {newest - 2, 2, false},
			"heard what came before it": {newest - 3, 3, false},
			"heard an earlier start":    {newest - 1e9, 3, true},
			"heard a later one":         {newest + 1, 3, true},
		} {
			s := w.Subscribe(c.after)
			if b := next(s); len(b.Events) != c.events || b.Missed != c.missed {
				t.Errorf("who %s gets %d events, missed: %v", name, len(b.Events), b.Missed)
			}
			s.Close()
		}
		for range 1000 {
			w.Tell(events.Event{Kind: events.KindAction, Text: "again"})
		}
		s := w.Subscribe(newest - 1)
		defer s.Close()
		if b := next(s); len(b.Events) != 1000 || !b.Missed {
			t.Errorf("who was away for long gets %d events, missed: %v", len(b.Events), b.Missed)
		}
	})
}

func TestNumbersGoOnRisingAfterAnotherStart(t *testing.T) {
	t.Parallel()
	start := func(at time.Time, told int) (first, last uint64) {
		w := events.NewWatcher(events.Options{Status: func() fleet.Status { return *calm() }, Now: func() time.Time { return at }})
		for range told {
			w.Tell(events.Event{Kind: events.KindReload, Text: "reloaded"})
		}
		list := w.Recent("", told)
		return list[told-1].ID, list[0].ID
	}
	_, last := start(noon, 500)
	if first, _ := start(noon.Add(time.Second), 1); first <= last || first >= 1<<53 {
		t.Errorf("%d follows %d", first, last)
	}
}

func TestWhatIsToldIsFilledIn(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		w.Tell(events.Event{Kind: events.KindAction, Group: "web", By: "alice", Text: "paused\nweb\x1b[31m"})
		e := next(s).Events[0]
		if !e.At.Equal(time.Now()) || e.Severity != events.Info || e.Text != "paused web\uFFFD[31m" || e.ID == 0 {
			t.Errorf("it is %+v", e)
		}
		if got := w.Recent("api", 10); len(got) != 0 {
			t.Errorf("another group's are %v", got)
		}
	})
}

func TestSubscriptionsEndWithTheWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := events.NewWatcher(events.Options{Status: func() fleet.Status { return *calm() }})
		ctx, cancel := context.WithCancel(t.Context())
		before := w.Subscribe(0)
		cancel()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]*events.Subscription{"earlier": before, "later": w.Subscribe(0)} {
			for range s.C {
				continue
			}
			s.Close()
			s.Close()
			t.Logf("the %s one has ended", name)
		}
	})
}

func silentAt(turn int, change func(s *fleet.SignalStatus)) *fleet.Status {
	return web(turn, func(g *fleet.GroupStatus) {
		g.Signals[0].Value, g.Signals[0].Why, g.Signals[0].Measured = nil, "failed: no answer", 0
		change(&g.Signals[0])
	})
}

func TestASignalIsSilentOnceItHasNoValueAtThreeDecisions(t *testing.T) {
	t.Parallel()
	plain := func(*fleet.SignalStatus) {}
	for name, c := range map[string]struct {
		states []*fleet.Status
		want   []string
	}{
		"two decisions, looked at often": {[]*fleet.Status{silentAt(1, plain), silentAt(1, plain), silentAt(2, plain), silentAt(2, plain), calm()}, nil},
		"three":                          {[]*fleet.Status{silentAt(1, plain), silentAt(2, plain), silentAt(3, plain), silentAt(4, plain)}, []string{"signal warning web cpu failed"}},
		"three, and back": {[]*fleet.Status{silentAt(1, plain), silentAt(2, plain), silentAt(3, plain), web(4, func(*fleet.GroupStatus) {})},
			[]string{"signal warning web cpu failed", "signal warning over web cpu failed"}},
		"to and fro": {[]*fleet.Status{silentAt(1, plain), silentAt(2, plain), web(3, func(*fleet.GroupStatus) {}), silentAt(4, plain), silentAt(5, plain)}, nil},
		"nobody is there to be asked": {[]*fleet.Status{
			silentAt(1, nobody), silentAt(2, nobody), silentAt(3, nobody), silentAt(4, nobody)}, nil},
		"it is in the ordinary course": {[]*fleet.Status{
			silentAt(1, expected), silentAt(2, expected), silentAt(3, expected), silentAt(4, expected)}, nil},
		"no alert fires": {[]*fleet.Status{
			silentAt(1, quiet), silentAt(2, quiet), silentAt(3, quiet), silentAt(4, quiet)}, nil},
		"the instances warm up": {[]*fleet.Status{
			silentAt(1, warming), silentAt(2, warming), silentAt(3, warming), silentAt(4, warming)}, nil},
		"its group goes": {[]*fleet.Status{silentAt(1, plain), silentAt(2, plain), silentAt(3, plain), {Accounts: calm().Accounts}},
			[]string{"signal warning web cpu failed", "group_removed info web", "signal warning over web cpu failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, 0, func(t *testing.T, w *world) {
				s := w.Subscribe(0)
				defer s.Close()
				for _, status := range c.states {
					w.becomes(status)
					time.Sleep(2 * time.Second)
				}
				expect(t, next(s).Events, c.want...)
			})
		})
	}
}

func TestWhyASignalHasNoValueIsToldInWords(t *testing.T) {
	t.Parallel()
	for why, want := range map[string]string{
		"failed: no answer: time-out": "signal cpu has no value: not readable: no answer: time-out",
		"out_of_range":                "signal cpu has no value: impossible value",
		"absent":                      "signal cpu has no value",
		"absent: no such series":      "signal cpu has no value: no such series",
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			play(t, 0, func(t *testing.T, w *world) {
				s := w.Subscribe(0)
				defer s.Close()
				for turn := range 3 {
					w.becomes(silentAt(turn+1, func(s *fleet.SignalStatus) { s.Why = why }))
					time.Sleep(2 * time.Second)
				}
				if told := next(s).Events; len(told) != 1 || told[0].Text != want {
					t.Errorf("it says %+v", told)
				}
			})
		})
	}
}

func nobody(s *fleet.SignalStatus)   { s.Of = 0 }
func expected(s *fleet.SignalStatus) { s.FaultExpected = true }
func quiet(s *fleet.SignalStatus)    { s.Quiet, s.FaultExpected = true, true }
func warming(s *fleet.SignalStatus)  { s.Why = policy.Warming.String() }

func TestLooksThatFailForAMinuteAreToldOfAndSingleOnesAreNot(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		blind := account(func(a *fleet.AccountStatus) { a.LookTrouble = "no answer" })
		for range 5 {
			w.becomes(blind)
			time.Sleep(29 * time.Second)
			w.becomes(calm())
			time.Sleep(5 * time.Second)
		}
		expect(t, next(s).Events)
		w.becomes(blind)
		time.Sleep(2 * time.Minute)
		expect(t, next(s).Events, "account_look warning gio")
		w.becomes(calm())
		time.Sleep(time.Second)
		expect(t, next(s).Events, "account_look warning over gio")
	})
}

func TestLooksThatFailBeforeAGroupHasSeenAnythingAreCritical(t *testing.T) {
	t.Parallel()
	for mode, severity := range map[string]string{"act": "critical", "recommend": "warning"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			play(t, 0, func(t *testing.T, w *world) {
				s := w.Subscribe(0)
				defer s.Close()
				unseen := account(func(a *fleet.AccountStatus) { a.LookTrouble = "no answer" })
				unseen.Groups[0].Unseen, unseen.Groups[0].Mode = true, mode
				w.becomes(unseen)
				time.Sleep(2 * time.Minute)
				expect(t, next(s).Events, "account_look "+severity+" gio")
			})
		})
	}
}

// That nothing is seen for so long that the account is blind ends no trouble with looks.
func TestLooksThatGoOnFailingDoNotSucceedAgain(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		w.becomes(account(func(a *fleet.AccountStatus) { a.LookTrouble = "no answer" }))
		time.Sleep(2 * time.Minute)
		expect(t, next(s).Events, "account_look warning gio")
		w.becomes(account(func(a *fleet.AccountStatus) {
			a.LookTrouble, a.Mode, a.ModeWhy = "no answer", actions.DoubtBlind, "the last look that succeeded began 3m ago: no answer"
		}))
		time.Sleep(2 * time.Minute)
		expect(t, next(s).Events, "account_mode warning gio blind")
		w.becomes(calm())
		time.Sleep(2 * time.Second)
		expect(t, next(s).Events, "account_mode warning over gio blind", "account_look warning over gio")
	})
}

func TestTheCauseOfEverythingIsToldOnce(t *testing.T) {
	t.Parallel()
	const cause = "Get: dial tcp 192.0.2.1:443: connect: connection refused"
	texts := func(mode actions.Doubt, why string) (texts []string) {
		after := account(func(a *fleet.AccountStatus) { a.Mode, a.ModeWhy, a.Trouble = mode, why, "order 2 of V40: "+cause })
		after.Groups[0].Desired = 4
		for _, e := range events.Compare(calm(), after).Events {
			if e.Account != "" {
				texts = append(texts, e.Text)
			}
		}
		return texts
	}
	for name, list := range map[string][]string{"in doubt": texts(actions.DoubtWrites, "3 changes failed: "+cause), "alone": texts(actions.DoubtNone, "")} {
		if all := strings.Join(list, "\n"); strings.Count(all, cause) != 1 || !strings.Contains(all, "the last order failed") {
			t.Errorf("%s it tells\n%s", name, all)
		}
	}
}

func TestEveryKindSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	for _, kind := range events.Kinds() {
		if kind.Text() == "" || kind.Severity() == "" {
			t.Errorf("%s says nothing", kind)
		}
	}
	if events.Warning.AtLeast(events.Critical) || !events.Critical.AtLeast(events.Warning) || !events.Info.AtLeast("") {
		t.Error("the severities are not in order")
	}
}

func TestWhatBeganEarlierIsToldFirst(t *testing.T) {
	t.Parallel()
	play(t, 0, func(t *testing.T, w *world) {
		s := w.Subscribe(0)
		defer s.Close()
		next(s)
		hourAgo := time.Now().Add(-time.Hour)
		w.becomes(web(1, func(g *fleet.GroupStatus) {
			g.Instances[0].Quarantine = "it never served"
			g.Override = &policy.Override{Kind: policy.PauseAll, By: "sato", Since: hourAgo}
			g.Held = []policy.Hold{policy.HoldBrake}
		}))
		time.Sleep(2 * time.Second)
		told := next(s).Events
		if len(told) < 3 || !told[0].At.Equal(hourAgo) {
			t.Errorf("it tells %+v", told)
		}
		for i := 1; i < len(told); i++ {
			if told[i].At.Before(told[i-1].At) || told[i].ID != told[i-1].ID+1 {
				t.Errorf("event %d is of %v, after event %d of %v", told[i].ID, told[i].At, told[i-1].ID, told[i-1].At)
			}
		}
	})
}
