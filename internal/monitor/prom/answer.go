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
	evaluated time.Time // the instant of the evaluation, or the end of its range
	received  time.Time
	result    *result // also when err says that it is not believed
	warnings  []string
	conceal   concealer // see concealing; nothing without a result
	table     *table    // of the result; nil without one that is believed
	err       error
}

// Evaluated is the instant of the evaluation, or the end of its range; also of one that
// failed.
func (a Answer) Evaluated() time.Time { return a.evaluated }

// Only is the answer's one value: a scalar, or a result of one series. An empty
// answer is absent, never zero; several series are a failure.
func (a Answer) Only() reading.Reading { return a.pick("", "") }

// Of is the value of the one series whose label has the given value.
func (a Answer) Of(label, value string) reading.Reading { return a.pick(label, value) }

// pick takes the one series whose label has the value, or with an empty label the one
// that there is.
func (a Answer) pick(label, value string) reading.Reading {
	if a.err != nil {
		return reading.Failed(a.received, a.err)
	}
	found, count, err := a.table.find(label, value)
	switch {
	case err != nil:
		return a.failed(err)
	case count == 0:
		return reading.None(policy.Absent, a.received, a.explain(fmt.Errorf(
			"%s within the last %s: check the expression, and that the staleness of the signal is longer than the scrape interval",
			nothing(label, value), a.question.Range.Span+a.question.Lookback)))
	case count > 1:
		return a.failed(fmt.Errorf("%d series match where one is needed: %s", count, advice(label)))
	case found.histogram:
		return a.failed(errors.New("the result is a histogram: take histogram_quantile, histogram_avg or histogram_sum of it"))
	case a.question.Range.Span > 0:
		return a.reduce(found.points)
	}
	return a.read(found.points[0])
}

func nothing(label, value string) string {
	if label == "" {
		return "no series"
	}
	return fmt.Sprintf("no series with %s=%q", label, value)
}

func advice(label string) string {
	if label == "" {
		return "sum(…) or another aggregation makes it one"
	}
	return fmt.Sprintf("sum by (%s) (…) makes it one for each", label)
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
