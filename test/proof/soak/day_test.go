package soak

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// story is what has happened.
type story struct {
	faults, spells, crashes int
	effects                 map[string]int // calls that changed something, by action
	mostKeys, mostBytes     int            // that the store held at any hour
	mostWants               int            // past wants that a group's decisions rested on at any hour
}

func (s *story) table() string {
	var text strings.Builder
	fmt.Fprintf(&text, "  %d calls failed on purpose, %d times network, disk or signals failed for a while, %d crashes\n", s.faults, s.spells, s.crashes)
	fmt.Fprintf(&text, "  %d orders; nodes joined the pools %d times and left them %d times; %d machines were stopped and %d released\n",
		s.effects["AddCloneVirtualMachines"], s.effects["AddLbNode"], s.effects["DeleteLbNode"], s.effects["StopVirtualMachine"], s.effects["DeleteVirtualMachine"])
	fmt.Fprintf(&text, "  at most %d keys with %d bytes in the store, and %d past wants in a group's memory\n", s.mostKeys, s.mostBytes, s.mostWants)
	return text.String()
}

// live lives through a day, from nine in the morning to eight of the next. Things go
// wrong until five; then an operator resumes what is quarantined.
func (w *world) live(crashes bool) {
	w.t.Helper()
	const eventful, calm = 20, 3 // hours
	for range eventful {
		begun := time.Now()
		time.Sleep(time.Duration(w.random.Int64N(int64(30 * time.Minute))))
		w.suffer(crashes)
		time.Sleep(time.Until(begun.Add(time.Hour)))
		w.checkBounds()
	}
	for _, p := range w.pools {
		must(w.t, w.fleet.Resume(w.t.Context(), p.name, "operator", ""))
	}
	time.Sleep(calm * time.Hour)
}

// suffer makes something go wrong, or nothing.
func (w *world) suffer(crashes bool) {
	switch chance := w.random.IntN(20); {
	case chance < 6:
		w.injectFault()
	case chance == 6:
		w.spell(w.cut.Store)
	case chance == 7:
		w.spell(w.diskFull.Store)
	case chance == 8:
		w.spell(w.pools[w.random.IntN(len(w.pools))].load.missing.Store)
	case chance < 12 && crashes:
		w.story.crashes++
		w.kill()
		time.Sleep(time.Duration(w.random.Int64N(int64(time.Minute))))
		w.start()
	}
}

// spell makes something fail for a while.
func (w *world) spell(fail func(bool)) {
	w.story.spells++
	fail(true)
	time.Sleep(15 * time.Minute)
	fail(false)
}

// injectFault makes the next calls of some action fail; the empty one is any. What
// is refused takes no effect; what is not answered properly may.
func (w *world) injectFault() {
	w.t.Helper()
	w.story.faults++
	fault := oneOf(w,
		gpsim.Fault{Status: http.StatusBadRequest},
		gpsim.Fault{Status: http.StatusUnauthorized},
		gpsim.Fault{Status: http.StatusTooManyRequests},
		gpsim.Fault{Status: http.StatusInternalServerError, Effect: w.random.IntN(2) == 0},
		gpsim.Fault{Status: http.StatusServiceUnavailable, Effect: w.random.IntN(2) == 0},
		gpsim.Fault{Kind: gpsim.FaultHang, Effect: w.random.IntN(2) == 0},
		gpsim.Fault{Kind: gpsim.FaultReset, Effect: w.random.IntN(2) == 0},
	)
	fault.Action = oneOf(w, "AddCloneVirtualMachines", "SetLabel", "AttachFwLb", "ImportRootSshPublicKey", "StartVirtualMachine",
		"DescribeVirtualMachine", "AddLbNode", "DeleteLbNode", "StopVirtualMachine", "DeleteVirtualMachine", "GetContractStatus",
		"GetContractInformation", "GetVirtualMachineStatusList", "DescribeLb", "")
	fault.Count = 1 + w.random.IntN(4)
	must(w.t, w.sim.Inject(fault))
}

func oneOf[T any](w *world, all ...T) T { return all[w.random.IntN(len(all))] }

// checkBounds holds what is remembered against what it may be at any time: of the
// store two keys for each machine on record, one for each group, and a day's
// orders; of a group's memory as many past wants, for each direction, as there are
// sizes.
func (w *world) checkBounds() {
	w.t.Helper()
	const ordersADay, bytesAKey = 30, 1 << 10
	keys, bytes := w.stored()
	w.story.mostKeys, w.story.mostBytes = max(w.story.mostKeys, keys), max(w.story.mostBytes, bytes)
	if most := 2*w.machines() + len(w.pools) + ordersADay; keys > most || bytes > most*bytesAKey {
		w.t.Errorf("%v: the store holds %d keys with %d bytes: more than %d keys of 1 KiB", time.Now(), keys, bytes, most)
	}
	for _, p := range w.pools {
		wants := w.remembered(p.name)
		w.story.mostWants = max(w.story.mostWants, wants)
		if most := 2 * (p.max + 1); wants > most {
			w.t.Errorf("%v: the decisions of group %s rest on %d past wants, more than %d", time.Now(), p.name, wants, most)
		}
	}
}

// remembered is how many past wants the decisions of a group rest on.
func (w *world) remembered(group string) int {
	w.t.Helper()
	state, err := store.Read[struct {
		Memory policy.Memory `json:"memory"`
	}](w.disk, "group/"+group+"/state")
	must(w.t, err)
	return len(state.Value.Memory.Peaks) + len(state.Value.Memory.Troughs)
}

// judge fails the test if too little happened for it to prove anything.
func (w *world) judge(days int) {
	w.t.Helper()
	s := &w.story
	if s.faults == 0 || s.crashes == 0 && days >= 7 || s.effects["AddCloneVirtualMachines"] < days || s.effects["DeleteVirtualMachine"] < days || s.effects["DeleteLbNode"] < days {
		w.t.Errorf("too little happened in %d days: %+v", days, *s)
	}
}
