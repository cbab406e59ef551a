package fleet_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// The steps of drills.
var (
	drillOfStandby = []string{"started", "running", "described", "probed"}
	drillOfOrder   = append([]string{"ordered", "delivered", "labelled", "prepared"}, drillOfStandby...)
)

// standing is a setting in which a third machine stands by once the load has fallen.
func standing() setting {
	s := brief()
	s.more = 1
	return s
}

// oneStandsBy brings the story to where two serve and one stands by, and returns its code.
func (w *world) oneStandsBy() string {
	w.t.Helper()
	w.load.set(300)
	w.until("three serve", time.Minute, w.atRest(3, 0))
	w.load.set(200)
	w.until("one stands by", 20*time.Minute, w.atRest(2, 1))
	return w.standbys()[0]
}

// drill begins a drill as it is planned.
func (w *world) drill() error {
	w.t.Helper()
	plan, err := w.fleet.PlanDrill(w.t.Context(), groupName)
	if err == nil {
		_, err = w.fleet.Drill(w.t.Context(), groupName, fleet.DrillRequest{Instance: plan.Instance, By: "sato", Why: "a rehearsal"})
	}
	return err
}

// drilled is the newest drill.
func (w *world) drilled() fleet.Drill {
	if d := w.status().Drill; d != nil {
		return *d
	}
	return fleet.Drill{}
}

func (w *world) drillIsOver() bool { return w.drilled().Outcome != "" }

// expectDrill says how the newest drill must have ended, and after which steps.
func (w *world) expectDrill(outcome fleet.DrillOutcome, steps []string) {
	w.t.Helper()
	d := w.drilled()
	var names []string
	var sum time.Duration
	for _, step := range d.Steps {
		names = append(names, step.Name)
		sum += step.Took
	}
	if d.Outcome != outcome || !slices.Equal(names, steps) {
		w.t.Errorf("it ended as %q (%s) after %v, want %q after %v", d.Outcome, d.Reason, names, outcome, steps)
	}
	if d.Outcome == fleet.DrillReady && (sum != d.Took || sum <= 0) {
		w.t.Errorf("the steps took %v together, and all took %v", sum, d.Took)
	}
}

func TestADrillBringsUpWhatStandsByAndLetsItStandByAgain(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		code := w.oneStandsBy()
		before := len(w.changes(code))
		must(t, w.drill())
		w.until("it is over", 10*time.Minute, func() bool {
			s := w.status()
			if s.Serving != 2 || s.Becoming != 0 || s.Desired != 2 {
				t.Errorf("it counts: %d serve, %d are becoming, %d are desired", s.Serving, s.Becoming, s.Desired)
			}
			return w.drillIsOver()
		})
		w.expectDrill(fleet.DrillReady, drillOfStandby)
		if d := w.drilled(); d.Instance != code || d.By != "sato" || d.Why != "a rehearsal" || d.Took < 20*time.Second || d.Took > time.Minute {
			t.Errorf("%+v", d)
		}
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		if got, want := w.changes(code)[before:], []string{"StartVirtualMachine", "StopVirtualMachine"}; !slices.Equal(got, want) {
			t.Errorf("it was changed by %v, want %v", got, want)
		}
		if len(w.bought()) != 0 || w.status().TimeToServe != 0 {
			t.Errorf("bought %v, and learned %v", w.bought(), w.status().TimeToServe)
		}
		must(t, w.drill())
		w.until("another can follow", 10*time.Minute, func() bool { return w.drillIsOver() && w.atRest(2, 1)() })
		w.load.set(300)
		w.until("the next growth takes it", 10*time.Minute, w.atRest(3, 0))
	})
}

func TestADrillOrdersAMachineWhereNoneStandsBy(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, func() bool { return w.atRest(2, 0)() && !w.status().Decision.At.IsZero() })
		must(t, w.drill())
		w.until("it is over", 20*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfOrder)
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		code := w.bought()[0]
		if got, want := w.changes(code), append(slices.Clone(wayOut[:4]), "StopVirtualMachine"); !slices.Equal(got, want) || len(w.bought()) != 1 {
			t.Errorf("it was changed by %v, want %v; bought %v", got, want, w.bought())
		}
		w.load.set(300)
		w.until("it serves in the end", 10*time.Minute, w.atRest(3, 0))
		time.Sleep(5 * time.Minute)
		if took := w.status().TimeToServe; took != 0 {
			t.Errorf("the time from the drill's order to serving counts as that of a build: %v", took)
		}
	})
}

