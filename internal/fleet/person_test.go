package fleet_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const stray = "gc00000099" // a machine without a label, of the type and day of an order

// loseOrder loses the answer to an order for two, whose effect it has or not, and lets
// a machine appear that might be of it.
func (w *world) loseOrder(effect bool) (id string) {
	w.t.Helper()
	w.until("two serve", time.Minute, w.atRest(2, 0))
	w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: effect})
	w.load.set(400)
	w.until("an order is lost", 5*time.Minute, func() bool { return len(w.account.Unsettled()) == 1 })
	w.seed(stray, "", gpsim.StatusStopped)
	w.until("its candidates are named", 10*time.Minute, func() bool { return len(w.account.Unsettled()[0].Candidates) == 1+len(w.bought()) })
	return w.account.Unsettled()[0].ID
}

func refused(t *testing.T, err error, why string) {
	t.Helper()
	var refusal fleet.RefusedError
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), why) {
		t.Errorf("the error is %v, want a refusal about %q", err, why)
	}
}

func TestAPersonWhoNamesWhatALostOrderBoughtSettlesIt(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		id := w.loseOrder(true)
		must(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Order: id, Codes: w.bought(), By: "operator", Why: "seen in the panel"}))
		if orders := w.account.Unsettled(); len(orders) != 0 {
			t.Errorf("not settled: %+v", orders)
		}
		for _, code := range w.bought() {
			if proof := w.instance(code).Proof; proof != actions.ProofVouched {
				t.Errorf("%s is held to be ours because %q", code, proof)
			}
		}
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if w.count("AddCloneVirtualMachines") != 1 || len(w.changes(stray)) != 0 {
			t.Errorf("%d orders, and the stray machine was changed by %v", w.count("AddCloneVirtualMachines"), w.changes(stray))
		}
	})
}

func TestAPersonWhoSaysThatALostOrderBoughtNothingVoidsIt(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		id := w.loseOrder(false)
		must(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Order: id, By: "operator"}))
		w.until("it is ordered again at once", time.Minute, func() bool { return len(w.sentAt("AddCloneVirtualMachines")) == 2 })
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if calls := w.changes(stray); len(calls) != 0 {
			t.Errorf("the stray machine was changed by %v", calls)
		}
	})
}

func TestAPersonWhoDisownsACandidateLetsTheOrderSettleItself(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.loseOrder(true)
		must(t, w.fleet.Disown(t.Context(), stray, "operator", "a database"))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if w.count("AddCloneVirtualMachines") != 1 || len(w.changes(stray)) != 0 {
			t.Errorf("%d orders, and the stray machine was changed by %v", w.count("AddCloneVirtualMachines"), w.changes(stray))
		}
		if proof := w.instance(w.bought()[0]).Proof; proof != actions.ProofMark {
			t.Errorf("%s is held to be ours because %q", w.bought()[0], proof)
		}
	})
}

func TestADisownedCandidateStaysDisownedAfterARestart(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.loseOrder(false) // the stray one is the only candidate of two
		must(t, w.fleet.Disown(t.Context(), stray, "operator", ""))
		w.kill()
		w.start()
		w.until("four serve", time.Hour, w.atRest(4, 0))
		if calls := w.changes(stray); len(calls) != 0 {
			t.Errorf("the stray machine was changed by %v", calls)
		}
	})
}

func TestWhatAPersonMayNotAdoptIsRefusedWithAReason(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		id := w.loseOrder(true)
		known := w.account.Unsettled()[0]
		for why, adoption := range map[string]fleet.Adoption{
			"no machine gc77777777":  {Order: id, Codes: []string{"gc77777777"}},
			"on record already":      {Order: id, Codes: []string{first}},
			"or a template":          {Order: id, Codes: []string{template}},
			"label":                  {Order: id, Codes: []string{foreign}},
			"somebody else":          {Group: groupName, Codes: []string{foreign}},
			"no machine gc88888888":  {Group: groupName, Codes: []string{stray, "gc88888888"}},
			"on record already, or ": {Group: groupName, Codes: []string{second}},
		} {
			refused(t, w.fleet.Adopt(t.Context(), adoption), why)
		}
		var missing fleet.UnknownGroupError
		if err := w.fleet.Adopt(t.Context(), fleet.Adoption{Group: "batch", Codes: []string{stray}}); !errors.As(err, &missing) {
			t.Errorf("the error is %v", err)
		}
		var nowhere fleet.UnknownOrderError
		if err := w.fleet.Adopt(t.Context(), fleet.Adoption{Order: "x", Codes: []string{stray}}); !errors.As(err, &nowhere) || nowhere.ID != "x" {
			t.Errorf("the error is %v", err)
		}
		refused(t, w.fleet.Disown(t.Context(), "gc77777777", "operator", ""), "on no group's record")
		refused(t, w.fleet.Protect(t.Context(), "gc77777777", actions.Protection{}), "on no group's record")
		if orders := w.account.Unsettled(); len(orders) != 1 || orders[0].State != known.State || w.changesTotal() != 1 {
			t.Errorf("something was done: %+v, %d calls", orders, w.changesTotal())
		}
	})
}

func TestAMachineThatAPersonAddsToAGroupIsLabelledAndServes(t *testing.T) {
	for status, goal := range map[string]policy.Goal{gpsim.StatusRunning: policy.InService, gpsim.StatusStopped: policy.Standby} {
		t.Run(status, func(t *testing.T) {
			tell(t, brief(), func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("three serve", 10*time.Minute, w.atRest(3, 0))
				w.seed(stray, "", status)
				time.Sleep(2 * time.Minute)
				must(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Group: groupName, Codes: []string{stray}, By: "operator"}))
				if got := w.instance(stray).Goal; got != goal {
					t.Errorf("its goal is %s, want %s", got, goal)
				}
				w.load.set(400)
				w.until("four serve", 30*time.Minute, w.atRest(4, 0))
				if label := w.machine(stray).Label; label != actions.Mark(installation, groupName, stray) {
					t.Errorf("its label is %q", label)
				}
				if len(w.bought()) != 1 {
					t.Errorf("bought %v", w.bought())
				}
			})
		})
	}
}

