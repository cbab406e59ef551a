package actions

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// awaited plays until the launch hook has said that it answers later.
func (s *hookedScene) awaited(t *testing.T) (id, token string) {
	t.Helper()
	s.launch.says(HookWait)
	s.want(t, policy.InService)
	s.reach(t, Unfinished)
	id = s.launch.last(t)
	return id, "token of " + id
}

func TestAnAnswerNeedsTheTokenOfItsCall(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		for name, c := range map[string][2]string{
			"no token": {id, ""}, "another token": {id, "token of another"}, "a longer token": {id, token + "x"},
			"an unknown call": {"one-finish-19990101T000000.000000000", token}, "no call": {"", ""},
		} {
			if err := s.AnswerHook(c[0], c[1], HookAnswer{Action: HookContinue}); !errors.Is(err, ErrNoHookCall) {
				t.Errorf("%s: the error is %v", name, err)
			}
		}
		s.live(t, time.Minute)
		if in := s.only(t); in.Phase != Unfinished || in.Hook == nil {
			t.Errorf("it is %+v", in)
		}
	})
}

func TestAWrongTokenIsRefusedWithoutLookingAtMachines(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, _ := s.awaited(t)
		for _, in := range s.sorted() { // whoever looked at one would wait for good
			in.mu.Lock()
			defer in.mu.Unlock()
		}
		if err := s.AnswerHook(id, "a guess", HookAnswer{Action: HookContinue}); !errors.Is(err, ErrNoHookCall) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAnAnswerThatMeansNothingChangesNothing(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		for _, action := range []HookAction{"", HookWait, "CONTINUE", "go"} {
			var invalid InvalidAnswerError
			if err := s.AnswerHook(id, token, HookAnswer{Action: action}); !errors.As(err, &invalid) || invalid.Action != action {
				t.Errorf("%q: the error is %v", action, err)
			}
		}
		if h := s.only(t).Hook; h == nil {
			t.Error("it is not awaited any more")
		}
	})
}

func TestTheSameAnswerAgainChangesNothingAndAnotherIsRefused(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		answer := HookAnswer{Action: HookContinue}
		must(t, s.AnswerHook(id, token, answer))
		s.reach(t, InPool)
		facts := s.instance("one").facts.Revision
		must(t, s.AnswerHook(id, token, answer))
		for _, other := range []HookAction{HookAbandon, HookHeartbeat} {
			var refused RefusedError
			if err := s.AnswerHook(id, token, HookAnswer{Action: other}); !errors.As(err, &refused) {
				t.Errorf("%s: the error is %v", other, err)
			}
		}
		if in := s.only(t); in.Phase != InPool || in.Quarantine != "" || s.instance("one").facts.Revision != facts {
			t.Errorf("it is %+v", in)
		}
	})
}

func TestAnAnswerAfterTheDeadlineIsRefused(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		s.live(t, hookPatience+time.Second)
		var refused RefusedError
		if err := s.AnswerHook(id, token, HookAnswer{Action: HookContinue}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "no answer within 5m0s") {
			t.Errorf("the error is %v", err)
		}
		if in := s.only(t); in.Quarantine == "" {
			t.Errorf("it is %+v", in)
		}
	})
}

