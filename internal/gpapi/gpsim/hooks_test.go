package gpsim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
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
