package fleet_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// That fewer than min are never left in the pool is watched in every story; here
// the goals ask for it.
func TestGoalsThatWouldEmptyThePoolLeaveMinServing(t *testing.T) {
	tell(t, setting{interval: 20 * time.Minute}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 2*time.Hour, w.atRest(4, 0))
		var everybody []policy.Assignment
		for _, in := range w.status().Instances {
			everybody = append(everybody, policy.Assignment{Code: in.Code, Goal: policy.Standby})
		}
		must(t, w.group.Crew.Assign(everybody))
		w.until("two have left", 10*time.Minute, func() bool { return w.count("DeleteLbNode") == 2 })
		w.always("two serve", 9*time.Minute, func() bool { return w.poolSize() == 3 })
		kept := 0
		for _, in := range w.status().Instances {
			if in.Phase == actions.InPool && in.Trouble != "" {
				kept++
			}
		}
		if kept != 2 {
			t.Errorf("%d say why they are kept in the pool, want 2", kept)
		}
		w.until("policy takes them all back", 2*time.Hour, w.atRest(4, 0))
	})
}

func TestAnOrderThatWouldExceedMaxIsRefusedBeforeItLeaves(t *testing.T) {
	tell(t, setting{max: 4}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.group.Crew.Order(4) // 2 + 4 > 4 + 1
		w.until("it says why", time.Minute, func() bool { return w.account.Trouble() != "" })
		if sent := w.sentAt("AddCloneVirtualMachines"); len(sent) != 0 {
			t.Errorf("ordered at %v", sent)
		}
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
	})
}

func TestGoalsThatWouldExceedMaxAreNotSet(t *testing.T) {
	tell(t, setting{max: 4, standby: 9}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.set(200)
		w.until("two stand by", 20*time.Minute, w.atRest(2, 2))
		must(t, w.group.Override(t.Context(), policy.Override{Kind: policy.PauseAll, By: "test"}))
		w.group.Crew.Order(2)
		w.until("two more are on record", time.Minute, func() bool { return len(w.status().Instances) == 6 })
		var everybody []policy.Assignment
		for _, in := range w.status().Instances {
			everybody = append(everybody, policy.Assignment{Code: in.Code, Goal: policy.InService})
		}
		must(t, w.group.Crew.Assign(everybody))
		active := 0
		for _, in := range w.status().Instances {
			if in.Goal == policy.InService {
				active++
			}
		}
		if active != 5 {
			t.Errorf("%d are to serve, and max with surge is 5", active)
		}
	})
}

func TestNoMoreIsBoughtThanWantedWhileAnOrderIsBeingPrepared(t *testing.T) {
	tell(t, setting{calls: 0.2, interval: time.Second}, func(t *testing.T, w *world) {
		w.until("two serve", 10*time.Minute, func() bool { return w.serving() == 2 })
		w.load.set(400)
		w.until("an order is being prepared", time.Minute, func() bool { return w.account.Pending(groupName) == 2 })
		w.until("it is ordered", 10*time.Minute, func() bool { return w.count("AddCloneVirtualMachines") == 1 })
		w.until("four serve", 3*time.Hour, func() bool { return w.serving() == 4 })
		if bought := w.bought(); len(bought) != 2 {
			t.Errorf("bought %v, want two machines", bought)
		}
	})
}
