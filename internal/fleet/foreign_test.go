package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestAMachineThatDoesNotProveToBeOursIsNamedInNoChangingCall(t *testing.T) {
	tell(t, setting{standby: 1, dayLeft: time.Hour}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		var strange []string
		_, pool := w.byHand()
		for i, label := range []string{
			"",         // no label
			"template", // the one that a clone inherits
			actions.Mark("other", groupName, "gc00000090"),                     // of another installation
			actions.Mark(installation, "batch", "gc00000091"),                  // of a group that is not configured
			actions.Mark(installation, groupName, second),                      // a copy of another's mark
			actions.Mark(installation, groupName, "gc00000090") + ":old",       // more than a mark
			"as:" + installation + ":" + groupName,                             // less
			"AS:" + installation + ":" + groupName + fmt.Sprintf(":%s", first), // nearly
		} {
			on, off := fmt.Sprintf("gc000001%02d", i), fmt.Sprintf("gc000002%02d", i)
			node := w.seed(on, label, gpsim.StatusRunning)
			must(t, pool.Attach(t.Context(), node))
			strange = append(strange, on, off, node.Addr().String(), w.seed(off, label, gpsim.StatusStopped).Addr().String())
		}
		byHand := w.changesTotal()

		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.set(200)
		w.until("one stands by, and the other is gone", 2*time.Hour, w.atRest(2, 1))
		for _, call := range w.sim.Books().Calls[byHand:] {
			for _, value := range call.Parameters {
				if slices.Contains(strange, value) {
					t.Errorf("%s named %s", call.Action, value)
				}
			}
		}
		if seen := w.status().Foreign; len(seen) != 9 {
			t.Errorf("nodes that are not ours: %v, want eight and the foreign one", seen)
		}
	})
}

func TestAMachineThatSomebodyRelabelledIsLeftAlone(t *testing.T) {
	tell(t, setting{interval: 30 * time.Second}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		taken := w.bought()[0]
		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), taken, "now a database"))
		w.until("it is seen", 5*time.Minute, func() bool { return w.instance(taken).Phase == actions.Disputed })
		if trouble := w.instance(taken).Trouble; !strings.Contains(trouble, "now a database") || !strings.Contains(trouble, actions.Mark(installation, groupName, taken)) {
			t.Errorf("its trouble is %q", trouble)
		}
		before := w.changes(taken)
		w.until("it counts as capacity no more, and is replaced", 3*time.Hour, func() bool { return w.serving() == 4 })
		w.load.set(200)
		w.until("the others shrink", time.Hour, func() bool { return w.serving() == 2 })
		w.always("two serve", time.Hour, func() bool { return w.serving() == 2 })
		if after := w.changes(taken); len(after) != len(before) {
			t.Errorf("it was changed by %v", after[len(before):])
		}
	})
}

func TestMachinesOfALostRecordAreAdoptedByTheirMarks(t *testing.T) {
	tell(t, setting{standby: 1}, func(t *testing.T, w *world) {
		w.load.set(400)
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		w.load.set(300)
		w.until("one stands by", 20*time.Minute, w.atRest(3, 1))
		w.kill()
		w.loseDisk()
		w.start()
		w.until("all are known again", 10*time.Minute, w.atRest(3, 1))
		w.load.set(400)
		w.until("the standby serves", 20*time.Minute, w.atRest(4, 0))
		if bought := w.bought(); len(bought) != 2 {
			t.Errorf("bought %v", bought)
		}
	})
}
