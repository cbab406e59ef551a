package gpsim

import (
	"net/netip"
	"slices"
	"time"
)

// hookQueue compares the state with what the hooks were last told, and keeps the
// calls that are due, in order.
type hookQueue struct {
	on    map[string]bool
	nodes map[poolName][]netip.AddrPort
	calls []func()
}

type poolName struct{ gl, pool string }

func newHookQueue() hookQueue {
	return hookQueue{on: map[string]bool{}, nodes: map[poolName][]netip.AddrPort{}}
}

// collect queues a call for each difference.
func (q *hookQueue) collect(hooks Hooks, s *state, now time.Time) {
	for _, m := range s.Machines {
		q.power(hooks, m, m.on(now))
	}
	for _, b := range s.Balancers {
		for _, p := range b.Pools {
			q.pool(hooks, poolName{b.Code, p.Name}, p.Nodes)
		}
	}
}

func (q *hookQueue) power(hooks Hooks, m *machine, on bool) {
	if q.on[m.Code] == on {
		return
	}
	q.on[m.Code] = on
	if hooks.Power != nil {
		code, address := m.Code, m.Address
		q.calls = append(q.calls, func() { hooks.Power(code, address, on) })
	}
}

func (q *hookQueue) pool(hooks Hooks, name poolName, nodes []netip.AddrPort) {
	told, known := q.nodes[name]
	if known && slices.Equal(told, nodes) {
		return
	}
	nodes = slices.Clone(nodes)
	q.nodes[name] = nodes
	if hooks.Pool != nil {
		q.calls = append(q.calls, func() { hooks.Pool(name.gl, name.pool, slices.Clone(nodes)) })
	}
}

// deliverHooks calls what is due. Holding delivering keeps the order and makes
// each update wait until the hooks of its change have returned.
func (s *Sim) deliverHooks() {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.mu.Lock()
	calls := s.hooks.calls
	s.hooks.calls = nil
	s.mu.Unlock()
	for _, call := range calls {
		call()
	}
}
