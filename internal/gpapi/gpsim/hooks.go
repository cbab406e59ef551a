package gpsim

import (
	"time"
)

// hookQueue knows which machines the hooks take for running, and keeps the calls
// that are due, in order.
type hookQueue struct {
	on    map[string]bool
	calls []func()
}

// collect queues a call for each difference between the state and what the hooks
// were last told.
func (q *hookQueue) collect(hooks Hooks, s *state, now time.Time) {
	for m, ok := s.turns.due(now); ok; m, ok = s.turns.due(now) {
		q.power(hooks, m, m.on(now))
	}
	for _, news := range s.untold {
		q.pool(hooks, news)
	}
	s.untold = nil
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

func (q *hookQueue) pool(hooks Hooks, news poolNews) {
	if hooks.Pool != nil {
		q.calls = append(q.calls, func() { hooks.Pool(news.gl, news.pool, news.nodes) })
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
