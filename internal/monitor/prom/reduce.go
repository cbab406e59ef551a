package prom

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// leastCoverage is the share of a range's points that a series must have: a mean
// over a few points tells little about the whole range.
const leastCoverage = 0.5

// reduce makes one value of the points of a range, dated as the newest of them.
func (a Answer) reduce(points []model.SamplePair) reading.Reading {
	asked := a.question.Range
	wanted := int(asked.Span/asked.Step) + 1
	switch {
	case !a.inOrder(points):
		return reading.None(policy.OutOfRange, a.received, a.explain(errors.New("the points are not in order, or not within the range asked for")))
	case len(points) > wanted:
		return a.failed(fmt.Errorf("the range has %d points, more than the %d asked for", len(points), wanted))
	case float64(len(points)) < leastCoverage*float64(wanted):
		return reading.None(policy.Absent, a.received, a.explain(fmt.Errorf(
			"the range has only %d of %d points: wait until the series is old enough, or ask for a shorter range", len(points), wanted)))
	}
	values := make([]float64, len(points))
	for i, point := range points {
		values[i] = float64(point.Value)
		if math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
			return reading.Of(values[i], point.Timestamp.Time())
		}
	}
	return reading.Of(statistics[asked.Statistic](values), points[len(points)-1].Timestamp.Time())
}

// inOrder says that the points rise in time, from the beginning of the range to
// its end.
func (a Answer) inOrder(points []model.SamplePair) bool {
	earliest := a.evaluated.Add(-a.question.Range.Span - maxSkew)
	for i, point := range points {
		at := point.Timestamp.Time()
		if at.Before(earliest) || at.Sub(a.evaluated) > maxSkew || i > 0 && point.Timestamp <= points[i-1].Timestamp {
			return false
		}
	}
	return true
}

// statistics make one value of at least one.
var statistics = map[string]func([]float64) float64{
	"avg":    mean,
	"max":    slices.Max[[]float64],
	"median": median,
	"min":    slices.Min[[]float64],
}

func mean(values []float64) float64 {
	var sum float64
	for _, value := range values {
		sum += value
	}
	return sum / float64(len(values))
}

// median is the value in the middle, or halfway between the two there. It sorts values.
func median(values []float64) float64 {
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return values[middle-1] + (values[middle]-values[middle-1])/2
}
