package binary

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const buying = "AddCloneVirtualMachines"

// The calls of the workflow.
var (
	onTheWayOut = []string{buying, "SetLabel", "AttachFwLb", "ImportRootSshPublicKey", "StartVirtualMachine", "AddLbNode"}
	onTheWayIn  = []string{"DeleteLbNode", "StopVirtualMachine", "DeleteVirtualMachine"}
)

// changing says whether a call changes something.
func changing(action string) bool {
	return slices.Contains(onTheWayOut, action) || slices.Contains(onTheWayIn, action) || action == "CloneVirtualMachine"
}

const surge = 1

// evidence is what is left when the group is at rest.
type evidence struct {
	books gpsim.Books
	group fleet.GroupStatus
	nodes []netip.Addr // in the pool, in order
	now   time.Time
}

// judge lists what must not be: at the end, and at any time before.
func judge(e evidence) []string {
	return append(e.judgeEnd(), replay(e.books)...)
}

// judgeEnd holds the cloud's books against what the daemon shows.
func (e evidence) judgeEnd() (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	goals := map[string]policy.Goal{}
	for _, in := range e.group.Instances {
		goals[in.Code] = in.Goal
		if in.Quarantine != "" {
			complain("%s is quarantined: %s", in.Code, in.Quarantine)
		}
	}
	var serving []netip.Addr
	kept := 0
	for _, m := range e.books.ActiveMachines(e.now) {
		goal, known := goals[m.Code]
		switch {
		case m.Code == template:
			continue
		case m.Code == foreign:
			serving = append(serving, m.Address)
			continue
		case !known:
			complain("%s costs money and is on no record", m.Code)
		case m.Label != actions.Mark(installation, "web", m.Code):
			complain("%s carries the label %q", m.Code, m.Label)
		}
		if goal == policy.InService {
			serving = append(serving, m.Address)
		}
		if on := m.Status == gpsim.StatusRunning; on != (goal == policy.InService) {
			complain("%s is %s, and its goal is %q", m.Code, m.Status, goal)
		}
		if m.StopDate == "" {
			kept++
		}
	}
	slices.SortFunc(serving, netip.Addr.Compare)
	if !slices.Equal(e.nodes, serving) {
		complain("the pool holds %v, and %v serve", e.nodes, serving)
	}
	if kept > most+surge {
		complain("%d machines are kept: more than max and surge", kept)
	}
	return wrong
}

// history is what the calls so far have made of the cloud.
type history struct {
	machines map[string]gpsim.MachineRecord // ours so far, by code
	labels   map[string]string
	on       map[string]bool
	ended    map[string]bool
	pooled   map[string]bool // by code
	next     map[string][]string
	wrong    []string
}

// replay goes through all calls that had an effect, and lists those that must not have
// been made when they were.
func replay(books gpsim.Books) []string {
	h := &history{
		machines: map[string]gpsim.MachineRecord{}, labels: map[string]string{}, on: map[string]bool{},
		ended: map[string]bool{}, pooled: map[string]bool{}, next: map[string][]string{},
	}
	byAddress, orders := map[string]string{}, map[string][]gpsim.MachineRecord{}
	for _, m := range books.Machines {
		byAddress[m.Address.String()] = m.Code
		switch m.Code {
		case first, second:
			h.machines[m.Code], h.labels[m.Code] = m, actions.Mark(installation, "web", m.Code)
			h.on[m.Code], h.pooled[m.Code] = true, true
		case foreign:
			for _, name := range []string{m.Code, m.Address.String()} {
				if calls := books.MutatingCallsNaming(name); len(calls) > 0 {
					h.complain(calls[0], "it names the foreign machine")
				}
			}
		default:
			orders[m.OrderID] = append(orders[m.OrderID], m)
		}
	}
	named := func(call gpsim.Call) string {
		p := call.Parameters
		return cmp.Or(p["DestGcServiceCode"], p["GcServiceCode"], p["ServiceCode"], byAddress[p["NodeIpAddress"]])
	}
	for _, call := range books.Calls {
		if call.Effect && call.Action != buying {
			h.next[named(call)] = append(h.next[named(call)], call.Action)
		}
	}
	for _, call := range books.Calls {
		switch {
		case !call.Effect:
		case call.Action == buying:
			h.bought(call, orders[call.RequestID])
		default:
			h.changed(call, named(call))
		}
	}
	return h.wrong
}

func (h *history) complain(call gpsim.Call, format string, args ...any) {
	h.wrong = append(h.wrong, fmt.Sprintf("%s %s %v: %s", call.At.Format("15:04:05.000"), call.Action, call.Parameters, fmt.Sprintf(format, args...)))
}

// bought takes over an order. Whatever stands by or is on its way out serves again
// before something is bought, so that all machines together must have room, save those
// that are about to be given back.
func (h *history) bought(call gpsim.Call, machines []gpsim.MachineRecord) {
	kept := len(machines)
	for code := range h.machines {
		about := len(h.next[code]) > 0 && h.next[code][0] == "DeleteVirtualMachine"
		if !h.ended[code] && !about {
			kept++
		}
	}
	if kept > most+surge {
		h.complain(call, "it makes them %d: more than max and surge", kept)
	}
	if call.Parameters["SrcGcServiceCode"] != template {
		h.complain(call, "it is not from the template")
	}
	for _, m := range machines {
		h.machines[m.Code] = m
	}
}

// changed takes over a call that changed the named machine, or its place in the pool.
func (h *history) changed(call gpsim.Call, code string) {
	if _, ours := h.machines[code]; !ours || h.ended[code] {
		h.complain(call, "%q is not ours, or was given back", code)
		return
	}
	h.next[code] = h.next[code][1:]
	mark := actions.Mark(installation, "web", code)
	switch call.Action {
	case "SetLabel":
		if h.labels[code] = call.Parameters["Label"]; h.labels[code] != mark {
			h.complain(call, "it is not the machine's own mark")
		}
	case "StartVirtualMachine":
		h.on[code] = true
	case "StopVirtualMachine":
		if h.on[code] = false; h.pooled[code] {
			h.complain(call, "it stops a machine that is in the pool")
		}
	case "AddLbNode":
		if h.pooled[code] = true; !h.on[code] {
			h.complain(call, "it puts a machine into the pool that is off")
		}
		if n := count(h.pooled); n > most+surge {
			h.complain(call, "it makes them %d in the pool: more than max and surge", n)
		}
	case "DeleteLbNode":
		h.pooled[code] = false
		if n := count(h.pooled); n < least {
			h.complain(call, "it leaves %d in the pool: fewer than min", n)
		}
	case "DeleteVirtualMachine":
		h.ended[code] = true
		if h.labels[code] != mark || h.on[code] || h.pooled[code] {
			h.complain(call, "it ends a machine labelled %q (on: %v, in the pool: %v)", h.labels[code], h.on[code], h.pooled[code])
		}
	}
}

func count(set map[string]bool) int {
	n := 0
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}
