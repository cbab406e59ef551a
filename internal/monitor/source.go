package monitor

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// source is one request that answers one or several signals.
type source struct {
	kind     string        // snmp, scrape, promql, push
	interval time.Duration // the group's
	rules    []rules       // one for each signal that it answers
	open     func(netip.Addr) probe
	meet     func(netip.Addr) *snmp.Agent // in place of open, of agents
}

// probe makes the request and returns a reading for each signal it answers. It
// keeps to its own deadline.
type probe func(ctx context.Context, now time.Time) []reading.Reading

// slot says where the readings of a signal are: the how-manieth of which source.
type slot struct{ source, position int }

// place is a source at one address: what was read there and is still remembered.
type place struct {
	*source
	probe   probe
	agent   *snmp.Agent // in place of a probe
	values  []kept      // one for each signal that it answers
	backoff backoff
}

// places are those of everything read at one address or several, or of the group. Those of
// an address where nothing is read are nil.
type places []*place

// open makes the places of the sources at address.
func open(sources []*source, address netip.Addr) places {
	opened := make(places, len(sources))
	for i, source := range sources {
		opened[i] = &place{source: source, values: make([]kept, len(source.rules))}
		if source.meet != nil {
			opened[i].agent = source.meet(address)
		} else {
			opened[i].probe = source.open(address)
		}
	}
	return opened
}

// window is that of the signal at position.
func (p *place) window(position int) window {
	return window{&p.rules[position], &p.values[position]}
}

// setWarming says whether the instance is warming.
func (all places) setWarming(warming bool) {
	for _, place := range all {
		if place != nil {
			place.backoff.setWarming(warming)
		}
	}
}

// ask makes the place's request by itself.
func (p *place) ask(ctx context.Context, now time.Time) []reading.Reading {
	if p.agent != nil {
		return p.agent.Read(ctx)
	}
	return p.probe(ctx, now)
}

// take keeps the readings of a poll that began at started and ended at now, and says whether
// they are values, or why the first that is none is not. While the place is warming, a poll
// only sets the baseline of its counters: what is seen then is never believed, also not in
// a later mean. One that was given up, or for which there was no room, says nothing of the
// source.
func (p *place) take(readings []reading.Reading, started, now time.Time, givenUp bool) (outcome policy.Absence) {
	silent, asked := true, true
	for i := range readings {
		why := readings[i].Sample.Why()
		if outcome == policy.Present {
			outcome = why
		}
		silent = silent && why == policy.Failed
		asked = asked && why != policy.Overloaded
		p.window(i).hear(readings[i], p.backoff.warming, now)
	}
	if asked {
		p.backoff.took(silent && !givenUp, started, p.interval)
	}
	return outcome
}

// anyAnswers says that one of the places answered when it was last asked.
func (all places) anyAnswers() bool {
	return slices.ContainsFunc(all, func(p *place) bool { return p != nil && p.backoff.silent == 0 })
}

// answer is the sample of the signal at position, and what is wrong with it.
func (p *place) answer(position int, now time.Time) answer { return p.window(position).answer(now) }
