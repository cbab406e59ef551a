package snmp

import (
	"context"
	"net/netip"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Agent reads a list of quantities from the agent of one instance, in as few PDUs
// as hold them, and remembers its counters, and the numbers of its named rows, from
// one reading to the next.
type Agent struct {
	peer
	question *Question
	meters   []meter
	rows     map[named]string // the index of each row found by its name
	located  *template        // of the question with these rows; nil: it has none, or they are to be found
	known    bool             // it has answered
	silent   error            // it did not when it was last asked; nil: it did, or was not asked yet
}

// NewAgent is that of a question for a single agent.
func NewAgent(client *Client, address netip.Addr, quantities []Quantity) *Agent {
	return client.Question(quantities).Agent(address)
}

// Read asks once, over a socket of its own, and returns one reading for each quantity,
// in their order. It is for one caller at a time.
func (a *Agent) Read(ctx context.Context) []reading.Reading {
	return a.read(ctx, time.Now().Add(a.Bound()), a.options.Retries+1)
}

// read asks until then, at most so many times for each PDU.
func (a *Agent) read(ctx context.Context, until time.Time, attempts int) []reading.Reading {
	call, err := a.dialUntil(ctx, until, attempts)
	if err != nil {
		a.silent = err
		return reading.Repeat(reading.Failed(time.Now(), err), len(a.meters))
	}
	defer call.close()
	v := &visit{Agent: a, call: call, walked: map[string]walked{}, readings: make([]reading.Reading, len(a.meters))}
	v.read(ctx)
	a.silent = failure(v.readings)
	a.known = a.known || a.silent == nil
	return v.readings
}

// failure is why there was no answer at all; nil: there was one.
func failure(readings []reading.Reading) (err error) {
	for _, r := range readings {
		if r.Sample.Why() != policy.Failed {
			return nil
		}
		err = r.Err
	}
	return err
}

// doubtful says that the agent may not answer: it never did, or did not when it was last
// asked.
func (a *Agent) doubtful() bool { return !a.known || a.silent != nil }

// index is the row that the quantity's cells are in; empty while it is to be found, and
// when their OIDs have it.
func (a *Agent) index(q *Quantity) string { return a.rows[q.named] }

// found keeps the index of a row.
func (a *Agent) found(row named, index string) {
	if a.rows == nil {
		a.rows = map[named]string{}
	}
	a.rows[row] = index
	a.located = nil
}

// lost forgets the index of a row, which has another name now.
func (a *Agent) lost(row named) {
	delete(a.rows, row)
	a.located = nil
}

// ready is the request that the poller can send in place of a call; or why it cannot, one
// of FallbackReasons.
func (a *Agent) ready() (t *template, obstacle string) {
	if a.silent != nil {
		return nil, fallbackSilence
	}
	return a.request()
}

func (a *Agent) request() (t *template, obstacle string) {
	t, obstacle = a.question.template, a.question.obstacle
	if obstacle == fallbackRow {
		t, obstacle = a.locate()
	}
	switch {
	case obstacle != "":
		return nil, obstacle
	case a.endpoint.Addr().Zone() != "":
		return nil, fallbackSocket
	case len(t.objects) > a.fits+1:
		return nil, fallbackSize
	case a.options.Version == "v3":
		return t, a.secure()
	}
	return t, ""
}

// locate is the template for the rows that were found, once all were.
func (a *Agent) locate() (*template, string) {
	if a.located != nil {
		return a.located, ""
	}
	var objects []string
	for i := range a.meters {
		q := a.meters[i].quantity
		if q.named != (named{}) && a.index(q) == "" {
			return nil, fallbackRow
		}
		objects = append(objects, q.cells(a.index(q))...)
	}
	t, obstacle := a.template(objects)
	if t == nil {
		return nil, obstacle
	}
	at := 1
	t.texts = make([]Value, len(t.objects))
	for i := range a.meters {
		q := a.meters[i].quantity
		if at += q.count(); q.named != (named{}) {
			t.texts[at-1] = Value{why: policy.OutOfRange, more: &remark{q.named.name, textError(q.named.name)}}
		}
	}
	a.located = t
	return t, ""
}

// settle gives each meter its reading of values that answer its template. It says false,
// and has changed nothing but what it knows of its rows, if one of these has another name
// now.
func (a *Agent) settle(values []Value, at time.Time, into []reading.Reading) bool {
	uptime, values := uptimeIn(values), values[1:]
	if !a.stillNamed(values) {
		return false
	}
	for i := range a.meters {
		q := a.meters[i].quantity
		into[i] = a.meters[i].read(snapshot{at: at, uptime: uptime, values: values[:len(q.objects)]})
		values = values[q.count():]
	}
	a.known, a.silent = true, nil
	return true
}

// stillNamed says that all rows have the names by which they were found. Those that do not
// are to be found again, and their counters start anew.
func (a *Agent) stillNamed(values []Value) bool {
	all := true
	for i := range a.meters {
		meter := &a.meters[i]
		q, n := meter.quantity, meter.quantity.count()
		if q.named != (named{}) && values[n-1].text() != q.named.name {
			a.lost(q.named)
			meter.before = nil
			all = false
		}
		values = values[n:]
	}
	return all
}

// secure says what the agent's engine lacks for requests that are made without gosnmp.
func (a *Agent) secure() (obstacle string) {
	e := a.engine
	switch {
	case e == nil || e.doubted || !e.authentic && a.user.level != gosnmp.NoAuthNoPriv:
		return fallbackEngine
	case e.sealer == nil:
		var ok bool
		if e.sealer, ok = newSealer(e, a.user, a.options.Context); !ok {
			return fallbackPrivacy
		}
	}
	return ""
}

// seal appends the whole message that the template makes.
func (a *Agent) seal(to []byte, t *template, id uint32) []byte {
	if a.options.Version != "v3" {
		return t.appendMessage(to, id)
	}
	boots, seconds := a.engine.clock(time.Now())
	return a.engine.sealer.seal(to, t, id, boots, seconds, a.salt.Add(1))
}

// open takes the values out of a message that is the plain answer to the template's, as
// template.open does.
func (a *Agent) open(t *template, datagram, scratch []byte, id uint32, now time.Time, into []Value) bool {
	if a.options.Version != "v3" {
		return t.openMessage(datagram, a.options.Community.Reveal(), id, into)
	}
	boots, seconds, ok := a.engine.sealer.open(datagram, scratch, t, id, into)
	return ok && (a.user.level == gosnmp.NoAuthNoPriv || a.engine.hear(boots, seconds, now) == nil)
}
