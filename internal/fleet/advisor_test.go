package fleet_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAGroupThatRecommendsDecidesAndChangesNothing(t *testing.T) {
	tell(t, setting{recommend: true}, func(t *testing.T, w *world) {
		w.load.set(500)
		w.until("it would grow", time.Minute, func() bool { return w.status().Desired == 5 })
		s := w.status()
		if s.Mode != "recommend" || s.Serving != 3 || s.Decision.From != 3 || s.Decision.Reason != policy.ReasonWant || len(s.Decision.Policies) != 1 {
			t.Errorf("it says %+v", s)
		}
		w.load.set(100)
		w.until("it would shrink", time.Hour, func() bool { return w.status().Desired == 2 })
		if changes := w.changesTotal(); changes != 0 {
			t.Errorf("%d changing calls", changes)
		}
	})
}

func TestAGroupWithoutPoolsIsRecommendedForItsMarkedMachinesThatAreOn(t *testing.T) {
	tell(t, setting{recommend: true, unbalanced: true}, func(t *testing.T, w *world) {
		w.seed("gc00000101", actions.Mark("elsewhere", groupName, "gc00000101"), gpsim.StatusRunning)
		w.seed("gc00000102", actions.Mark("elsewhere", groupName, "gc00000102"), gpsim.StatusStopped)
		w.seed("gc00000103", actions.Mark("elsewhere", groupName, "gc00000101"), gpsim.StatusRunning) // a copied mark
		w.load.set(500)
		w.until("it would grow from three", 5*time.Minute, func() bool { s := w.status(); return s.Serving == 3 && s.Decision.To == 5 })
		if s := w.status(); s.Decision.From != 3 {
			t.Errorf("it says %+v", s.Decision)
		}
	})
}

func TestAPoolThatCannotBeReadDoesNotLookLikeASmallerGroup(t *testing.T) {
	tell(t, setting{recommend: true}, func(_ *testing.T, w *world) {
		w.until("it sees the pool", time.Minute, func() bool { return w.status().Serving == 3 })
		w.inject(gpsim.Fault{Action: "DescribeLb", Kind: gpsim.FaultAnswer, Status: 500, Count: 1000})
		w.always("it goes on from three", 20*time.Minute, func() bool { return w.status().Serving == 3 })
	})
}

func TestTheStatusSurvivesJSON(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("a machine is being built", 20*time.Minute, func() bool { return w.count("AttachFwLb") == 1 })
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator", Why: "test"}))
		status := w.fleet.Status()
		encoded, err := json.Marshal(status)
		must(t, err)
		var decoded fleet.Status
		must(t, json.Unmarshal(encoded, &decoded))
		again, err := json.Marshal(decoded)
		must(t, err)
		if string(again) != string(encoded) {
			t.Errorf("%s\nbecame\n%s", encoded, again)
		}
		for i := range reflect.TypeFor[fleet.GroupStatus]().NumField() {
			field := reflect.TypeFor[fleet.GroupStatus]().Field(i)
			if value := reflect.ValueOf(status.Groups[0]).Field(i); value.IsZero() && !slices.Contains([]string{"Trouble", "Standby", "Failing", "Held", "Rollout", "Shadow", "Foreseen", "Capped", "TimeToServe", "Drill", "Unseen", "LookTrouble", "PastTrouble"}, field.Name) {
				t.Errorf("the status of a busy, paused group lacks %s", field.Name)
			}
		}
	})
}
