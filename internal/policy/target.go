package policy

import (
	"math"
	"time"
)

// Verdict is the kind of a recommendation.
type Verdict uint8

// The verdicts.
const (
	Abstain Verdict = iota // no say just now; blocks nothing
	Want                   // this many
	Unknown                // cannot tell; forbids shrinking
)

var verdictNames = [...]string{"abstain", "want", "unknown"}

func (v Verdict) String() string { return verdictNames[v] }

// Recommendation is what one policy says in one evaluation.
type Recommendation struct {
	Policy   string
	Signal   string
	Verdict  Verdict
	Count    int     // with Want: this many instances
	Value    Sample  // the signal, over the instances that have a value
	Target   float64 // what the policy holds the signal at
	Measured int     // how many readings had a value
	Of       int     // of how many
}

// Target holds a signal at a value: the group gets as many instances as it would
// take for each to show Value, if the load stayed as it is and were spread evenly.
//
// For a signal of the instances, Value is what one instance is to show (with the
// statistic Sum as well: one instance's share of the sum). For a signal of the
// group, it is one instance's share of the group's quantity.
//
// The rule is that of Kubernetes' HorizontalPodAutoscaler (tolerance, pessimistic
// filling-in of what is missing), with two differences: the base is the decided
// size rather than the number of ready instances, and instances that are still
// becoming never let the rest look idle.
type Target struct {
	Name         string
	Signal       string
	Value        float64 // > 0
	ToleranceOut float64 // share; no growth while the mean is ≤ (1+ToleranceOut)·Value
	ToleranceIn  float64 // share; no shrinking while the mean is ≥ (1−ToleranceIn)·Value
	Quorum       float64 // share of the instances that must have a value before less can be wanted
}

// share is a quantity in billionths of a target's value. A load is added up first
// and rounded once: shares rounded one by one would add up to a little more than
// they are, and that little would buy an instance.
type share int64

const (
	one      share = 1_000_000_000
	shareMax share = 1_000_000 * one // far above any group, far below overflow
)

func shareOf(value, target float64) share {
	ratio := value / target
	switch {
	case ratio >= float64(shareMax/one):
		return shareMax
	case ratio <= 0:
		return 0
	}
	return share(math.Round(ratio * float64(one)))
}

// times is n·s, and count how many ones are needed to hold s.
func (s share) times(n int) share { return s * share(n) }
func (s share) count() int        { return int((s + one - 1) / one) }

func (t Target) recommend(observed Observation, now time.Time) Recommendation {
	r := Recommendation{Policy: t.Name, Signal: t.Signal, Target: t.Value, Verdict: Unknown, Value: Missing(Absent, now)}
	for i := range observed.Signals {
		if signal := &observed.Signals[i]; signal.Name == t.Signal {
			r.Value, r.Measured, r.Of = signal.Summary(now)
			r.Count, r.Verdict = t.want(signal, observed.Size.Count)
			break
		}
	}
	return r
}

func (t Target) want(signal *Signal, current int) (int, Verdict) {
	if !signal.PerInstance {
		value, ok := signal.Group.Value()
		if !ok {
			return 0, Unknown
		}
		return t.countFor(shareOf(value, t.Value), current), Want
	}
	return t.wantOfInstances(signal, current)
}

// wantOfInstances fills in what is missing at its worst for the direction in
// which the present readings point, and keeps the size when that turns the
// direction round.
func (t Target) wantOfInstances(signal *Signal, current int) (int, Verdict) {
	n := max(current, len(signal.Instances))
	present, warming := 0, 0
	var load, highest float64
	for _, instance := range signal.Instances {
		value, ok := instance.Sample.Value()
		if !ok {
			if instance.Sample.Why() == Warming {
				warming++
			}
			continue
		}
		load += max(0, value)
		highest = max(highest, value)
		present++
	}
	if present == 0 {
		return 0, Unknown
	}
	if signal.Statistic == Maximum { // every instance counts as the busiest
		load = highest * float64(present)
	}
	missing := n - present
	measured := shareOf(load, t.Value)
	switch {
	case measured > one.times(present): // missing ones may be idle: they count as nothing
		return max(n, t.countFor(measured, n)), Want
	case measured < one.times(present): // missing ones may be busy: they count at their worst
		if one.times(present) < shareOf(t.Quorum*float64(len(signal.Instances)-warming), 1) {
			return 0, Unknown
		}
		if signal.Statistic == Maximum && missing > 0 { // the busiest may be among them
			return n, Want
		}
		worst := max(t.Value, highest)
		if signal.Ceiling > 0 {
			worst = max(t.Value, signal.Ceiling)
		}
		return min(n, t.countFor(shareOf(load+worst*float64(missing), t.Value), n)), Want
	}
	return n, Want
}

// countFor is the number of instances that brings total to one per instance, or n
// where the mean over n is within the tolerances.
func (t Target) countFor(total share, n int) int {
	upper := shareOf((1+t.ToleranceOut)*float64(n), 1)
	lower := shareOf((1-t.ToleranceIn)*float64(n), 1)
	if total >= lower && total <= upper {
		return n
	}
	return total.count()
}
