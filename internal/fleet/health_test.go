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

// brief is a setting in which a machine comes to serve three minutes after its order,
// so that stories with many of them are short.
func brief() setting {
	return setting{standby: 9, orderMax: 20, delays: quick().delays, glance: 5 * time.Second}
}

// holds says that the newest choice was held back for the reason.
func (w *world) holds(hold policy.Hold) bool { return slices.Contains(w.status().Held, hold) }

// inThePool counts our nodes of the pool.
func (w *world) inThePool() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pool) - 1
}

// failing counts the instances whose services are known not to answer.
func (w *world) failing() int { return w.status().Failing }

func TestAnInstanceWhoseServiceDiesIsReplacedTheNewOneFirstAndOverwrittenBeforeItServesAgain(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		dead := w.bought()[0]
		w.ail(dead)
		w.until("another serves in its place, and it stands by", 30*time.Minute, func() bool {
			if w.inThePool() < 3 {
				t.Fatal("fewer than three are in the pool")
			}
			return w.atRest(3, 1)()
		})
		if got, want := w.changes(dead)[len(wayOut):], []string{"DeleteLbNode", "StopVirtualMachine", "CloneVirtualMachine", "ImportRootSshPublicKey"}; !slices.Equal(got, want) {
			t.Errorf("it was changed by %v, want %v", got, want)
		}
		if m := w.machine(dead); m.Refreshes != 1 || m.Keys != 1 {
			t.Errorf("it was overwritten %d times, and has %d keys", m.Refreshes, m.Keys)
		}
		w.load.set(400)
		w.until("it serves again", 30*time.Minute, w.atRest(4, 0))
		if bought := w.bought(); len(bought) != 2 {
			t.Errorf("bought %v, want one and its successor", bought)
		}
		w.always("four serve", 30*time.Minute, w.atRest(4, 0))
	})
}

func TestOfTwentyTwoAreReplacedAtATime(t *testing.T) {
	s := brief()
	s.min, s.max, s.more = 18, 24, 18
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(2000)
		w.until("twenty serve", time.Minute, w.atRest(20, 0))
		w.ail(w.others()[:6]...)
		w.until("all six are seen to fail", 10*time.Minute, func() bool { return w.failing() == 6 })
		w.until("all are replaced", 2*time.Hour, func() bool {
			meant := w.meantToServe()
			if meant > 22 || w.inThePool() < 20 {
				t.Fatalf("%d are to serve, want two more than twenty; %d are in the pool", meant, w.inThePool())
			}
			return meant == 20 && w.failing() == 0
		})
		bought := len(w.bought())
		w.until("twenty serve", time.Hour, w.atRest(20, bought))
		for _, code := range w.others()[:6] {
			if refreshes := w.machine(code).Refreshes; refreshes != 1 {
				t.Errorf("%s was overwritten %d times", code, refreshes)
			}
		}
		if bought >= 6 {
			t.Errorf("bought %d, and those that were overwritten serve as well as others", bought)
		}
	})
}

func TestMoreThanTheBrakeFailingTogetherAreLeftAsTheyAre(t *testing.T) {
	s := brief()
	s.more, s.interval = 4, 9700*time.Millisecond // so that no decision falls into the middle of a round of probes
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(600)
		w.until("six serve", time.Minute, w.atRest(6, 0))
		w.ail(w.others()[:3]...)
		w.until("the brake is on", 10*time.Minute, func() bool { return w.holds(policy.HoldBrake) })
		w.always("nothing is changed", time.Hour, func() bool { return w.changesTotal() == 0 && w.holds(policy.HoldBrake) })
		w.cure(w.others()[0])
		w.until("two of six are replaced", time.Hour, func() bool { return w.count("CloneVirtualMachine") == 2 })
		w.until("six serve", 30*time.Minute, w.atRest(6, len(w.bought())))
		if w.holds(policy.HoldBrake) {
			t.Error("the brake is still on")
		}
	})
}

