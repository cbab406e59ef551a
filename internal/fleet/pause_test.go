package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAPausedGroupChangesNothingUntilItIsResumedAlsoAfterARestart(t *testing.T) {
	tell(t, setting{launchTimeout: 20 * time.Minute}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("two machines are being built", 10*time.Minute, func() bool { return w.count("AttachFwLb") == 2 })
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator", Why: "maintenance"}))
		before := w.changesTotal()
		unchanged := func() bool { return w.changesTotal() == before }
		w.always("nothing is changed, for longer than a launch may take", 25*time.Minute, unchanged)
		w.load.set(600)
		w.always("nothing is changed under more load", 20*time.Minute, unchanged)
		w.kill()
		w.start()
		if paused := w.status().Override; paused == nil || paused.By != "operator" || paused.Why != "maintenance" {
			t.Errorf("after a restart the status shows the pause %+v", paused)
		}
		if shown := exposition(t, w.registry, "autoscaled_group_override"); !strings.Contains(shown, `{group="web",kind="pause"} 1`) {
			t.Errorf("after a restart the metrics show %s", shown)
		}
		w.always("nothing is changed after a restart", 20*time.Minute, unchanged)
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("six serve", time.Hour, w.atRest(6, 0))
		if w.status().Override != nil {
			t.Error("the status still shows a pause")
		}
	})
}

func TestNothingFollowsTheStepUnderWayWhenAGroupIsPaused(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("a machine is labelled", 20*time.Minute, func() bool { return w.count("SetLabel") > 0 })
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator"}))
		time.Sleep(time.Minute)
		before := w.changesTotal()
		w.always("nothing is changed", 20*time.Minute, func() bool { return w.changesTotal() == before })
	})
}

func TestAPauseThatCannotBeWrittenDownIsRefused(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		if err := w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator"}); err == nil {
			t.Error("the pause was taken")
		}
		if w.status().Override != nil {
			t.Error("the status shows the pause")
		}
	})
}

func TestAGroupThatDoesNotActCannotBePaused(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		if err := w.fleet.Override(t.Context(), "batch", policy.Override{Kind: policy.PauseAll, By: "operator"}); err == nil {
			t.Error("a group that does not exist was paused")
		}
		w.stop()
		if err := w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "operator"}); err == nil {
			t.Error("a group that does not run any more was paused")
		}
		w.process = nil
	})
}
