package prom

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// Sight is a page as a person sees it.
type Sight struct {
	Status      string // of HTTP
	ContentType string
	Bytes       int      // after decompression, as far as it was read
	Samples     int      // lines that are one
	Metrics     []string // their names, sorted, each once
	Series      []Series // of the metrics that were wanted
}

// Series is one series, with its newest value.
type Series struct {
	Text  string // name and labels
	Value string
	At    time.Time // when that was measured; zero: it does not say

	metric model.Metric
}

// Traced is a fetcher that tells of each page that it fetched, also of one that it does
// not believe. It is for one caller at a time.
func (f *Fetcher) Traced(tell func(Sight)) *Fetcher {
	traced := *f
	traced.tell = tell
	return &traced
}

// Picks says whether the selector adds up the series, one of its metric.
func (s Selector) Picks(series Series) bool { return carries(series.metric, s.Labels) }

// onlooker gathers a Sight while a page is read. A nil one does nothing.
type onlooker struct {
	sight Sight
	names map[string]bool
}

func (f *Fetcher) onlooker(response *http.Response) *onlooker {
	if f.tell == nil {
		return nil
	}
	return &onlooker{names: map[string]bool{}, sight: Sight{
		Status: f.conceal.Replace(response.Status), ContentType: f.conceal.Replace(response.Header.Get("Content-Type")),
	}}
}

// line takes a line of the page, without its newline.
func (o *onlooker) line(text []byte) {
	if o != nil {
		o.sight.Bytes += len(text) + 1
	}
}

// sample takes a line that is a sample. One whose name is within its braces is counted,
// and not named.
func (o *onlooker) sample(l *line) {
	if o == nil {
		return
	}
	o.sight.Samples++
	if len(l.name) > 0 && !o.names[string(l.name)] {
		o.names[string(bytes.Clone(l.name))] = true
	}
}

// believe takes a page that arrived and has no nonsense in it.
func (o *onlooker) believe(p *page, conceal concealer) {
	if o == nil {
		return
	}
	metrics, err := describe(p.series)
	if err != nil {
		return
	}
	for i, metric := range metrics {
		one := Series{Text: conceal.Replace(metric.String()), metric: metric, Value: model.SampleValue(p.samples[i].value).String()}
		if ms := p.samples[i].timeMs; ms != undated {
			one.At = time.UnixMilli(ms)
		}
		o.sight.Series = append(o.sight.Series, one)
	}
	slices.SortFunc(o.sight.Series, func(a, b Series) int { return cmp.Compare(a.Text, b.Text) })
}

// done tells what was seen.
func (o *onlooker) done(f *Fetcher) {
	if o == nil {
		return
	}
	o.sight.Metrics = slices.Sorted(maps.Keys(o.names))
	f.tell(o.sight)
}

// Series are the series of the answer, also of one that is not believed; of a range,
// each with its newest value.
func (a Answer) Series() []Series {
	if a.result == nil {
		return nil
	}
	var list []Series
	for i := range a.result.spans {
		if e := a.result.element(i); len(e.points) > 0 {
			list = append(list, a.seriesOf(e))
		}
	}
	return list
}

func (a Answer) seriesOf(e element) Series {
	newest, metric := e.points[len(e.points)-1], e.labels.metric()
	one := Series{Text: a.conceal.Replace(metric.String()), Value: newest.Value.String(), At: newest.Timestamp.Time(), metric: metric}
	switch {
	case a.result.kind == "scalar":
		one.Text = "scalar"
	case a.result.kind == "vector" && e.histogram:
		one.Value = "a histogram"
	}
	return one
}

// Warnings are what the server wanted to be known about its answer. One with warnings
// is not believed.
func (a Answer) Warnings() []string { return a.warnings }
