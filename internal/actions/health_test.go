package actions

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

var errSilent = errors.New("nobody listens")

// serving has an instance that serves, in its pool, and counts as failing after three
// failed probes. Nobody but the test probes it.
func (s *crewScene) serving(t *testing.T) *instance {
	t.Helper()
	s.HealthFailures = 3
	machine, facts := standing(cloud.PowerOn)
	s.model.pool = append(s.model.pool, addressPort(machine))
	s.have(t, machine, policy.InService, facts)
	s.look(t)
	if got := s.only(t); got.Phase != InPool || got.Joined.IsZero() {
		t.Fatalf("it is %+v", got)
	}
	return s.instance("one")
}

// answering makes the probe answer or not, as said by what it returns.
func (s *crewScene) answering() *atomic.Bool {
	answers := &atomic.Bool{}
	s.Probe = func(context.Context, netip.Addr) error {
		if answers.Load() {
			return nil
		}
		return errSilent
	}
	return answers
}

func TestAnInstanceIsAboutToFailAfterEnoughMissesThatLastedLongerThanReadsLag(t *testing.T) {
	t.Parallel()
	ok, miss := error(nil), errSilent
	type probe struct {
		at  time.Duration
		err error
	}
	long := sceneStaleRead
	for name, c := range map[string]struct {
		probes []probe
		want   bool
	}{
		"one miss":                             {[]probe{{0, miss}}, false},
		"two misses, however far apart":        {[]probe{{0, miss}, {time.Hour, miss}}, false},
		"three, at the end of the lag":         {[]probe{{0, miss}, {1, miss}, {long, miss}}, true},
		"three, just before its end":           {[]probe{{0, miss}, {1, miss}, {long - 1, miss}}, false},
		"four":                                 {[]probe{{0, miss}, {1, miss}, {2, miss}, {long, miss}}, true},
		"three, with an answer between":        {[]probe{{0, miss}, {1, miss}, {2, ok}, {long, miss}}, false},
		"three since the last answer":          {[]probe{{0, ok}, {1, miss}, {2, miss}, {long + 1, miss}}, true},
		"three since an answer, too soon":      {[]probe{{0, miss}, {1, ok}, {2, miss}, {3, miss}, {long + 1, miss}}, false},
		"an answer after all":                  {[]probe{{0, miss}, {1, miss}, {long, miss}, {long + 1, ok}}, false},
		"it answers":                           {[]probe{{0, ok}, {long, ok}, {2 * long, ok}, {3 * long, ok}}, false},
		"three in all, and never two in a row": {[]probe{{0, miss}, {1, ok}, {2, miss}, {3, ok}, {long, miss}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				in, begun, got := s.serving(t), time.Now(), false
				for _, probe := range c.probes {
					time.Sleep(time.Until(begun.Add(probe.at)))
					got = s.missed(in, probe.err)
				}
				if got != c.want {
					t.Errorf("it is about to count as failing: %v", got)
				}
			})
		})
	}
}

func TestAnInstanceThatFailsAlreadyIsNotLookedAtForItAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in := s.serving(t)
		in.facts.Value.Failing = time.Now()
		for range 5 {
			if s.missed(in, errSilent) {
				t.Error("it is about to count as failing, and does so already")
			}
			time.Sleep(sceneStaleRead)
		}
	})
}

func TestAnInstanceFailsFromItsThirdMissUntilItAnsweredTwiceInARow(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in, answers := s.serving(t), s.answering()
		for i, probe := range []struct{ answers, failing bool }{
			{false, false},
			{false, false},
			{false, true},
			{true, true},
			{false, true},
			{true, true},
			{true, false},
			{false, false},
		} {
			answers.Store(probe.answers)
			s.watch(in)
			got := s.only(t)
			if failing := !got.Failing.IsZero(); failing != probe.failing || failing != (got.Trouble != "") {
				t.Errorf("after probe %d it is %+v", i, got)
			}
			if in.watching {
				t.Error("a probe that ended is still under way")
			}
			time.Sleep(sceneStaleRead / 2)
		}
	})
}

func TestAnInstanceThatWasTurnedOffDoesNotCountAsFailing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in := s.serving(t)
		s.answering()
		s.model.machines["one"].Power = cloud.PowerOff
		for range 4 {
			s.watch(in)
			time.Sleep(sceneStaleRead)
		}
		if got := s.only(t); !got.Failing.IsZero() || got.Phase != Stray || in.misses != 0 {
			t.Errorf("it is %+v, with %d misses", got, in.misses)
		}
	})
}

