package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// fakeReceiver is the other end of a hook. Without an answer of its own it lets
// everything go on.
type fakeReceiver struct {
	mu     sync.Mutex
	told   []HookRequest
	answer func(HookRequest) (HookAnswer, error)
	hangs  bool
}

func (r *fakeReceiver) Token(id string) string { return "token of " + id }

func (r *fakeReceiver) Ask(ctx context.Context, request HookRequest) (HookAnswer, error) {
	r.mu.Lock()
	r.told = append(r.told, request)
	answer, hangs := r.answer, r.hangs
	r.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return HookAnswer{}, ctx.Err()
	}
	if answer == nil {
		return HookAnswer{Action: HookContinue}, nil
	}
	return answer(request)
}

// says makes the receiver answer so from now on.
func (r *fakeReceiver) says(action HookAction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(HookRequest) (HookAnswer, error) { return HookAnswer{action, "it said so"}, nil }
}

func (r *fakeReceiver) requests() []HookRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told)
}

// ids lists the calls that the receiver was told of, each once.
func (r *fakeReceiver) ids() []string {
	var ids []string
	for _, request := range r.requests() {
		if !slices.Contains(ids, request.ID) {
			ids = append(ids, request.ID)
		}
	}
	return ids
}

// last is the newest call.
func (r *fakeReceiver) last(t *testing.T) string {
	t.Helper()
	ids := r.ids()
	if len(ids) == 0 {
		t.Fatal("the receiver was told of nothing")
	}
	return ids[len(ids)-1]
}

// The hooks of a scene.
const (
	hookPatience = 5 * time.Minute
	hookMax      = 12 * time.Minute
)

// hookedScene is a crew with one hook at each point, and a machine that stands by.
type hookedScene struct {
	*crewScene
	launch, end *fakeReceiver
}

// playHooked runs a story in virtual time.
func playHooked(t *testing.T, story func(t *testing.T, s *hookedScene)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &hookedScene{launch: &fakeReceiver{}, end: &fakeReceiver{}}
		s.crewScene = newScene(t)
		defer s.close(t)
		s.Hooks = []Hook{
			{Name: "finish", At: AtLaunch, Timeout: hookPatience, Max: hookMax, Otherwise: HookAbandon, Receiver: s.launch},
			{Name: "farewell", At: AtEnd, Timeout: hookPatience, Max: hookMax, Otherwise: HookContinue, Receiver: s.end},
		}
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Standby, facts)
		s.look(t)
		story(t, s)
	})
}

func (s *hookedScene) want(t *testing.T, goal policy.Goal) {
	t.Helper()
	must(t, s.Assign([]policy.Assignment{{Code: "one", Goal: goal}}))
	s.advanceAll()
}

// reach lives until the instance is in the phase, and has begun what follows.
func (s *crewScene) reach(t *testing.T, phase Phase) {
	t.Helper()
	for begun := time.Now(); s.only(t).Phase != phase; {
		if time.Since(begun) > 2*time.Hour {
			t.Fatalf("it is %s and not %s: %+v", s.only(t).Phase, phase, s.only(t))
		}
		s.live(t, time.Second)
	}
	s.advanceAll()
}

// crossing is what every act of a process passes that others can see.
type crossing func(what string, act func() error) error

var errDead = errors.New("the process is dead")

// fuse kills a process at one of its acts. A dead one does nothing more.
type fuse struct {
	mu     sync.Mutex
	passed []string
	at     int // the act to die at, from 1; 0: none
	after  bool
	blown  bool
}

func (f *fuse) cross(what string, act func() error) error {
	f.mu.Lock()
	if f.blown {
		f.mu.Unlock()
		return errDead
	}
	f.passed = append(f.passed, what)
	strikes := len(f.passed) == f.at
	f.blown = strikes
	f.mu.Unlock()
	if strikes && !f.after {
		return errDead
	}
	err := act()
	if strikes {
		return errDead
	}
	return err
}

func (f *fuse) isBlown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blown
}

func (f *fuse) String() string {
	side := "before"
	if f.after {
		side = "after"
	}
	return fmt.Sprintf("killed %s act %d", side, f.at)
}
