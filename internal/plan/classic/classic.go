// Package classic has the scalers that people know, to compare with: a fixed size,
// Kubernetes' HorizontalPodAutoscaler ([HPA]), AWS' target tracking ([TargetTracking]), steps
// with a cooldown ([Step]), Nomad's target-value ([TargetValue]), and scaling in proportion
// to the load ([React]).
//
// Each follows its peer's documented rule, its defects as well: they are what one compares
// with. What a rule leaves open is said at its type, with the choice taken. They are
// functions of what is [Seen], step by step, with a memory of their own: one value serves
// one run, and takes the times of its steps in ascending order.
//
// It promises a size within Seen's Min and Max, whatever is seen. Boundaries are decided
// with a billionth to spare, so that a load which exactly fills five instances wants five.
// Package plan calls it; it calls none of ours.
package classic

import (
	"math"
	"time"
)

// Scaler decides the size of a group at each step of a run.
type Scaler interface {
	Name() string // for people, with the setting: "HPA 70%"
	Decide(Seen) (desired int)
}

// Seen is what a scaler can see at a step. Utilisation and Load are readings, which may be
// some steps old; the sizes are of now.
type Seen struct {
	Now         time.Time
	Utilisation float64 // mean of the instances that were read, 1 being full; at most 1 where the metric saturates
	Load        float64 // of the whole group, in instances' worth, by a metric that does not saturate
	Measured    int     // instances that were read, which are those that served then; 0: as many as serve now
	Serving     int
	Becoming    int // ordered, and not serving yet
	Desired     int // as last decided
	Min, Max    int // 0 for Max: none
}

// bounded is the size, no more and no less than the group may have.
func (s *Seen) bounded(size int) int {
	if s.Max > 0 {
		size = min(size, s.Max)
	}
	return max(size, s.Min, 0)
}

func (s *Seen) measured() int {
	if s.Measured == 0 {
		return s.Serving
	}
	return s.Measured
}

// utilisation is the mean of the metric that is looked at.
func (s *Seen) utilisation(of Metric) float64 {
	if of == Saturating || s.measured() == 0 {
		return s.Utilisation
	}
	return s.Load / float64(s.measured())
}

// total is what the instances that were read did together, in instances' worth.
func (s *Seen) total(of Metric) float64 { return s.utilisation(of) * float64(s.measured()) }

// blind says that there is nothing to decide by.
func (s *Seen) blind(of Metric) bool {
	return s.measured() == 0 || math.IsNaN(s.utilisation(of)) || math.IsInf(s.utilisation(of), 0)
}

// Metric is which of the two readings a scaler looks at.
type Metric string

// The metrics.
const (
	Saturating Metric = "cpu"  // the utilisation, which says no more than "full": a share of CPU
	Unbounded  Metric = "load" // the load per instance, which goes on growing: a load average, a rate of requests
)

// slack is how far beyond a boundary still counts as on it: binary fractions make 5.000000001
// of what is 5.
const slack = 1e-9

// instances is how many it takes for so much, one instance taking 1.
func instances(load float64) int { return int(math.Ceil(min(load, math.MaxInt32) - slack)) }

// percent is a share as people read it.
func percent(share float64) float64 { return math.Round(share*1e6) / 1e4 }
