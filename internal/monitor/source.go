package monitor

import (
	"context"
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// source is one request that answers one or several signals.
type source struct {
	kind    string   // snmp, scrape, promql
	windows []window // empty ones, one for each signal it answers
	open    func(netip.Addr) probe
}

// probe makes the request and returns a reading for each signal it answers. It
// keeps to its own deadline.
type probe func(ctx context.Context, now time.Time) []reading.Reading

// slot says where the readings of a signal are: the how-manieth of which source.
type slot struct{ source, position int }

// place is a source at one address: what was read there and is still remembered.
type place struct {
	kind     string
	probe    probe
	windows  []window
	readings []reading.Reading // of the last poll
	warming  bool
}

// open makes the places of the sources at address.
func open(sources []*source, address netip.Addr) *instance {
	opened := &instance{}
	for _, source := range sources {
		opened.places = append(opened.places, &place{
			kind:    source.kind,
			probe:   source.open(address),
			windows: append([]window(nil), source.windows...),
		})
	}
	return opened
}

func (i *instance) setWarming(warming bool) {
	for _, place := range i.places {
		place.warming = warming
	}
}

// poll reads the place once. While it is warming, that only sets the baseline of
// its counters: what is seen then is never believed, also not in a later mean.
func (p *place) poll(ctx context.Context, now time.Time, observe func(string, policy.Absence, time.Duration)) {
	started := time.Now()
	p.take(p.probe(ctx, now), time.Now())
	outcome := policy.Present
	for _, r := range p.readings {
		if outcome == policy.Present {
			outcome = r.Sample.Why()
		}
	}
	observe(p.kind, outcome, time.Since(started))
}

// take keeps the readings of a poll that ended at now.
func (p *place) take(readings []reading.Reading, now time.Time) {
	p.readings = readings
	for i, r := range readings {
		if !p.warming {
			p.windows[i].add(r.Sample, now)
		}
	}
}

// answer is the sample of the signal at position, and what is wrong with it: the last
// poll's error, or what its window found.
func (p *place) answer(position int, now time.Time) answer {
	sample, err := p.windows[position].read(now)
	polled := p.readings[position]
	if polled.Err != nil {
		err = polled.Err
	}
	return answer{sample: sample, err: err, silent: polled.Sample.Why() == policy.Failed}
}
