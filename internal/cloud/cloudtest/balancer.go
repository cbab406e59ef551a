package cloudtest

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var balancerBehaviours = []behaviour{
	{"a node is in the pool from attaching to detaching", attachDetach},
	{"a pool has a name and a port", poolIdentity},
	{"a pool has room for more, or does not know", capacity},
}

func (f Fixture) nodes(t *testing.T) []netip.AddrPort {
	t.Helper()
	nodes, err := f.Balancer.Nodes(t.Context())
	must(t, err)
	var addresses []netip.AddrPort
	for _, node := range nodes {
		addresses = append(addresses, node.Address)
	}
	slices.SortFunc(addresses, netip.AddrPort.Compare)
	return addresses
}

func attachDetach(t *testing.T, f Fixture) {
	code := f.order(t, 1)[0]
	f.prepare(t, code)
	node := netip.AddrPortFrom(f.run(t, code).Address, f.Balancer.Port())
	before := f.nodes(t)

	must(t, f.Balancer.Attach(t.Context(), node))
	with := f.nodes(t)
	if !slices.Contains(with, node) || len(with) != len(before)+1 {
		t.Errorf("attached %v to %v: now %v", node, before, with)
	}
	if err := f.Balancer.Attach(t.Context(), node); !isSettled(err) {
		t.Errorf("attached again: class %v: %v", cloud.ClassOf(err), err)
	}
	must(t, f.Balancer.Detach(t.Context(), node))
	if after := f.nodes(t); !slices.Equal(after, before) {
		t.Errorf("detached %v: %v became %v", node, before, after)
	}
	if err := f.Balancer.Detach(t.Context(), node); !isSettled(err) {
		t.Errorf("detached again: class %v: %v", cloud.ClassOf(err), err)
	}
}

func poolIdentity(t *testing.T, f Fixture) {
	if f.Balancer.Name() == "" || f.Balancer.Port() == 0 {
		t.Errorf("name %q, port %d", f.Balancer.Name(), f.Balancer.Port())
	}
}

func capacity(t *testing.T, f Fixture) {
	if most, used := f.Balancer.Capacity(), len(f.nodes(t)); most != 0 && most < used+2 {
		t.Errorf("the pool takes %d nodes and has %d, but there is room for two more", most, used)
	}
}
