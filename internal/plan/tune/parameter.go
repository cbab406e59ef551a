package tune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Parameter is one number of a group's configuration that may change.
type Parameter struct {
	Key    string    // its path under the group, such as policies[0].target.value
	Unit   Unit      // how the configuration says it
	Values []float64 // that it may take, rising, those that people would write. The present one is always another
	Get    func(*policy.Spec) float64
	Set    func(*policy.Spec, float64) // of a spec that shares nothing with another
}

// Unit is what follows a number in the configuration.
type Unit string

// Units that are written in their own way.
const (
	Plain   Unit = ""
	Share   Unit = "%" // 0.7 is 70%
	Seconds Unit = "s" // 300 is 5m
)

// Text is a value as the configuration says it.
func (u Unit) Text(value float64) string {
	switch u {
	case Share:
		return number(math.Round(value*1e8)/1e6) + "%" // 0.07·100 is a little more than 7
	case Seconds:
		return words.Span(secondsOf(value))
	}
	return number(value) + string(u)
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

func secondsOf(value float64) time.Duration {
	return time.Duration(math.Round(value * float64(time.Second)))
}

// with is the parameter with the present value among its values; false: it is alone.
func (p Parameter) with(present *policy.Spec) (Parameter, bool) {
	p.Values = slices.Clone(p.Values)
	p.Values = append(p.Values, p.Get(present))
	slices.Sort(p.Values)
	p.Values = slices.Compact(p.Values)
	return p, len(p.Values) > 1
}

// usualTimes are the durations that people write.
var usualTimes = []time.Duration{
	0, 30 * time.Second, time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute,
	30 * time.Minute, 45 * time.Minute, time.Hour, 90 * time.Minute, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// times are the usual ones in a range, in seconds. One that is shorter than a step says no
// more than none at all.
func times(least, most, step time.Duration) (values []float64) {
	for _, d := range usualTimes {
		if d >= least && d <= most && (d == 0 || d >= step) {
			values = append(values, d.Seconds())
		}
	}
	return values
}

// percents are the whole percents in a range of them, as shares.
func percents(least, most int) (values []float64) {
	for i := least; i <= most; i++ {
		values = append(values, float64(i)/100)
	}
	return values
}

// usualPercents are those by which a group may change, as shares.
func usualPercents(most int) (values []float64) {
	for _, i := range []int{5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500} {
		if i <= most {
			values = append(values, float64(i)/100)
		}
	}
	return values
}

// wholes are the whole numbers in a range: each up to ten, and then about every fifth more.
func wholes(least, most int) (values []float64) {
	for i := least; i <= most; i++ {
		scale := 1
		for i/scale >= 100 {
			scale *= 10
		}
		if i <= 10 || i%scale == 0 && slices.Contains([]int{12, 15, 20, 25, 30, 40, 50, 60, 80}, i/scale) {
			values = append(values, float64(i))
		}
	}
	return values
}

// figures are the numbers of two digits in a range, which is above 0.
func figures(least, most float64) (values []float64) {
	for exponent := int(math.Floor(math.Log10(least))) - 1; ; exponent++ {
		for digits := 10; digits < 100; digits++ {
			value, err := strconv.ParseFloat(fmt.Sprintf("%de%d", digits, exponent), 64)
			switch {
			case err != nil || value > most:
				return values
			case value >= least:
				values = append(values, value)
			}
		}
	}
}
