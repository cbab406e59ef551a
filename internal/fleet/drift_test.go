package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// deed is what a person does to a machine of ours, and undoes.
type deed struct {
	standby  bool // to one that stands by, and not to one that serves
	do, undo func(t *testing.T, w *world, code string)
}

var deeds = map[actions.DriftKind]deed{
	actions.DriftStopped: {false, turnOffByHand, turnOnByHand},
	actions.DriftRemoved: {false, takeOutByHand, putInByHand},
	actions.DriftRelabelled: {false, func(t *testing.T, w *world, code string) {
		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), code, "a database"))
	}, func(t *testing.T, w *world, code string) {
		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), code, actions.Mark(installation, groupName, code)))
	}},
	actions.DriftEnded: {false, func(t *testing.T, w *world, code string) {
		w.disown(code) // it goes off when its contract ends, wherever it is then
		person, _ := w.byHand()
		must(t, person.Release(t.Context(), code, w.cloudNow()))
	}, nil},
	// While it is off its address is not known, and the node could be anybody's.
	actions.DriftAdded: {true, func(t *testing.T, w *world, code string) {
		putInByHand(t, w, code)
		turnOnByHand(t, w, code)
	}, func(t *testing.T, w *world, code string) {
		takeOutByHand(t, w, code)
		turnOffByHand(t, w, code)
	}},
	actions.DriftStarted: {true, turnOnByHand, turnOffByHand},
}

func turnOffByHand(t *testing.T, w *world, code string) {
	w.disown(code)
	person, _ := w.byHand()
	must(t, person.Stop(t.Context(), code, true))
}

func turnOnByHand(t *testing.T, w *world, code string) {
	person, _ := w.byHand()
	must(t, person.Start(t.Context(), code))
}

func takeOutByHand(t *testing.T, w *world, code string) {
	_, pool := w.byHand()
	must(t, pool.Detach(t.Context(), w.node(w.machine(code).Address)))
}

func putInByHand(t *testing.T, w *world, code string) {
	_, pool := w.byHand()
	must(t, pool.Attach(t.Context(), w.node(w.machine(code).Address)))
}

// afterDeed tells the story of a deed: of four that could serve, three do and one stands
// by; what load changes, it changes slowly. story begins when the drift is on record.
func afterDeed(t *testing.T, kind actions.DriftKind, p actions.DriftPolicy, story func(t *testing.T, w *world, code string)) {
	t.Helper()
	s := brief()
	s.min, s.more, s.idle, s.stabilization, s.outStabilization = 1, 2, 20*time.Second, 15*time.Minute, 15*time.Minute
	s.drift = map[actions.DriftKind]actions.DriftPolicy{kind: p}
	if kind == actions.DriftAdded && p == actions.DriftAdopt { // it is on before it is seen to be in the pool
		s.drift[actions.DriftStarted] = actions.DriftIgnore
	}
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 30*time.Minute, w.atRest(3, 1))
		code, size := second, 2
		if deeds[kind].standby {
			code, size = w.standbys()[0], 4
		}
		time.Sleep(20 * time.Minute)
		if p == actions.DriftAdopt {
			w.load.set(float64(100 * size)) // the person knew
		}
		deeds[kind].do(t, w, code)
		w.until("it is noticed", 5*time.Minute, func() bool { return w.told(kind) == 1 })
		story(t, w, code)
		if n := w.told(kind); n > 1 {
			t.Errorf("%d drifts were told of, and one thing was changed", n)
		}
	})
}

// told is how often the living process told of a drift of the kind.
func (w *world) told(kind actions.DriftKind) int {
	return strings.Count(exposition(w.t, w.registry, "autoscaled_drifts_total"), fmt.Sprintf("kind=%q} 1\n", kind))
}

// eachKind runs a test for each kind of drift.
func eachKind(t *testing.T, test func(t *testing.T, kind actions.DriftKind)) {
	t.Helper()
	for _, kind := range actions.DriftKinds() {
		t.Run(string(kind), func(t *testing.T) {
			test(t, kind)
		})
	}
}

func TestADriftThatIsRepairedEndsWhereItBegan(t *testing.T) {
	eachKind(t, func(t *testing.T, kind actions.DriftKind) {
		afterDeed(t, kind, actions.DriftRepair, func(t *testing.T, w *world, code string) {
			goal := w.instance(code).Goal
			want := w.atRest(3, 1)
			if kind == actions.DriftEnded { // it cannot be taken back: the standby takes its place
				want = func() bool { return w.serving() == 3 && w.meantToServe() == 3 && w.status().Standby == 0 }
			}
			w.until("three serve and one stands by, as before", 20*time.Minute, func() bool { return want() && w.instance(code).Drift == nil == (kind != actions.DriftEnded) })
			w.always("it stays so", 30*time.Minute, want)
			if now := w.instance(code).Goal; now != goal && kind != actions.DriftEnded {
				t.Errorf("its goal is %s, and was %s", now, goal)
			}
			if label := w.machine(code).Label; label != actions.Mark(installation, groupName, code) {
				t.Errorf("its label is %q", label)
			}
			if desired := w.status().Desired; desired != 3 {
				t.Errorf("desired are %d", desired)
			}
			if len(w.bought()) != 0 {
				t.Errorf("bought %v", w.bought())
			}
		})
	})
}

