package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// mode is in which way the account is half broken, as the process sees it.
func (w *world) mode() actions.Doubt { return w.fleet.Status().Accounts[0].Mode }

// sentSince counts the changing calls that were sent after the instant, whatever came
// of them.
func (w *world) sentSince(begin time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, call := range w.sent {
		if changing[call.action] && call.at.After(begin) {
			n++
		}
	}
	return n
}

// crowded is a setting in which ten serve at first.
func crowded() setting {
	s := brief()
	s.max, s.more = 20, 8
	return s
}

func TestChangesThatFailForAnHourAreTriedSeldomAndResumeByThemselves(t *testing.T) {
	for _, status := range []int{500, 503, 429, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			tell(t, crowded(), func(t *testing.T, w *world) {
				w.load.set(1000)
				w.until("ten serve", time.Minute, w.atRest(10, 0))
				w.breakChanges(status)
				begin := w.cloudNow()
				w.load.set(400) // six are to leave
				w.until("it says that changes fail", 10*time.Minute, func() bool { return w.mode() == actions.DoubtWrites })
				w.load.set(200) // and two more
				w.always("nobody else is sent away, and all serve", 45*time.Minute, func() bool {
					return w.mode() == actions.DoubtWrites && len(w.standbys()) == 6 && w.inThePool() == 10
				})
				if sent := w.sentSince(begin); sent > 75 {
					t.Errorf("%d changes were tried within the hour", sent)
				}
				if doubt := w.status().Decision.Reason; doubt != policy.ReasonDoubt {
					t.Errorf("the newest decision says %s", doubt)
				}
				w.breakChanges(0)
				w.until("eight leave", time.Hour, w.atRest(2, 8))
				if w.mode() != actions.DoubtNone {
					t.Errorf("it is %s", w.mode())
				}
			})
		})
	}
}

func TestOrdersThatFailForAnHourAreTriedSeldomAndBuyNothingTwice(t *testing.T) {
	for _, status := range []int{500, 503, 429, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			tell(t, crowded(), func(t *testing.T, w *world) {
				w.load.set(1000)
				w.until("ten serve", time.Minute, w.atRest(10, 0))
				w.breakChanges(status)
				begin := w.cloudNow()
				w.load.set(1200)
				time.Sleep(time.Hour)
				if sent := w.sentSince(begin); sent == 0 || sent > 75 {
					t.Errorf("%d changes were tried within the hour", sent)
				}
				w.breakChanges(0)
				w.until("twelve serve", time.Hour, w.atRest(12, 0))
				if len(w.bought()) != 2 {
					t.Errorf("bought %v", w.bought())
				}
			})
		})
	}
}

func TestListingsThatAreCutShortForNineMinutesForgetNobody(t *testing.T) {
	for _, lacking := range []int{1, 2, 5, 9} {
		t.Run(fmt.Sprintf("%d are lacking", lacking), func(t *testing.T) {
			tell(t, crowded(), func(t *testing.T, w *world) {
				w.load.set(1000)
				w.until("ten serve", time.Minute, w.atRest(10, 0))
				w.load.set(800)
				w.until("two stand by", 20*time.Minute, w.atRest(8, 2))
				changes := w.changesTotal()
				w.clip(append([]string{w.standbys()[0], second, first}, w.others()...)[:lacking]...)
				if lacking > 1 {
					w.until("it says so", 5*time.Minute, func() bool { return w.mode() == actions.DoubtTruncated })
				}
				w.load.set(600)
				want := map[bool]int{true: 9, false: 10}[lacking == 1] // a single one that stands by is believed to be gone
				w.always("nothing is changed", 9*time.Minute, func() bool {
					return (w.changesTotal() == changes || lacking == 1) && len(w.status().Instances) >= want
				})
				w.clip()
				w.until("the listings are believed again, and two more leave", 20*time.Minute, w.atRest(6, 4))
				if w.mode() != actions.DoubtNone {
					t.Errorf("it is %s", w.mode())
				}
				if len(w.bought()) != 0 {
					t.Errorf("bought %v", w.bought())
				}
			})
		})
	}
}

