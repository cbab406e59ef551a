package policy

import (
	"math"
	"slices"
	"time"
)

// Inputs are what a decision rests on, beside spec, time and memory: an [Observation]
// of which each signal is reduced to a few numbers.
type Inputs struct {
	Size        Size
	Becoming    int
	Lacking     int
	Leaving     int
	LastServing time.Time
	Doubtful    bool
	Standby     int `json:",omitempty"` // instances that stand by and could come back
	Settling    int `json:",omitempty"` // of Becoming, those that serve already
	Signals     []Input
	Outlooks    []Outlook `json:",omitempty"` // of the rules that forecast, in the order of the spec; nil without such rules
}

// Input is a signal as far as deciding goes.
type Input struct {
	Name        string
	PerInstance bool
	Statistic   Statistic
	Ceiling     float64

	// Of a signal of the group: its value. Of one of the instances: the statistic over
	// those that are believed. Doubted and Why are as in a sample; the value of a
	// doubted signal of the group is in Growth.
	Value   float64
	Present bool
	Doubted bool      // not present, and Growth has a value
	Why     Absence   // why there is no value, or why the first instance without one has none
	Growth  float64   // the value over all that have one, doubted ones as well
	At      time.Time // of a signal of the group: when it was measured

	// Of a signal of the instances. What is missing is that of Of and of a group that
	// is larger than the instances listed.
	Of      int     // instances listed
	Trusted int     // those that are believed
	Known   int     // those and the doubted
	Warming int     // those without a value because they warm up
	Missing int     // those without a value that is believed, also those not listed
	Total   float64 // over those that are believed, none counting below 0
	Claimed float64 // over the known ones, likewise
	Largest float64 // of the known ones, likewise; 0 when none is missing

	// With a statistic that picks: that of the known ones, with 0 for each other one; of
	// the believed ones alone; and of those with the worst for each other one, which is
	// Worst plus WorstFill times whatever counts as the worst.
	Idle, Picked, Worst, WorstFill float64
}

// Inputs reduces what was observed.
func (o Observation) Inputs() (in Inputs) {
	o.Reduce(&in)
	return in
}

// Reduce makes in the inputs of what was observed, with its signals in the room that in has.
func (o *Observation) Reduce(in *Inputs) {
	signals := in.Signals
	if signals == nil || cap(signals) < len(o.Signals) {
		signals = make([]Input, len(o.Signals))
	}
	*in = Inputs{
		Size: o.Size, Becoming: o.Becoming, Lacking: o.Lacking, Leaving: o.Leaving, LastServing: o.LastServing, Doubtful: o.Doubtful, Standby: o.Standby, Settling: o.Settling,
		Signals: signals[:len(o.Signals)],
	}
	for i := range o.Signals {
		in.Signals[i] = o.Signals[i].reduce(o.Size.Count)
	}
}

// warming tells whether an instance is still becoming one, or serves but has not
// yet settled so far that its own readings are believed.
func (in *Inputs) warming() bool {
	return in.Becoming > 0 || slices.ContainsFunc(in.Signals, func(s Input) bool { return s.Warming > 0 })
}

// serving is how many instances carry the load, also of those beyond the decided size.
func (in *Inputs) serving() int { return max(0, in.Size.Count-in.Becoming-in.Lacking) }

// Carrying is how many instances carry the load, with those whose own readings are not
// believed as yet.
func (in *Inputs) Carrying() int { return in.serving() + in.Settling }

// settled is as if those that serve already had settled: what the group's mean shows, they
// carry, too.
func (in *Inputs) settled() *Inputs {
	settled := *in
	settled.Becoming, settled.Settling = in.Becoming-in.Settling, 0
	return &settled
}

// unread is how many of the instances that carry the load have no reading of the signal that
// is believed.
func (in *Inputs) unread(signal *Input) int {
	return max(0, signal.Missing-(in.Becoming-in.Settling)-max(0, in.Lacking))
}

// signal is the named signal, or nil.
func (in *Inputs) signal(name string) *Input {
	for i := range in.Signals {
		if in.Signals[i].Name == name {
			return &in.Signals[i]
		}
	}
	return nil
}

// reduce makes an input of the signal for a group of the given size.
func (s *Signal) reduce(size int) Input {
	in := Input{Name: s.Name, PerInstance: s.PerInstance, Statistic: s.Statistic}
	if ceiling, ok := ValueAt(s.Ceiling, time.Time{}).Value(); ok {
		in.Ceiling = ceiling
	}
	if !s.PerInstance {
		value, ok := s.Group.ForGrowth()
		in.Present, in.Doubted, in.Why = s.Group.present, ok && !s.Group.present, s.Group.Why()
		in.Growth, in.At = value, s.Group.at
		if in.Present {
			in.Value = value
		}
		return in
	}
	in.Of = len(s.Instances)
	for i := range s.Instances {
		in.count(&s.Instances[i])
	}
	in.Missing = max(size, in.Of) - in.Trusted
	if in.Missing == 0 {
		in.Largest = 0
	}
	in.Present, in.Doubted = in.Trusted > 0, in.Known > 0 && in.Trusted == 0
	if in.Known > 0 {
		s.summarise(&in, max(size, in.Of)-in.Known)
	}
	return in
}

