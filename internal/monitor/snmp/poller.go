package snmp

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

const (
	// maxInFlight is how many requests may wait for their answers at once.
	maxInFlight = 1 << 16
	// maxCalls is how many agents may be asked at once over sockets of their own.
	maxCalls = 512
	// maxSilentCalls is how many of them may be doubtful ones, so that these leave room.
	maxSilentCalls = maxCalls / 2
	// plentyInFlight is how many requests may wait before those that follow take another
	// socket: Linux lets one hold some 300 answers unless it is told otherwise.
	plentyInFlight = 192
	// socketBuffer is how many bytes a socket is to hold in each direction, if the system
	// lets it.
	socketBuffer = 4 << 20
)

// PollerOptions are whom a Poller tells. All may be nil, are called by several goroutines at
// once, and must not call the poller.
type PollerOptions struct {
	Fallback func(reason string) // gosnmp did what the poller could not: one of FallbackReasons
	Stray    func(reason string) // a datagram belongs to no request: one of StrayReasons
	Refused  func()              // an agent was not asked, since too many others are
}

// Poller asks many agents at once over a few sockets. One is enough for a process; any
// number of goroutines may use it.
//
// What it asks is a PDU that was encoded once, and what it takes for an answer has the
// request's ID, comes from where the request went, and is the one that was expected, byte by
// byte but for the values. All else is judged by gosnmp and by the rules of a call (see
// Agent.Read), which also asks whatever the poller cannot; FallbackReasons say when.
//
// It has no queue, and a request never waits for room. Beyond maxInFlight requests, and
// maxCalls agents that need a call, an agent is not asked, and its reading says so.
type Poller struct {
	options PollerOptions
	calls   chan struct{} // holds one for each call under way
	silent  chan struct{} // likewise, of doubtful agents
	rounds  sync.Pool     // of *round
	spent   sync.Pool     // of *batch

	// What metrics read has no lock: these are called while others wait for metrics.
	inFlight atomic.Int64
	opened   [lanes]atomic.Pointer[carrier]

	mu       sync.Mutex
	closed   bool
	carriers [lanes]carrier // nil until one is needed
	leaving  [lanes]*batch
	flight   flight
	readers  sync.WaitGroup
	values   [maxObjects + 1]Value // of the answer that is being judged
	scratch  [maxDatagram + sealedScratch]byte
}

// NewPoller opens nothing yet. Close it after use.
func NewPoller(options PollerOptions) *Poller {
	if options.Fallback == nil {
		options.Fallback = func(string) {}
	}
	if options.Stray == nil {
		options.Stray = func(string) {}
	}
	if options.Refused == nil {
		options.Refused = func() {}
	}
	p := &Poller{options: options, calls: make(chan struct{}, maxCalls), silent: make(chan struct{}, maxSilentCalls)}
	p.rounds.New = func() any { return newRound(p) }
	p.spent.New = func() any { return &batch{} }
	return p
}

// Close closes the sockets. What waits for an answer then goes on to do so in vain.
func (p *Poller) Close() {
	p.mu.Lock()
	p.closed = true
	carriers := p.carriers
	p.mu.Unlock() // before they are closed, which waits for what they are giving away
	for _, c := range carriers {
		if c != nil {
			_ = c.close()
		}
	}
	p.readers.Wait()
}

// InFlight is how many requests wait for their answers.
func (p *Poller) InFlight() int { return int(p.inFlight.Load()) }

// Calls is how many agents are asked over sockets of their own.
func (p *Poller) Calls() int { return len(p.calls) }

// Read reads all agents at the same time, each as Agent.Read does, and returns when all
// are read: after the longest of their bounds at the latest. Tell is called once for each,
// for several of them at once, with one reading for each of its quantities, which are valid
// until it returns, and how long that took. An agent is in one Read at a time.
func (p *Poller) Read(ctx context.Context, agents []*Agent, tell func(i int, readings []reading.Reading, took time.Duration)) {
	r := p.rounds.Get().(*round)
	r.run(ctx, agents, tell)
	p.rounds.Put(r)
}

// flight are the requests that wait for their answers, by ID.
type flight struct {
	polls []*poll // the place of each is the end of its ID; at most half of them are taken
	count int
}

// add finds an ID for the request, which nobody can guess; false when there are too many.
func (f *flight) add(q *poll) bool {
	if f.count*2 >= len(f.polls) && !f.grow() {
		return false
	}
	for {
		id := minTemplateID + rand.Uint32N(1<<31-minTemplateID)
		if at := f.at(id); *at == nil {
			q.id, *at = id, q
			f.count++
			return true
		}
	}
}

