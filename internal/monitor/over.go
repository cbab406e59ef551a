package monitor

import (
	"fmt"
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// over makes one value of the points of a window of the given span; there is at
// least one.
type over func(points *ring, now time.Time, span time.Duration) float64

// overOf is what configuration calls by the name; without one, the mean.
func overOf(name string) (over, error) {
	switch name {
	case "":
		return by(policy.Average), nil
	case "last":
		return nil, nil
	case "ewma":
		return ewma, nil
	}
	statistic, ok := policy.ParseStatistic(name)
	if !ok || statistic == policy.Sum { // a sum would follow the number of samples
		return nil, fmt.Errorf("over %q is unknown: use avg, ewma, last, max, min, or p50 to p99", name)
	}
	return by(statistic), nil
}

// by is the statistic over the points, each counting alike.
func by(statistic policy.Statistic) over {
	return func(points *ring, _ time.Time, _ time.Duration) float64 {
		values := make([]float64, points.count)
		for i := range values {
			values[i] = points.at(i).value
		}
		return statistic.Of(values)
	}
}

// ewma is the mean in which a point counts half as much as one that is half the span
// younger. So gaps between points do not matter, and at the window's end a point
// counts a quarter of a new one.
func ewma(points *ring, now time.Time, span time.Duration) float64 {
	var sum, weights float64
	for i := range points.count {
		p := points.at(i)
		weight := math.Exp2(-2 * now.Sub(p.at).Seconds() / span.Seconds())
		sum += weight * p.value
		weights += weight
	}
	return sum / weights
}
