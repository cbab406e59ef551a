package prom

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unique"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// Selector names a quantity on a page: the sum of all series with this name and
// these labels, or with Counter the sum of their increases per second.
type Selector struct {
	Metric  string
	Labels  map[string]string
	Counter bool
	Scale   float64 // the result is multiplied by this
}

// Target reads a list of quantities from one page, and remembers its counters
// from one reading to the next. Pages name the same series in the same order for days:
// as long as they do, what was found out about the first of them holds.
type Target struct {
	fetcher   *Fetcher
	request   *request
	unusable  error // why there is no request
	selectors []Selector
	meters    []meter               // one for each selector
	series    unique.Handle[string] // of the page before; targets that are alike share them
}

// NewTarget prepares reading the selected quantities of the page at url. Nothing is sent
// yet. The selectors are not to change any more.
func NewTarget(fetcher *Fetcher, url string, selectors []Selector) *Target {
	target := &Target{fetcher: fetcher, selectors: selectors, meters: make([]meter, len(selectors)), series: unique.Make("")}
	target.request, target.unusable = fetcher.request(url)
	for i := range selectors {
		target.meters[i].selector = &selectors[i]
	}
	return target
}

// Read fetches the page once and returns one reading for each selector, in
// their order. It is for one caller at a time.
func (t *Target) Read(ctx context.Context) []reading.Reading {
	if t.unusable != nil {
		return reading.Repeat(reading.Failed(time.Now(), t.unusable), len(t.meters))
	}
	readings := make([]reading.Reading, len(t.meters))
	err := t.fetcher.fetch(ctx, t.request, t.selectors, func(p *page) error { return t.take(ctx, p, readings) })
	if err != nil {
		return reading.Repeat(reading.Failed(time.Now(), err), len(t.meters))
	}
	return readings
}

// take makes the readings of the page.
func (t *Target) take(ctx context.Context, p *page, readings []reading.Reading) error {
	if string(p.series) != t.series.Value() {
		if err := t.arrange(ctx, p.series); err != nil {
			return err
		}
	}
	for i := range t.meters {
		readings[i] = t.meters[i].read(p)
	}
	return nil
}

// arrange shows the meters where the page has their series from now on.
func (t *Target) arrange(ctx context.Context, series []byte) error {
	metrics, err := t.fetcher.describe(ctx, series)
	if err != nil {
		return err
	}
	var before []model.Metric
	if slices.ContainsFunc(t.meters, func(m meter) bool { return m.before.set }) {
		if before, err = describe([]byte(t.series.Value())); err != nil {
			return fmt.Errorf("of the series before: %w", err) // they were described before
		}
	}
	for i := range t.meters {
		t.meters[i].arrange(before, metrics)
	}
	t.series = unique.Make(string(series))
	return nil
}