func TestWhatADrillWillDoAndCostIsSaidBeforehand(t *testing.T) {
	s := standing()
	s.standby = 1
	tell(t, s, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, func() bool { return w.serving() == 3 && !w.status().Decision.At.IsZero() })
		calls := w.changesTotal()
		plan, err := w.fleet.PlanDrill(t.Context(), groupName)
		must(t, err)
		want := fleet.DrillPlan{
			Group: groupName, Template: template, Type: machineType, PaidUntil: plan.PaidUntil, Standing: 1, Kept: 1, LaunchTimeout: time.Hour,
		}
		if left := plan.PaidUntil.Sub(w.now()); plan != want || left < 14*time.Hour || left > 15*time.Hour {
			t.Errorf("where none stands by: %+v", plan)
		}
		if w.changesTotal() != calls || w.status().Drill != nil {
			t.Error("asking did something")
		}
		want.Instance = w.oneStandsBy()
		if plan, err = w.fleet.PlanDrill(t.Context(), groupName); err != nil || plan != want {
			t.Errorf("where one stands by: %+v, %v", plan, err)
		}
		_, err = w.fleet.Drill(t.Context(), groupName, fleet.DrillRequest{By: "sato"})
		refused(t, err, "ask again") // an order was said
	})
}

func TestWhyThereIsNoDrillNow(t *testing.T) {
	full := brief()
	full.max, full.launchTimeout = 3, 20*time.Minute
	halted := brief()
	halted.machinesMax = 4
	for name, c := range map[string]struct {
		setting setting
		before  func(t *testing.T, w *world)
		why     string
	}{
		"one is under way": {brief(), func(t *testing.T, w *world) { must(t, w.drill()) }, "one is under way, begun by sato"},
		"it is paused": {brief(), func(t *testing.T, w *world) {
			must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "suzuki"}))
		}, "the group is paused"},
		"it grows": {brief(), func(_ *testing.T, w *world) {
			w.load.set(300)
			w.until("one is ordered", time.Minute, func() bool { return len(w.bought()) == 1 && len(w.account.Unsettled()) == 0 })
		}, "not at rest"},
		"it shrinks": {standing(), func(_ *testing.T, w *world) {
			w.load.set(300)
			w.until("three serve", time.Minute, w.atRest(3, 0))
			w.load.set(200)
			w.until("one leaves", 10*time.Minute, func() bool { return w.serving() == 2 })
		}, "not at rest"},
		"an order asks": {brief(), func(_ *testing.T, w *world) { w.loseOrder(true) }, "is not settled"},
		"there is no room": {full, func(_ *testing.T, w *world) {
			w.load.set(300)
			w.until("one is ordered", time.Minute, func() bool { return len(w.bought()) == 1 })
			w.ail(w.bought()[0])
			w.until("another serves in its place", 2*time.Hour, func() bool { return w.serving() == 3 && w.quarantined() == 1 })
		}, "leave no room"},
		"the account has no quota": {halted, func(*testing.T, *world) {}, "machines_max is 4"},
		"the store is full": {brief(), func(_ *testing.T, w *world) {
			w.fuse.set(func(f *fuse) { f.diskFull = true })
			w.until("that is noticed", time.Minute, func() bool { return w.status().Trouble != "" })
		}, "cannot be written down"},
		"the cloud is blind": {brief(), func(_ *testing.T, w *world) {
			w.fuse.set(func(f *fuse) { f.cut = true })
			time.Sleep(10 * time.Minute)
		}, "cannot be trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, c.setting, func(t *testing.T, w *world) {
				w.until("it is at rest", time.Minute, func() bool { return w.serving() >= 2 && !w.status().Decision.At.IsZero() })
				c.before(t, w)
				before, changes := w.drilled(), w.changesTotal()
				_, err := w.fleet.PlanDrill(t.Context(), groupName)
				refused(t, err, c.why)
				_, err = w.fleet.Drill(t.Context(), groupName, fleet.DrillRequest{By: "sato"})
				refused(t, err, c.why)
				if after := w.drilled(); !after.Began.Equal(before.Began) || w.changesTotal() > changes+1 {
					t.Errorf("it was begun all the same: %+v", after)
				}
			})
		})
	}
}

func TestThereIsNoDrillOfAGroupThatOnlyRecommends(t *testing.T) {
	tell(t, setting{recommend: true}, func(t *testing.T, w *world) {
		_, err := w.fleet.PlanDrill(t.Context(), groupName)
		refused(t, err, "group "+groupName+" only recommends: write `mode: act`")
	})
}

