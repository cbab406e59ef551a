package prom

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Answer is the result of one question, or why there is none.
type Answer struct {
	server    string
	question  Question
	evaluated time.Time // the instant of the evaluation, or the end of its range
	received  time.Time
	value     model.Value // also when err says that it is not believed
	warnings  []string
	conceal   *strings.Replacer // see concealing; nil without a value
	err       error
}

// Only is the answer's one value: a scalar, or a result of one series. An empty
// answer is absent, never zero; several series are a failure.
func (a Answer) Only() reading.Reading {
	return a.pick(func(model.Metric) bool { return true }, "no series", "sum(…) or another aggregation makes it one")
}

// Of is the value of the one series whose label has the given value.
func (a Answer) Of(label, value string) reading.Reading {
	matches := func(metric model.Metric) bool { return string(metric[model.LabelName(label)]) == value }
	return a.pick(matches, fmt.Sprintf("no series with %s=%q", label, value), fmt.Sprintf("sum by (%s) (…) makes it one for each", label))
}

func (a Answer) pick(matches func(model.Metric) bool, nothing, advice string) reading.Reading {
	if a.err != nil {
		return reading.Failed(a.received, a.err)
	}
	all, err := a.elements()
	if err != nil {
		return a.failed(err)
	}
	var found []element
	for _, e := range all {
		if matches(e.metric) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return reading.None(policy.Absent, a.received, a.explain(fmt.Errorf(
			"%s within the last %s: check the expression, and that the staleness of the signal is longer than the scrape interval",
			nothing, a.question.Range.Span+a.question.Lookback)))
	case len(found) > 1:
		return a.failed(fmt.Errorf("%d series match where one is needed: %s", len(found), advice))
	case found[0].histogram:
		return a.failed(errors.New("the result is a histogram: take histogram_quantile, histogram_avg or histogram_sum of it"))
	case a.question.Range.Span > 0:
		return a.reduce(found[0].points)
	}
	return a.read(found[0].points[0])
}

// element is one series of a result.
type element struct {
	metric    model.Metric
	points    []model.SamplePair // one at an instant, any number over a range
	histogram bool               // it has another kind of points
}

func (a Answer) elements() ([]element, error) {
	var all []element
	nothing := errors.New("its result has an element that is null")
	switch result := a.value.(type) {
	case *model.Scalar:
		if a.question.Range.Span == 0 {
			return []element{{points: []model.SamplePair{{Timestamp: result.Timestamp, Value: result.Value}}}}, nil
		}
	case model.Vector:
		for _, sample := range result {
			if sample == nil {
				return nil, nothing
			}
			point := model.SamplePair{Timestamp: sample.Timestamp, Value: sample.Value}
			all = append(all, element{sample.Metric, []model.SamplePair{point}, sample.Histogram != nil})
		}
		if a.question.Range.Span == 0 {
			return all, nil
		}
	case model.Matrix:
		for _, stream := range result {
			if stream == nil {
				return nil, nothing
			}
			all = append(all, element{stream.Metric, stream.Values, len(stream.Histograms) > 0})
		}
		if a.question.Range.Span > 0 {
			return all, nil
		}
	}
	if a.question.Range.Span > 0 {
		return nil, errors.New("its result is no series over a range: does a Prometheus answer there?")
	}
	return nil, errors.New("its result is neither scalar nor instant vector: leave out the range in brackets, or aggregate it")
}

func (a Answer) read(point model.SamplePair) reading.Reading {
	at := point.Timestamp.Time()
	if at.Sub(a.evaluated) > maxSkew {
		return reading.None(policy.OutOfRange, a.received, a.explain(errors.New("the result is dated after the instant asked for")))
	}
	return reading.Of(float64(point.Value), at)
}

func (a Answer) failed(err error) reading.Reading {
	return reading.Failed(a.received, a.explain(err))
}

func (a Answer) explain(err error) error {
	return fmt.Errorf("ask prometheus %s for %.100q: %w", a.server, a.question.PromQL, err)
}
