package fleet_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// lost are the ways in which an order's answer gets lost.
var lost = map[string]gpsim.Fault{
	"it hangs":               {Kind: gpsim.FaultHang},
	"the connection is cut":  {Kind: gpsim.FaultReset},
	"the server has a fault": {Kind: gpsim.FaultAnswer, Status: 500},
}

func TestWhatAnOrderBoughtWhoseAnswerWasLostIsAdopted(t *testing.T) {
	for name, fault := range lost {
		t.Run(name, func(t *testing.T) {
			tell(t, setting{}, func(t *testing.T, w *world) {
				fault.Action, fault.Effect = "AddCloneVirtualMachines", true
				w.inject(fault)
				w.load.set(400)
				w.until("two are adopted", 10*time.Minute, func() bool { return len(w.status().Instances) == 4 })
				for _, code := range w.bought() {
					if proof := w.instance(code).Proof; proof != actions.ProofInferred {
						t.Errorf("%s is held to be ours because %q", code, proof)
					}
				}
				if trouble := w.fleet.Status().Accounts[0].Trouble; trouble != "" {
					t.Errorf("it is settled, and the account still tells of %q", trouble)
				}
				w.until("four serve", 30*time.Minute, w.atRest(4, 0))
				for _, code := range w.bought() {
					if w.changes(code)[0] != "SetLabel" || w.instance(code).Proof != actions.ProofMark {
						t.Errorf("%s was used before it was labelled: %v", code, w.changes(code))
					}
				}
				w.always("four serve", 30*time.Minute, w.atRest(4, 0))
				if sent := w.sentAt("AddCloneVirtualMachines"); len(sent) != 1 {
					t.Errorf("ordered at %v, want once", sent)
				}
			})
		})
	}
}

func TestAnOrderThatBoughtNothingIsRepeatedAfterTheSettleWindowOnly(t *testing.T) {
	for name, fault := range lost {
		t.Run(name, func(t *testing.T) {
			tell(t, setting{}, func(t *testing.T, w *world) {
				fault.Action = "AddCloneVirtualMachines"
				w.inject(fault)
				w.load.set(400)
				w.until("four serve", time.Hour, w.atRest(4, 0))
				sent := w.sentAt("AddCloneVirtualMachines")
				if len(sent) != 2 {
					t.Fatalf("ordered at %v, want twice", sent)
				}
				answered := sent[0]
				if fault.Kind == gpsim.FaultHang {
					answered = answered.Add(callTimeout)
				}
				if waited := sent[1].Sub(answered); waited < w.settleWindow {
					t.Errorf("ordered again %v after the answer was lost, and the settle window is %v", waited, w.settleWindow)
				}
			})
		})
	}
}

func TestAnOrderThatWasRefusedIsRepeatedWithoutTheSettleWindow(t *testing.T) {
	tell(t, setting{}, func(_ *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultAnswer, Status: 400})
		w.load.set(400)
		w.until("it is ordered again", time.Minute, func() bool { return w.count("AddCloneVirtualMachines") == 1 })
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
	})
}

func TestAWrongNumberOfNewMachinesMakesAPersonSettleTheOrder(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: true})
		w.load.set(400)
		w.until("it is ordered", time.Minute, func() bool { return len(w.bought()) == 2 })
		strange := w.seed("gc00000099", "", gpsim.StatusStopped)
		w.until("a person is asked", 20*time.Minute, func() bool {
			orders := w.account.Unsettled()
			return len(orders) == 1 && orders[0].State == actions.IntentAsking
		})
		before := w.changesTotal()
		w.always("nothing is done", time.Hour, func() bool { return w.changesTotal() == before })

		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), "gc00000099", "a database"))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if calls := w.changes("gc00000099"); len(calls) != 1 {
			t.Errorf("the machine that is not ours, at %v, was changed by %v", strange, calls)
		}
		if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
			t.Errorf("%d orders, want one", orders)
		}
	})
}

func TestMarkingOursByHandSettlesAnOrderToo(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: true})
		w.load.set(400)
		w.until("it is ordered", time.Minute, func() bool { return len(w.bought()) == 2 })
		w.seed("gc00000099", "", gpsim.StatusStopped)
		w.until("a person is asked", 20*time.Minute, func() bool {
			orders := w.account.Unsettled()
			return len(orders) == 1 && orders[0].State == actions.IntentAsking
		})
		person, _ := w.byHand()
		for _, code := range w.bought() {
			must(t, person.SetLabel(t.Context(), code, actions.Mark(installation, groupName, code)))
		}
		must(t, person.SetLabel(t.Context(), "gc00000099", "a database"))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
			t.Errorf("%d orders, want one", orders)
		}
	})
}

func TestATwinThatAppearsLateIsTakenOnRecordAndServesOnlyIfThereIsRoom(t *testing.T) {
	tell(t, setting{max: 4, standby: 9}, func(t *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset})
		w.load.set(400)
		w.until("four serve", time.Hour, w.atRest(4, 0))
		person, _ := w.byHand() // what looks like the lost order taking effect now
		twins, err := person.Order(t.Context(), cloud.Template{Source: template, Type: machineType}, 2)
		must(t, err)
		w.until("the twins stand by", time.Hour, w.atRest(4, 2))
		for _, code := range twins {
			if calls := w.changes(code); len(calls) != 3 || calls[0] != "SetLabel" {
				t.Errorf("the twin %s was changed by %v, want the label and the preparations", code, calls)
			}
		}
	})
}

func TestMachinesThatWereNamedAndNotRecordedAreRecordedWhenTheDiskIsWellAgain(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.fuse.set(func(f *fuse) {
			f.onCall = func(action string) {
				if action == "AddCloneVirtualMachines" {
					w.fuse.set(func(f *fuse) { f.diskFull = true })
				}
			}
		})
		w.load.set(400)
		w.until("it is ordered", time.Minute, func() bool { return len(w.bought()) == 2 })
		time.Sleep(5 * time.Minute)
		if known := len(w.status().Instances); known != 2 {
			t.Errorf("%d are on record, and nothing could be written", known)
		}
		w.fuse.set(func(f *fuse) { f.diskFull, f.onCall = false, nil })
		w.until("they are on record", time.Minute, func() bool { return len(w.status().Instances) == 4 })
		if proof := w.instance(w.bought()[0]).Proof; proof == actions.ProofInferred {
			t.Error("the answer named the machine, and it counts as inferred")
		}
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
			t.Errorf("%d orders, want one", orders)
		}
	})
}

func TestAnEndWhileAnAnswerIsOutstandingTakesHalfAMinuteAndLosesNothing(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultHang, Effect: true})
		w.load.set(400)
		w.until("it is ordered", time.Minute, func() bool { return len(w.bought()) == 2 })
		begun := time.Now()
		w.kill()
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("the end took %v", took)
		}
		w.start()
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
			t.Errorf("%d orders, want one", orders)
		}
	})
}

func TestATemplateThatIsOnIsNotOrderedFrom(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		person, _ := w.byHand()
		must(t, person.Start(t.Context(), template))
		time.Sleep(5 * time.Minute)
		w.load.set(400)
		w.until("it says why", time.Minute, func() bool { return w.account.Trouble() != "" })
		w.always("nothing is ordered", 20*time.Minute, func() bool { return len(w.sentAt("AddCloneVirtualMachines")) == 0 })
		must(t, person.Stop(t.Context(), template, false))
		w.until("four serve", 40*time.Minute, w.atRest(4, 0))
	})
}
