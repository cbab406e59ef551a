package load

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The methods below make a new load of one, which they leave as it is and share nothing
// with. Where they change how much there was to carry, it is not known any more how many
// instances served it.

// month is a twelfth of a year.
const month = 365.25 / 12 * 24 * float64(time.Hour)

// with is the load with each step's totals as change makes them.
func (l *Load) with(change func(step int, total float64) float64) *Load {
	out := l.part(0, l.Len())
	out.Serving = nil
	for _, signal := range out.Signals {
		for step, total := range signal.Totals {
			signal.Totals[step] = change(step, total)
		}
	}
	return out
}

// part is the steps from one up to, and without, another.
func (l *Load) part(from, to int) *Load {
	out := &Load{Origin: l.Origin, Start: l.Time(from), Step: l.Step, Signals: make([]Signal, len(l.Signals))}
	for i, signal := range l.Signals {
		out.Signals[i] = Signal{Name: signal.Name, Totals: slices.Clone(signal.Totals[from:to])}
		if signal.Censored != nil {
			out.Signals[i].Censored = slices.Clone(signal.Censored[from:to])
		}
	}
	if l.Serving != nil {
		out.Serving = slices.Clone(l.Serving[from:to])
	}
	return out
}

// Scale is the load times factor, 0 or more.
func (l *Load) Scale(factor float64) *Load {
	return l.with(func(_ int, total float64) float64 { return total * factor })
}

// ToPeak scales the load so that the highest step of the named signal is what so many
// instances can carry, of which each carries capacity of it. The other signals are scaled
// alike.
func (l *Load) ToPeak(signal string, instances int, capacity float64) (*Load, error) {
	s := l.Signal(signal)
	if s == nil {
		return nil, fmt.Errorf("scale the load to a peak: it has no signal %s", signal)
	}
	peak, _ := s.Peak()
	switch {
	case peak == 0:
		return nil, fmt.Errorf("scale the load to a peak: %s is never above 0", signal)
	case instances < 1 || !(capacity > 0) || math.IsInf(capacity, 0):
		return nil, fmt.Errorf("scale the load to a peak: %d instances of capacity %g carry nothing: give both above 0", instances, capacity)
	}
	// Divided first: the peak becomes exactly as much, and needs no instance more.
	return l.with(func(_ int, total float64) float64 { return total / peak * (float64(instances) * capacity) }), nil
}

// Between is the steps at instants from ≤ t < to.
func (l *Load) Between(from, to time.Time) (*Load, error) {
	first, last := l.stepAt(from), l.stepAt(to)
	if first >= last {
		return nil, fmt.Errorf("take the load from %s to %s: it has no step there, but from %s to %s",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), l.Start.Format(time.RFC3339), l.End().Format(time.RFC3339))
	}
	return l.part(first, last), nil
}

// stepAt is the first step at or after t, Len if there is none.
func (l *Load) stepAt(t time.Time) int {
	switch {
	case !t.After(l.Start):
		return 0
	case !t.Before(l.End()):
		return l.Len()
	}
	return min(l.Len(), int((t.Sub(l.Start)+l.Step-1)/l.Step))
}

// Grow is the load as it would be if, from its first step on, it became factor times as
// much every month (a twelfth of a year), compounding: 1.05 is 5 % a month.
func (l *Load) Grow(factor float64) *Load {
	return l.with(func(step int, total float64) float64 {
		return total * math.Pow(factor, float64(step)*float64(l.Step)/month)
	})
}

// FlashCrowd is the load with the steps at instants from ≤ t < from + span times factor.
func (l *Load) FlashCrowd(factor float64, from time.Time, span time.Duration) (*Load, error) {
	first, last := l.stepAt(from), l.stepAt(from.Add(span))
	if first >= last {
		return nil, fmt.Errorf("put a flash crowd at %s for %s: the load has no step there, but from %s to %s",
			from.UTC().Format(time.RFC3339), span, l.Start.Format(time.RFC3339), l.End().Format(time.RFC3339))
	}
	return l.with(func(step int, total float64) float64 {
		if first <= step && step < last {
			return total * factor
		}
		return total
	}), nil
}