func TestOnlyALookThatWentWrongIsToldOf(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{true, false} {
		play(t, func(t *testing.T, s *crewScene) {
			in := s.serving(t)
			s.answering()
			core, told := observer.New(zap.DebugLevel)
			s.Log = zap.New(core)
			if !there {
				delete(s.model.machines, "one")
			}
			for range 3 {
				s.watch(in)
				time.Sleep(sceneStaleRead)
			}
			if n := told.FilterMessage("look at an instance whose service does not answer").Len(); (n == 0) != there {
				t.Errorf("the machine can be looked at: %v, and %d looks are told of", there, n)
			}
		})
	}
}

func TestAHealthThatCannotBeWrittenIsNotBelieved(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in := s.serving(t)
		s.answering()
		must(t, s.Journal.Store.(*store.Memory).Close())
		for range 4 {
			s.watch(in)
			time.Sleep(sceneStaleRead)
		}
		if got := s.only(t); !got.Failing.IsZero() || got.Trouble != "" {
			t.Errorf("it is %+v", got)
		}
	})
}

func TestOnlyInstancesThatServeAreProbedOncePerInterval(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.serving(t)
		machine, facts := standing(cloud.PowerOff)
		machine.Code, machine.Label = "two", Mark("test", "web", "two")
		s.have(t, machine, policy.InService, facts)
		var probes atomic.Int32
		s.Probe = func(context.Context, netip.Addr) error { probes.Add(1); return nil }
		if due := s.watchServing(); !due.IsZero() || probes.Load() != 0 {
			t.Errorf("without an interval the next round is at %v", due)
		}
		s.HealthInterval = 10 * time.Second
		first := time.Now().Add(s.HealthInterval)
		for _, c := range []struct {
			after  time.Duration
			probes int32
			due    time.Time
		}{
			{0, 1, first},
			{s.HealthInterval - 1, 1, first},
			{1, 2, first.Add(s.HealthInterval)},
		} {
			time.Sleep(c.after)
			due := s.watchServing()
			synctest.Wait()
			if got := probes.Load(); got != c.probes || !due.Equal(c.due) {
				t.Errorf("%d probes, want %d; the next round is at %v, want %v", got, c.probes, due, c.due)
			}
		}
	})
}

func TestAProbeThatHangsIsNotFollowedByAnother(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.serving(t)
		s.HealthInterval = time.Second
		var probes atomic.Int32
		s.Probe = func(ctx context.Context, _ netip.Addr) error {
			probes.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		for begun := time.Now(); time.Since(begun) < s.CallTimeout-s.HealthInterval; time.Sleep(s.HealthInterval) {
			s.watchServing()
			synctest.Wait()
			if n := probes.Load(); n != 1 {
				t.Fatalf("%d probes at a time", n)
			}
		}
		time.Sleep(2 * s.HealthInterval)
		s.watchServing()
		synctest.Wait()
		if n := probes.Load(); n != 2 {
			t.Errorf("%d probes, want another after the first one's timeout", n)
		}
	})
}

func TestAnAnswerCountsForTwoIntervals(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		in := s.serving(t)
		in.answeredAt = time.Time{}
		if !s.answers(in) {
			t.Error("an instance that is not probed counts as one that does not answer")
		}
		s.HealthInterval, in.answeredAt = 10*time.Second, time.Now()
		time.Sleep(2 * s.HealthInterval)
		if !s.answers(in) {
			t.Error("an answer of two intervals ago does not count")
		}
		time.Sleep(time.Nanosecond)
		if s.answers(in) {
			t.Error("an older answer counts")
		}
	})
}

func TestNoticingTakesTheMissesOrTheLagOfReadsAndOneInterval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stale, want time.Duration }{{time.Second, 40 * time.Second}, {time.Minute, 70 * time.Second}} {
		crew := Crew{CrewOptions: CrewOptions{HealthFailures: 3, HealthInterval: 10 * time.Second, StaleRead: c.stale}}
		if got := crew.Noticing(); got != c.want {
			t.Errorf("reads lag by %v: %v, want %v", c.stale, got, c.want)
		}
	}
}
