package fleet_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// watched is a setting in which a removal is watched for five minutes, and growing is
// slow to decide.
func watched() setting {
	s := brief()
	s.more, s.watch, s.outStabilization, s.cooldown = 1, 5*time.Minute, 15*time.Minute, 10*time.Minute
	return s
}

// leaveOne brings the group from three that serve to two, and returns who left.
func (w *world) leaveOne() string {
	w.t.Helper()
	w.load.set(300)
	w.until("three serve", time.Minute, w.atRest(3, 0))
	time.Sleep(w.cooldown)
	w.load.set(200)
	w.until("one is out of the pool", 20*time.Minute, func() bool { return w.inThePool() == 2 })
	for _, in := range w.status().Instances {
		if in.Goal == policy.Standby {
			return in.Code
		}
	}
	w.t.Fatal("nobody has the goal to stand by")
	return ""
}

func TestARemovalIsWatchedBeforeTheMachineIsStopped(t *testing.T) {
	tell(t, watched(), func(t *testing.T, w *world) {
		gone := w.leaveOne()
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		left, stopped := w.calledAt("DeleteLbNode"), w.calledAt("StopVirtualMachine")
		if len(left) != 1 || len(stopped) != 1 || stopped[0].Sub(left[0]) < w.watch {
			t.Errorf("%s left at %v, was stopped at %v, and is watched for %v", gone, left, stopped, w.watch)
		}
	})
}

func TestLoadThatReturnsWhileARemovalIsWatchedPutsTheMachineBackAtOnce(t *testing.T) {
	tell(t, watched(), func(t *testing.T, w *world) {
		gone := w.leaveOne()
		time.Sleep(3 * time.Minute)
		w.load.set(300)
		w.until("it is put back, before growing would be decided", 2*w.interval, func() bool { return w.inThePool() == 3 })
		if reason := w.status().Decision.Reason; reason != policy.ReasonPutBack && reason != policy.ReasonSteady {
			t.Errorf("the reason is %s", reason)
		}
		w.until("it knows", time.Minute, w.atRest(3, 0))
		w.always("three serve", 20*time.Minute, w.atRest(3, 0))
		if got, want := w.changes(gone), []string{"DeleteLbNode", "AddLbNode"}; !slices.Equal(got, want) {
			t.Errorf("it was changed by %v, want %v", got, want)
		}
	})
}

func TestMoreLoadThanWhatIsPutBackCanTakeWaitsAsGrowingDoes(t *testing.T) {
	tell(t, watched(), func(_ *testing.T, w *world) {
		w.leaveOne()
		w.load.set(500)
		w.until("it is put back", 2*w.interval, func() bool { return w.inThePool() == 3 })
		w.always("the others wait for the stabilization", w.outStabilization-time.Minute, func() bool { return len(w.bought()) == 0 })
		w.until("five serve", 30*time.Minute, w.atRest(5, 0))
	})
}

func TestAWatchThatEndedIsNotPutBackButDecidedAnew(t *testing.T) {
	tell(t, watched(), func(_ *testing.T, w *world) {
		w.leaveOne()
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		w.load.set(300)
		w.always("two serve until growing is decided", w.outStabilization-time.Minute, w.atRest(2, 1))
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
	})
}

func TestARemovalGoesOnBeingWatchedAfterARestart(t *testing.T) {
	tell(t, watched(), func(_ *testing.T, w *world) {
		w.leaveOne()
		time.Sleep(3 * time.Minute)
		w.kill()
		w.start()
		w.load.set(300)
		w.until("it is put back", 3*w.interval, func() bool { return w.inThePool() == 3 })
	})
}

// crowd is what the picks are made from: five that serve, the last of them bought.
func crowd(rules ...policy.PickRule) setting {
	s := brief()
	s.min, s.more, s.pick = 1, 2, rules
	return s
}

// leavers lists who is sent away when the group shrinks from five to size.
func (w *world) leavers(size int) []string {
	w.t.Helper()
	w.load.set(float64(100 * size))
	w.until("the others leave", 20*time.Minute, w.atRest(size, 5-size))
	var codes []string
	for _, in := range w.status().Instances {
		if in.Goal == policy.Standby {
			codes = append(codes, in.Code)
		}
	}
	return codes
}

func TestWhoLeavesIsPickedByTheRules(t *testing.T) {
	third, fourth, newest := "gc00000300", "gc00000301", "gc00000005"
	for name, c := range map[string]struct {
		rules  []policy.PickRule
		before func(w *world)
		want   []string // two who leave; the seeded ones are equally old
	}{
		"the newest, without rules":  {nil, nil, []string{newest, fourth}},
		"the newest":                 {[]policy.PickRule{policy.PickNewest}, nil, []string{newest, fourth}},
		"the oldest":                 {[]policy.PickRule{policy.PickOldest}, nil, []string{third, fourth}},
		"the least busy":             {[]policy.PickRule{policy.PickLeastBusy}, busy(map[string]float64{first: 3, second: 1, third: 5, fourth: 9, newest: 2}), []string{newest, second}},
		"whose load is known":        {[]policy.PickRule{policy.PickLeastBusy}, busy(map[string]float64{first: 8, second: 9}), []string{first, second}},
		"of equally busy the newest": {[]policy.PickRule{policy.PickLeastBusy, policy.PickNewest}, busy(map[string]float64{first: 3, second: 1, third: 1, fourth: 9, newest: 1}), []string{newest, third}},
		"of the larger location":     {[]policy.PickRule{policy.PickLocation, policy.PickOldest}, nil, []string{third, fourth}},
		"never a protected one": {nil, func(w *world) {
			for _, code := range []string{newest, third} {
				must(w.t, w.fleet.Protect(w.t.Context(), code, actions.Protection{By: "operator"}))
			}
		}, []string{fourth, second}},
		"one whose protection was lifted": {nil, func(w *world) {
			must(w.t, w.fleet.Protect(w.t.Context(), newest, actions.Protection{By: "operator"}))
			must(w.t, w.fleet.Unprotect(w.t.Context(), newest, "operator", ""))
		}, []string{newest, fourth}},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, crowd(c.rules...), func(t *testing.T, w *world) {
				w.load.set(500)
				w.until("five serve", 10*time.Minute, w.atRest(5, 0))
				if c.before != nil {
					c.before(w)
				}
				got := w.leavers(3)
				slices.Sort(c.want)
				if !slices.Equal(got, c.want) {
					t.Errorf("%v left, want %v", got, c.want)
				}
			})
		})
	}
}