func TestMoreThanMaxAreNotAddedByHand(t *testing.T) {
	s := brief()
	s.max, s.more = 3, 1
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", time.Minute, w.atRest(3, 0))
		w.seed(stray, "", gpsim.StatusRunning)
		w.seed("gc00000098", "", gpsim.StatusRunning)
		time.Sleep(2 * time.Minute)
		refused(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Group: groupName, Codes: []string{stray, "gc00000098"}}), "1 instances too many")
		if w.changesTotal() != 0 || len(w.status().Instances) != 3 {
			t.Error("something was done")
		}
	})
}

func TestADisownedInstanceGoesOnServingAndIsReplaced(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		gone := w.bought()[0]
		must(t, w.fleet.Disown(t.Context(), gone, "operator", "it is being examined"))
		w.person = true
		w.until("another serves in its place", 30*time.Minute, w.atRest(3, 0))
		if got := w.changes(gone)[len(wayOut):]; len(got) != 1 || got[0] != "SetLabel" {
			t.Errorf("it was changed by %v, want a label", got)
		}
		if m := w.machine(gone); m.Status != gpsim.StatusRunning || strings.HasPrefix(m.Label, "as:") {
			t.Errorf("it is %s, with the label %q", m.Status, m.Label)
		}
		if w.inThePool() != 4 || len(w.status().Foreign) != 2 {
			t.Errorf("%d are in the pool, foreign: %v", w.inThePool(), w.status().Foreign)
		}
		w.load.set(200)
		w.until("one stands by", 20*time.Minute, w.atRest(2, 1))
		w.kill()
		w.loseDisk()
		w.start()
		w.until("it is not adopted again", 10*time.Minute, w.atRest(2, 1))
		if len(w.changes(gone)) != len(wayOut)+1 {
			t.Errorf("it was changed by %v", w.changes(gone))
		}
	})
}

func TestAMachineThatIsGoneOrRelabelledCanBeDisowned(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		person, _ := w.byHand()
		taken := w.bought()[0]
		must(t, person.SetLabel(t.Context(), taken, "a database"))
		time.Sleep(5 * time.Minute)
		must(t, w.fleet.Disown(t.Context(), taken, "operator", ""))
		if label := w.machine(taken).Label; label != "a database" {
			t.Errorf("its label is %q now", label)
		}
		w.until("another serves in its place", 30*time.Minute, w.atRest(3, 0))
	})
}

func TestAPersonsWordThatAnOrderBoughtNothingOutlivesIt(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		id := w.loseOrder(false)
		w.seed("gc00000098", "", gpsim.StatusStopped)
		w.seed("gc00000097", "", gpsim.StatusStopped)
		w.until("three might be of it", 10*time.Minute, func() bool { return len(w.account.Unsettled()[0].Candidates) == 3 })
		must(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Order: id, By: "operator"}))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), stray, "a database")) // as many as were ordered are left
		w.always("none of them is taken", 2*time.Hour, func() bool { return len(w.status().Instances) == 4 })
		if calls := w.changes("gc00000098"); len(calls) != 0 {
			t.Errorf("a machine that is not ours was changed by %v", calls)
		}
	})
}

func TestAMachineThatIsNamedTwiceIsTakenOnce(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.seed(stray, "", gpsim.StatusStopped)
		time.Sleep(2 * time.Minute)
		must(t, w.fleet.Adopt(t.Context(), fleet.Adoption{Group: groupName, Codes: []string{stray, stray}, By: "operator"}))
		w.until("it stands by", 10*time.Minute, w.atRest(2, 1))
		w.kill()
		w.start()
		w.until("it does after a restart", time.Minute, w.atRest(2, 1))
	})
}

// A look that began before a machine was disowned shows it with our mark.
func TestALookThatIsUnderWayDoesNotUndoADisowning(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		gone := w.bought()[0]
		var asked, disowned atomic.Bool
		w.person = true
		w.fuse.set(func(f *fuse) {
			f.onCall = func(action string) {
				if action == "GetVirtualMachineStatusList" && asked.CompareAndSwap(false, true) {
					must(t, w.fleet.Disown(t.Context(), gone, "operator", ""))
					disowned.Store(true)
				}
			}
		})
		w.until("it is disowned", 5*time.Minute, disowned.Load)
		w.always("it is not on record again", 30*time.Minute, func() bool { return w.instance(gone).Code == "" })
	})
}

func TestTheProtectionOfAnInstanceKeepsItFromBeingReleased(t *testing.T) {
	s := brief()
	s.standby, s.more, s.dayLeft = 0, 2, 2*time.Hour
	tell(t, s, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", time.Minute, w.atRest(4, 0))
		w.load.set(200)
		w.until("two stand by", 20*time.Minute, func() bool { return w.status().Standby == 2 })
		kept := w.standbys()[0]
		must(t, w.fleet.Protect(t.Context(), kept, actions.Protection{By: "operator"}))
		w.until("the other is released", 3*time.Hour, func() bool { return w.count("DeleteVirtualMachine") == 1 })
		w.until("one stands by", 3*time.Hour, w.atRest(2, 1))
		if w.standbys()[0] != kept {
			t.Errorf("%v stands by, and %s was protected", w.standbys(), kept)
		}
	})
}