func TestAHeartbeatLengthensTheDeadlineUpToTheMax(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		begun := s.only(t).Hook.Since
		beat := func() error { return s.AnswerHook(id, token, HookAnswer{Action: HookHeartbeat}) }
		for range 3 { // after 4, 8 and 11 minutes
			s.live(t, 4*time.Minute-time.Duration(len(s.launch.requests()))*time.Second)
			must(t, beat())
		}
		h := s.only(t).Hook
		if h == nil || !h.Deadline.Equal(begun.Add(hookMax)) || !h.Max.Equal(begun.Add(hookMax)) {
			t.Fatalf("after %v it is awaited as %+v", time.Since(begun), h)
		}
		if len(s.launch.requests()) != 1 {
			t.Errorf("asked %d times", len(s.launch.requests()))
		}
		s.live(t, time.Until(begun.Add(hookMax))+2*time.Second)
		if in := s.only(t); !strings.Contains(in.Quarantine, "no answer within 12m0s") {
			t.Errorf("it is %+v", in)
		}
		var refused RefusedError
		if err := beat(); !errors.As(err, &refused) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestAHeartbeatBeyondTheMaxIsRefusedThoughTheCallIsStillAwaited(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		time.Sleep(hookMax + time.Second) // its group is paused: nobody moves it
		var refused RefusedError
		if err := s.AnswerHook(id, token, HookAnswer{Action: HookHeartbeat}); !errors.As(err, &refused) {
			t.Errorf("the error is %v", err)
		}
		must(t, s.AnswerHook(id, token, HookAnswer{Action: HookContinue}))
		s.reach(t, InPool)
	})
}

func TestAnAnswerThatCannotBeWrittenIsNotAcknowledged(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		id, token := s.awaited(t)
		full := &fuse{blown: true}
		journal := s.Journal
		s.Journal.Store = fusedStore{fuse: full}
		err := s.AnswerHook(id, token, HookAnswer{Action: HookContinue})
		var refused RefusedError
		if err == nil || errors.As(err, &refused) || errors.Is(err, ErrNoHookCall) {
			t.Errorf("the error is %v", err)
		}
		if s.only(t).Hook == nil {
			t.Error("it is not awaited any more")
		}
		s.Journal = journal
		must(t, s.AnswerHook(id, token, HookAnswer{Action: HookContinue}))
		s.reach(t, InPool)
	})
}

func TestWhatAReceiverSaysIsShownInOneShortLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "",
		"cookbook web failed":                "cookbook web failed",
		" two\r\nlines\t and\x1b[31m ":       "two lines and [31m",
		"\xff\u202e\u200bspoofed":            "?spoofed",
		strings.Repeat("あ", 501):             strings.Repeat("あ", 499) + "…",
		strings.Repeat("x", 64<<10):          strings.Repeat("x", 499) + "…",
		"exactly" + strings.Repeat("x", 493): "exactly" + strings.Repeat("x", 493),
	} {
		if got := printable(text); got != want {
			t.Errorf("%.50q is shown as %.50q", text, got)
		}
	}
}

func TestHooksAreMeasuredByWhatBecameOfThem(t *testing.T) {
	playHooked(t, func(t *testing.T, s *hookedScene) {
		registry := prometheus.NewRegistry()
		s.Metrics = NewMetrics(registry)
		s.Metrics.Touch("cloud", "web")
		s.end.says(HookAbandon)
		s.want(t, policy.InService)
		s.reach(t, InPool)
		s.want(t, policy.Standby)
		s.reach(t, Off)
		s.launch.answer = func(HookRequest) (HookAnswer, error) {
			return HookAnswer{}, cloud.Errorf(cloud.ClassTransient, "refused")
		}
		s.want(t, policy.InService)
		s.reach(t, Unfinished)
		s.live(t, hookPatience+time.Second)
		families, err := registry.Gather()
		must(t, err)
		counted := 0
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				if family.GetName() == "autoscaled_hooks_total" {
					counted++
					if n := metric.GetCounter().GetValue(); n != 1 {
						t.Errorf("%v: %v, want one of each", metric.GetLabel(), n)
					}
				}
				if family.GetName() != "autoscaled_hook_duration_seconds" {
					continue
				}
				h, at := metric.GetHistogram(), metric.GetLabel()[0].GetValue()
				want := map[string]float64{string(AtLaunch): hookPatience.Seconds(), string(AtEnd): 0}[at]
				if n := map[string]uint64{string(AtLaunch): 2, string(AtEnd): 1}[at]; h.GetSampleCount() != n || h.GetSampleSum() < want || h.GetSampleSum() > want+1 {
					t.Errorf("at %s: %v", at, h)
				}
			}
		}
		if counted != 3 {
			t.Errorf("%d outcomes are counted, want 3", counted)
		}
	})
}
