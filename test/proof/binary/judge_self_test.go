package binary

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// A judge who finds nothing proves nothing: each of these stories has one thing wrong.
func TestTheJudgeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*evidence)
		want  string // empty: nothing
	}{
		"nothing":             {func(*evidence) {}, ""},
		"a forgotten machine": {func(e *evidence) { e.group.Instances = e.group.Instances[:3] }, "gc00000006 costs money and is on no record"},
		"a machine without its label": {func(e *evidence) { e.books.Machines[5].Label = "web template" },
			`gc00000006 carries the label "web template"`},
		"an instance set aside":    {func(e *evidence) { e.group.Instances[0].Quarantine = "stuck" }, "gc00000002 is quarantined: stuck"},
		"a node that is missing":   {func(e *evidence) { e.nodes = e.nodes[:2] }, "the pool holds"},
		"a node too many":          {func(e *evidence) { e.nodes = append(e.nodes, address("gc00000006")) }, "the pool holds"},
		"a standby that runs":      {func(e *evidence) { e.books.Machines[5].Status = gpsim.StatusRunning }, "gc00000006 is Running"},
		"an instance that is off":  {func(e *evidence) { e.books.Machines[1].Status = gpsim.StatusStopped }, "gc00000002 is Stopped"},
		"too many in the end":      {func(e *evidence) { e.buy(40, 5) }, "8 machines are kept: more than max and surge"},
		"too many at a time":       {func(e *evidence) { e.buy(40, 5); e.end(40, 5) }, "it makes them 8: more than max and surge"},
		"another source":           {func(e *evidence) { e.books.Calls[0].Parameters["SrcGcServiceCode"] = second }, "it is not from the template"},
		"a foreign machine called": {func(e *evidence) { e.call("StopVirtualMachine", foreign) }, "it names the foreign machine"},
		"a foreign node called":    {func(e *evidence) { e.call("DeleteLbNode", foreign) }, "it names the foreign machine"},
		"a strange machine called": {func(e *evidence) { e.call("StartVirtualMachine", template) }, `"gc00000001" is not ours`},
		"a mark that is copied": {func(e *evidence) { e.relabel("gc00000006", actions.Mark(installation, "web", "gc00000005")) },
			"it is not the machine's own mark"},
		"a stop in the pool":            {func(e *evidence) { e.call("StopVirtualMachine", second) }, "it stops a machine that is in the pool"},
		"a node that is off":            {func(e *evidence) { e.call("AddLbNode", "gc00000006") }, "it puts a machine into the pool that is off"},
		"a pool below min":              {func(e *evidence) { e.call("DeleteLbNode", second) }, "it leaves 1 in the pool: fewer than min"},
		"an end of a machine that runs": {func(e *evidence) { e.call("DeleteVirtualMachine", second) }, "it ends a machine labelled"},
		"an end before a label": {func(e *evidence) { e.buy(40, 1); e.call("DeleteVirtualMachine", "gc00000040") },
			`it ends a machine labelled ""`},
		"a call after the end": {func(e *evidence) {
			e.call("DeleteVirtualMachine", "gc00000006")
			e.call("StartVirtualMachine", "gc00000006")
		},
			`"gc00000006" is not ours, or was given back`},
		"a call without effect": {func(e *evidence) {
			e.call("StopVirtualMachine", second)
			e.books.Calls[len(e.books.Calls)-1].Effect = false
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := goodEvidence()
			c.spoil(&e)
			wrong := judge(e)
			found := slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, c.want) })
			if c.want == "" && len(wrong) > 0 || c.want != "" && !found {
				t.Errorf("found %q, want %q", wrong, c.want)
			}
		})
	}
}

// goodEvidence is a short story: two machines are bought and serve, then one of the first
// and one of the new ones go out of service.
func goodEvidence() evidence {
	e := evidence{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	mark := func(code string) string { return actions.Mark(installation, "web", code) }
	for code, label := range map[string]string{template: "web template", first: mark(first), second: mark(second), foreign: "the shop's"} {
		e.books.Machines = append(e.books.Machines, gpsim.MachineRecord{Code: code, Label: label, Address: address(code), Status: gpsim.StatusRunning})
	}
	slices.SortFunc(e.books.Machines, func(a, b gpsim.MachineRecord) int { return strings.Compare(a.Code, b.Code) })
	e.buy(5, 2)
	for _, code := range []string{"gc00000005", "gc00000006"} {
		e.relabel(code, mark(code))
		for _, action := range []string{"AttachFwLb", "ImportRootSshPublicKey", "StartVirtualMachine", "AddLbNode"} {
			e.call(action, code)
		}
	}
	for _, code := range []string{first, "gc00000006"} {
		e.call("DeleteLbNode", code)
		e.call("StopVirtualMachine", code)
	}
	e.call("StartVirtualMachine", first)
	e.call("AddLbNode", first)
	e.call("DeleteLbNode", "gc00000005")
	e.call("StopVirtualMachine", "gc00000005")
	e.end(5, 1)
	e.books.Machines[4].Status = gpsim.StatusStopped
	e.books.Machines[4].Label, e.books.Machines[5].Label = mark("gc00000005"), mark("gc00000006")
	e.books.Machines[5].Status = gpsim.StatusStopped
	for code, goal := range map[string]policy.Goal{
		first: policy.InService, second: policy.InService, "gc00000005": policy.Released, "gc00000006": policy.Standby,
	} {
		e.group.Instances = append(e.group.Instances, actions.InstanceStatus{Code: code, Goal: goal})
	}
	slices.SortFunc(e.group.Instances, func(a, b actions.InstanceStatus) int { return strings.Compare(a.Code, b.Code) })
	e.nodes = []netip.Addr{address(first), address(second), address(foreign)}
	return e
}

func address(code string) netip.Addr {
	return netip.MustParseAddr("127.0.0." + strings.TrimLeft(code, "gc0"))
}

// call adds a call that names a machine, or its address.
func (e *evidence) call(action, code string) {
	parameters := map[string]string{"GcServiceCode": code}
	if strings.HasSuffix(action, "LbNode") {
		parameters = map[string]string{"NodeIpAddress": address(code).String()}
	}
	e.books.Calls = append(e.books.Calls, gpsim.Call{Action: action, Parameters: parameters, Effect: true})
}

func (e *evidence) relabel(code, label string) {
	e.books.Calls = append(e.books.Calls, gpsim.Call{Action: "SetLabel", Parameters: map[string]string{"ServiceCode": code, "Label": label}, Effect: true})
}

// buy adds an order of so many machines, whose codes begin with a number.
func (e *evidence) buy(number, count int) {
	id := fmt.Sprint("order ", number)
	e.books.Calls = append(e.books.Calls, gpsim.Call{Action: buying, Parameters: map[string]string{"SrcGcServiceCode": template}, RequestID: id, Effect: true})
	for n := range count {
		code := fmt.Sprintf("gc%08d", number+n)
		e.books.Machines = append(e.books.Machines, gpsim.MachineRecord{Code: code, OrderID: id, Address: address(code), Status: gpsim.StatusStopped})
	}
}

// end ends the contracts of so many machines.
func (e *evidence) end(number, count int) {
	for n := range count {
		code := fmt.Sprintf("gc%08d", number+n)
		if number >= 40 {
			e.relabel(code, actions.Mark(installation, "web", code))
		}
		e.call("DeleteVirtualMachine", code)
		for i := range e.books.Machines {
			if e.books.Machines[i].Code == code {
				e.books.Machines[i].StopDate = "20261122"
			}
		}
	}
}
