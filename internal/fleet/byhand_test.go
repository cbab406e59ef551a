package fleet_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// A person who changes something by hand is answered with the next step towards
// the goal, without a purchase that is not needed.
func TestWhatAPersonUndoesIsDoneAgain(t *testing.T) {
	deeds := map[string]func(t *testing.T, w *world, code string){
		"takes it out of the pool": func(t *testing.T, w *world, code string) {
			_, pool := w.byHand()
			must(t, pool.Detach(t.Context(), netip.AddrPortFrom(w.machine(code).Address, poolPort)))
		},
		"stops it, out of the pool": func(t *testing.T, w *world, code string) {
			person, pool := w.byHand()
			must(t, pool.Detach(t.Context(), netip.AddrPortFrom(w.machine(code).Address, poolPort)))
			must(t, person.Stop(t.Context(), code, false))
		},
		"stops it, and leaves it in the pool": func(t *testing.T, w *world, code string) {
			w.disown(code)
			person, _ := w.byHand()
			must(t, person.Stop(t.Context(), code, true))
		},
	}
	for name, do := range deeds {
		t.Run(name, func(t *testing.T) {
			tell(t, setting{min: 1}, func(t *testing.T, w *world) {
				w.load.set(300)
				w.until("three serve", 30*time.Minute, w.atRest(3, 0))
				do(t, w, w.bought()[0])
				time.Sleep(2 * time.Minute)
				w.until("three serve again", 30*time.Minute, w.atRest(3, 0))
				w.always("it stays so", 20*time.Minute, w.atRest(3, 0))
				if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
					t.Errorf("%d orders, want one", orders)
				}
			})
		})
	}
}

func TestAStandbyThatAPersonStartsIsDrainedAndStopped(t *testing.T) {
	tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		w.load.set(200)
		w.until("one stands by", 20*time.Minute, w.atRest(2, 1))
		time.Sleep(time.Hour)
		person, _ := w.byHand()
		must(t, person.Start(t.Context(), w.bought()[0]))
		w.until("it is up", 10*time.Minute, func() bool { return w.instance(w.bought()[0]).Phase != actions.Off })
		w.until("it stands by again", 20*time.Minute, w.atRest(2, 1))
		for _, call := range w.sim.Books().Calls {
			if call.Action == "StopVirtualMachine" && call.Parameters["Force"] == "Yes" {
				t.Error("it was stopped by force, without being asked first")
			}
		}
	})
}

func TestAServingMachineWhoseContractAPersonEndsIsReplacedAndItsNodeIsCleared(t *testing.T) {
	tell(t, setting{dayLeft: 80 * time.Minute}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		ended := w.bought()[0]
		w.disown(ended)
		person, _ := w.byHand()
		must(t, person.Release(t.Context(), ended, w.now()))
		w.until("another serves in its place", 30*time.Minute, func() bool { return w.serving() == 3 && w.count("DeleteLbNode") == 1 })
		if joined, left := w.calledAt("AddLbNode"), w.calledAt("DeleteLbNode"); !left[0].After(joined[1]) {
			t.Errorf("it left the pool at %v, before the other joined at %v", left[0], joined[1])
		}
		w.until("it is gone from the record", 4*time.Hour, w.atRest(3, 0))
		if w.poolSize() != 4 {
			t.Errorf("the pool is %v, want three of ours and the foreign one", w.pool)
		}
	})
}