func TestADrillNeverDelaysGrowth(t *testing.T) {
	for name, s := range map[string]setting{"of what stands by": standing(), "of an order": brief()} {
		for _, later := range []time.Duration{0, 3 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute} {
			t.Run(fmt.Sprintf("%s, growing %v later", name, later), func(t *testing.T) {
				served := func(w *world, prepare func()) time.Duration {
					w.load.set(300)
					begun := time.Now()
					prepare()
					w.until("three serve", 20*time.Minute, func() bool { return w.serving() == 3 })
					return time.Since(begun)
				}
				tell(t, s, func(t *testing.T, w *world) {
					w.until("it is at rest", time.Minute, func() bool { return w.serving() >= 2 && !w.status().Decision.At.IsZero() })
					orders := 1
					if s.more > 0 {
						w.oneStandsBy()
						orders = 0
					}
					must(t, w.drill())
					time.Sleep(later)
					over := w.drillIsOver()
					served(w, func() {})
					if len(w.bought()) != orders {
						t.Errorf("bought %v", w.bought())
					}
					if outcome := w.drilled().Outcome; !over && outcome != fleet.DrillTaken || over && outcome != fleet.DrillReady {
						t.Errorf("it ended as %q", outcome)
					}
					w.until("nothing is left of the drill", 20*time.Minute, w.atRest(3, 0))
				})
			})
		}
	}
}

func TestAGroupThatShrinksGoesOnWithItsDrill(t *testing.T) {
	s := standing()
	s.more = 2
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 20*time.Minute, w.atRest(3, 1))
		code := w.standbys()[0]
		w.ail(code)
		must(t, w.drill())
		w.load.set(200)
		w.until("two serve", 10*time.Minute, func() bool { return w.serving() == 2 })
		if w.drillIsOver() || w.instance(code).Goal != policy.Ready {
			t.Errorf("the drill did not go on: %+v", w.drilled())
		}
		w.cure(code)
		w.until("it is over", 10*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfStandby)
		w.until("both stand by", 10*time.Minute, w.atRest(2, 2))
	})
}

func TestPolicyDecidesAsIfThereWereNoDrill(t *testing.T) {
	t.Parallel()
	var decided [2][]string
	for i, drills := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, standing())
			w.start()
			w.oneStandsBy()
			if drills {
				must(t, w.drill())
			}
			for begun := time.Now(); time.Since(begun) < 20*time.Minute; time.Sleep(w.interval) {
				d := w.status().Decision
				decided[i] = append(decided[i], fmt.Sprint(d.From, d.To, d.Wanted, d.Reason, d.Policies))
			}
			if drills {
				w.expectDrill(fleet.DrillReady, drillOfStandby)
			}
			w.end()
		})
	}
	if !slices.Equal(decided[0], decided[1]) {
		t.Errorf("without a drill\n%s\nwith one\n%s", strings.Join(decided[0], "\n"), strings.Join(decided[1], "\n"))
	}
}

func TestWhatIsOrderedForADrillKeepsNoGroupFromShrinking(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 5*time.Minute, func() bool { return w.atRest(3, 0)() && w.status().Decision.To == 3 })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		must(t, w.drill())
		w.load.set(200)
		w.until("two serve", 5*time.Minute, func() bool { return w.serving() == 2 })
		if w.account.Pending(groupName) != 1 {
			t.Errorf("%d are pending", w.account.Pending(groupName))
		}
		w.until("it is over", time.Hour, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfStandby)
	})
}

