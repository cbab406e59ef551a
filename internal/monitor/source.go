package monitor

import (
	"context"
	"fmt"
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
	p.readings = p.probe(ctx, now)
	outcome := policy.Present
	for i, r := range p.readings {
		if !p.warming {
			p.windows[i].add(r.Sample, time.Now())
		}
		if outcome == policy.Present {
			outcome = r.Sample.Why()
		}
	}
	observe(p.kind, outcome, time.Since(started))
}

// fault explains what is wrong with the signal at position, of which sample was
// made: the last poll's error, or that its newest value is too old; or nil.
func (p *place) fault(position int, sample policy.Sample) error {
	if err := p.readings[position].Err; err != nil {
		return err
	}
	if sample.Why() == policy.Stale {
		return fmt.Errorf("its newest value is of %s, older than the signal's staleness: is the source still being updated?",
			p.readings[position].Sample.At().UTC().Format(time.RFC3339))
	}
	return nil
}
