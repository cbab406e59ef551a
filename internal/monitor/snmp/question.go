package snmp

import (
	"net/netip"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Question is a list of quantities for which many agents are asked alike. It is shared by
// the Agents that it makes, and never changes.
type Question struct {
	client     *Client
	quantities []Quantity
	template   *template // of all of them in one PDU; nil when it takes more, or something else
	obstacle   string    // why; one of FallbackReasons
	texts      []Value   // see template, for those with rows that are to be found
}

// Question prepares what is the same for all agents.
func (c *Client) Question(quantities []Quantity) *Question {
	q := &Question{client: c, quantities: quantities}
	var objects []string
	for i := range quantities {
		switch quantity := &quantities[i]; {
		case quantity.table != nil:
			q.obstacle = fallbackTable
		case quantity.named != (named{}) && q.obstacle == "":
			q.obstacle = fallbackRow
		}
		objects = append(objects, quantities[i].cells("")...)
	}
	if q.obstacle == fallbackRow {
		q.texts = names(quantities)
	}
	switch {
	case c.options.Version == "v1":
		q.obstacle = fallbackVersion
	case q.obstacle != "":
	default:
		q.template, q.obstacle = c.template(objects, nil)
	}
	return q
}

// names are what is to be said of the cells of the quantities, behind the uptime, that have
// the names of rows.
func names(quantities []Quantity) (texts []Value) {
	texts = append(texts, Value{})
	for i := range quantities {
		q := &quantities[i]
		texts = append(texts, make([]Value, q.count())...)
		if q.named != (named{}) {
			texts[len(texts)-1] = Value{why: policy.OutOfRange, more: &remark{q.named.name, textError(q.named.name)}}
		}
	}
	return texts
}

// template is that for the objects, or says why there can be none. Of the texts see there.
func (c *Client) template(objects []string, texts []Value) (t *template, obstacle string) {
	if len(objects) > maxObjects {
		return nil, fallbackSize
	}
	t, err := newTemplate(c.options.Community.Reveal(), objects, texts)
	if err != nil { // an OID that cannot be encoded, which gosnmp will explain
		return nil, fallbackAnswer
	}
	return t, ""
}

// counters is how many of the quantities before the ith are compared with an earlier reading.
func (q *Question) counters(i int) (count int) {
	for k := range q.quantities[:i] {
		if q.quantities[k].counts {
			count++
		}
	}
	return count
}

// Agent prepares reading the agent at address. Nothing is sent yet. Make one for each
// instance: it is never asked which engine it is by another's Agent.
func (q *Question) Agent(address netip.Addr) *Agent {
	agent := &Agent{peer: q.client.peerAt(address), question: q}
	if n := q.counters(len(q.quantities)); n > 0 {
		agent.before = make([]baseline, n)
	}
	return agent
}
