package snmp

import (
	"net/netip"
)

// Question is a list of quantities for which many agents are asked alike. It is shared by
// the Agents that it makes, and never changes.
type Question struct {
	client     *Client
	quantities []Quantity
	template   *template // of all of them in one PDU; nil when it takes more, or something else
	obstacle   string    // why; one of FallbackReasons
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
	switch {
	case c.options.Version == "v1":
		q.obstacle = fallbackVersion
	case q.obstacle != "":
	default:
		q.template, q.obstacle = c.template(objects)
	}
	return q
}

// template is that for the objects, or says why there can be none.
func (c *Client) template(objects []string) (t *template, obstacle string) {
	if len(objects) > maxObjects {
		return nil, fallbackSize
	}
	t, err := newTemplate(c.options.Community.Reveal(), objects)
	if err != nil { // an OID that cannot be encoded, which gosnmp will explain
		return nil, fallbackAnswer
	}
	return t, ""
}

// Agent prepares reading the agent at address. Nothing is sent yet. Make one for each
// instance: it is never asked which engine it is by another's Agent.
func (q *Question) Agent(address netip.Addr) *Agent {
	agent := &Agent{question: q, meters: make([]meter, len(q.quantities))}
	agent.be(q.client, address)
	for i := range q.quantities {
		agent.meters[i].quantity = &q.quantities[i]
	}
	return agent
}
