package fleet_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// ail makes the machines with these codes never answer their probes.
func (w *world) ail(codes ...string) {
	for _, code := range codes {
		address := w.machine(code).Address
		w.mu.Lock()
		w.sick[address] = true
		w.mu.Unlock()
	}
}

// cure makes one machine answer again.
func (w *world) cure(code string) {
	address := w.machine(code).Address
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sick, address)
}

func (w *world) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sick = map[netip.Addr]bool{}
}

func (w *world) quarantined() int {
	n := 0
	for _, in := range w.status().Instances {
		if in.Quarantine != "" {
			n++
		}
	}
	return n
}

func TestAStuckMachineIsQuarantinedAndReplacedWhileTheOthersGoOn(t *testing.T) {
	tell(t, setting{max: 4, standby: 9, interval: 30 * time.Second, launchTimeout: 20 * time.Minute}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("two are ordered", 5*time.Minute, func() bool { return len(w.bought()) == 2 })
		stuck := w.bought()[0]
		w.ail(stuck)
		w.until("the other serves", 30*time.Minute, func() bool { return w.serving() == 3 })
		w.until("the stuck one is quarantined", 2*time.Hour, func() bool { return w.quarantined() == 1 })
		w.until("another serves in its place", 30*time.Minute, func() bool { return w.serving() == 4 })
		before := w.changes(stuck)
		w.always("four serve", time.Hour, func() bool { return w.serving() == 4 })
		if after := w.changes(stuck); len(after) != len(before) {
			t.Errorf("the quarantined machine was changed by %v", after[len(before):])
		}
		w.heal()
		must(t, w.fleet.Resume(t.Context(), groupName, "operator", ""))
		w.until("the healed one is surplus, and some four serve", time.Hour, w.atRest(4, 1))
		if bought := w.bought(); len(bought) != 3 {
			t.Errorf("bought %v, want three machines", bought)
		}
	})
}

func TestBrokenLaunchesDoNotMultiply(t *testing.T) {
	tell(t, setting{max: 4, interval: 30 * time.Second, launchTimeout: 20 * time.Minute}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.always("never more than max and one", 2*time.Hour, func() bool {
			w.ail(w.bought()...)
			return len(w.bought()) <= 3
		})
		if quarantined := w.quarantined(); quarantined != 3 {
			t.Errorf("%d are quarantined, want 3", quarantined)
		}
	})
}

func TestALaunchThatAStandstillDelayedGetsANewDeadline(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("two machines are being built", 10*time.Minute, func() bool { return w.count("AttachFwLb") == 2 })
		w.kill()
		time.Sleep(5 * time.Hour)
		w.start()
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if bought := w.bought(); len(bought) != 2 {
			t.Errorf("bought %v, want two machines", bought)
		}
	})
}

func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	tell(t, setting{launchTimeout: 20 * time.Minute}, func(t *testing.T, w *world) {
		w.until("it decided that two serve", time.Minute, func() bool { return w.status().Desired == 2 })
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		w.load.set(400)
		reads, changes := w.load.count(), w.changesTotal()
		w.always("nothing is done, for longer than a launch may take", 25*time.Minute, func() bool { return w.changesTotal() == changes })
		if w.load.count() < reads+100 {
			t.Error("the signals were not read any more")
		}
		if s := w.status(); s.Trouble == "" || *s.Signals[0].Value != 400 || s.Desired != 2 {
			t.Errorf("the status does not tell: %+v", s)
		}
		w.fuse.set(func(f *fuse) { f.diskFull = false })
		w.until("it is decided", time.Minute, func() bool { return w.status().Desired == 4 })
		if from := w.status().Decision.From; from != 2 {
			t.Errorf("it was decided from %d, and two was the last that was written down", from)
		}
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if trouble := w.status().Trouble; trouble != "" {
			t.Errorf("the status still tells of %s", trouble)
		}
	})
}

func TestADiskThatFailsWhileMachinesAreBuiltStopsThemWhereTheyAre(t *testing.T) {
	tell(t, setting{launchTimeout: 20 * time.Minute}, func(_ *testing.T, w *world) {
		w.load.set(400)
		w.until("two machines are being built", 10*time.Minute, func() bool { return w.count("AttachFwLb") == 2 })
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		time.Sleep(time.Minute)
		changes := w.changesTotal()
		w.always("nothing is done, for longer than a launch may take", 25*time.Minute, func() bool { return w.changesTotal() == changes })
		w.fuse.set(func(f *fuse) { f.diskFull = false })
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
	})
}

func TestAnUnreachableCloudLeavesEverythingAsItIs(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		w.fuse.set(func(f *fuse) { f.cut = true })
		changes := w.changesTotal()
		w.load.set(200)
		time.Sleep(time.Hour)
		w.load.set(400)
		w.always("nothing is changed, and all is remembered", 30*time.Minute, func() bool {
			return w.changesTotal() == changes && len(w.status().Instances) == 3
		})
		if w.fleet.Status().Accounts[0].LookTrouble == "" {
			t.Error("the status does not tell that the account cannot be looked at")
		}
		w.fuse.set(func(f *fuse) { f.cut = false })
		w.until("four serve", time.Hour, w.atRest(4, 0))
		if trouble := w.fleet.Status().Accounts[0].LookTrouble; trouble != "" {
			t.Errorf("the status still tells of %s", trouble)
		}
	})
}