func TestOneOfTwoIsReplaced(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.ail(second)
		w.until("it is replaced", 30*time.Minute, w.atRest(2, 1))
		if in := w.instance(second); in.Goal != policy.Standby {
			t.Errorf("%s has the goal %s", second, in.Goal)
		}
	})
}

func TestAServiceThatAnswersAgainSoonIsNotReplaced(t *testing.T) {
	tell(t, brief(), func(_ *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.ail(second)
		time.Sleep(staleRead - 2*healthInterval)
		w.cure(second)
		w.always("nothing is changed", 30*time.Minute, func() bool { return w.changesTotal() == 0 && w.failing() == 0 })
	})
}

func TestAServiceThatAnswersAgainBeforeItsSuccessorServesIsKept(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.ail(second)
		w.until("its successor is ordered", 10*time.Minute, func() bool { return len(w.bought()) == 1 })
		w.cure(second)
		w.until("it fails no more", time.Minute, func() bool { return w.failing() == 0 })
		w.until("the successor stands by", 30*time.Minute, w.atRest(2, 1))
		if got := w.changes(second); len(got) != 0 {
			t.Errorf("the healed one was changed by %v", got)
		}
	})
}

func TestWhatFailsLeavesFirstWhenTheGroupShrinks(t *testing.T) {
	for failing, held := range map[int]bool{1: false, 2: true} {
		t.Run(fmt.Sprintf("%d of four", failing), func(t *testing.T) {
			s := brief()
			s.min, s.max, s.more, s.stabilization = 1, 4, 2, 20*time.Minute
			tell(t, s, func(t *testing.T, w *world) {
				w.load.set(400)
				w.until("four serve", time.Minute, w.atRest(4, 0))
				sick := []string{first, second}[:failing] // not the newest
				w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultAnswer, Status: 400, Count: 100})
				w.ail(sick...)
				w.load.set(float64(400 - 100*failing))
				w.until("they fail", 10*time.Minute, func() bool { return w.failing() == failing && w.holds(policy.HoldBrake) == held })
				w.until("the others serve", time.Hour, func() bool { return w.serving() == 4-failing && w.status().Becoming == 0 })
				for _, in := range w.status().Instances {
					if leaves := in.Goal == policy.Standby; leaves != slices.Contains(sick, in.Code) {
						t.Errorf("%s has the goal %s, and %v failed", in.Code, in.Goal, sick)
					}
				}
			})
		})
	}
}

func TestAFailingInstanceIsRememberedAcrossARestart(t *testing.T) {
	s := brief()
	s.more = 2
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultAnswer, Status: 400, Count: 100})
		w.ail(second)
		w.until("it fails", 10*time.Minute, func() bool { return w.failing() == 1 })
		since := w.instance(second).Failing
		w.kill()
		w.start()
		w.until("it is looked at", time.Minute, func() bool { return w.serving() == 4 })
		if now := w.instance(second).Failing; !now.Equal(since) {
			t.Errorf("it fails since %v, it says, and failed since %v", now, since)
		}
	})
}

func TestAServingMachineThatWentOffByItselfIsStartedAndNotReplaced(t *testing.T) {
	s := brief()
	s.drift = map[actions.DriftKind]actions.DriftPolicy{actions.DriftStopped: actions.DriftRepair}
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		off := w.bought()[0]
		w.disown(off)
		person, _ := w.byHand()
		must(t, person.Stop(t.Context(), off, true))
		w.until("it is out of the pool", 10*time.Minute, func() bool { return w.serving() == 2 })
		w.until("it serves again", 30*time.Minute, w.atRest(3, 0))
		if got, want := w.changes(off)[len(wayOut)+1:], []string{"DeleteLbNode", "StartVirtualMachine", "AddLbNode"}; !slices.Equal(got, want) {
			t.Errorf("it was changed by %v, want %v", got, want)
		}
		if len(w.bought()) != 1 {
			t.Errorf("bought %v", w.bought())
		}
	})
}
