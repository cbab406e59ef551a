package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// thoughtful is a setting in which decisions are so rare that the story's own goals
// last until they are reached.
func thoughtful() setting {
	s := brief()
	s.interval = 40 * time.Minute
	return s
}

// assign sets the goal of one instance, as the newest decision.
func (w *world) assign(code string, goal policy.Goal) {
	w.t.Helper()
	must(w.t, w.group.Crew.Assign([]policy.Assignment{{Code: code, Goal: goal}}))
}

func TestAMachineIsTurnedRoundAtEveryStepOfTheWayOutAndBackAgain(t *testing.T) {
	for _, action := range append([]string{"AddCloneVirtualMachines"}, wayOut...) {
		t.Run(action, func(t *testing.T) {
			tell(t, thoughtful(), func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("it is on record, and so far", time.Hour, func() bool { return w.count(action) == 1 && len(w.status().Instances) == 3 })
				code := w.bought()[0]
				w.assign(code, policy.Standby)
				w.until("it stands by", 20*time.Minute, w.atRest(2, 1))
				if got := w.changes(code); !slices.Equal(got[:3], wayOut[:3]) {
					t.Errorf("it is not prepared for its next start: %v", got)
				}
				w.until("it serves after the next decision", time.Hour, w.atRest(3, 0))
				got := w.changes(code)
				for _, once := range wayOut[:3] {
					if n := len(got) - len(slices.DeleteFunc(slices.Clone(got), func(a string) bool { return a == once })); n != 1 {
						t.Errorf("%s was called %d times", once, n)
					}
				}
				if len(w.bought()) != 1 {
					t.Errorf("bought %v", w.bought())
				}
			})
		})
	}
}

func TestAMachineThatIsTurnedRoundTwiceGoesOnAsIfNothingHadBeen(t *testing.T) {
	for _, action := range append([]string{"AddCloneVirtualMachines"}, wayOut[:4]...) {
		t.Run(action, func(t *testing.T) {
			tell(t, thoughtful(), func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("it is on record, and so far", time.Hour, func() bool { return w.count(action) == 1 && len(w.status().Instances) == 3 })
				code := w.bought()[0]
				w.assign(code, policy.Standby)
				time.Sleep(time.Second)
				w.assign(code, policy.InService)
				w.until("it serves", 20*time.Minute, w.atRest(3, 0))
				if got := w.changes(code); !slices.Equal(got, wayOut) {
					t.Errorf("it was changed by %v, want %v", got, wayOut)
				}
			})
		})
	}
}

func TestAMachineIsTurnedRoundAtEveryStepOfTheWayInAndServesAgain(t *testing.T) {
	for action, want := range map[string][]string{
		"DeleteLbNode":       {"DeleteLbNode", "AddLbNode"},
		"StopVirtualMachine": {"DeleteLbNode", "StopVirtualMachine", "StartVirtualMachine", "AddLbNode"},
	} {
		for _, later := range []time.Duration{0, 10 * time.Second, 40 * time.Second} {
			t.Run(action+" "+later.String(), func(t *testing.T) {
				s := thoughtful()
				s.more, s.watch = 1, time.Minute
				tell(t, s, func(t *testing.T, w *world) {
					w.load.set(300)
					w.until("three serve", time.Hour, w.atRest(3, 0))
					w.assign(second, policy.Standby)
					w.until("it is so far", 20*time.Minute, func() bool { return w.count(action) == 1 })
					time.Sleep(later)
					w.assign(second, policy.InService)
					w.until("it serves again", 20*time.Minute, w.atRest(3, 0))
					if got := w.changes(second); !slices.Equal(got, want) {
						t.Errorf("it was changed by %v, want %v", got, want)
					}
					w.always("three serve", time.Hour, w.atRest(3, 0))
				})
			})
		}
	}
}

func TestAMachineThatIsOverwrittenServesWhenItsGoalIsTurnedRound(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		w.ail(second)
		w.until("it is being overwritten", 30*time.Minute, func() bool { return w.count("CloneVirtualMachine") == 1 })
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if m := w.machine(second); m.Refreshes != 1 || m.Keys != 1 || len(w.bought()) != 2 {
			t.Errorf("%+v; bought %v", m, w.bought())
		}
	})
}

// A leave whose answer is lost took effect, and is taken back before the next look.
func TestALeaveOfOursWhoseAnswerIsLostIsNoDrift(t *testing.T) {
	s := thoughtful()
	s.more, s.glance, s.drift = 1, 100*time.Millisecond, map[actions.DriftKind]actions.DriftPolicy{actions.DriftRemoved: actions.DriftIgnore}
	tell(t, s, func(_ *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", time.Hour, w.atRest(3, 0))
		w.inject(gpsim.Fault{Action: "DeleteLbNode", Kind: gpsim.FaultReset, Effect: true})
		w.inject(gpsim.Fault{Action: "AddLbNode", Kind: gpsim.FaultAnswer, Status: 503, Count: 6}) // so that a look comes before it is back
		w.assign(second, policy.Standby)
		w.until("it is out of the pool", 10*time.Minute, func() bool { return w.inThePool() == 2 })
		w.assign(second, policy.InService)
		w.until("it serves again", 20*time.Minute, w.atRest(3, 0))
	})
}
