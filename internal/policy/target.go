package policy

import (
	"math"
	"time"
)

// Target holds a signal at a value: the group gets as many instances as it would
// take for each to show Value, if the load stayed as it is and were spread evenly.
//
// For a signal of the instances, Value is what one instance is to show (with the
// statistic Sum as well: one instance's share of the sum). For a signal of the
// group, it is one instance's share of the group's quantity; or, with Each, what the
// group's mean is to be.
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
	Each         bool    `json:",omitempty"` // of a signal of the group: it shows what each instance does, not what they do together
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
	case ratio >= float64(shareMax/one), math.IsNaN(ratio):
		return shareMax
	case ratio <= 0:
		return 0
	}
	return share(math.Round(ratio * float64(one)))
}

// times is n·s, and count how many ones are needed to hold s.
func (s share) times(n int) share { return s * share(n) }
func (s share) count() int        { return int((s + one - 1) / one) }

func (t *Target) recommend(in *Inputs, now time.Time) Recommendation {
	return t.recommendOf(in, in.signal(t.Signal), now)
}

// recommendOf is recommend on what is taken for the signal; nil: there is none.
func (t *Target) recommendOf(in *Inputs, input *Input, now time.Time) Recommendation {
	r := readingOf(input, t.Signal, t.Value, now)
	if input == nil {
		return r
	}
	r.Count, r.Verdict = t.want(in, input)
	r.Load = t.carried(in)
	if input.Present && t.overNobody(in, input) {
		r.Value, r.Measured = Missing(Warming, input.At), 0
	}
	if r.Verdict == Want && r.Count > in.Size.Count {
		r.Value, r.Measured, r.Of = input.summary(now, true)
	}
	return r
}

func (t *Target) want(in *Inputs, input *Input) (int, Verdict) {
	current := in.Size.Count
	if input.PerInstance {
		return t.wantOfInstances(input, current)
	}
	if !input.Present && !input.Doubted || t.overNobody(in, input) {
		return 0, Unknown
	}
	count := t.countFor(t.ofGroup(input.Growth, in.serving()), current)
	if !input.Present && count <= current {
		return 0, Unknown
	}
	return count, Want
}

// overNobody says that the signal is a mean over the group's instances, of which none
// serves: it says nothing, whatever it shows.
func (t *Target) overNobody(in *Inputs, input *Input) bool {
	return t.Each && !input.PerInstance && in.serving() == 0
}

// carried is what the group's instances carry together, in instances at their target;
// 0 where no value is believed. Those that are on their way carry nothing.
func (t *Target) carried(in *Inputs) float64 {
	var load float64
	switch input := in.signal(t.Signal); {
	case !input.Present:
	case !input.PerInstance:
		load = float64(t.ofGroup(input.Value, in.serving()))
	default:
		believed := t.load(input.Statistic, input.Total, input.Picked, input.Trusted)
		load = float64(believed) / float64(input.Trusted) * float64(input.Trusted+in.unread(input))
	}
	return load / float64(one)
}

// ofGroup is the load of a group that shows value, of which n instances serve.
func (t *Target) ofGroup(value float64, n int) share {
	if t.Each {
		return shareOf(value*float64(n), t.Value)
	}
	return shareOf(value, t.Value)
}

// wantOfInstances fills in what is missing at its worst for the direction in
// which the readings point, and keeps the size when that turns the direction
// round. Doubted readings have a say in growing alone.
func (t *Target) wantOfInstances(in *Input, current int) (int, Verdict) {
	n := max(current, in.Of)
	if in.Known == 0 {
		return 0, Unknown
	}
	// Missing ones may be idle: they count as nothing.
	claimed := t.load(in.Statistic, in.Claimed, in.Idle, in.Known)
	if count := t.countFor(claimed, n); count > n {
		return count, Want
	}
	most := max(current, t.countFor(claimed, current)) // what is missing keeps the size, and never adds to it
	if in.Trusted == 0 {
		return 0, Unknown
	}
	if t.load(in.Statistic, in.Total, in.Picked, in.Trusted) >= one.times(in.Trusted) {
		return most, Want
	}
	// Missing ones may be busy: they count at their worst.
	if !in.believable(t.Quorum) {
		return 0, Unknown
	}
	worst := in.fill(t.Value)
	load := t.load(in.Statistic, in.Total+worst*float64(in.Missing), in.Worst+in.WorstFill*worst, in.Trusted+in.Missing)
	return min(most, t.countFor(load, n)), Want
}

// load is what so many instances carry together: their total, or, where the statistic
// picks one value, every one as much as that one.
func (t *Target) load(statistic Statistic, total, picked float64, carrying int) share {
	if statistic.adds() {
		return shareOf(total, t.Value)
	}
	return shareOf(picked*float64(carrying), t.Value)
}

// wantsMore says whether more than n instances would be wanted of a group of n that
// carries the present load.
func (t *Target) wantsMore(in *Inputs, n int) bool {
	input := in.signal(t.Signal)
	if input == nil || !input.Present && !input.Doubted {
		return false
	}
	load := t.ofGroup(input.Growth, in.serving())
	if input.PerInstance {
		load = t.load(input.Statistic, input.Claimed, input.Idle, input.Known)
	}
	return t.countFor(load, n) > n
}

// countFor is the number of instances that brings total to one per instance, or n
// where the mean over n is within the tolerances.
func (t *Target) countFor(total share, n int) int {
	upper := shareOf((1+t.ToleranceOut)*float64(n), 1)
	lower := shareOf((1-t.ToleranceIn)*float64(n), 1)
	if total >= lower && total <= upper {
		return n
	}
	return total.count()
}
