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
	kind  string  // snmp, scrape, promql, push
	rules []rules // one for each signal that it answers
	open  func(netip.Addr) probe
}

// probe makes the request and returns a reading for each signal it answers. It
// keeps to its own deadline.
type probe func(ctx context.Context, now time.Time) []reading.Reading

// slot says where the readings of a signal are: the how-manieth of which source.
type slot struct{ source, position int }

// place is a source at one address: what was read there and is still remembered.
type place struct {
	kind    string
	probe   probe
	windows []window // one for each signal that it answers
	backoff backoff
	warming bool
}

// places are those of everything read at one address, or of the group.
type places []*place

// open makes the places of the sources at address.
func open(sources []*source, address netip.Addr, interval time.Duration) places {
	opened := make(places, len(sources))
	for i, source := range sources {
		opened[i] = &place{
			kind:    source.kind,
			probe:   source.open(address),
			windows: make([]window, len(source.rules)),
			backoff: backoff{interval: interval},
		}
		for j := range source.rules {
			opened[i].windows[j].rules = &source.rules[j]
		}
	}
	return opened
}

// setWarming says whether the instance is warming. What was silent while it did, its
// agent still starting, is asked again at once.
func (all places) setWarming(warming bool) {
	for _, place := range all {
		if place.warming && !warming {
			place.backoff.took(false, time.Time{})
		}
		place.warming = warming
	}
}

// poll reads the place once, unless it is silent so often that it is left alone; at all
// events if it must be asked. While it is warming, that only sets the baseline of
// its counters: what is seen then is never believed, also not in a later mean.
func (p *place) poll(ctx context.Context, now time.Time, must bool, observe func(string, policy.Absence, time.Duration)) {
	started := time.Now()
	if !must && p.backoff.rests(started) {
		return
	}
	readings := p.probe(ctx, now)
	p.take(readings, time.Now())
	outcome, silent := policy.Present, true
	for _, r := range readings {
		if outcome == policy.Present {
			outcome = r.Sample.Why()
		}
		silent = silent && r.Sample.Why() == policy.Failed
	}
	p.backoff.took(silent && ctx.Err() == nil, started)
	observe(p.kind, outcome, time.Since(started))
}

// take keeps the readings of a poll that ended at now.
func (p *place) take(readings []reading.Reading, now time.Time) {
	for i, r := range readings {
		w := &p.windows[i]
		w.err, w.silent = r.Err, r.Sample.Why() == policy.Failed
		if !p.warming {
			w.add(r.Sample, now)
		}
	}
}

// answer is the sample of the signal at position, and what is wrong with it: the last
// poll's error, or what its window found.
func (p *place) answer(position int, now time.Time) answer {
	w := &p.windows[position]
	sample, err := w.read(now)
	if w.err != nil {
		err = w.err
	}
	return answer{sample: sample, err: err, silent: w.silent}
}