func (f *flight) at(id uint32) **poll { return &f.polls[id&uint32(len(f.polls)-1)] }

// grow doubles the places. Requests whose IDs had different ends still have them.
func (f *flight) grow() bool {
	if f.count >= maxInFlight {
		return false
	}
	before := f.polls
	f.polls = make([]*poll, max(128, 2*len(before)))
	for _, q := range before {
		if q != nil {
			*f.at(q.id) = q
		}
	}
	return true
}

// find is the request with the ID; nil: none has it.
func (f *flight) find(id uint32) *poll {
	if len(f.polls) == 0 {
		return nil
	}
	if q := *f.at(id); q != nil && q.id == id {
		return q
	}
	return nil
}

func (f *flight) remove(q *poll) {
	*f.at(q.id) = nil
	f.count--
}

// Agents of each family of addresses have live lanes, which those in use take one after the
// other as more requests are in flight, and one for those that were silent. What is sent to
// a machine that is gone can stay in its socket's buffer for seconds, until the system
// knows: the others must not wait for that.
const (
	families  = 2 // IPv4, IPv6
	liveLanes = 4
	lanes     = families * (liveLanes + 1)
)

// lane is the socket for the request. It needs the lock.
func (p *Poller) lane(q *poll) int {
	lane := min(p.flight.count/plentyInFlight, liveLanes-1)
	if q.agent.doubtful() || q.tries > 0 {
		lane = liveLanes
	}
	if q.agent.address.Is6() {
		lane += liveLanes + 1
	}
	return lane
}

// carrier is the one of the lane; an error when its socket cannot be opened. It needs the
// lock.
func (p *Poller) carrier(lane int) (carrier, error) {
	switch {
	case p.closed:
		return nil, net.ErrClosed
	case p.carriers[lane] != nil:
		return p.carriers[lane], nil
	}
	network := "udp4"
	if lane > liveLanes {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(socketBuffer) // the system's bound holds all the same
	_ = conn.SetWriteBuffer(socketBuffer)
	opened, err := newCarrier(conn, p.take)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	p.carriers[lane] = opened
	p.opened[lane].Store(&opened)
	p.readers.Go(func() { p.receive(opened) })
	return opened, nil
}

// Lost is how many datagrams the system dropped because a shared socket was full.
func (p *Poller) Lost() (datagrams int) {
	for i := range p.opened {
		if c := p.opened[i].Load(); c != nil {
			datagrams += (*c).lost()
		}
	}
	return datagrams
}

// receive is the goroutine of a carrier.
func (p *Poller) receive(from carrier) {
	for {
		if err := from.receive(); err == nil {
			continue
		}
		p.mu.Lock()
		closed := p.closed
		p.mu.Unlock()
		if closed {
			return
		}
		time.Sleep(time.Second / 10) // the system is short of something; requests time out meanwhile
	}
}

// take judges what came in.
func (p *Poller) take(all []incoming) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, in := range all {
		if stray := p.judge(in, now); stray != "" {
			p.options.Stray(stray)
		}
	}
}

// judge gives the datagram to its request, or says why it has none: one of StrayReasons.
func (p *Poller) judge(in incoming, now time.Time) (stray string) {
	if len(in.datagram) >= maxDatagram {
		return dropOversize
	}
	id, ok := idOf(in.datagram)
	if !ok {
		return dropMalformed
	}
	if id == 0 {
		return dropIDZero
	}
	q := p.flight.find(id)
	switch {
	case q == nil || q.state != pollAsked:
		return dropID
	case in.from != q.agent.endpoint():
		return dropSender
	}
	if q.take(in.datagram, now) {
		p.land(q)
	}
	return ""
}

// land takes the request out of flight, which needs the lock.
func (p *Poller) land(q *poll) {
	p.flight.remove(q)
	p.inFlight.Store(int64(p.flight.count))
	q.round.heard(q)
}

// StrayReasons are all reasons that PollerOptions.Stray is told.
var StrayReasons = []string{dropMalformed, dropOversize, dropIDZero, dropID, dropSender}

// idOf is the request ID of a message of v1 or v2c, and the message ID of one of v3, which
// is the same in what we send.
func idOf(datagram []byte) (uint32, bool) {
	message := ber{rest: datagram}
	message = message.within(tagSequence)
	var inner ber
	if message.number() == version3 {
		inner = message.within(tagSequence)
	} else {
		message.take(tagOctetString)
		if len(message.rest) == 0 {
			return 0, false
		}
		inner = message.within(message.rest[0])
	}
	id := inner.number()
	return id, !inner.bad
}
