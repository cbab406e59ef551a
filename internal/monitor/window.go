package monitor

import (
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// window keeps the samples of one signal at one place and makes one of them.
type window struct {
	span      time.Duration // the mean is taken over the samples younger than this; 0: the newest alone
	staleness time.Duration // a newest value older than this counts no more

	values []policy.Sample // oldest first; none older than span but the newest
	lacks  policy.Absence  // why the newest sample has no value; Present when it has one
}

// maxSkew is how far after now a value may be dated. A clock that was set back
// leaves values that would count as new, and hide newer ones, until it has caught
// up with them.
const maxSkew = 30 * time.Second

// add takes the newest sample. One that is dated no later than the newest value
// is that value again.
func (w *window) add(sample policy.Sample, now time.Time) {
	w.values = slices.DeleteFunc(w.values, func(s policy.Sample) bool { return s.At().Sub(now) > maxSkew })
	w.lacks = sample.Why()
	if w.lacks != policy.Present {
		return
	}
	if n := len(w.values); n == 0 || sample.At().After(w.values[n-1].At()) {
		w.values = append(w.values, sample)
	}
}

// read is the mean of the values of the span; samples without a value do not
// count in it. When the span holds no value, the newest one stands in as long as
// it is not stale, unless the source has answered since that it has none.
func (w *window) read(now time.Time) policy.Sample {
	w.forget(now)
	if len(w.values) == 0 {
		return policy.Missing(w.lacks, now)
	}
	newest := w.values[len(w.values)-1]
	switch age := now.Sub(newest.At()); {
	case age > w.staleness:
		return policy.Missing(policy.Stale, now)
	case age < w.span:
		return policy.ValueAt(mean(w.values), newest.At())
	case w.lacks == policy.Present || w.lacks == policy.Failed:
		return newest
	default:
		return policy.Missing(w.lacks, now)
	}
}

// forget drops what has left the span, but never the newest value.
func (w *window) forget(now time.Time) {
	young := slices.IndexFunc(w.values, func(s policy.Sample) bool { return now.Sub(s.At()) < w.span })
	if young < 0 {
		young = max(0, len(w.values)-1)
	}
	w.values = slices.Delete(w.values, 0, young)
}

func mean(samples []policy.Sample) float64 {
	var sum float64
	for _, sample := range samples {
		value, _ := sample.Value()
		sum += value
	}
	return sum / float64(len(samples))
}
