package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// moment is where a story is when somebody sets the clock.
type moment struct {
	setting setting
	reach   func(w *world)               // brings the story there
	judge   func(w *world, by time.Time) // watches it to its end; by is when the clock was set
}

func (w *world) jump(by time.Duration) { w.wallJump.Store(int64(by)) }

var moments = map[string]moment{
	"while machines are built": {brief(), func(w *world) {
		w.load.set(400)
		w.until("two machines are being built", 10*time.Minute, func() bool { return w.count("AttachFwLb") == 2 })
	}, func(w *world, _ time.Time) {
		w.until("four serve", 4*time.Hour, func() bool {
			if w.quarantined() > 0 {
				w.t.Fatal("one is quarantined")
			}
			return w.atRest(4, 0)()
		})
		if len(w.bought()) != 2 || len(w.sentAt("StopVirtualMachine")) != 0 {
			w.t.Errorf("bought %v, and stops were sent at %v", w.bought(), w.sentAt("StopVirtualMachine"))
		}
	}},
	"while one drains": {watched(), func(w *world) {
		w.leaveOne()
		time.Sleep(time.Minute)
	}, func(w *world, _ time.Time) {
		w.until("it stands by", 4*time.Hour, w.atRest(2, 1))
		left, stopped := w.sentAt("DeleteLbNode"), w.sentAt("StopVirtualMachine")
		if waited := stopped[0].Sub(left[0]); waited < w.watch-time.Second { // by which a jump may go unnoticed
			w.t.Errorf("it was stopped %v after it left, and is watched for %v", waited, w.watch)
		}
	}},
	"within the settle window": {brief(), func(w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		w.load.set(400)
		w.until("an order is lost", time.Minute, func() bool { return len(w.account.Unsettled()) == 1 })
		time.Sleep(time.Minute)
	}, func(w *world, _ time.Time) {
		w.until("four serve", 5*time.Hour, w.atRest(4, 0))
		sent := w.sentAt("AddCloneVirtualMachines")
		if waited := sent[1].Sub(sent[0]); waited < w.settleWindow || len(sent) != 2 {
			w.t.Errorf("ordered at %v, and the settle window is %v", sent, w.settleWindow)
		}
	}},
	"within a cooldown": {setting{standby: 9, more: 2, cooldown: 40 * time.Minute, delays: quick().delays, glance: 5 * time.Second}, func(w *world) {
		w.load.set(400)
		w.until("four serve", 10*time.Minute, w.atRest(4, 0))
		w.load.set(200)
		time.Sleep(2 * time.Minute)
	}, func(w *world, set time.Time) {
		w.until("two leave", 6*time.Hour, w.atRest(2, 2))
		if waited := w.sentAt("DeleteLbNode")[0].Sub(set); waited < 10*time.Minute {
			w.t.Errorf("they left %v after the clock was set, within a span", waited)
		}
	}},
	"while it is decided whether to shrink": {setting{standby: 9, more: 2, stabilization: 20 * time.Minute, delays: quick().delays, glance: 5 * time.Second}, func(w *world) {
		w.load.set(400)
		w.until("four serve", 10*time.Minute, w.atRest(4, 0))
		time.Sleep(30 * time.Minute)
		w.load.set(200)
		time.Sleep(2 * time.Minute)
	}, func(w *world, set time.Time) {
		w.until("two leave", 6*time.Hour, w.atRest(2, 2))
		if waited := w.sentAt("DeleteLbNode")[0].Sub(set); waited < w.stabilization-3*time.Minute {
			w.t.Errorf("they left %v after the clock was set, within a span", waited)
		}
	}},
	"while one that fails is replaced": {brief(), func(w *world) {
		w.load.set(300)
		w.until("three serve", 10*time.Minute, w.atRest(3, 0))
		w.ail(second)
		time.Sleep(time.Minute)
	}, func(w *world, _ time.Time) {
		w.until("another serves in its place", 4*time.Hour, func() bool {
			if w.inThePool() < 3 {
				w.t.Fatal("fewer than three are in the pool")
			}
			return w.atRest(3, 1)()
		})
	}},
}

// TestAWallClockThatJumpsCancelsNothing sets the clock at each moment, by each jump. The
// cloud refuses calls that are dated wrongly, so either it is as wrong, or the clock is
// set right after a quarter of an hour.
func TestAWallClockThatJumpsCancelsNothing(t *testing.T) {
	for name, m := range moments {
		for jump, by := range jumps {
			for _, cloudJumps := range []bool{true, false} {
				if !cloudJumps && by.Abs() <= time.Second {
					continue // the cloud takes calls that are dated so
				}
				if raced.Passes(8) {
					continue
				}
				t.Run(fmt.Sprintf("%s, %s, the cloud %v", name, jump, cloudJumps), func(t *testing.T) {
					s := m.setting
					s.cloudJumps = cloudJumps
					tell(t, s, func(_ *testing.T, w *world) {
						m.reach(w)
						w.jump(by)
						set := w.cloudNow()
						if !cloudJumps {
							time.Sleep(15 * time.Minute)
							w.jump(0)
						}
						m.judge(w, set)
					})
				})
			}
		}
	}
}

func TestARestartRightAfterAJumpOfTheWallClockCancelsNothing(t *testing.T) {
	for name, m := range moments {
		for jump, by := range jumps {
			if raced.Passes(8) {
				continue
			}
			t.Run(name+", "+jump, func(t *testing.T) {
				s := m.setting
				s.cloudJumps = true
				tell(t, s, func(_ *testing.T, w *world) {
					m.reach(w)
					w.jump(by)
					set := w.cloudNow()
					time.Sleep(2 * w.interval)
					w.kill()
					w.start()
					m.judge(w, set)
				})
			})
		}
	}
}

func TestAJumpOfTheWallClockIsToldOfAndHoldsChangesForOneSpan(t *testing.T) {
	for jump, by := range jumps {
		t.Run(jump, func(t *testing.T) {
			s := brief()
			s.cloudJumps, s.more = true, 1
			tell(t, s, func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("three serve", time.Minute, w.atRest(3, 0))
				time.Sleep(20 * time.Minute)
				w.jump(by)
				w.load.set(400)
				noticed := by.Abs() >= time.Minute
				time.Sleep(2 * w.interval)
				if held := w.status().Decision.Reason == policy.ReasonClock; held != noticed {
					t.Errorf("the decision says %s", w.status().Decision.Reason)
				}
				if told := total(t, w.registry, "autoscaled_clock_jumps_total"); told > 0 != noticed {
					t.Errorf("%v jumps were told of", told)
				}
				w.until("four serve", 30*time.Minute, w.atRest(4, 0))
				if w.count("AddCloneVirtualMachines") != 1 {
					t.Errorf("bought %v", w.bought())
				}
			})
		})
	}
}
