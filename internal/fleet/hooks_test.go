package fleet_test

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

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// receiver is the other end of a hook. It remembers which calls it was told of.
type receiver struct {
	mu     sync.Mutex
	told   []actions.HookRequest
	answer func(actions.HookRequest) actions.HookAnswer // nil: continue
}

func (r *receiver) Token(id string) string { return "token of " + id }

func (r *receiver) Ask(_ context.Context, request actions.HookRequest) (actions.HookAnswer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, request)
	if r.answer == nil {
		return actions.HookAnswer{Action: actions.HookContinue}, nil
	}
	return r.answer(request), nil
}

func (r *receiver) says(answer func(actions.HookRequest) actions.HookAnswer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// ids lists the calls of a machine, each once; of every machine without a code.
func (r *receiver) ids(code string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, request := range r.told {
		if (code == "" || request.Instance == code) && !slices.Contains(ids, request.ID) {
			ids = append(ids, request.ID)
		}
	}
	return ids
}

func hooked(launch, end *receiver) []actions.Hook {
	return []actions.Hook{
		{Name: "finish", At: actions.AtLaunch, Timeout: 5 * time.Minute, Max: 15 * time.Minute, Otherwise: actions.HookAbandon, Receiver: launch},
		{Name: "farewell", At: actions.AtEnd, Timeout: 5 * time.Minute, Max: 15 * time.Minute, Otherwise: actions.HookContinue, Receiver: end},
	}
}

func abandon(actions.HookRequest) actions.HookAnswer {
	return actions.HookAnswer{Action: actions.HookAbandon, Why: "no cookbook"}
}

func wait(actions.HookRequest) actions.HookAnswer {
	return actions.HookAnswer{Action: actions.HookWait}
}

func TestAMachineWhoseLaunchIsAbandonedIsReplaced(t *testing.T) {
	launch := &receiver{}
	var bad string
	launch.answer = func(r actions.HookRequest) actions.HookAnswer {
		if bad == "" || bad == r.Instance {
			bad = r.Instance
			return abandon(r)
		}
		return actions.HookAnswer{Action: actions.HookContinue}
	}
	tell(t, setting{hooks: hooked(launch, &receiver{})}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", time.Hour, func() bool { return w.serving() == 3 })
		if bought := w.bought(); len(bought) != 2 || w.quarantined() != 1 {
			t.Errorf("bought %v, and %d are quarantined", bought, w.quarantined())
		}
		for _, in := range w.status().Instances {
			if in.Quarantine != "" && (in.Code != bad || in.Quarantine != "hook finish abandoned its launch: no cookbook") {
				t.Errorf("%s is quarantined: %s", in.Code, in.Quarantine)
			}
		}
		if ids := launch.ids(first); len(ids) != 0 {
			t.Errorf("what was adopted serving was finished: %v", ids)
		}
	})
}

func TestAfterSoManyAbandonedLaunchesNothingMoreIsOrdered(t *testing.T) {
	launch := &receiver{answer: abandon}
	tell(t, setting{hooks: hooked(launch, &receiver{}), max: 10}, func(t *testing.T, w *world) {
		time.Sleep(2 * time.Minute) // two serve before the first launch
		w.load.set(300)
		w.until("three launches were abandoned", 2*time.Hour, func() bool { return w.quarantined() == 3 })
		w.always("nothing more is ordered", 2*time.Hour, func() bool { return len(w.bought()) == 3 })
		if held := w.status().Held; !slices.Contains(held, policy.HoldLaunches) {
			t.Errorf("it is held by %v", held)
		}
	})
}

func TestAHookIsAnsweredThroughTheFleet(t *testing.T) {
	launch := &receiver{answer: wait}
	tell(t, setting{hooks: hooked(launch, &receiver{})}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("a hook is awaited", time.Hour, func() bool { return len(launch.ids("")) == 1 })
		id := launch.ids("")[0]
		answer := actions.HookAnswer{Action: actions.HookContinue}
		if err := w.fleet.AnswerHook(id, "token", answer); !errors.Is(err, actions.ErrNoHookCall) {
			t.Errorf("with another token: %v", err)
		}
		if err := w.fleet.AnswerHook("none", "token of none", answer); !errors.Is(err, actions.ErrNoHookCall) {
			t.Errorf("of an unknown call: %v", err)
		}
		w.always("it is awaited", time.Minute, func() bool { return w.serving() == 2 })
		must(t, w.fleet.AnswerHook(id, "token of "+id, answer))
		w.until("three serve", 5*time.Minute, w.atRest(3, 0))
		if err := w.fleet.AnswerHook(id, "token of "+id, abandon(actions.HookRequest{})); !errors.As(err, new(actions.RefusedError)) {
			t.Errorf("after it was answered: %v", err)
		}
		w.fleet.Halt(groupName)
		if err := w.fleet.AnswerHook(id, "token", answer); !errors.Is(err, actions.ErrNoHookCall) {
			t.Errorf("a stranger is told of a group that is halted: %v", err)
		}
	})
}

func TestAPausedGroupBeginsNoCallAndTakesAnswers(t *testing.T) {
	launch := &receiver{answer: wait}
	tell(t, setting{hooks: hooked(launch, &receiver{})}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("a hook is awaited", time.Hour, func() bool { return len(launch.ids("")) >= 1 })
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll}))
		told := launch.ids("")
		w.always("none is asked while it is paused, nor given up", time.Hour, func() bool { return len(launch.ids("")) == len(told) && w.quarantined() == 0 })
		must(t, w.fleet.AnswerHook(told[0], "token of "+told[0], actions.HookAnswer{Action: actions.HookContinue}))
		launch.says(nil)
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if codes := w.bought(); len(codes) != 2 {
			t.Errorf("bought %v", codes)
		}
	})
}

// TestAProcessWithHooksMayDieAtAnyMoment kills it at every commit and every changing call,
// as if there were no hooks. Each way of each machine is one call.
func TestAProcessWithHooksMayDieAtAnyMoment(t *testing.T) {
	t.Parallel()
	boundaries := 0
	story := func(t *testing.T, at int, after bool) (passed int) {
		t.Helper()
		launch, end := &receiver{}, &receiver{}
		s := quick()
		s.hooks = hooked(launch, end)
		w := newWorld(t, s)
		w.fuse.arm(at, after)
		w.liveOn(func() {})
		machines := append(w.bought(), first, second)
		for _, code := range machines {
			bought := slices.Contains(w.bought(), code)
			launches, ends := launch.ids(code), end.ids(code)
			// One that is killed while it waits for the end hook may come back, and go again.
			if bought && len(launches) == 0 || len(launches) > 2 || len(ends) > 2 {
				t.Errorf("%s: told of the launches %v and of the ends %v", code, launches, ends)
			}
		}
		if len(end.ids("")) < 2 {
			t.Errorf("told of the ends %s, and two machines were sent away", strings.Join(end.ids(""), " "))
		}
		return w.fuse.passed
	}
	synctest.Test(t, func(t *testing.T) { boundaries = story(t, 0, false) })
	for at := 1; at <= boundaries; at++ {
		for _, after := range []bool{false, true} {
			if raced.Passes(8) {
				continue
			}
			t.Run(fmt.Sprintf("boundary %d of %d, after it %v", at, boundaries, after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { story(t, at, after) })
			})
		}
	}
}