func busy(loads map[string]float64) func(w *world) {
	return func(w *world) {
		w.load.mu.Lock()
		defer w.load.mu.Unlock()
		w.load.busy = loads
	}
}

func TestTheLocationsStayBalanced(t *testing.T) {
	t.Parallel()
	for _, rules := range [][]policy.PickRule{{policy.PickLocation}, {policy.PickLocation, policy.PickNewest}, {policy.PickLocation, policy.PickOldest}} {
		t.Run(fmt.Sprint(rules), func(t *testing.T) {
			tell(t, setting{min: 1, max: 10, standby: 9, pick: rules}, func(t *testing.T, w *world) {
				w.kill() // it finds them all at once
				_, pool := w.byHand()
				for i, location := range []string{"R", "R", "R", "R"} { // beside two at L
					code := fmt.Sprintf("gc000004%02d", i)
					_, address, err := w.sim.AddMachine(gpsim.MachineSpec{
						Code: code, Label: actions.Mark(installation, groupName, code), Status: gpsim.StatusRunning, Type: machineType, Location: location,
					})
					must(t, err)
					must(t, pool.Attach(t.Context(), w.node(address)))
				}
				w.load.set(600)
				w.start()
				w.until("six serve", 10*time.Minute, w.atRest(6, 0))
				for size, want := range map[int]int{4: 2} {
					w.load.set(float64(100 * size))
					w.until("some leave", 20*time.Minute, w.atRest(size, 6-size))
					at := map[string]int{}
					for _, in := range w.status().Instances {
						if in.Goal == policy.InService {
							at[in.Location]++
						}
					}
					if at["L"] != want || at["R"] != want {
						t.Errorf("of %d there are %v", size, at)
					}
				}
			})
		})
	}
}

func TestAProtectedGroupDoesNotShrink(t *testing.T) {
	tell(t, crowd(), func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		for _, in := range w.status().Instances {
			must(t, w.fleet.Protect(t.Context(), in.Code, actions.Protection{By: "operator", Why: "a demonstration"}))
		}
		w.load.set(100)
		w.always("all serve", time.Hour, w.atRest(4, 0))
		w.kill()
		w.start()
		w.always("all serve, after a restart", 20*time.Minute, func() bool { return w.changesTotal() == 0 })
		if p := w.instance(first).Protected; p == nil || p.By != "operator" || p.Why == "" || p.Since.IsZero() {
			t.Errorf("the protection of %s is %+v", first, p)
		}
		must(t, w.fleet.Unprotect(t.Context(), first, "operator", ""))
		w.until("the one that is not protected leaves", 30*time.Minute, w.atRest(3, 1))
		if goal := w.instance(first).Goal; goal != policy.Standby {
			t.Errorf("the goal of %s is %s", first, goal)
		}
	})
}

func TestAProtectedInstanceThatFailsStaysAndIsNotReplaced(t *testing.T) {
	tell(t, crowd(), func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		must(t, w.fleet.Protect(t.Context(), second, actions.Protection{By: "operator"}))
		w.ail(second)
		w.until("it fails", 10*time.Minute, func() bool { return w.failing() == 1 })
		w.always("nothing is changed", 30*time.Minute, func() bool { return w.changesTotal() == 0 })
	})
}

func TestAStandbyThatIsOldIsReleasedThoughItWouldBeKept(t *testing.T) {
	s := brief()
	s.min, s.more, s.standbyAge, s.dayLeft = 1, 2, 3*time.Hour, 5*time.Hour
	tell(t, s, func(t *testing.T, w *world) {
		end := w.cloudNow().Add(s.dayLeft)
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 20*time.Minute, w.atRest(3, 1))
		old := w.standbys()
		time.Sleep(3 * time.Hour)
		w.load.set(200)
		w.until("two stand by", 20*time.Minute, w.atRest(2, 2))
		w.kill()
		w.start()
		w.always("nothing is released before the paid period ends", end.Sub(w.cloudNow())-w.releaseBefore-time.Minute, func() bool { return w.count("DeleteVirtualMachine") == 0 })
		w.until("the old one is released", 2*time.Minute, func() bool { return w.count("DeleteVirtualMachine") == 1 })
		if got := w.changes(old[0]); got[len(got)-1] != "DeleteVirtualMachine" {
			t.Errorf("%v rested for longer, and was changed by %v", old, got)
		}
		w.always("the other one is kept", 3*time.Hour, func() bool { return w.count("DeleteVirtualMachine") == 1 })
	})
}

// standbys lists the codes of those that are to stand by.
func (w *world) standbys() []string {
	var codes []string
	for _, in := range w.status().Instances {
		if in.Goal == policy.Standby {
			codes = append(codes, in.Code)
		}
	}
	return codes
}
