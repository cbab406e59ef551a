package probe

import (
	"context"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Page is a page of metrics that was fetched, believed or not.
type Page struct {
	URL         string   `json:"url"`
	Status      string   `json:"status"` // of HTTP; empty: there was no answer
	ContentType string   `json:"content_type"`
	Bytes       int      `json:"bytes"` // after decompression, as far as it was read
	TookMs      float64  `json:"took_ms"`
	Samples     int      `json:"samples"`
	Metrics     int      `json:"metrics"`            // how many names the samples have
	Matching    []Series `json:"matching,omitempty"` // the series that are added up
	Others      []Series `json:"others,omitempty"`   // when none matches: those of the same metric
	Nearest     []string `json:"nearest,omitempty"`  // when the page has none of the metric: metrics with similar names, the nearest first
}

// Series is one series with its value.
type Series struct {
	Text  string    `json:"series"`
	Value string    `json:"value"`
	At    time.Time `json:"at,omitzero"` // when it was measured, if that is told
}

// mostNearest is how many similar names are told.
const mostNearest = 5

type page struct {
	of     config.Scrape
	pages  *prom.Pages
	target *prom.Target
	tell   func(Step)
	began  time.Time // the last fetch
	seen   bool      // it was answered
}

// NewPage is the source of a quantity on the page at c.URL.
func NewPage(c config.Scrape, tell func(Step)) (Source, error) {
	p := &page{of: c, pages: prom.NewPages(), tell: tell}
	fetcher, err := p.pages.Via(c.Access)
	if err != nil {
		return nil, err
	}
	selector := prom.Selector{Metric: c.Metric, Labels: c.Labels, Counter: c.Counter, Scale: c.Scale}
	p.target = prom.NewTarget(fetcher.Traced(func(sight prom.Sight) {
		p.seen = true
		seen := see(sight, selector)
		seen.URL, seen.TookMs = c.URL, sinceMs(p.began)
		tell(Step{Page: seen})
	}), c.URL, []prom.Selector{selector})
	return p, nil
}

func (p *page) Ask(ctx context.Context) []Reading {
	ctx, cancel := context.WithTimeout(ctx, p.of.Timeout)
	defer cancel()
	p.began, p.seen = time.Now(), false
	r := readingOf(p.of.Metric, 0, p.target.Read(ctx)[0])
	if !p.seen {
		p.tell(Step{Page: &Page{URL: p.of.URL, TookMs: sinceMs(p.began)}})
	}
	if p.of.Counter {
		r.Unit = perSecond
	}
	return []Reading{r}
}

func (p *page) Close() { p.pages.Close() }

// see says what of the page has to do with the selector.
func see(sight prom.Sight, selector prom.Selector) *Page {
	p := &Page{
		Status: sight.Status, ContentType: sight.ContentType, Bytes: sight.Bytes,
		Samples: sight.Samples, Metrics: len(sight.Metrics),
	}
	for _, series := range sight.Series {
		if selector.Picks(series) {
			p.Matching = append(p.Matching, seriesOf(series))
		} else {
			p.Others = append(p.Others, seriesOf(series))
		}
	}
	switch {
	case len(p.Matching) > 0:
		p.Others = nil
	case len(p.Others) == 0:
		p.Nearest = nearest(selector.Metric, sight.Metrics)
	}
	return p
}

func seriesOf(series prom.Series) Series { return Series{series.Text, series.Value, series.At} }

// nearest are the names that the given one may have been meant to be, the nearest first.
func nearest(name string, names []string) []string {
	var near []string
	left := slices.Clone(names)
	for len(near) < mostNearest {
		next, ok := words.Nearest(name, left)
		if !ok {
			break
		}
		near = append(near, next)
		left = slices.DeleteFunc(left, func(other string) bool { return other == next })
	}
	return near
}
