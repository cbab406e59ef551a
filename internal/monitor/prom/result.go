package prom

import (
	"strings"

	"github.com/prometheus/common/model"
)

// result is what an expression came to. Its elements share two lists, and hold no
// pointers, so that an answer for thousands of groups is small and takes the garbage
// collector no time.
type result struct {
	kind   string // "scalar", "vector" or "matrix"
	spans  []spans
	points []model.SamplePair
	labels string
}

// spans is where an element has its parts.
type spans struct {
	labels, points span
	histogram      bool
}

type span struct{ from, to int32 }

// element is one series of a result.
type element struct {
	labels    labels
	points    []model.SamplePair // one at an instant, any number over a range
	histogram bool               // it has another kind of points
}

func (r *result) element(i int) element {
	at := r.spans[i]
	return element{
		labels:    labels(r.labels[at.labels.from:at.labels.to]),
		points:    r.points[at.points.from:at.points.to],
		histogram: at.histogram,
	}
}

// labels are names and values, each with endOfText behind it. Of a name that is there
// twice, the last value counts.
type labels string

// endOfText is in no text, since it is not UTF-8.
const endOfText = 0xff

// value is empty for a label that is not there.
func (l labels) value(name string) (found string) {
	for rest := string(l); rest != ""; {
		var is, value string
		is, value, rest = firstLabel(rest)
		if is == name {
			found = value
		}
	}
	return found
}

// metric is the labels as others know them.
func (l labels) metric() model.Metric {
	metric := model.Metric{}
	for rest := string(l); rest != ""; {
		var name, value string
		name, value, rest = firstLabel(rest)
		metric[model.LabelName(name)] = model.LabelValue(value)
	}
	return metric
}

func firstLabel(text string) (name, value, rest string) {
	end := strings.IndexByte(text, endOfText)
	name, text = text[:end], text[end+1:]
	end = strings.IndexByte(text, endOfText)
	return name, text[:end], text[end+1:]
}
