package prom

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// maxSkew is how far ahead of our clock a source may date a value. One that is
// dated further ahead would never become stale.
const maxSkew = 30 * time.Second

// meter follows one quantity of one page.
type meter struct {
	selector *Selector
	places   []int32 // of its series among those of the page
	twice    bool    // the page has one of them twice
	before   baseline
	last     reading.Reading // set whenever the baseline is
}

// baseline is what the counters were at a reading before.
type baseline struct {
	set    bool
	at     time.Time // of the oldest of them
	counts []count   // one for each of the meter's places
	lost   bool      // another series was there then, and is no more
}

type count struct {
	value float64
	known bool // the series was there
}

// arrange finds the meter's series on a page that has others than the one before, or has
// them in another order. Of the page before, only the series of a baseline are looked at.
func (m *meter) arrange(before, metrics []model.Metric) {
	was := make(map[string]count, len(m.before.counts))
	for i, c := range m.before.counts {
		was[before[m.places[i]].String()] = c
	}
	m.places, m.twice, m.before.counts = nil, false, nil
	found := map[string]bool{}
	for i, metric := range metrics {
		if string(metric[model.MetricNameLabel]) != m.selector.Metric || !carries(metric, m.selector.Labels) {
			continue
		}
		name := metric.String()
		m.twice = m.twice || found[name]
		found[name] = true
		m.places = append(m.places, int32(i))
		if m.before.set {
			m.before.counts = append(m.before.counts, was[name])
		}
	}
	for name, c := range was {
		m.before.lost = m.before.lost || c.known && !found[name]
	}
}

func (m *meter) read(p *page) reading.Reading {
	at, why, err := m.check(p)
	if err != nil {
		m.before = baseline{}
		return reading.None(why, p.at, fmt.Errorf("%s: %w", m.selector.Metric, err))
	}
	if !m.selector.Counter {
		return reading.Of(m.sum(p)*m.selector.Scale, at)
	}
	if m.before.set && !at.After(m.before.at) {
		return m.last // the page repeats what it dated before
	}
	rate, cause := m.rate(p, at)
	m.remember(p, at)
	if cause != nil {
		m.last = reading.None(policy.Absent, at, fmt.Errorf("%s: %w", m.selector.Metric, cause))
	} else {
		m.last = reading.Of(rate*m.selector.Scale, at)
	}
	return m.last
}

// check says of when the page's samples are, or why they make no reading.
func (m *meter) check(p *page) (at time.Time, why policy.Absence, err error) {
	switch {
	case len(m.places) == 0:
		return at, policy.Absent, errors.New("the page has no such series: check metric and labels")
	case m.twice:
		return at, policy.Failed, errors.New("the page has one of its series twice: correct the exporter")
	}
	at = p.at
	for _, place := range m.places {
		s := p.samples[place]
		if m.selector.Counter && s.value < 0 {
			return at, policy.OutOfRange, errors.New("it is negative, which no counter is: is it a gauge?")
		}
		if s.timeMs == undated {
			continue
		}
		dated := time.UnixMilli(s.timeMs)
		if dated.Sub(p.at) > maxSkew {
			return at, policy.Skewed, fmt.Errorf("its time %s is ahead of ours: set the clocks of both machines", dated.UTC().Format(time.RFC3339))
		}
		if dated.Before(at) {
			at = dated
		}
	}
	return at, policy.Present, nil
}

func (m *meter) sum(p *page) float64 {
	var sum float64
	for _, place := range m.places {
		sum += p.samples[place].value
	}
	return sum
}

// rate adds up the increases per second. They are taken series by series: in
// the sum, one series that starts again would hide behind the others' growth.
// A series that is new has grown from an unknown value and adds nothing yet.
func (m *meter) rate(p *page, at time.Time) (float64, error) {
	if !m.before.set {
		return 0, reading.ErrFirst
	}
	var increase float64
	again := m.before.lost
	for i, was := range m.before.counts {
		if is := p.samples[m.places[i]].value; was.known {
			again = again || is < was.value
			increase += is - was.value
		}
	}
	if again {
		return 0, errors.New("the counter started again since the reading before: the next reading counts again")
	}
	return increase / at.Sub(m.before.at).Seconds(), nil
}

// remember makes the page's samples the baseline.
func (m *meter) remember(p *page, at time.Time) {
	counts := m.before.counts[:0]
	for _, place := range m.places {
		counts = append(counts, count{p.samples[place].value, true})
	}
	m.before = baseline{set: true, at: at, counts: counts}
}
