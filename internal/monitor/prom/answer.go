package prom

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Answer is the result of one question, or why there is none.
type Answer struct {
	server    string
	question  Question
	evaluated time.Time // the instant of the evaluation
	received  time.Time
	value     model.Value
	err       error
}

// Only is the answer's one value: a scalar, or a vector of one element. An empty
// answer is absent, never zero; several elements are a failure.
func (a Answer) Only() reading.Reading {
	return a.pick(func(model.Metric) bool { return true }, "no series", "sum(…) or another aggregation makes it one")
}

// Of is the value of the one element whose label has the given value.
func (a Answer) Of(label, value string) reading.Reading {
	matches := func(metric model.Metric) bool { return string(metric[model.LabelName(label)]) == value }
	return a.pick(matches, fmt.Sprintf("no series with %s=%q", label, value), fmt.Sprintf("sum by (%s) (…) makes it one for each", label))
}

func (a Answer) pick(matches func(model.Metric) bool, nothing, advice string) reading.Reading {
	if a.err != nil {
		return reading.Failed(a.received, a.err)
	}
	var found []*model.Sample
	switch result := a.value.(type) {
	case *model.Scalar:
		found = append(found, &model.Sample{Value: result.Value, Timestamp: result.Timestamp})
	case model.Vector:
		for _, sample := range result {
			if sample == nil {
				return a.failed(errors.New("its result has an element that is null"))
			}
			if matches(sample.Metric) {
				found = append(found, sample)
			}
		}
	default:
		return a.failed(errors.New("its result is neither scalar nor instant vector: leave out the range, or aggregate it"))
	}
	switch {
	case len(found) == 0:
		return reading.None(policy.Absent, a.received, a.explain(fmt.Errorf(
			"%s within the last %s: check the expression, and that the staleness of the signal is longer than the scrape interval", nothing, a.question.Lookback)))
	case len(found) > 1:
		return a.failed(fmt.Errorf("%d series match where one is needed: %s", len(found), advice))
	}
	return a.read(found[0])
}

func (a Answer) read(sample *model.Sample) reading.Reading {
	at := sample.Timestamp.Time()
	switch {
	case sample.Histogram != nil:
		return a.failed(errors.New("the result is a histogram: take histogram_quantile, histogram_avg or histogram_sum of it"))
	case at.Sub(a.evaluated) > maxSkew:
		return reading.None(policy.OutOfRange, a.received, a.explain(errors.New("the result is dated after the instant asked for")))
	}
	return reading.Of(float64(sample.Value), at)
}

func (a Answer) failed(err error) reading.Reading {
	return reading.Failed(a.received, a.explain(err))
}

func (a Answer) explain(err error) error {
	return fmt.Errorf("ask prometheus %s for %.100q: %w", a.server, a.question.PromQL, err)
}
