package fleet_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// halved wants half as many instances as the rules in force.
func halved(value float64) *fleet.Shadow {
	return &fleet.Shadow{Spec: policy.Spec{Policies: policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: value})}}
}

func TestAShadowDecidesBesideTheGroupAndActsOnNothing(t *testing.T) {
	tell(t, setting{shadow: halved(200)}, func(t *testing.T, w *world) {
		w.load.set(600)
		w.until("six serve", time.Hour, w.atRest(6, 0))
		w.until("the shadow is as large as it wants", 20*time.Minute, func() bool { s := w.status().Shadow; return s != nil && s.Desired == 3 && s.Serving == 3 })
		time.Sleep(20 * time.Minute)
		s := w.status().Shadow
		if s.Score.Active.InstanceHours <= s.Score.Shadow.InstanceHours || s.Score.Measured < 30*time.Minute {
			t.Errorf("the score is %+v", s.Score)
		}
		if s.Score.Active.Short == 0 || s.Score.Shadow.Short <= s.Score.Active.Short {
			t.Errorf("both were short while the machines were built, and the shadow ever since: %+v", s.Score)
		}
		if s.Promoted || w.status().Desired != 6 {
			t.Errorf("the shadow decides: %+v", w.status())
		}
	})
}

func TestWhatAShadowOrdersArrivesAfterTheTimeThatTheGroupLearned(t *testing.T) {
	s := quick()
	s.max, s.shadow = 12, halved(50)
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(300)
		serves := func(n int) func() bool {
			return func() bool { s := w.status().Shadow; return s != nil && s.Desired == n && s.Serving == n }
		}
		w.until("three are built, and the shadow has six", time.Hour, func() bool { return w.atRest(3, 0)() && serves(6)() })
		learned := w.status().TimeToServe
		if learned == 0 || learned > 6*time.Minute {
			t.Fatalf("builds took %s", learned)
		}
		w.load.set(400)
		w.until("the shadow has eight", 8*time.Minute, serves(8))
	})
}

func TestAPromotedShadowDecidesAlsoAfterARestartAndUntilItIsRolledBack(t *testing.T) {
	tell(t, setting{shadow: halved(200), stabilization: 30 * time.Second}, func(t *testing.T, w *world) {
		w.load.set(600)
		w.until("six serve", time.Hour, w.atRest(6, 0))
		var refused fleet.RefusedError
		if err := w.fleet.Promote(t.Context(), groupName, false, "sato", ""); !errors.As(err, &refused) {
			t.Errorf("a rollback of nothing: %v", err)
		}
		must(t, w.fleet.Promote(t.Context(), groupName, true, "sato", "cheaper"))
		if err := w.fleet.Promote(t.Context(), groupName, true, "sato", ""); !errors.As(err, &refused) {
			t.Errorf("a second promotion: %v", err)
		}
		w.kill()
		w.start()
		w.until("three serve", time.Hour, func() bool { return w.serving() == 3 && w.status().Desired == 3 })
		w.until("the rules of the file are the shadow", 30*time.Minute, func() bool { s := w.status().Shadow; return s != nil && s.Promoted && s.Desired == 6 })
		must(t, w.fleet.Promote(t.Context(), groupName, false, "sato", "too few"))
		w.until("six serve again", time.Hour, w.atRest(6, 0))
	})
}

func TestAPromotionEndsWhenTheShadowIsChangedInTheFile(t *testing.T) {
	tell(t, setting{shadow: halved(200), stabilization: 30 * time.Second}, func(t *testing.T, w *world) {
		w.load.set(600)
		w.until("six serve", time.Hour, w.atRest(6, 0))
		must(t, w.fleet.Promote(t.Context(), groupName, true, "sato", ""))
		w.until("three serve", time.Hour, func() bool { return w.serving() == 3 })
		w.kill()
		w.shadow = halved(300)
		w.start()
		w.until("six serve again", time.Hour, func() bool { return w.serving() == 6 })
		if s := w.status().Shadow; s == nil || s.Promoted {
			t.Errorf("the shadow is %+v", s)
		}
	})
}

func TestAPromotionThatCannotBeWrittenDownIsRefused(t *testing.T) {
	tell(t, setting{shadow: halved(200)}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Hour, w.atRest(4, 0))
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		if err := w.fleet.Promote(t.Context(), groupName, true, "sato", ""); err == nil {
			t.Error("it is promoted")
		}
		w.fuse.set(func(f *fuse) { f.diskFull = false })
		w.always("the rules of the file are in force", 30*time.Minute, func() bool { return w.status().Desired == 4 && !w.status().Shadow.Promoted })
	})
}

func TestAGroupWithoutAShadowHasNothingToPromote(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		var refused fleet.RefusedError
		if err := w.fleet.Promote(t.Context(), groupName, true, "sato", ""); !errors.As(err, &refused) {
			t.Errorf("error is %v", err)
		}
		text, err := json.Marshal(w.status())
		must(t, err)
		var back fleet.GroupStatus
		must(t, json.Unmarshal(text, &back))
		if back.Shadow != nil {
			t.Errorf("it has the shadow %+v", back.Shadow)
		}
	})
}
