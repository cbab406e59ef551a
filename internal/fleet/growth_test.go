package fleet_test

import (
	"slices"
	"testing"
	"time"
)

// wayOut is what makes a machine an instance that serves, every call once.
var wayOut = []string{"SetLabel", "AttachFwLb", "ImportRootSshPublicKey", "StartVirtualMachine", "AddLbNode"}

func TestAGroupGrowsByOneOrderAndEveryMachineGoesTheWholeWayOnce(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("the marked machines are adopted", time.Minute, w.atRest(2, 0))
		w.load.set(500)
		w.until("five serve", 30*time.Minute, w.atRest(5, 0))

		if orders := w.count("AddCloneVirtualMachines"); orders != 1 {
			t.Errorf("%d orders, want one", orders)
		}
		for _, code := range w.bought() {
			if got := w.changes(code); !slices.Equal(got, wayOut) {
				t.Errorf("%s was changed by %v, want %v", code, got, wayOut)
			}
			want := []string{
				"GetContractStatus", "SetLabel", "AttachFwLb", "ImportRootSshPublicKey", "GetVirtualMachineStatus",
				"StartVirtualMachine", "GetVirtualMachineStatus", "DescribeVirtualMachine", "AddLbNode",
			}
			if got := w.sentFor(code); !hasInOrder(got, want) {
				t.Errorf("%s: the calls %v do not contain %v in this order", code, got, want)
			}
		}
		w.load.set(500)
		w.always("it stays so", time.Hour, w.atRest(5, 0))
		for _, code := range []string{first, second} {
			if got := w.changes(code); len(got) > 0 {
				t.Errorf("%s, which served all the time, was changed by %v", code, got)
			}
		}
	})
}

func hasInOrder(list, want []string) bool {
	for _, one := range list {
		if len(want) > 0 && one == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}
