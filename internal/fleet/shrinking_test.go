package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

func TestAGroupShrinksOutOfThePoolThenDrainsThenStops(t *testing.T) {
	tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
		w.load.set(500)
		w.until("five serve", 30*time.Minute, w.atRest(5, 0))
		w.load.set(200)
		w.until("two serve and three stand by", 20*time.Minute, w.atRest(2, 3))
		left, stopped := w.calledAt("DeleteLbNode"), w.calledAt("StopVirtualMachine")
		if len(left) != 3 || len(stopped) != 3 {
			t.Fatalf("%d left the pool and %d were stopped, want 3 each", len(left), len(stopped))
		}
		if waited := stopped[0].Sub(left[2]); waited < drain {
			t.Errorf("the first was stopped %v after the last left the pool, and draining takes %v", waited, drain)
		}
	})
}

func TestTheNextGrowthTakesWhatStandsByBeforeItOrders(t *testing.T) {
	tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.set(200)
		w.until("two stand by", 20*time.Minute, w.atRest(2, 2))
		w.load.set(500)
		w.until("five serve", 30*time.Minute, w.atRest(5, 0))
		if bought := w.bought(); len(bought) != 3 {
			t.Errorf("bought %v, want two and then one more", bought)
		}
		if again := w.changes(w.bought()[0]); !slices.Equal(again[len(wayOut):], []string{"DeleteLbNode", "StopVirtualMachine", "StartVirtualMachine", "AddLbNode"}) {
			t.Errorf("the way in and out again was %v", again[len(wayOut):])
		}
	})
}

func TestASurplusMachineIsReleasedShortlyBeforeItsPaidPeriodEnds(t *testing.T) {
	tell(t, setting{standby: 1, dayLeft: 2 * time.Hour}, func(t *testing.T, w *world) {
		midnight := w.now().Add(2 * time.Hour)
		w.load.set(500)
		w.until("five serve", 30*time.Minute, w.atRest(5, 0))
		w.load.set(200)
		w.until("three stand by", 20*time.Minute, w.atRest(2, 3))
		time.Sleep(midnight.Sub(w.now()) - w.releaseBefore - time.Minute)
		if released := w.count("DeleteVirtualMachine"); released != 0 {
			t.Fatalf("%d were released before it was time", released)
		}
		w.until("two are released", 5*time.Minute, func() bool { return w.count("DeleteVirtualMachine") == 2 })
		for _, call := range w.sim.Books().Calls {
			if call.Action == "DeleteVirtualMachine" && call.Parameters["StopDate"] != "20000101" {
				t.Errorf("%s ends with %s, and the paid day is 20000101", call.Parameters["GcServiceCode"], call.Parameters["StopDate"])
			}
		}
		w.always("they stay on record while they cost money", midnight.Sub(w.now())-time.Second, func() bool { return len(w.status().Instances) == 5 })
		w.until("they vanish from the record", 5*time.Minute, w.atRest(2, 1))
		w.load.set(300)
		w.until("the one that was kept serves", 10*time.Minute, w.atRest(3, 0))
	})
}

func TestLoadThatComesBackWhileDrainingPutsTheInstanceBackIntoThePool(t *testing.T) {
	tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		newest := w.bought()[0]
		w.load.set(200)
		w.until("one drains", 10*time.Minute, func() bool { return w.instance(newest).Phase == actions.Draining })
		w.load.set(300)
		w.until("three serve again", time.Minute, w.atRest(3, 0))
		w.always("it stays so", 5*time.Minute, w.atRest(3, 0))
		if stopped := w.count("StopVirtualMachine"); stopped != 0 {
			t.Errorf("%d machines were stopped", stopped)
		}
	})
}

func TestLoadThatComesBackWhileStoppingStartsTheInstanceAgain(t *testing.T) {
	tell(t, setting{standby: 9}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		newest := w.bought()[0]
		w.load.set(200)
		w.until("it was told to stop", 10*time.Minute, func() bool { return w.count("StopVirtualMachine") == 1 })
		w.load.set(300)
		w.until("three serve again", 20*time.Minute, w.atRest(3, 0))
		if got := w.changes(newest)[len(wayOut):]; !slices.Equal(got, []string{"DeleteLbNode", "StopVirtualMachine", "StartVirtualMachine", "AddLbNode"}) {
			t.Errorf("it was changed by %v", got)
		}
		if len(w.bought()) != 1 {
			t.Errorf("bought %v, want one machine", w.bought())
		}
	})
}

func TestMissingDataShrinksNothing(t *testing.T) {
	tell(t, setting{}, func(_ *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.lose()
		w.always("four serve", time.Hour, w.atRest(4, 0))
	})
}
