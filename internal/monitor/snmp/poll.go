package snmp

import (
	"errors"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// poll is one request to one agent, by the poller.
type poll struct {
	round    *round
	agent    *Agent
	template *template
	sealer   sealer // of v3
	which    int    // of the agents that are read
	id       uint32
	state    pollState
	obstacle string    // of a fallback; one of FallbackReasons, or crowded
	tries    int       // how often it was sent
	sent     time.Time // when it was last
	received time.Time
	judged   int               // datagrams that gosnmp had to look at
	dropped  *drop             // the newest datagram that was not believed; or nil
	readings []reading.Reading // room for one of each quantity
}

type pollState uint8

const (
	pollMade     pollState = iota // it is to be sent, or sent again
	pollAsked                     // it waits for its answer
	pollAnswered                  // it has its readings
	pollFallback                  // it takes a call
	pollOver                      // its readings were told, or a call will
)

// seal appends the whole message that makes the request.
func (q *poll) seal(to []byte) []byte {
	a := q.agent
	if a.options.Version != "v3" {
		return q.template.appendMessage(to, q.id)
	}
	boots, seconds := a.engine.clock(time.Now())
	return q.sealer.seal(to, q.template, q.id, boots, seconds, a.salt.Add(1))
}

// open takes the values out of a message that is the plain answer to the request, as
// template.open does.
func (q *poll) open(datagram, scratch []byte, now time.Time, into []Value) bool {
	a := q.agent
	if a.options.Version != "v3" {
		return q.template.openMessage(datagram, a.options.Community.Reveal(), q.id, into)
	}
	boots, seconds, ok := q.sealer.open(datagram, scratch, q.template, q.id, into)
	return ok && (!a.user.authenticates() || a.engine.hear(boots, seconds, now) == nil)
}

// take says whether the datagram, which has the request's ID and comes from its agent,
// ends the wait.
func (q *poll) take(datagram []byte, now time.Time) bool {
	poller := q.round.poller
	values := poller.values[:q.template.count]
	if !q.open(datagram, poller.scratch[:], now, values) && !q.decode(datagram, now, values) {
		return q.state != pollAsked
	}
	if q.agent.settle(values, now, q.readings) {
		q.state, q.received = pollAnswered, now
	} else {
		q.fallBack(fallbackRow)
	}
	return true
}

// What gosnmp judges of one request is bounded, since nobody else's answers are looked at
// meanwhile. Beyond, a call asks: it has a goroutine and a socket of its own to waste.
const (
	maxJudged      = 8
	maxJudgedBytes = 4 << 10
)

// decode is how gosnmp takes the values out of an answer. It says false of what is none,
// and when the agent has to be asked otherwise.
func (q *poll) decode(datagram []byte, now time.Time, into []Value) bool {
	if q.judged++; q.judged > maxJudged || len(datagram) > maxJudgedBytes {
		q.fallBack(fallbackAnswer)
		return false
	}
	r := request{id: q.id, pdu: gosnmp.GetRequest, objects: q.template.objects()}
	bytes := len(datagram)
	answer, err := judge(q.agent.envelope(), datagram, r, now, func(got reply) error { return exactly(got, r.objects) })
	if err != nil {
		q.drop(err, bytes)
		return false
	}
	if answer.PDUType != gosnmp.GetResponse {
		q.fallBack(fallbackAnswer)
		return false
	}
	if _, err := uptimeOf(answer); err != nil {
		q.fallBack(fallbackAnswer)
		return false
	}
	for i, variable := range answer.Variables {
		into[i] = valueOf(variable)
	}
	q.round.poller.options.Fallback(fallbackEncoded)
	return true
}

func (q *poll) drop(err error, bytes int) {
	if !errors.As(err, &q.dropped) {
		q.dropped = dropf(dropMalformed, "%v", err)
	}
	q.agent.options.Dropped(q.dropped.reason)
	q.agent.options.traceDrop(q.dropped, bytes)
}

func (q *poll) fallBack(obstacle string) { q.state, q.obstacle = pollFallback, obstacle }

// crowded is why neither a request nor a call is made: too many are in flight.
const crowded = "crowded"

// silent says that the request was sent, and not answered in time.
func (q *poll) silent() bool { return q.obstacle == fallbackSilence && q.tries > 0 }

// retry makes the request again, if there is another attempt and time for it.
func (q *poll) retry(until time.Time) bool {
	if !q.silent() || q.tries > q.agent.options.Retries || !time.Now().Before(until) {
		return false
	}
	q.state, q.obstacle = pollMade, ""
	return true
}

// due is when the wait for the answer ends.
func (q *poll) due() time.Time { return q.sent.Add(q.agent.options.Timeout) }
