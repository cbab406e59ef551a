package snmp

import (
	"runtime"
	"time"
)

// batch are requests of any number of rounds that leave together. Who begins it sends it,
// after everybody else who is ready to run had the chance to add to it: groups are read at
// the same moments, and one call of the system for all of them costs a fraction of one for
// each.
type batch struct {
	began  time.Time
	count  int
	ids    [maxBatch]uint32
	out    [maxBatch]outgoing
	sealed []byte // what the datagrams of out are in
}

// add seals the request.
func (b *batch) add(q *poll) {
	from := len(b.sealed)
	b.sealed = q.seal(b.sealed)
	b.ids[b.count] = q.id
	b.out[b.count] = outgoing{b.sealed[from:len(b.sealed):len(b.sealed)], q.agent.endpoint()}
	b.count++
}

// send sends the requests that were made, of those given, and does not wait. What cannot be
// sent falls back.
func (p *Poller) send(polls []poll) {
	var began [lanes]bool
	p.mu.Lock()
	for i := range polls {
		if q := &polls[i]; q.state == pollMade {
			p.launch(q, &began)
		}
	}
	p.mu.Unlock()
	for lane, mine := range began {
		if mine {
			runtime.Gosched()
			p.mu.Lock()
			p.depart(lane)
			p.mu.Unlock()
		}
	}
}

// launch adds the request to those that leave next. It needs the lock, which it gives up
// while a batch that became full is sent.
func (p *Poller) launch(q *poll, began *[lanes]bool) {
	lane := p.lane(q)
	if _, err := p.carrier(lane); err != nil {
		q.fallBack(fallbackSocket)
		return
	}
	if !p.flight.add(q) {
		q.fallBack(crowded)
		return
	}
	p.inFlight.Store(int64(p.flight.count))
	b := p.leaving[lane]
	if b == nil {
		b = p.spent.Get().(*batch)
		b.began = time.Now()
		p.leaving[lane], began[lane] = b, true
	}
	b.add(q)
	q.state, q.sent = pollAsked, b.began
	q.tries++
	q.round.waiting++
	if b.count == maxBatch {
		p.depart(lane)
	}
}

// depart sends what leaves next, if anything. It needs the lock, and gives it up meanwhile.
func (p *Poller) depart(lane int) {
	b, carrier := p.leaving[lane], p.carriers[lane]
	if b == nil {
		return
	}
	p.leaving[lane] = nil
	p.mu.Unlock()
	for sent := 0; sent < b.count; sent++ {
		n, err := carrier.send(b.out[sent:b.count])
		if sent += n; err == nil {
			break
		}
		p.ground(b.ids[sent])
	}
	carrier.drain()
	clear(b.out[:b.count])
	b.count, b.sealed = 0, b.sealed[:0]
	p.spent.Put(b)
	p.mu.Lock()
}

// ground is for a request that the system would not take.
func (p *Poller) ground(id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.flight.find(id); q != nil {
		q.fallBack(fallbackSocket)
		q.tries--
		p.land(q)
	}
}