func TestAListingThatLacksMachinesForLongerThanTheSettleWindowIsBelieved(t *testing.T) {
	tell(t, crowded(), func(t *testing.T, w *world) {
		w.load.set(1000)
		w.until("ten serve", time.Minute, w.atRest(10, 0))
		w.load.set(600)
		w.until("four stand by", 20*time.Minute, w.atRest(6, 4))
		moved := func() int {
			return w.count("StartVirtualMachine") + w.count("StopVirtualMachine") + w.count("AddLbNode") + w.count("DeleteLbNode")
		}
		before := moved()
		w.clip(append(w.standbys(), second)...)
		w.always("all are known within the window", w.settleWindow-time.Minute, func() bool { return len(w.status().Instances) == 10 })
		w.until("those that stood by are forgotten, and the one that serves is not", 10*time.Minute, func() bool { return len(w.status().Instances) == 6 })
		w.always("six serve", 20*time.Minute, func() bool { return w.inThePool() == 6 && w.instance(second).Code == second })
		if w.mode() != actions.DoubtNone {
			t.Errorf("it is %s", w.mode())
		}
		w.clip()
		w.until("they are known again by their marks", 10*time.Minute, w.atRest(6, 4))
		if moved() != before || len(w.bought()) != 0 {
			t.Error("something was moved or bought")
		}
	})
}

// A listing that is cut short just before an order must not make an old machine look
// like what the order bought.
func TestAMachineThatAListingLackedIsNotTakenForWhatALostOrderBought(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.seed("gc00000099", "", gpsim.StatusStopped)
		time.Sleep(10 * time.Minute)
		w.clip("gc00000099")
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		w.load.set(300)
		w.until("an order is lost", 5*time.Minute, func() bool { return len(w.account.Unsettled()) == 1 })
		w.clip()
		w.until("three serve", time.Hour, func() bool { return w.serving() == 3 })
		if calls := w.changes("gc00000099"); len(calls) != 0 {
			t.Errorf("somebody else's machine was changed by %v", calls)
		}
	})
}

func TestAStatusThatLagsBySixMinutesDoesNoHarm(t *testing.T) {
	s := brief()
	s.delays.StaleRead = 6 * time.Minute
	tell(t, s, func(t *testing.T, w *world) {
		lagged := false
		wait := func(what string, reached func() bool) {
			w.until(what, 2*time.Hour, func() bool {
				lagged = lagged || w.mode() == actions.DoubtLagging
				return reached()
			})
		}
		w.load.set(400)
		wait("four serve", w.atRest(4, 0))
		w.load.set(200)
		wait("two stand by", w.atRest(2, 2))
		w.load.set(400)
		wait("four serve again", w.atRest(4, 0))
		if !lagged {
			t.Error("it was never said that the status lags")
		}
		if len(w.bought()) != 2 || w.quarantined() != 0 {
			t.Errorf("bought %v, %d are quarantined", w.bought(), w.quarantined())
		}
		for _, call := range w.sim.Books().Calls {
			if call.Action == "StopVirtualMachine" && call.Parameters["Force"] == "Yes" {
				t.Errorf("%s was stopped by force", call.Parameters["GcServiceCode"])
			}
		}
		wait("it is over", func() bool { return w.mode() == actions.DoubtNone })
	})
}

func TestACloudThatCannotBeReadIsNamedAndNobodyIsSentAway(t *testing.T) {
	tell(t, crowded(), func(t *testing.T, w *world) {
		w.load.set(1000)
		w.until("ten serve", time.Minute, w.atRest(10, 0))
		w.fuse.set(func(f *fuse) { f.cut = true })
		w.until("it is named", 5*time.Minute, func() bool { return w.mode() == actions.DoubtBlind })
		w.load.set(200)
		w.always("nobody is sent away", time.Hour, func() bool { return len(w.standbys()) == 0 && w.status().Desired == 10 })
		if reason := w.status().Decision.Reason; reason != policy.ReasonDoubt {
			t.Errorf("the newest decision says %s", reason)
		}
		w.fuse.set(func(f *fuse) { f.cut = false })
		w.until("eight leave", time.Hour, w.atRest(2, 8))
		if w.mode() != actions.DoubtNone {
			t.Errorf("it is %s", w.mode())
		}
	})
}
