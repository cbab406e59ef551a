package fleet_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// cut cuts the cloud off, or gives it back.
func (w *world) cut(off bool) { w.fuse.set(func(f *fuse) { f.cut = off }) }

// braked is a group of six of which three fail together, so that none is replaced.
func (w *world) braked() {
	w.t.Helper()
	w.load.set(600)
	w.until("six serve", time.Minute, w.atRest(6, 0))
	w.ail(w.others()[:3]...)
	w.until("the brake is on", 10*time.Minute, func() bool { return w.holds(policy.HoldBrake) })
}

func large() setting {
	s := brief()
	s.more, s.interval = 4, 9700*time.Millisecond
	return s
}

// Else what was wrong before would seem to be over, and instances that serve to be new.
func TestAGroupThatIsBuiltAnewWhileItsCloudIsAwayIsShownAsItWasAndSaysSo(t *testing.T) {
	tell(t, large(), func(t *testing.T, w *world) {
		w.braked()
		w.cut(true)
		w.until("the cloud is away", 5*time.Minute, func() bool { return w.mode() == actions.DoubtBlind })
		for what, pause := range map[string]time.Duration{"once": 0, "again": time.Minute} {
			time.Sleep(pause)
			w.fleet.Halt(groupName)
			before, calls := w.status(), w.changesTotal()
			w.rebuild()
			for range 50 {
				is := w.status()
				if !is.Unseen || is.LookTrouble == "" {
					t.Fatalf("%s: unseen %v, for %q", what, is.Unseen, is.LookTrouble)
				}
				if fleet.Gravest(is.Concerns()) != fleet.Critical || !w.holds(policy.HoldBrake) {
					t.Fatalf("%s: its concerns are %v", what, is.Concerns())
				}
				is.Unseen, is.LookTrouble = before.Unseen, before.LookTrouble
				if !reflect.DeepEqual(is, before) {
					t.Fatalf("%s: it was\n%+v, and is\n%+v", what, before, is)
				}
				time.Sleep(10 * time.Second)
			}
			if w.changesTotal() != calls {
				t.Errorf("%s: it acts on what its predecessor saw", what)
			}
		}
		w.heal()
		w.cut(false)
		w.until("it looks, and all is well", 10*time.Minute, func() bool {
			is := w.status()
			return !is.Unseen && is.LookTrouble == "" && is.Failing == 0 && !w.holds(policy.HoldBrake)
		})
	})
}

func TestAGroupThatIsBuiltAnewActsOnItsOwnLookAlone(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", 10*time.Minute, w.atRest(2, 0))
		decided := w.status().Decision.At
		w.rebuild()
		if is := w.status(); !is.Unseen || is.Serving != 2 || !is.Decision.At.Equal(decided) || fleet.Gravest(is.Concerns()) == fleet.Critical {
			t.Errorf("at once it is shown as %+v", is)
		}
		w.until("it has looked", time.Minute, func() bool { return !w.status().Unseen })
		w.until("and decided", time.Minute, func() bool { return w.status().Decision.At.After(decided) })
		if is := w.status(); is.Serving != 2 || fleet.Gravest(is.Concerns()) == fleet.Critical {
			t.Errorf("it is shown as %+v", is)
		}
	})
}

// After a restart nothing is known of before.
func TestAGroupThatIsStartedWhileItsCloudIsAwaySaysThatItHasNotLooked(t *testing.T) {
	for mode, severity := range map[string]fleet.Severity{"act": fleet.Critical, "recommend": fleet.Warning} {
		t.Run(mode, func(t *testing.T) {
			s := brief()
			s.recommend = mode == "recommend"
			tell(t, s, func(_ *testing.T, w *world) {
				w.until("it has decided", 10*time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
				w.cut(true)
				w.kill()
				w.start()
				w.until("the look fails", 10*time.Minute, func() bool { return w.status().LookTrouble != "" })
				w.always("it says so", time.Hour, func() bool {
					is := w.status()
					worst := is.Concerns()[0]
					return is.Unseen && worst.Kind == fleet.ConcernUnseen && worst.Severity == severity
				})
				w.cut(false)
				w.until("it has looked", 10*time.Minute, func() bool { return !w.status().Unseen && w.status().LookTrouble == "" })
			})
		})
	}
}