func TestADriftThatIsAdoptedCountsAsDecided(t *testing.T) {
	eachKind(t, func(t *testing.T, kind actions.DriftKind) {
		afterDeed(t, kind, actions.DriftAdopt, func(t *testing.T, w *world, code string) {
			desired, goal := 2, policy.Standby
			if deeds[kind].standby {
				desired, goal = 4, policy.InService
			}
			w.until("it counts as decided", time.Minute, func() bool { return w.instance(code).Goal == goal })
			w.until("as many serve as the person wanted", 5*time.Minute, func() bool { return w.serving() == desired })
			w.always("it stays so", 30*time.Minute, func() bool { return w.serving() == desired })
			if len(w.bought()) != 0 {
				t.Errorf("bought %v", w.bought())
			}
		})
	})
}

func TestADriftThatIsAdoptedCountsOnceHoweverOftenItCannotBeWrittenDown(t *testing.T) {
	s := brief()
	s.min, s.more, s.outStabilization = 1, 2, 30*time.Minute
	s.drift = map[actions.DriftKind]actions.DriftPolicy{actions.DriftStopped: actions.DriftAdopt}
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.fuse.set(func(f *fuse) { f.noGoals = true })
		turnOffByHand(t, w, second)
		w.until("it is noticed", 5*time.Minute, func() bool { return w.told(actions.DriftStopped) == 1 })
		w.load.set(300)
		time.Sleep(5 * time.Minute)
		w.fuse.set(func(f *fuse) { f.noGoals = false })
		w.until("it counts as decided", time.Minute, func() bool { return w.instance(second).Goal == policy.Standby })
		w.until("one less is to serve", time.Minute, func() bool { return w.status().Desired < 4 })
		w.always("it is one less", 10*time.Minute, func() bool { return w.status().Desired == 3 && w.status().Decision.From >= 3 })
	})
}

func TestADriftThatIsIgnoredIsLeftAloneWhileItLasts(t *testing.T) {
	eachKind(t, func(t *testing.T, kind actions.DriftKind) {
		afterDeed(t, kind, actions.DriftIgnore, func(t *testing.T, w *world, code string) {
			if kind == actions.DriftStopped { // it is off, so it must not stay in the pool
				w.until("its node is taken out", time.Minute, func() bool { return w.inThePool() == 2 })
			}
			before := len(w.changes(code))
			w.always("nothing is done to it", time.Hour, func() bool { return len(w.changes(code)) == before })
			if d := w.instance(code).Drift; d == nil || d.Kind != kind {
				t.Errorf("the drift on record is %+v", d)
			}
			w.kill()
			w.start()
			w.always("nothing is done to it after a restart", 20*time.Minute, func() bool { return len(w.changes(code)) == before })
			if d := w.instance(code).Drift; d == nil || d.Kind != kind {
				t.Errorf("after a restart, the drift on record is %+v", d)
			}
			if w.told(kind) != 0 {
				t.Error("it is told of again after a restart")
			}
			if deeds[kind].undo == nil {
				return
			}
			deeds[kind].undo(t, w, code)
			w.until("it is over", 20*time.Minute, func() bool { return w.instance(code).Drift == nil && !w.instance(code).LeftAlone })
			w.until("three serve", 30*time.Minute, func() bool { return w.serving() == 3 && w.status().Becoming == 0 })
		})
	})
}

func TestAMachineWhoseEndIsIgnoredIsTakenOutOfThePoolWhenItIsGone(t *testing.T) {
	s := brief()
	s.more, s.dayLeft, s.drift = 2, 2*time.Hour, map[actions.DriftKind]actions.DriftPolicy{actions.DriftEnded: actions.DriftIgnore}
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve, and one stands by", 20*time.Minute, w.atRest(3, 1))
		deeds[actions.DriftEnded].do(t, w, first)
		time.Sleep(w.dayLeft)
		w.until("it is off", time.Hour, func() bool { return w.machine(first).Status != gpsim.StatusRunning || !w.machine(first).To.IsZero() })
		w.until("its node is cleared, and its record dropped", time.Hour, func() bool {
			node := w.node(w.machine(first).Address)
			w.mu.Lock()
			defer w.mu.Unlock()
			return !slices.Contains(w.pool, node)
		})
		w.until("three serve", time.Hour, w.atRest(3, 0))
	})
}

func TestAnInstanceThatIsLeftAloneDoesNotKeepTheAccountBeingLookedAt(t *testing.T) {
	afterDeed(t, actions.DriftRemoved, actions.DriftIgnore, func(t *testing.T, w *world, _ string) {
		w.until("the standby serves in its place", 10*time.Minute, func() bool { return w.serving() == 3 })
		time.Sleep(time.Minute)
		looks := len(w.sentAt("GetServiceCodeList"))
		time.Sleep(time.Hour)
		if n := len(w.sentAt("GetServiceCodeList")) - looks; n > int(time.Hour/w.idle)+1 {
			t.Errorf("it was looked at %d times within an hour in which nothing moved", n)
		}
	})
}
