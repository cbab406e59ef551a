package prom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// maxSkew is how far ahead of our clock a source may date a value. One that is
// dated further ahead would never become stale.
const maxSkew = 30 * time.Second

// Selector names a quantity on a page: the sum of all series with this name and
// these labels, or with Counter the sum of their increases per second.
type Selector struct {
	Metric  string
	Labels  map[string]string
	Counter bool
	Scale   float64 // the result is multiplied by this
}

// Target reads a list of quantities from one page, and remembers its counters
// from one reading to the next.
type Target struct {
	fetcher *Fetcher
	url     string
	wanted  wanted
	meters  []*meter
}

// NewTarget prepares reading the selected quantities of the page at url.
// Nothing is sent yet.
func NewTarget(fetcher *Fetcher, url string, selectors []Selector) *Target {
	target := &Target{fetcher: fetcher, url: url, wanted: newWanted(selectors)}
	for _, selector := range selectors {
		target.meters = append(target.meters, &meter{selector: selector})
	}
	return target
}

// Read fetches the page once and returns one reading for each selector, in
// their order. It is for one caller at a time.
func (t *Target) Read(ctx context.Context) []reading.Reading {
	page, err := t.fetcher.fetch(ctx, t.url, t.wanted)
	if err != nil {
		return reading.Repeat(reading.Failed(time.Now(), err), len(t.meters))
	}
	readings := make([]reading.Reading, len(t.meters))
	for i, meter := range t.meters {
		readings[i] = meter.read(page)
	}
	return readings
}

// meter follows one quantity of one page.
type meter struct {
	selector Selector
	before   *snapshot       // nil: counters have no baseline yet
	last     reading.Reading // set whenever before is
}

// snapshot is what one page said about the series of one selector.
type snapshot struct {
	at     time.Time          // of the oldest of them
	values map[string]float64 // by name and labels
}

func (m *meter) read(page *page) reading.Reading {
	after, err := m.take(page)
	if err != nil {
		m.before = nil
		return *err
	}
	if !m.selector.Counter {
		return reading.Of(after.sum()*m.selector.Scale, after.at)
	}
	if m.before != nil && !after.at.After(m.before.at) {
		return m.last // the page repeats what it dated before
	}
	rate, cause := rate(m.before, after)
	m.before = &after
	if cause != nil {
		m.last = reading.None(policy.Absent, after.at, fmt.Errorf("%s: %w", m.selector.Metric, cause))
	} else {
		m.last = reading.Of(rate*m.selector.Scale, after.at)
	}
	return m.last
}

// take picks the selector's series, or says why they make no reading.
func (m *meter) take(page *page) (snapshot, *reading.Reading) {
	none := func(why policy.Absence, err error) (snapshot, *reading.Reading) {
		r := reading.None(why, page.at, fmt.Errorf("%s: %w", m.selector.Metric, err))
		return snapshot{}, &r
	}
	series := page.find(m.selector.Metric, m.selector.Labels)
	if len(series) == 0 {
		return none(policy.Absent, errors.New("the page has no such series: check metric and labels"))
	}
	taken := snapshot{at: page.at, values: make(map[string]float64, len(series))}
	for _, sample := range series {
		dated := sample.Timestamp.Time()
		name := sample.Metric.String()
		_, twice := taken.values[name]
		switch {
		case twice:
			return none(policy.Failed, errors.New("the page has one of its series twice: correct the exporter"))
		case m.selector.Counter && sample.Value < 0:
			return none(policy.OutOfRange, errors.New("it is negative, which no counter is: is it a gauge?"))
		case sample.Timestamp == undated:
		case dated.Sub(page.at) > maxSkew:
			return none(policy.Skewed, fmt.Errorf("its time %s is ahead of ours: set the clocks of both machines", dated.UTC().Format(time.RFC3339)))
		case dated.Before(taken.at):
			taken.at = dated
		}
		taken.values[name] = float64(sample.Value)
	}
	return taken, nil
}

func (s snapshot) sum() float64 {
	var sum float64
	for _, value := range s.values {
		sum += value
	}
	return sum
}

// rate adds up the increases per second. They are taken series by series: in
// the sum, one series that starts again would hide behind the others' growth.
// A series that is new has grown from an unknown value and adds nothing yet.
func rate(before *snapshot, after snapshot) (float64, error) {
	if before == nil {
		return 0, reading.ErrFirst
	}
	var increase float64
	for series, was := range before.values {
		is, ok := after.values[series]
		if !ok || is < was {
			return 0, errors.New("the counter started again since the reading before: the next reading counts again")
		}
		increase += is - was
	}
	return increase / after.at.Sub(before.at).Seconds(), nil
}