// readingMax is larger than what any instance shows, and small enough for sums of it.
const readingMax = 1e300

// reading is what an instance shows, as far as it may make the group grow.
func (i *InstanceSample) reading() (value float64, ok bool) {
	value, ok = i.Sample.ForGrowth()
	return min(max(0, value), readingMax), ok
}

func (in *Input) count(instance *InstanceSample) {
	sample := &instance.Sample
	value, ok := instance.reading()
	switch {
	case sample.present:
		in.Trusted++
		in.Total += value
	case sample.Why() == Warming:
		in.Warming++
	}
	if !sample.present && in.Why == Present {
		in.Why = sample.Why()
	}
	if ok {
		in.Known++
		in.Claimed += value
		in.Largest = max(in.Largest, value)
	}
}

// summarise takes the statistics; so many are unknown.
func (s *Signal) summarise(in *Input, unknown int) {
	if s.Statistic.adds() {
		share := func(total float64, n int) float64 {
			if n == 0 || s.Statistic == Sum {
				return total
			}
			return total / float64(n)
		}
		in.Value, in.Growth = share(in.Total, in.Trusted), share(in.Claimed, in.Known)
		return
	}
	// The believed ones first, then the doubted: one slice serves all of the statistics.
	values := make([]float64, 0, in.Known)
	for pass := range 2 {
		for i := range s.Instances {
			instance := &s.Instances[i]
			if value, ok := instance.reading(); ok && instance.Sample.present == (pass == 0) {
				values = append(values, value)
			}
		}
	}
	trusted := values[:in.Trusted]
	slices.Sort(trusted)
	if in.Trusted > 0 {
		in.Picked, _ = s.Statistic.pick(trusted, 0, 0)
		in.Worst, in.WorstFill = s.Statistic.pick(trusted, 0, in.Missing)
		in.Value = in.Picked
	}
	slices.Sort(values)
	in.Growth, _ = s.Statistic.pick(values, 0, 0)
	in.Idle, _ = s.Statistic.pick(values, unknown, 0)
}

// summary is the signal in one sample, and of how many of the total it is.
func (in *Input) summary(now time.Time, growth bool) (sample Sample, present, total int) {
	present, total = in.Trusted, in.Of
	if growth {
		present = in.Known
	}
	if !in.PerInstance {
		now, present, total = in.At, 0, 1
		if in.Present || growth && in.Doubted {
			present = 1
		}
	}
	switch {
	case present == 0 && in.Doubted:
		return Doubted(in.Growth, in.Why, now), 0, total
	case present == 0:
		return Missing(in.Why, now), 0, total
	case growth:
		return ValueAt(in.Growth, now), present, total
	}
	return ValueAt(in.Value, now), present, total
}

// believable says whether enough is known for the group to shrink on it: the quorum is
// the share of the instances that must have a value, of those that are not warming.
func (in *Input) believable(quorum float64) bool {
	if !in.PerInstance {
		return in.Present
	}
	return in.Trusted > 0 && one.times(in.Trusted) >= shareOf(quorum*float64(in.Of-in.Warming), 1)
}

// fill is as what an instance counts that nobody knows, when the group might shrink: as
// much as it can show, or as the busiest, but no less than the given value.
func (in *Input) fill(least float64) float64 { return max(least, in.Largest, in.Ceiling) }

// worst is the value with each instance that is not believed at its worst, which is at
// least the given one.
func (in *Input) worst(least float64) float64 {
	if !in.PerInstance {
		return in.Value
	}
	fill := in.fill(least)
	switch {
	case in.Statistic == Sum:
		return in.Total + fill*float64(in.Missing)
	case in.Statistic.adds():
		return (in.Total + fill*float64(in.Missing)) / float64(in.Trusted+in.Missing)
	}
	return in.Worst + in.WorstFill*fill
}

// least is the value with each instance that is not believed at 0; where a claim stands
// in the way of finding it, 0.
func (in *Input) least() float64 {
	switch {
	case !in.PerInstance:
		return in.Value
	case in.Statistic == Sum:
		return in.Total
	case in.Statistic.adds():
		return in.Total / float64(in.Trusted+in.Missing)
	case in.Known > in.Trusted:
		return 0
	}
	return in.Idle
}

// at is what the value becomes, growth included, when the load of the group's n
// instances is spread over to.
func (in *Input) at(n, to int) (value float64, ok bool) {
	switch {
	case !in.Present && !in.Doubted:
		return 0, false
	case !in.PerInstance || in.Statistic == Sum:
		return in.Growth, true
	}
	return in.Growth * float64(n) / float64(to), true
}

// compared says how a value stands to a bound: below it (-1), at it (0) or above (+1). It
// is at it within half a billionth: sums of fractions miss by less than that.
func compared(value, bound float64) int {
	switch slack := math.Abs(bound) / float64(2*one); {
	case value > bound+slack:
		return 1
	case value < bound-slack:
		return -1
	}
	return 0
}
