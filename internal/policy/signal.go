package policy

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Absence says why a sample has no value. The zero value is Present.
type Absence uint8

// The reasons for which a sample can lack a value.
const (
	Present     Absence = iota // there is a value
	Absent                     // the source answered and has nothing to say (an empty result)
	Stale                      // the newest value is older than the source's staleness bound
	Failed                     // the source could not be read
	NotFinite                  // NaN or an infinity
	OutOfRange                 // a value that the quantity cannot have
	Warming                    // the instance is not serving yet, so its value would mislead
	Frozen                     // what must move stands still
	UnitChanged                // a share that may be a ratio in place of a percentage, or the other way round
	Disagrees                  // another source of the same quantity does not bear it out
	Skewed                     // the source's clock is off: its values are dated in the future, or go on being dated far back
	Filling                    // it has not been watched for as long as its window spans
	Censored                   // a saturated instance may carry more than it shows
	Overloaded                 // it was not asked for, since too much else was at the same time
)

var absenceNames = [...]string{
	"present", "absent", "stale", "failed", "not_finite", "out_of_range", "warming",
	"frozen", "unit_changed", "disagrees", "skewed", "filling", "censored", "overloaded",
}

func (a Absence) String() string { return absenceNames[a] }

// Absences lists every reason, Present first.
func Absences() []Absence {
	all := make([]Absence, len(absenceNames))
	for i := range all {
		all[i] = Absence(i)
	}
	return all
}

// Sample is one reading of a quantity: a value, or the reason why there is none.
// There is no conversion that turns a missing value into a number. The zero
// Sample is a value-less one: Absent.
//
// Between the two is the doubted sample. It counts as missing, with its reason,
// save that its value may make a group grow.
type Sample struct {
	value   float64
	present bool
	doubted bool // not present, and the value may make the group grow
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

// Doubted is a sample that counts as missing for the given reason (never Present),
// save that value may make a group grow. NaN and infinities become a missing sample.
func Doubted(value float64, why Absence, t time.Time) Sample {
	sample := Missing(why, t)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return sample
	}
	sample.value, sample.doubted = value, true
	return sample
}

// sampleJSON is a sample in words.
type sampleJSON struct {
	Value   *float64  `json:"value,omitempty"` // also of a doubted one
	Why     string    `json:"why,omitempty"`   // why there is no value, or why it is doubted
	Doubted bool      `json:"doubted,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// MarshalJSON writes the value, or why there is none.
func (s Sample) MarshalJSON() ([]byte, error) {
	out := sampleJSON{Doubted: s.doubted, At: s.at}
	if s.present || s.doubted {
		out.Value = &s.value
	}
	if !s.present {
		out.Why = s.Why().String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sample) UnmarshalJSON(data []byte) error {
	var in sampleJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	why := slices.Index(absenceNames[:], in.Why)
	switch {
	case in.Value != nil && in.Why == "":
		*s = ValueAt(*in.Value, in.At)
	case why < 0:
		return fmt.Errorf("read a sample: %q is no reason for which a value is missing", in.Why)
	case in.Value != nil && in.Doubted:
		*s = Doubted(*in.Value, Absence(why), in.At)
	default:
		*s = Missing(Absence(why), in.At)
	}
	return nil
}

// Value returns the value, and whether there is one. That of a doubted sample does
// not count, and is 0 here.
func (s Sample) Value() (float64, bool) {
	if !s.present {
		return 0, false
	}
	return s.value, true
}

// ForGrowth returns the value that may make a group grow, a doubted one as well, and
// whether there is one.
func (s Sample) ForGrowth() (float64, bool) { return s.value, s.present || s.doubted }

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

// Statistic says how several values become one.
type Statistic uint8

// The statistics, beside those of [Percentile].
const (
	Average Statistic = iota
	Maximum
	Sum
	Minimum
	Median // the middle one; of an even number, the mean of the two in the middle

	percentiles // and n is the nth percentile
)

// The percentiles that there are.
const (
	leastPercentile = 50
	mostPercentile  = 99
)

// Percentile is the nth percentile, 50 to 99, by nearest rank: the smallest of the
// values that n in a hundred of them do not exceed. It is always one of the values; of
// few, a high one is the largest.
func Percentile(n int) Statistic {
	return percentiles + Statistic(min(max(n, leastPercentile), mostPercentile))
}

var statisticNames = [...]string{"avg", "max", "sum", "min", "median"}

func (s Statistic) String() string {
	if s < percentiles {
		return statisticNames[s]
	}
	return "p" + strconv.Itoa(int(s-percentiles))
}

// ParseStatistic is the statistic of a name: avg, max, sum, min, median, or p50 to p99.
func ParseStatistic(name string) (Statistic, bool) {
	if i := slices.Index(statisticNames[:], name); i >= 0 {
		return Statistic(i), true
	}
	digits, percentile := strings.CutPrefix(name, "p")
	n, err := strconv.Atoi(digits)
	if !percentile || err != nil || len(digits) != 2 || n < leastPercentile || n > mostPercentile {
		return 0, false
	}
	return Percentile(n), true
}

// Of is the statistic over at least one value. It may leave them in another order.
func (s Statistic) Of(values []float64) float64 {
	switch s {
	case Average:
		return total(values) / float64(len(values))
	case Maximum:
		return slices.Max(values)
	case Sum:
		return total(values)
	case Minimum:
		return slices.Min(values)
	}
	slices.Sort(values)
	value, _ := s.pick(values, 0, 0)
	return value
}

// pick is the value that a statistic other than a mean or a sum picks of the sorted
// values, none below 0, with so many zeros before them and so many unknown ones, larger
// than all of them, behind: value + fill × the unknown one. There is at least one value.
func (s Statistic) pick(values []float64, zeros, unknown int) (value, fill float64) {
	n := zeros + len(values) + unknown
	at := func(i int) (float64, float64) {
		switch {
		case i < zeros:
			return 0, 0
		case i < zeros+len(values):
			return values[i-zeros], 0
		}
		return 0, 1
	}
	switch s {
	case Maximum:
		return at(n - 1)
	case Minimum:
		return at(0)
	case Median:
		low, lowFill := at((n - 1) / 2)
		high, highFill := at(n / 2)
		return low/2 + high/2, lowFill/2 + highFill/2 // halved first: a sum could overflow
	}
	return at((int(s-percentiles)*n+99)/100 - 1)
}

// adds says that instances share their load by the statistic's own measure: what they
// show adds up. By the others every instance counts as the one that the statistic picks.
func (s Statistic) adds() bool { return s == Average || s == Sum }

func total(values []float64) float64 {
	var sum float64
	for _, value := range values {
		sum += value
	}
	return sum
}

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
	return s.summary(now, Sample.Value)
}

func (s Signal) summary(now time.Time, valueOf func(Sample) (float64, bool)) (summary Sample, present, total int) {
	if !s.PerInstance {
		value, ok := valueOf(s.Group)
		if !ok {
			return s.Group, 0, 1
		}
		return ValueAt(value, s.Group.at), 1, 1
	}
	var room [32]float64
	values := room[:0]
	why := Present
	var newest time.Time
	for _, instance := range s.Instances {
		value, ok := valueOf(instance.Sample)
		if !ok {
			if why == Present {
				why = instance.Sample.Why()
			}
			continue
		}
		if instance.Sample.At().After(newest) {
			newest = instance.Sample.At()
		}
		values = append(values, value)
	}
	if len(values) == 0 {
		return Missing(why, now), 0, len(s.Instances)
	}
	return ValueAt(s.Statistic.Of(values), newest), len(values), len(s.Instances)
}
