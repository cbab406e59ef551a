package snmp

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// round is one Read of a Poller. It is used again and again.
type round struct {
	poller *Poller
	ctx    context.Context
	tell   func(i int, readings []reading.Reading, took time.Duration)
	began  time.Time

	polls    []poll
	waiting  int           // polls in flight; guarded by the poller
	news     chan struct{} // none is in flight any more, or one fell back; holds one
	timer    *time.Timer
	ready    []*poll // what a sweep found
	readings []reading.Reading
	calls    sync.WaitGroup
}

func newRound(p *Poller) *round {
	r := &round{poller: p, news: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	r.timer.Stop()
	return r
}

func (r *round) run(ctx context.Context, agents []*Agent, tell func(i int, readings []reading.Reading, took time.Duration)) {
	r.ctx, r.tell, r.began = ctx, tell, time.Now()
	r.prepare(agents)
	r.poller.send(r.polls)
	for {
		due := r.sweep()
		r.conclude()
		if due.IsZero() {
			break
		}
		r.timer.Reset(time.Until(due))
		select {
		case <-r.news:
		case <-r.timer.C:
		case <-ctx.Done():
			r.abandon()
		}
	}
	r.timer.Stop()
	r.calls.Wait()
	r.forget()
}

// prepare makes a request for each agent, or finds out why it takes a call.
func (r *round) prepare(agents []*Agent) {
	quantities := 0
	for _, agent := range agents {
		quantities += len(agent.meters)
	}
	if cap(r.readings) < quantities {
		r.readings = make([]reading.Reading, quantities)
	}
	if cap(r.polls) < len(agents) {
		r.polls = make([]poll, len(agents))
	}
	r.polls = r.polls[:len(agents)]
	room := r.readings[:quantities]
	for i, agent := range agents {
		n := len(agent.meters)
		r.polls[i] = poll{round: r, agent: agent, which: i, readings: room[:n:n]}
		room = room[n:]
		q := &r.polls[i]
		t, obstacle := agent.ready()
		if obstacle == fallbackSilence && len(r.poller.calls) == maxCalls {
			t, obstacle = agent.request()
		}
		if q.template = t; obstacle != "" {
			q.fallBack(obstacle)
		}
	}
}

// heard takes note of a request that does not wait any more. It needs the poller's lock.
func (r *round) heard(q *poll) {
	if r.waiting--; r.waiting > 0 && q.state == pollAnswered {
		return
	}
	select {
	case r.news <- struct{}{}:
	default: // there are news already
	}
}

// sweep finds the requests that came to an end, and when the next of the others will;
// never, if there is none.
func (r *round) sweep() (due time.Time) {
	now := time.Now()
	r.poller.mu.Lock()
	defer r.poller.mu.Unlock()
	for i := range r.polls {
		q := &r.polls[i]
		if q.state == pollAsked && !now.Before(q.due()) {
			q.fallBack(fallbackSilence)
			r.poller.land(q)
		}
		switch {
		case q.state == pollOver:
		case q.state != pollAsked:
			r.ready = append(r.ready, q)
		case due.IsZero() || q.due().Before(due):
			due = q.due()
		}
	}
	return due
}

// conclude tells of what was swept up, those first that answered, or lets calls ask.
func (r *round) conclude() {
	for _, q := range r.ready {
		if q.state == pollAnswered {
			q.state = pollOver
			r.tell(q.which, q.readings, q.received.Sub(q.sent))
		}
	}
	var calls []*poll
	for _, q := range r.ready {
		if q.state == pollOver {
			continue
		}
		q.state = pollOver
		if q.obstacle == "" || q.silent() && q.agent.options.Retries == 0 {
			r.giveUp(q)
			continue
		}
		r.poller.options.Fallback(q.obstacle)
		calls = append(calls, q)
	}
	r.ready = r.ready[:0]
	if len(calls) > 0 {
		r.call(calls)
	}
}

// call asks the agents over sockets of their own: as many at once as the poller has calls
// left, and the others after them, for as long as each has time.
func (r *round) call(polls []*poll) {
	var next atomic.Int64
	callers := 0
	for ; callers < len(polls) && r.poller.hire(); callers++ {
		r.calls.Go(func() {
			defer r.poller.dismiss()
			for i := next.Add(1) - 1; i < int64(len(polls)); i = next.Add(1) - 1 {
				r.callOne(polls[i])
			}
		})
	}
	if callers == 0 {
		for _, q := range polls {
			r.giveUp(q)
		}
	}
}

// hire takes one of the calls, if there is one left.
func (p *Poller) hire() bool {
	select {
	case p.calls <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p *Poller) dismiss() { <-p.calls }

func (r *round) callOne(q *poll) {
	until, attempts := r.began.Add(q.agent.Bound()), q.agent.options.Retries+1
	if q.silent() {
		attempts--
	}
	started := time.Now()
	if !started.Before(until) {
		r.giveUp(q)
		return
	}
	readings := q.agent.read(r.ctx, until, attempts)
	r.tell(q.which, readings, time.Since(started))
}

var errOverloaded = errors.New("it was not asked, since too many agents at once are silent, or to be met: find out why they do not answer, or spread them over several daemons")

// giveUp is for an agent that nobody has time to ask any more.
func (r *round) giveUp(q *poll) {
	now := time.Now()
	if q.silent() {
		q.agent.silent = true
		q.agent.engine.doubt()
		err := q.agent.named(q.agent.noAnswer(q.dropped, os.ErrDeadlineExceeded))
		r.tell(q.which, reading.Repeat(reading.Failed(now, err), len(q.readings)), now.Sub(q.sent))
		return
	}
	r.poller.options.Refused()
	r.tell(q.which, reading.Repeat(reading.None(policy.Overloaded, now, errOverloaded), len(q.readings)), 0)
}

// abandon ends the wait for all answers, since the caller gave up.
func (r *round) abandon() {
	now, cause := time.Now(), context.Cause(r.ctx)
	for _, q := range r.inFlight() {
		r.tell(q.which, reading.Repeat(reading.Failed(now, q.agent.named(cause)), len(q.readings)), now.Sub(q.sent))
	}
}

// inFlight takes all requests out of flight.
func (r *round) inFlight() (polls []*poll) {
	r.poller.mu.Lock()
	defer r.poller.mu.Unlock()
	for i := range r.polls {
		if q := &r.polls[i]; q.state == pollAsked {
			r.poller.land(q)
			q.state = pollOver
			polls = append(polls, q)
		}
	}
	return polls
}

// forget lets go of what the round was about.
func (r *round) forget() {
	select {
	case <-r.news:
	default:
	}
	clear(r.polls)
	clear(r.readings)
	clear(r.ready[:cap(r.ready)])
	r.ctx, r.tell = nil, nil
}