func TestGrowthTakesWhatIsOrderedForADrillBeforeItIsThere(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("it is at rest", time.Minute, func() bool { return w.serving() == 2 && !w.status().Decision.At.IsZero() })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		must(t, w.drill())
		w.load.set(300)
		w.until("the drill is over", time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillTaken, nil)
		if len(w.account.Unsettled()) != 1 || w.status().Desired != 3 {
			t.Errorf("unsettled: %v, desired: %d", w.account.Unsettled(), w.status().Desired)
		}
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

func TestADrillMayOrderTheLastMachineThereIsRoomFor(t *testing.T) {
	s := brief()
	s.max = 2
	tell(t, s, func(t *testing.T, w *world) {
		w.until("it is at rest", time.Minute, func() bool { return w.serving() == 2 && !w.status().Decision.At.IsZero() })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		must(t, w.drill())
		w.until("it is over", time.Hour, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfOrder)
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

// What leaves could be put back at once, whatever the windows say. What leaves after a drill
// never served.
func TestWhatLeavesAfterADrillDoesNotShortenTheWindowOfGrowth(t *testing.T) {
	s := standing()
	s.outStabilization = 5 * time.Minute
	tell(t, s, func(t *testing.T, w *world) {
		code := w.oneStandsBy()
		must(t, w.drill())
		w.until("it is on its way out", 5*time.Minute, func() bool { return w.drillIsOver() && w.instance(code).Goal == policy.Standby })
		w.load.set(300)
		w.always("the group waits", 4*time.Minute, func() bool { return w.status().Desired == 2 })
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
	})
}

func TestADrillWhoseLaunchTimesOutEndsInQuarantine(t *testing.T) {
	s := standing()
	s.launchTimeout = 20 * time.Minute
	tell(t, s, func(t *testing.T, w *world) {
		code := w.oneStandsBy()
		w.ail(code)
		must(t, w.drill())
		w.until("it is quarantined", 30*time.Minute, func() bool { return w.quarantined() == 1 && w.drillIsOver() })
		w.expectDrill(fleet.DrillFailed, drillOfStandby[:3])
		if d := w.drilled(); d.Step != "probed" || !strings.Contains(d.Reason, "did not become ready within 20m0s") || !strings.Contains(d.Reason, "connection refused") {
			t.Errorf("%+v", d)
		}
		before := w.changes(code)
		w.always("it is left alone", time.Hour, func() bool { return len(w.changes(code)) == len(before) && w.serving() == 2 })
		w.cure(code)
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		if slices.Contains(w.changes(code)[len(before):], "AddLbNode") {
			t.Errorf("it came into the pool: %v", w.changes(code))
		}
	})
}

func TestADrillWhoseOrderIsRefusedIsGivenUpAndSaysWhy(t *testing.T) {
	s := brief()
	s.launchTimeout = 20 * time.Minute
	tell(t, s, func(t *testing.T, w *world) {
		w.until("it is at rest", time.Minute, func() bool { return w.serving() == 2 && !w.status().Decision.At.IsZero() })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultAnswer, Status: 503, Count: 1000})
		must(t, w.drill())
		w.until("it is over", 30*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillFailed, nil)
		if d := w.drilled(); d.Step != "ordered" || !strings.Contains(d.Reason, "within 20m0s") || !strings.Contains(d.Reason, "503") {
			t.Errorf("%+v", d)
		}
		sent := len(w.sentAt("AddCloneVirtualMachines"))
		w.always("nothing more is ordered", time.Hour, func() bool { return len(w.sentAt("AddCloneVirtualMachines")) == sent })
		if sent < 2 {
			t.Errorf("it was ordered %d times", sent)
		}
	})
}

func TestADrillThatWaitsForItsOrderTakesWhatComesToStandByMeanwhile(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 5*time.Minute, func() bool { return w.atRest(3, 0)() && w.status().Decision.To == 3 })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultAnswer, Status: 503, Count: 1000})
		must(t, w.drill())
		w.load.set(200)
		w.until("it is over", 30*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfStandby)
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		if len(w.bought()) != 0 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

func TestADrillWhoseOrderLosesItsAnswerGoesOnWithWhatItBought(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("it is at rest", time.Minute, func() bool { return w.serving() == 2 && !w.status().Decision.At.IsZero() })
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: true})
		must(t, w.drill())
		w.until("it is over", 30*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfOrder)
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}

func TestAPauseEndsADrillAndTheInstanceStandsByAfterwards(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		code := w.oneStandsBy()
		must(t, w.drill())
		time.Sleep(5 * time.Second)
		must(t, w.fleet.Override(t.Context(), groupName, policy.Override{Kind: policy.PauseAll, By: "suzuki"}))
		w.until("it is over", time.Minute, w.drillIsOver)
		if d := w.drilled(); d.Outcome != fleet.DrillFailed || d.Reason != "the group was paused" {
			t.Errorf("%+v", d)
		}
		before := w.changes(code)
		w.always("nothing is done", time.Hour, func() bool { return len(w.changes(code)) == len(before) })
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		if slices.Contains(w.changes(code)[len(before):], "AddLbNode") {
			t.Errorf("it came into the pool: %v", w.changes(code))
		}
	})
}

