// Package reading is what every source of signals answers with: a sample, and
// for a sample without a value the explanation that a person needs.
//
// It promises that exactly one of the two holds: the sample has a value and Err
// is nil, or the sample says in one word why it has none and Err says it in a
// sentence. Packages monitor, snmp and prom use it; it calls only policy.
package reading

import (
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Reading is one sample and, exactly when that has no value, why.
type Reading struct {
	Sample policy.Sample
	Err    error
}

// Of is a reading of value, taken at the given time. NaN and the infinities
// become a reading without a value.
func Of(value float64, at time.Time) Reading {
	sample := policy.ValueAt(value, at)
	if _, ok := sample.Value(); !ok {
		return Reading{sample, fmt.Errorf("the value is %v: nothing can be decided on it", value)}
	}
	return Reading{Sample: sample}
}

// ErrFirst explains a counter that was read for the first time. It is expected of
// every new instance, and no fault.
var ErrFirst = errors.New("one reading of a counter makes no rate: the next one will")

// None is a reading without a value: why is never Present, and err explains it.
func None(why policy.Absence, at time.Time, err error) Reading {
	if err == nil {
		err = errors.New("no reason given")
	}
	return Reading{policy.Missing(why, at), err}
}

// Failed is a reading of a source that could not be read.
func Failed(at time.Time, err error) Reading { return None(policy.Failed, at, err) }

// Later is the reading dated so much later: one of data that come so late counts
// from when they were to be there.
func (r Reading) Later(by time.Duration) Reading {
	if value, ok := r.Sample.Value(); ok {
		r.Sample = policy.ValueAt(value, r.Sample.At().Add(by))
	}
	return r
}

// Repeat is n times the same reading: one request that was to answer n signals
// and came to nothing.
func Repeat(r Reading, n int) []Reading {
	readings := make([]Reading, n)
	for i := range readings {
		readings[i] = r
	}
	return readings
}
