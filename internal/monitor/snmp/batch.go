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
	polls  [maxBatch]*poll
	ids    [maxBatch]uint32 // of the polls, which may have come to an end since, and be other ones
	count  int
	out    [maxBatch]outgoing
	sealed []byte // what the datagrams of out are in
}

// add seals the request.
func (b *batch) add(q *poll) {
	from := len(b.sealed)
	b.sealed = q.agent.seal(b.sealed, q.template, q.id)
	b.polls[b.count], b.ids[b.count] = q, q.id
	b.out[b.count] = outgoing{b.sealed[from:len(b.sealed):len(b.sealed)], q.agent.endpoint}
	b.count++
}

// send sends the requests that were made, of those given. What cannot be sent falls back.
func (p *Poller) send(polls []poll) {
	var began [families]bool
	now := time.Now()
	p.mu.Lock()
	for i := range polls {
		if q := &polls[i]; q.state == pollMade {
			p.launch(q, now, &began)
		}
	}
	p.mu.Unlock()
	for family, mine := range began {
		if mine {
			runtime.Gosched()
			p.mu.Lock()
			p.depart(family)
			p.mu.Unlock()
		}
	}
}

// launch adds the request to those that leave next. It needs the lock, which it gives up
// while a batch that became full is sent.
func (p *Poller) launch(q *poll, now time.Time, began *[families]bool) {
	family := familyOf(q.agent.endpoint.Addr())
	if _, err := p.carrier(family); err != nil {
		q.fallBack(fallbackSocket)
		return
	}
	if !p.flight.add(q) {
		q.fallBack("")
		return
	}
	b := p.leaving[family]
	if b == nil {
		b = p.spent.Get().(*batch)
		p.leaving[family], began[family] = b, true
	}
	b.add(q)
	q.state, q.sent = pollAsked, now
	q.round.waiting++
	if b.count == maxBatch {
		p.depart(family)
	}
}

// depart sends the batch, if there is one. It needs the lock, and gives it up meanwhile.
func (p *Poller) depart(family int) {
	b, carrier := p.leaving[family], p.carriers[family]
	if b == nil {
		return
	}
	p.leaving[family] = nil
	crowd := p.flight.count > plentyInFlight
	p.mu.Unlock()
	for sent := 0; sent < b.count; sent++ {
		n, err := carrier.send(b.out[sent:b.count])
		if sent += n; err == nil {
			break
		}
		p.ground(b.polls[sent], b.ids[sent])
	}
	if crowd {
		carrier.drain()
	}
	clear(b.polls[:b.count])
	clear(b.out[:b.count])
	b.count, b.sealed = 0, b.sealed[:0]
	p.spent.Put(b)
	p.mu.Lock()
}

// ground is for a request that the system would not take.
func (p *Poller) ground(q *poll, id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.state == pollAsked && q.id == id {
		q.fallBack(fallbackSocket)
		q.sent = time.Time{}
		p.land(q)
	}
}