func TestADrillGoesOnAfterARestart(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		w.oneStandsBy()
		must(t, w.drill())
		began := w.drilled().Began
		time.Sleep(5 * time.Second)
		encoded, err := json.Marshal(w.drilled())
		must(t, err)
		var decoded fleet.Drill
		must(t, json.Unmarshal(encoded, &decoded))
		if again, err := json.Marshal(decoded); err != nil || string(again) != string(encoded) || decoded.ID == "" {
			t.Errorf("%s\nbecame\n%s", encoded, again)
		}
		w.kill()
		time.Sleep(time.Minute)
		w.start()
		w.until("it is over", 10*time.Minute, w.drillIsOver)
		w.expectDrill(fleet.DrillReady, drillOfStandby)
		if d := w.drilled(); d.Restarts != 1 || d.Took < time.Minute || !d.Began.Equal(began) {
			t.Errorf("%+v", d)
		}
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
	})
}

func TestADrillThatCannotBeWrittenDownIsNotBegun(t *testing.T) {
	tell(t, standing(), func(t *testing.T, w *world) {
		code := w.oneStandsBy()
		w.fuse.set(func(f *fuse) { f.noGoals = true })
		if err := w.drill(); err == nil || !strings.Contains(err.Error(), "nothing was begun") {
			t.Errorf("the error is %v", err)
		}
		w.fuse.set(func(f *fuse) { f.noGoals = false })
		before := len(w.changes(code))
		w.always("it stands by", 30*time.Minute, func() bool { return len(w.changes(code)) == before && w.status().Drill == nil })
	})
}

func TestAJumpOfTheClockDoesNotAlterWhatADrillMeasures(t *testing.T) {
	for _, by := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			s := standing()
			s.cloudJumps = true
			tell(t, s, func(t *testing.T, w *world) {
				w.oneStandsBy()
				must(t, w.drill())
				time.Sleep(8 * time.Second)
				w.jump(by)
				time.Sleep(12 * time.Second)
				w.kill()
				w.start()
				w.until("it is over", 10*time.Minute, w.drillIsOver)
				w.expectDrill(fleet.DrillReady, drillOfStandby)
				if took := w.drilled().Took; took < 20*time.Second || took > 2*time.Minute {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// drillAndGrow is a story in which a drill begins, ends, and what it brought up serves.
// step is called at every glance.
func (w *world) drillAndGrow(orders int, step func()) {
	reach := func(what string, limit time.Duration, reached func() bool) {
		w.t.Helper()
		w.until(what, limit, func() bool {
			step()
			return reached()
		})
	}
	reach("two serve", 10*time.Minute, func() bool { return w.serving() == 2 && !w.status().Decision.At.IsZero() })
	standby := len(w.standbys())
	reach("it is begun", 10*time.Minute, func() bool { return w.drilled().By != "" || w.drill() == nil })
	reach("it is over", time.Hour, w.drillIsOver)
	reach("it stands by", 10*time.Minute, w.atRest(2, standby+orders))
	for _, node := range w.sim.Books().Calls {
		if node.Action == "AddLbNode" && node.Effect {
			w.t.Errorf("it came into the pool: %v", node)
		}
	}
	w.load.set(300)
	reach("three serve", 20*time.Minute, w.atRest(3, 0))
}

// TestAProcessMayDieAtAnyMomentOfADrill kills it at every commit and every changing call,
// before and after it takes effect, and lets another carry on.
func TestAProcessMayDieAtAnyMomentOfADrill(t *testing.T) {
	t.Parallel()
	for orders, name := range []string{"of what stands by", "of an order"} {
		scene := func(t *testing.T) *world {
			w := newWorld(t, quick())
			if orders == 0 {
				w.seed("gc00000090", "as:test:web:gc00000090", gpsim.StatusStopped)
			}
			return w
		}
		boundaries := 0
		synctest.Test(t, func(t *testing.T) {
			w := scene(t)
			w.start()
			w.drillAndGrow(orders, func() {})
			boundaries = w.fuse.passed
			w.expectDrill(fleet.DrillReady, [][]string{drillOfStandby, drillOfOrder}[orders])
			w.judge(orders)
		})
		for at := 1; at <= boundaries; at++ {
			for _, side := range []string{"before", "after"} {
				if raced.Passes(8) {
					continue
				}
				t.Run(fmt.Sprintf("%s, %s boundary %d of %d", name, side, at, boundaries), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := scene(t)
						w.fuse.arm(at, side == "after")
						w.start()
						w.drillAndGrow(orders, func() { w.succeed(func() {}) })
						w.judge(orders)
					})
				})
			}
		}
	}
}
