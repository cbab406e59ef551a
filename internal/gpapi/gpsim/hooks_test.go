package gpsim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestHooksOfConcurrentCallsComeOneAtATimeInTheOrderOfTheChanges(t *testing.T) {
	t.Parallel()
	const clients = 20
	var sizes []int // unguarded on purpose: the race detector sees hooks that overlap
	options := testOptions()
	options.Hooks.Pool = func(_, _ string, nodes []netip.AddrPort) { sizes = append(sizes, len(nodes)) }
	sim := newCloud(t, options)

	var calls sync.WaitGroup
	for i := range clients {
		node := fmt.Sprintf("NodeIpAddress=127.10.8.%d", i)
		calls.Go(func() {
			if got := call(t, sim, "AddLbNode", lb("Pool=web", node, "NodePort=80")...); got.status != 200 {
				t.Errorf("AddLbNode %s: got %v", node, got)
			}
		})
	}
	calls.Wait()
	if len(sizes) != clients+1 || !slices.IsSorted(sizes) {
		t.Errorf("the hook was told of pools with %v nodes, want 1 to %d", sizes, clients+1)
	}
}

// powerCloud has three stopped machines beside the template, and tells what its
// power hook was told.
func powerCloud(t *testing.T) (sim *gpsim.Sim, codes []string, told func() []string) {
	t.Helper()
	var calls []string
	options := testOptions()
	options.Delays = instantReads()
	options.Hooks.Power = func(code string, _ netip.Addr, on bool) { calls = append(calls, fmt.Sprint(code, " ", on)) }
	sim = newCloud(t, options)
	for range 3 {
		code, _, err := sim.AddMachine(gpsim.MachineSpec{})
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
	return sim, codes, func() []string { return calls }
}

func TestHooksTellWhatTimeDidInItsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, codes, told := powerCloud(t)
		must(t, sim, "StartVirtualMachine", vm(codes[2])...)
		time.Sleep(time.Second)
		for _, i := range []int{1, 0} { // both are on at the same instant
			must(t, sim, "StartVirtualMachine", vm(codes[i])...)
		}
		time.Sleep(time.Hour)
		must(t, sim, "Echo", "Param=x")
		if want := []string{codes[2] + " true", codes[1] + " true", codes[0] + " true"}; !slices.Equal(told(), want) {
			t.Errorf("the hook was told %q, want %q", told(), want)
		}
	})
}

func TestAStopIsToldBeforeItsAnswerLeavesWhateverElseIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, codes, told := powerCloud(t)
		must(t, sim, "StartVirtualMachine", vm(codes[0])...)
		time.Sleep(time.Hour)
		must(t, sim, "StartVirtualMachine", vm(codes[1])...)
		must(t, sim, "StopVirtualMachine", vm(codes[0])...)
		if want := []string{codes[0] + " true", codes[0] + " false"}; !slices.Equal(told(), want) {
			t.Errorf("the hook was told %q, want %q", told(), want)
		}
	})
}

func TestAStartThatIsBrokenOffIsNeverTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, codes, told := powerCloud(t)
		must(t, sim, "StartVirtualMachine", vm(codes[0])...)
		must(t, sim, "StopVirtualMachine", vm(codes[0], "Force=Yes")...)
		for range 100 {
			time.Sleep(10 * time.Second)
			must(t, sim, "Echo", "Param=x")
		}
		if len(told()) != 0 {
			t.Errorf("the hook was told %q", told())
		}
	})
}

func TestNodesThatAHookWasToldStayAsTheyWere(t *testing.T) {
	t.Parallel()
	var told [][]netip.AddrPort
	options := testOptions()
	options.Hooks.Pool = func(_, _ string, nodes []netip.AddrPort) { told = append(told, nodes) }
	sim := newCloud(t, options)
	other := netip.MustParseAddrPort("127.10.9.8:80")
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.8", "NodePort=80")...)
	must(t, sim, "DeleteLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.9", "NodePort=80")...)
	want := [][]netip.AddrPort{{webNode}, {webNode, other}, {other}}
	if !slices.EqualFunc(told, want, slices.Equal) {
		t.Errorf("the hook was told %v, want %v", told, want)
	}
}
