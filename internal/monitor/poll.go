package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// turn is one polling of all places of a monitor. It is used again by others: there are
// many in a second.
type turn struct {
	observe func(kind string, outcome policy.Absence, took time.Duration)
	ctx     context.Context
	started time.Time
	places  []*place      // to be polled one by one
	agents  []*snmp.Agent // to be asked at once
	asked   []*place      // the agents' places
	tell    func(i int, readings []reading.Reading, took time.Duration)
	polls   sync.WaitGroup
}

var turns = sync.Pool{New: func() any {
	t := &turn{}
	t.tell = func(i int, readings []reading.Reading, took time.Duration) { t.hear(t.asked[i], readings, took) }
	return t
}}

// poll polls all places at the same time: the poller's agents in one go, the others each
// in a goroutine of its own but for the last, since most groups with a signal of the group
// have no other.
func (m *Monitor) poll(ctx context.Context, now time.Time) {
	t := turns.Get().(*turn)
	defer turns.Put(t)
	defer t.forget()
	t.ctx, t.observe, t.started = ctx, m.observe, time.Now()
	m.gather(t)
	if last := len(t.places) - 1; last >= 0 {
		for _, place := range t.places[:last] {
			t.polls.Go(func() { t.poll(place, now) })
		}
		if len(t.agents) == 0 {
			t.poll(t.places[last], now)
		} else {
			t.polls.Go(func() { t.poll(t.places[last], now) })
		}
	}
	if len(t.agents) > 0 {
		m.poller.Read(ctx, t.agents, t.tell)
	}
	t.polls.Wait()
}

// gather finds the places that are to be polled: those that are silent so often that they
// are left alone are not, unless the reading is an extra one. Where nobody answers there is
// nobody to spare the wait, and the first to come back is to be noticed.
func (m *Monitor) gather(t *turn) {
	must := m.extra || !m.group.anyAnswers() && !m.instances.anyAnswers()
	for _, place := range m.group {
		t.add(place, must, m.poller)
	}
	for _, place := range m.instances {
		if place != nil {
			t.add(place, must, m.poller)
		}
	}
}

func (t *turn) add(p *place, must bool, poller *snmp.Poller) {
	switch {
	case !must && p.backoff.rests(t.started):
	case p.agent != nil && poller != nil:
		t.agents, t.asked = append(t.agents, p.agent), append(t.asked, p)
	default:
		t.places = append(t.places, p)
	}
}

func (t *turn) poll(p *place, now time.Time) {
	started := time.Now()
	readings := p.ask(t.ctx, now)
	t.hear(p, readings, time.Since(started))
}

// hear keeps what a place was found to say.
func (t *turn) hear(p *place, readings []reading.Reading, took time.Duration) {
	outcome := p.take(readings, t.started, time.Now(), t.ctx.Err() != nil)
	t.observe(p.kind, outcome, took)
}

func (t *turn) forget() {
	clear(t.places)
	clear(t.agents)
	clear(t.asked)
	t.ctx, t.observe, t.places, t.agents, t.asked = nil, nil, t.places[:0], t.agents[:0], t.asked[:0]
}
