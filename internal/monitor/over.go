package monitor

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
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
	if needs, ok := config.ParseReach(name); ok {
		return reached(needs), nil
	}
	statistic, ok := policy.ParseStatistic(name)
	if !ok || statistic == policy.Sum { // a sum would follow the number of samples
		return nil, fmt.Errorf("over %q is unknown: use avg, ewma, last, max, min, p50 to p99, or for example 3 of 5", name)
	}
	return by(statistic), nil
}

// few is how many values are worked on without taking memory for them: those of ten
// minutes, mostly.
const few = 64

// by is the statistic over the points, each counting alike.
func by(statistic policy.Statistic) over {
	return func(points *ring, _ time.Time, _ time.Duration) float64 {
		values := make([]float64, 0, few)
		for i := range points.len() {
			values = append(values, points.at(i).value)
		}
		return statistic.Of(values)
	}
}

// ewma is the mean in which a point counts half as much as one that is half the span
// younger. So gaps between points do not matter, and at the window's end a point
// counts a quarter of a new one.
func ewma(points *ring, now time.Time, span time.Duration) float64 {
	var sum, weights float64
	for i := range points.len() {
		p := points.at(i)
		weight := math.Exp2(-2 * p.at.age(now).Seconds() / span.Seconds())
		sum += weight * p.value
		weights += weight
	}
	return sum / weights
}

// reached is the largest value that as many of the newest points reach as are needed;
// points that are not there reach nothing.
func reached(needs config.Reach) over {
	return func(points *ring, _ time.Time, _ time.Duration) float64 {
		values := make([]float64, 0, few)
		for i := range min(points.len(), needs.Of) {
			values = append(values, points.at(points.len()-1-i).value)
		}
		slices.Sort(values)
		return values[max(0, len(values)-needs.Count)]
	}
}