// halfBroken are ways in which reading goes wrong while machines serve.
var halfBroken = map[string]gpsim.Fault{
	"the contracts cannot be listed": {Action: "GetContractInformation", Kind: gpsim.FaultAnswer, Status: 503},
	"the codes cannot be listed":     {Action: "GetServiceCodeList", Kind: gpsim.FaultAnswer, Status: 500},
	"no status is told":              {Action: "GetVirtualMachineStatusList", Kind: gpsim.FaultAnswer, Status: 400},
	"the pool cannot be read":        {Action: "DescribeLb", Kind: gpsim.FaultAnswer, Status: 500},
}

func TestReadingThatFailsTakesNobodyOutOfThePool(t *testing.T) {
	for name, fault := range halfBroken {
		t.Run(name, func(t *testing.T) {
			tell(t, setting{}, func(t *testing.T, w *world) {
				w.load.set(400)
				w.until("four serve", 30*time.Minute, w.atRest(4, 0))
				fault.Count = 600
				w.inject(fault)
				changes, joined := w.changesTotal(), w.instance(first).Joined
				w.always("nothing is changed", 30*time.Minute, func() bool { return w.changesTotal() == changes })
				w.kill()
				w.start()
				w.always("nothing is changed after a restart", 20*time.Minute, func() bool { return w.changesTotal() == changes })
				w.until("four serve, when it passes", 12*time.Hour, w.atRest(4, 0))
				if w.changesTotal() != changes {
					t.Error("something was changed")
				}
				if now := w.instance(first).Joined; !now.Equal(joined) {
					t.Errorf("%s serves since %v, it says, and served since %v", first, now, joined)
				}
			})
		})
	}
}

func TestAGroupWhoseCloudHangsDoesNotDelayAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck, well := newWorld(t, setting{}), newWorld(t, setting{})
		stuck.start()
		well.start()
		stuck.until("two serve", time.Minute, stuck.atRest(2, 0))
		stuck.fuse.set(func(f *fuse) { f.hung = true })
		stuck.load.set(400)
		well.load.set(400)
		reads := stuck.load.count()
		well.until("four serve", 20*time.Minute, well.atRest(4, 0))
		if stuck.load.count() < reads+60 {
			t.Error("the stuck group did not go on deciding")
		}
		if desired := stuck.status().Desired; desired != 4 {
			t.Errorf("the stuck group decided on %d", desired)
		}
		stuck.fuse.set(func(f *fuse) { f.hung = false })
		stuck.until("four serve there, too", 2*time.Hour, stuck.atRest(4, 0))
		stuck.end()
		well.end()
	})
}

func TestAMachineWhoseStopHangsHoldsUpNobodyElse(t *testing.T) {
	tell(t, setting{standby: 9}, func(_ *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.inject(gpsim.Fault{Action: "StopVirtualMachine", Kind: gpsim.FaultHang})
		w.load.set(200)
		w.until("the other stands by", 10*time.Minute, func() bool { return w.status().Standby == 1 })
		w.until("both do", time.Hour, w.atRest(2, 2))
	})
}

func TestALeaveWhoseAnswerIsLostIsNotCountedOn(t *testing.T) {
	for _, effect := range []bool{false, true} {
		t.Run(map[bool]string{false: "without effect", true: "with effect"}[effect], func(t *testing.T) {
			tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
				w.load.set(500)
				w.until("five serve", 30*time.Minute, w.atRest(5, 0))
				w.inject(gpsim.Fault{Action: "DeleteLbNode", Kind: gpsim.FaultReset, Effect: effect, Count: 2})
				var everybody []policy.Assignment
				for _, in := range w.status().Instances {
					everybody = append(everybody, policy.Assignment{Code: in.Code, Goal: policy.Standby})
				}
				w.load.set(200)
				must(t, w.group.Crew.Assign(everybody))
				w.until("two serve", time.Hour, w.atRest(2, 3))
			})
		})
	}
}

func TestEveryStepSurvivesALostAnswer(t *testing.T) {
	for action := range changing {
		for _, effect := range []bool{false, true} {
			t.Run(action+map[bool]string{false: " without effect", true: " with effect"}[effect], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, quick())
					w.inject(gpsim.Fault{Action: action, Kind: gpsim.FaultReset, Effect: effect})
					w.start()
					w.growAndShrink(func() {})
					w.judge(2)
				})
			})
		}
	}
}

func TestTheProcessEndsWithinSecondsWhenItsStepsHang(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("a machine is labelled", 20*time.Minute, func() bool { return w.count("SetLabel") > 0 })
		w.fuse.set(func(f *fuse) { f.hung = true })
		time.Sleep(30 * time.Second)
		begun := time.Now()
		w.kill()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func TestADiskThatFailsBeforeTheFirstDecisionDelaysItOnly(t *testing.T) {
	tell(t, setting{launchTimeout: 20 * time.Minute}, func(_ *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.fuse.set(func(f *fuse) { f.diskFull = true })
		w.load.set(400)
		time.Sleep(25 * time.Minute)
		w.fuse.set(func(f *fuse) { f.diskFull = false })
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
	})
}
