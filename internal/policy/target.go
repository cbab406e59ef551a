package policy

import (
	"math"
	"slices"
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
			if r.Verdict == Want && r.Count > observed.Size.Count {
				r.Value, r.Measured, r.Of = signal.summary(now, Sample.ForGrowth)
			}
			break
		}
	}
	return r
}

func (t Target) want(signal *Signal, current int) (int, Verdict) {
	if signal.PerInstance {
		return t.wantOfInstances(signal, current)
	}
	value, ok := signal.Group.ForGrowth()
	if !ok {
		return 0, Unknown
	}
	count := t.countFor(shareOf(value, t.Value), current)
	if _, trusted := signal.Group.Value(); !trusted && count <= current {
		return 0, Unknown
	}
	return count, Want
}

// wantOfInstances fills in what is missing at its worst for the direction in
// which the readings point, and keeps the size when that turns the direction
// round. Doubted readings have a say in growing alone.
func (t Target) wantOfInstances(signal *Signal, current int) (int, Verdict) {
	n := max(current, len(signal.Instances))
	trusted, doubted, warming := signal.readings()
	all := append(trusted, doubted...)
	if len(all) == 0 {
		return 0, Unknown
	}
	// Missing ones may be idle: they count as nothing.
	if count := t.countFor(t.load(signal.Statistic, all, 0, n-len(all)), n); count > n {
		return count, Want
	}
	if len(trusted) == 0 {
		return 0, Unknown
	}
	if t.load(signal.Statistic, trusted, 0, 0) >= one.times(len(trusted)) {
		return n, Want
	}
	// Missing ones may be busy: they count at their worst.
	if one.times(len(trusted)) < shareOf(t.Quorum*float64(len(signal.Instances)-warming), 1) {
		return 0, Unknown
	}
	worst := max(t.Value, slices.Max(all))
	if signal.Ceiling > 0 {
		worst = max(t.Value, signal.Ceiling)
	}
	return min(n, t.countFor(t.load(signal.Statistic, trusted, worst, n-len(trusted)), n)), Want
}

// readings are the values of the instances, none below 0: those that are believed,
// those that may only make the group grow; and how many instances are warming.
func (s *Signal) readings() (trusted, doubted []float64, warming int) {
	trusted = make([]float64, 0, len(s.Instances))
	for _, instance := range s.Instances {
		value, ok := instance.Sample.ForGrowth()
		switch {
		case instance.Sample.present:
			trusted = append(trusted, max(0, value))
		case ok:
			doubted = append(doubted, max(0, value))
		case instance.Sample.Why() == Warming:
			warming++
		}
	}
	return trusted, doubted, warming
}

// load is what the instances carry together, with those that are missing counted
// at fill each. Where the statistic picks one value, every instance counts as that
// one, except missing ones that carry nothing.
func (t Target) load(statistic Statistic, values []float64, fill float64, missing int) share {
	if statistic.adds() {
		return shareOf(total(values)+fill*float64(missing), t.Value)
	}
	carrying := len(values)
	if fill > 0 {
		carrying += missing
	}
	filled := slices.Concat(values, slices.Repeat([]float64{fill}, missing))
	return shareOf(statistic.Of(filled)*float64(carrying), t.Value)
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
