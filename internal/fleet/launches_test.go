package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// doomed is a setting in which launches are given up soon, and ordered one by one.
func doomed() setting {
	s := brief()
	s.max, s.orderMax, s.launchTimeout = 8, 1, 15*time.Minute
	return s
}

// content is what a machine's disk holds.
func (w *world) content(code string) string { return w.machine(code).Content }

func TestGrowthStopsAfterThreeLaunchesInARowThatNeverServed(t *testing.T) {
	tell(t, doomed(), func(t *testing.T, w *world) {
		time.Sleep(5 * time.Minute) // the two that are adopted serve for longer than the first launch takes
		w.rot(w.content(template))
		w.load.set(300)
		w.until("three are quarantined", 3*time.Hour, func() bool { return w.quarantined() == 3 })
		w.until("it says why no more are ordered", time.Minute, func() bool { return w.holds(policy.HoldLaunches) })
		if shown := exposition(t, w.registry, "autoscaled_group_held"); !strings.Contains(shown, `reason="launches_failing"} 1`) {
			t.Errorf("the metrics show %s", shown)
		}
		must(t, w.sim.SetContent(template, "repaired"))
		w.always("no more are ordered", 5*time.Hour, func() bool { return len(w.bought()) == 3 })
		w.kill()
		w.start()
		w.always("nor after a restart", time.Hour, func() bool { return len(w.bought()) == 3 })
		w.rot()
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("three serve", time.Hour, func() bool { return w.serving() == 3 })
		w.load.set(600)
		w.until("it orders again, and six serve", time.Hour, func() bool { return w.serving() == 6 })
		if w.holds(policy.HoldLaunches) {
			t.Error("it is still held")
		}
	})
}

func TestALaunchThatServesMakesTheCountOfFailedOnesBeginAnew(t *testing.T) {
	tell(t, doomed(), func(t *testing.T, w *world) {
		broken := w.content(template)
		w.rot(broken)
		time.Sleep(5 * time.Minute) // the two that are adopted serve for longer than the first launch takes
		w.load.set(300)
		w.until("a second one is on its way", time.Hour, func() bool { return w.quarantined() == 1 && w.count("StartVirtualMachine") == 2 })
		must(t, w.sim.SetContent(template, "repaired"))
		w.until("the third serves", time.Hour, func() bool { return w.serving() == 3 })
		must(t, w.sim.SetContent(template, broken))
		w.load.set(400)
		w.until("a second one of these is on its way", time.Hour, func() bool { return w.quarantined() == 3 && w.count("StartVirtualMachine") == 5 })
		must(t, w.sim.SetContent(template, "repaired"))
		w.until("the next serves", time.Hour, func() bool { return w.serving() == 4 && w.quarantined() == 4 })
	})
}
