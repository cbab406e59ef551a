package actions

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// fusedStore is a store whose process can be killed at every commit.
type fusedStore struct {
	*store.Memory
	fuse *fuse
}

func (s fusedStore) Commit(epoch store.Epoch, txn store.Txn) (revision store.Revision, err error) {
	err = s.fuse.cross("write", func() error {
		revision, err = s.Memory.Commit(epoch, txn)
		return err
	})
	return revision, err
}

// lives is a machine that serves and stands by again while processes come and go. Of its
// four hooks, two at each point, the first answers at once and the second after a while, as
// long as that takes to be heard.
type lives struct {
	t     *testing.T
	disk  *store.Memory
	cloud *model

	mu       sync.Mutex
	living   *crewScene
	fuse     *fuse
	told     map[string][]string // the calls' IDs, by hook and way, in order
	let      map[string]bool     // the calls that were let go on
	way      int                 // which launch this is
	errs     []string
	answerer sync.WaitGroup
}

func (l *lives) fault(format string, args ...any) {
	l.errs = append(l.errs, fmt.Sprintf(format, args...))
}

// hookOf is a hook of the living process. The receiver knows calls by their IDs.
func (l *lives) hookOf(name string, at HookPoint, later bool) Hook {
	receiver := &fakeReceiver{answer: func(r HookRequest) (HookAnswer, error) {
		answer := HookAnswer{Action: HookContinue}
		return answer, l.currentFuse().cross("ask", func() error {
			l.mu.Lock()
			defer l.mu.Unlock()
			key := fmt.Sprintf("%s %d", name, l.way)
			known := slices.Contains(l.told[key], r.ID)
			if !known {
				l.told[key] = append(l.told[key], r.ID)
			}
			if later {
				answer.Action = HookWait
				if !known {
					l.answerer.Go(func() { l.answerLater(r.ID, key) })
				}
				return nil
			}
			l.let[key] = true
			return nil
		})
	}}
	return Hook{Name: name, At: at, Timeout: 10 * time.Minute, Max: time.Hour, Otherwise: HookAbandon, Receiver: receiver}
}

func (l *lives) currentFuse() *fuse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fuse
}

// answerLater answers a call after a while, again and again until that is acknowledged, or
// the machine has been started again since, which nobody does before the answer is on record.
func (l *lives) answerLater(id, key string) {
	for range 300 {
		time.Sleep(7 * time.Second)
		l.mu.Lock()
		living, past := l.living, !strings.HasSuffix(key, strconv.Itoa(l.way))
		l.let[key] = true // from here on the instance may go on, heard or not
		l.mu.Unlock()
		if err := living.AnswerHook(id, "token of "+id, HookAnswer{Action: HookContinue}); err == nil || past && errors.Is(err, ErrNoHookCall) {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault("the answer to %s was never taken", id)
}

// judge sees every change of the cloud: nothing joins before every launch hook let it, and
// nothing stops before every end hook did.
func (l *lives) judge(action string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hooks := map[string][]string{"attach-node": {"first", "second"}, "stop": {"third", "fourth"}}[action]
	for _, hook := range hooks {
		if key := fmt.Sprintf("%s %d", hook, l.way); !l.let[key] {
			l.fault("%s before hook %s let it, which was told %v", action, hook, l.told[key])
		}
	}
}

func (l *lives) begin() {
	hooks := []Hook{
		l.hookOf("first", AtLaunch, false), l.hookOf("third", AtEnd, false), l.hookOf("second", AtLaunch, true), l.hookOf("fourth", AtEnd, true),
	}
	scene := newSceneOn(l.t, fusedStore{l.disk, l.fuse}, l.cloud, hooks...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.living = scene
}

// until lives until the instance is in the phase. Who dies is followed by another, for whom
// the cloud looks as it is.
func (l *lives) until(goal policy.Goal, phase Phase) {
	for range 3000 {
		if l.fuse.isBlown() {
			l.living.close(l.t)
			l.mu.Lock()
			l.fuse = &fuse{}
			l.mu.Unlock()
			l.begin()
		}
		l.glance(goal)
		if list := l.living.Instances(); !l.fuse.isBlown() && len(list) == 1 && list[0].Goal == goal && list[0].Phase == phase {
			return
		}
		time.Sleep(time.Second)
	}
	l.t.Fatalf("it is not %s: %+v", phase, l.living.Instances())
}

// glance is a look at the cloud, and what follows, as far as it can be written.
func (l *lives) glance(goal policy.Goal) {
	s := l.living
	machines, _ := l.cloud.List(l.t.Context())
	snapshot := &cloud.Snapshot{Started: time.Now(), Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}
	for _, machine := range machines {
		snapshot.Machines[machine.Code] = machine
	}
	snapshot.Pools["pool"], _ = l.cloud.Nodes(l.t.Context())
	snapshot.Finished = time.Now()
	if err := errors.Join(s.account.Settle(snapshot), s.Observe(snapshot), s.Assign([]policy.Assignment{{Code: "one", Goal: goal}})); err != nil {
		return
	}
	s.advanceAll()
}

// liveAll lets the machine serve and stand by, and serve once more, and returns what went wrong.
func liveAll(t *testing.T, at int, after bool) (passed int, errs []string, told map[string][]string) {
	t.Helper()
	l := &lives{t: t, disk: store.NewMemory(), cloud: newModel(), told: map[string][]string{}, let: map[string]bool{}, fuse: &fuse{at: at, after: after}}
	first := l.fuse
	l.cloud.crossing = func(action string, act func() error) error {
		return l.currentFuse().cross(action, func() error {
			l.judge(action)
			return act()
		})
	}
	machine, facts := standing(cloud.PowerOff)
	l.disk = store.NewMemory()
	blown := l.fuse
	l.fuse = &fuse{}
	l.begin()
	l.living.have(t, machine, policy.Standby, facts)
	l.living.close(t)
	l.fuse = blown
	l.begin()
	for way := 1; way <= 2; way++ {
		l.mu.Lock()
		l.way = way
		l.mu.Unlock()
		l.until(policy.InService, InPool)
		l.until(policy.Standby, Off)
	}
	l.answerer.Wait()
	l.living.close(t)
	return len(first.passed), l.errs, l.told
}

func TestAProcessMayDieAtEveryActOfAsking(t *testing.T) {
	t.Parallel()
	acts := 0
	synctest.Test(t, func(t *testing.T) {
		var errs []string
		acts, errs, _ = liveAll(t, 0, false)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
	})
	if acts < 30 {
		t.Fatalf("only %d acts were passed", acts)
	}
	for at := 1; at <= acts; at++ {
		for _, after := range []bool{false, true} {
			t.Run((&fuse{at: at, after: after}).String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, errs, told := liveAll(t, at, after)
					for _, err := range errs {
						t.Error(err)
					}
					for key, ids := range told {
						if len(ids) != 1 {
							t.Errorf("hook and way %s: told of %v, want one call", key, ids)
						}
					}
					if len(told) != 8 {
						t.Errorf("told of %d hooks on their ways, want 8", len(told))
					}
				})
			})
		}
	}
}
