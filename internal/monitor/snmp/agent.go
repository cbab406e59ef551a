package snmp

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Agent reads a list of quantities from the agent of one instance, in as few PDUs
// as hold them, and remembers its counters, and the numbers of its named rows, from
// one reading to the next.
type Agent struct {
	peer
	question *Question
	before   []baseline // of the question's quantities that have one, in their order
	odd      *oddAgent
}

// oddAgent is what is known of few agents; nil: nothing of it.
type oddAgent struct {
	rows    []foundRow
	located *template // of the question with these rows; nil: it has none, or they are to be found
	silent  error     // it did not answer when it was last asked; nil: it did, or was not asked yet
}

// foundRow is a row that was found by its name.
type foundRow struct {
	named
	index string
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
	quantities := a.question.quantities
	if err != nil {
		a.heard(err)
		return reading.Repeat(reading.Failed(time.Now(), err), len(quantities))
	}
	defer call.close()
	v := &visit{Agent: a, call: call, walked: map[string]walked{}, readings: make([]reading.Reading, len(quantities))}
	v.read(ctx)
	a.heard(failure(v.readings))
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

// heard takes note of why the agent did not answer; nil: it did.
func (a *Agent) heard(silent error) {
	switch {
	case silent != nil:
		a.unusual().silent = silent
		return
	case a.odd != nil && len(a.odd.rows) > 0:
		a.odd.silent = nil
	default:
		a.odd = nil
	}
	a.known = true
}

// silent is why the agent did not answer when it was last asked; nil: it did, or was not
// asked yet.
func (a *Agent) silent() error {
	if a.odd == nil {
		return nil
	}
	return a.odd.silent
}

// doubtful says that the agent may not answer: it never did, or did not when it was last
// asked.
func (a *Agent) doubtful() bool { return !a.known || a.silent() != nil }

func (a *Agent) unusual() *oddAgent {
	if a.odd == nil {
		a.odd = &oddAgent{}
	}
	return a.odd
}

// meter is that of the ith quantity.
func (a *Agent) meter(i int) meter {
	m := meter{quantity: &a.question.quantities[i]}
	if m.quantity.counts {
		m.before = &a.before[a.question.counters(i)]
	}
	return m
}

// index is the row that the quantity's cells are in; empty while it is to be found, and
// when their OIDs have it.
func (a *Agent) index(q *Quantity) string {
	if a.odd == nil || q.named == (named{}) {
		return ""
	}
	for _, row := range a.odd.rows {
		if row.named == q.named {
			return row.index
		}
	}
	return ""
}

// found keeps the index of a row.
func (a *Agent) found(name named, index string) {
	a.lost(name)
	a.unusual().rows = append(a.unusual().rows, foundRow{name, index})
}

// lost forgets the index of a row, which has another name now.
func (a *Agent) lost(name named) {
	odd := a.unusual()
	odd.rows = slices.DeleteFunc(odd.rows, func(r foundRow) bool { return r.named == name })
	odd.located = nil
}

// ready is the request that the poller can send in place of a call; or why it cannot, one
// of FallbackReasons.
func (a *Agent) ready() (t *template, obstacle string) {
	if a.silent() != nil {
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
	case a.address.Zone() != "":
		return nil, fallbackSocket
	case t.count > int(a.fits)+1:
		return nil, fallbackSize
	}
	return t, ""
}

// locate is the template for the rows that were found, once all were.
func (a *Agent) locate() (*template, string) {
	if a.odd == nil || len(a.odd.rows) == 0 {
		return nil, fallbackRow
	}
	if a.odd.located != nil {
		return a.odd.located, ""
	}
	var objects []string
	for i := range a.question.quantities {
		q := &a.question.quantities[i]
		index := a.index(q)
		if q.named != (named{}) && index == "" {
			return nil, fallbackRow
		}
		objects = append(objects, q.cells(index)...)
	}
	t, obstacle := a.template(objects, a.question.texts)
	if t == nil {
		return nil, obstacle
	}
	a.odd.located = t
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
	for i := range a.question.quantities {
		m := a.meter(i)
		into[i] = m.read(snapshot{at: at, uptime: uptime, values: values[:len(m.quantity.objects)]})
		values = values[m.quantity.count():]
	}
	a.heard(nil)
	return true
}

// stillNamed says that all rows have the names by which they were found. Those that do not
// are to be found again, and their counters start anew.
func (a *Agent) stillNamed(values []Value) bool {
	all := true
	for i := range a.question.quantities {
		q := &a.question.quantities[i]
		n := q.count()
		if q.named != (named{}) && values[n-1].text() != q.named.name {
			a.lost(q.named)
			a.meter(i).forget()
			all = false
		}
		values = values[n:]
	}
	return all
}

// sealer is that of the agent's engine, the zero one but in v3; or why there is none, one
// of FallbackReasons.
func (a *Agent) sealer() (s sealer, obstacle string) {
	if a.options.Version != "v3" {
		return sealer{}, ""
	}
	e := a.engine
	if e == nil || e.doubted || !e.authentic && a.user.authenticates() {
		return sealer{}, fallbackEngine
	}
	s, ok := newSealer(e, a.user, a.options.Context)
	if !ok {
		return sealer{}, fallbackPrivacy
	}
	return s, ""
}
