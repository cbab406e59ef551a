package policy

import (
	"math"
	"time"
)

// Absence says why a sample has no value. The zero value is Present.
type Absence uint8

// The reasons for which a sample can lack a value.
const (
	Present    Absence = iota // there is a value
	Absent                    // the source answered and has nothing to say (an empty result)
	Stale                     // the newest value is older than the source's staleness bound
	Failed                    // the source could not be read
	NotFinite                 // NaN or an infinity
	OutOfRange                // a value that the quantity cannot have
	Warming                   // the instance is not serving yet, so its value would mislead
)

var absenceNames = [...]string{"present", "absent", "stale", "failed", "not_finite", "out_of_range", "warming"}

func (a Absence) String() string { return absenceNames[a] }

// Sample is one reading of a quantity: a value, or the reason why there is none.
// There is no conversion that turns a missing value into a number. The zero
// Sample is a value-less one: Absent.
type Sample struct {
	value   float64
	present bool
	why     Absence
	at      time.Time
}

// ValueAt is a sample with a value measured at t. NaN and infinities become a
// missing sample of reason NotFinite.
func ValueAt(value float64, t time.Time) Sample {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Missing(NotFinite, t)
	}
	return Sample{value: value, present: true, at: t}
}

// Missing is a sample without a value, for the given reason (never Present), noticed at t.
func Missing(why Absence, t time.Time) Sample {
	if why == Present {
		why = Absent
	}
	return Sample{why: why, at: t}
}

// Value returns the value, and whether there is one.
func (s Sample) Value() (float64, bool) { return s.value, s.present }

// Why is the reason for which there is no value; Present when there is one.
func (s Sample) Why() Absence {
	if s.present {
		return Present
	}
	if s.why == Present {
		return Absent
	}
	return s.why
}

// At is when the value was measured, or its absence noticed.
func (s Sample) At() time.Time { return s.at }

// Statistic says how the samples of several instances become one number.
type Statistic uint8

// The statistics.
const (
	Average Statistic = iota
	Maximum
	Sum
)

var statisticNames = [...]string{"avg", "max", "sum"}

func (s Statistic) String() string { return statisticNames[s] }

// InstanceSample is the reading of one instance.
type InstanceSample struct {
	Instance string // the provider's code of the instance
	Sample   Sample
}

// Signal is a named quantity, read for one evaluation: of the group as a whole,
// or of each of its instances.
type Signal struct {
	Name string

	// Group is the reading when the quantity belongs to the group.
	Group Sample

	// Instances holds one reading for each instance that counts as capacity
	// (serving or becoming), and PerInstance is true, when the quantity belongs
	// to the instances. An instance that cannot be read has a missing sample,
	// not no entry.
	PerInstance bool
	Instances   []InstanceSample
	Statistic   Statistic // how the instances' samples become one number

	// Ceiling is the largest value that one instance can show (1 for a share);
	// 0 when the quantity has none. A missing instance counts at its ceiling
	// when the group might shrink.
	Ceiling float64
}

// Summary is the statistic over the samples that have a value, and how many of
// the total those are. Without any value the sample is missing, with the reason
// of the first missing one.
func (s Signal) Summary(now time.Time) (summary Sample, present, total int) {
	if !s.PerInstance {
		if _, ok := s.Group.Value(); ok {
			return s.Group, 1, 1
		}
		return s.Group, 0, 1
	}
	var sum, highest float64
	why := Present
	var newest time.Time
	for _, instance := range s.Instances {
		value, ok := instance.Sample.Value()
		if !ok {
			if why == Present {
				why = instance.Sample.Why()
			}
			continue
		}
		if present == 0 || value > highest {
			highest = value
		}
		if instance.Sample.At().After(newest) {
			newest = instance.Sample.At()
		}
		sum += value
		present++
	}
	total = len(s.Instances)
	if present == 0 {
		return Missing(why, now), 0, total
	}
	switch s.Statistic {
	case Maximum:
		return ValueAt(highest, newest), present, total
	case Sum:
		return ValueAt(sum, newest), present, total
	default:
		return ValueAt(sum/float64(present), newest), present, total
	}
}
