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

// round is one Read of a Poller. When it is over, another uses it again.
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
	for {
		due, made := r.sweep()
		again := r.conclude()
		if made || again {
			r.poller.send(r.polls)
			continue
		}
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
		quantities += len(agent.question.quantities)
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
		n := len(agent.question.quantities)
		r.polls[i] = poll{round: r, agent: agent, which: i, readings: room[:n:n]}
		room = room[n:]
		q := &r.polls[i]
		t, obstacle := agent.ready()
		if obstacle == fallbackSilence && r.poller.crowded() {
			t, obstacle = agent.request()
		}
		if q.template = t; obstacle == "" {
			q.sealer, obstacle = agent.sealer()
		}
		if obstacle != "" {
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

// sweep finds the requests that came to an end, when the next of the others will (never, if
// there is none), and whether some are to be sent.
func (r *round) sweep() (due time.Time, made bool) {
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
		case q.state == pollMade:
			made = true
		case q.state != pollAsked:
			r.ready = append(r.ready, q)
		case due.IsZero() || q.due().Before(due):
			due = q.due()
		}
	}
	return due, made
}

// conclude tells of what was swept up, those first that answered, or lets calls ask. It says
// whether some are to be sent again.
func (r *round) conclude() (again bool) {
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
		if q.obstacle == crowded || q.silent() && q.tries > q.agent.options.Retries {
			r.giveUp(q)
			continue
		}
		calls = append(calls, q)
	}
	r.ready = r.ready[:0]
	return len(calls) > 0 && r.call(calls)
}

// call asks the agents over sockets of their own: as many at once as the poller has calls
// left, and the others after them, for as long as each has time. It says whether some are
// to be sent again, for want of calls.
func (r *round) call(polls []*poll) (again bool) {
	var silent, others []*poll // those that may keep a call waiting, and those that hardly will
	for _, q := range polls {
		if q.silent() || q.agent.doubtful() {
			silent = append(silent, q)
		} else {
			others = append(others, q)
		}
	}
	r.hire(others, r.poller.calls)
	return r.hire(silent, r.poller.silent, r.poller.calls)
}

// hire starts as many calls as there are agents, and places in all of the channels. Without
// a single one, requests that may be are made again, and the other agents given up.
func (r *round) hire(polls []*poll, places ...chan struct{}) (again bool) {
	var next atomic.Int64
	callers := 0
	for ; callers < len(polls) && take(places); callers++ {
		r.calls.Go(func() {
			defer giveBack(places)
			for i := next.Add(1) - 1; i < int64(len(polls)); i = next.Add(1) - 1 {
				r.callOne(polls[i])
			}
		})
	}
	if callers > 0 {
		return false
	}
	for _, q := range polls {
		if q.retry(r.until(q)) {
			again = true
		} else {
			r.giveUp(q)
		}
	}
	return again
}

// take takes a place in each of the channels, or in none.
func take(places []chan struct{}) bool {
	for i, place := range places {
		select {
		case place <- struct{}{}:
		default:
			giveBack(places[:i])
			return false
		}
	}
	return true
}

func giveBack(places []chan struct{}) {
	for _, place := range places {
		<-place
	}
}

// crowded says that no call is left for a silent agent.
func (p *Poller) crowded() bool { return len(p.silent) == maxSilentCalls || len(p.calls) == maxCalls }

// until is when the reading of the agent has to be over.
func (r *round) until(q *poll) time.Time { return r.began.Add(q.agent.Bound()) }

func (r *round) callOne(q *poll) {
	attempts := q.agent.options.Retries + 1
	if q.silent() {
		attempts -= q.tries
	}
	if attempts <= 0 || !time.Now().Before(r.until(q)) {
		r.giveUp(q)
		return
	}
	r.poller.options.Fallback(q.obstacle)
	readings := q.agent.read(r.ctx, r.until(q), attempts)
	r.tell(q.which, readings, time.Since(r.began))
}

var errOverloaded = errors.New("it was not asked: too many others are at this moment, and most of them do not answer; find out why, or spread them over several daemons")

// giveUp is for an agent that nobody has time to ask, or to ask again. One that was silent
// before still is, as far as is known.
func (r *round) giveUp(q *poll) {
	now := time.Now()
	if q.silent() {
		q.agent.heard(q.agent.named(q.agent.noAnswer(q.dropped, os.ErrDeadlineExceeded, q.tries)))
		if q.dropped != nil { // it may be our idea of its engine that is wrong
			q.agent.engine.doubt()
		}
	} else {
		r.poller.options.Refused()
	}
	answer := reading.None(policy.Overloaded, now, errOverloaded)
	if silent := q.agent.silent(); silent != nil {
		answer = reading.Failed(now, silent)
	}
	r.tell(q.which, reading.Repeat(answer, len(q.readings)), now.Sub(r.began))
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
