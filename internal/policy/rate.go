package policy

import (
	"math"
	"math/bits"
	"time"
)

// PastChange is a change of the group's size.
type PastChange struct {
	At time.Time `json:"at"`
	By int       `json:"by"`
}

// forgetChanges drops the changes that no rate counts any more.
func (m *Memory) forgetChanges(spec *Spec, now time.Time) {
	longest := time.Duration(0)
	for _, direction := range []*Direction{&spec.Out, &spec.In} {
		for _, rate := range direction.Rates {
			longest = max(longest, rate.Period)
		}
	}
	drop := 0
	for drop < len(m.Changes) && now.Sub(m.Changes[drop].At) >= longest {
		drop++
	}
	m.Changes = append(m.Changes[:0], m.Changes[drop:]...)
}

// coalesced are the changes, kept the more coarsely the older they are: those within the
// same eighth of their age, or less, are one, of the later time.
func coalesced(changes []PastChange, now time.Time) []PastChange {
	kept := changes[:0]
	for _, change := range changes {
		grain := time.Duration(1) << bits.Len64(uint64(max(0, now.Sub(change.At))/16)) // more than a sixteenth
		if last := len(kept) - 1; last >= 0 && kept[last].At.Truncate(grain).Equal(change.At.Truncate(grain)) {
			change.By += kept[last].By
			kept[last] = change
			continue
		}
		kept = append(kept, change)
	}
	return kept
}

// rateOut is the size up to which the group may grow now, and whether anything limits it:
// of each rate, what it allows beyond the size at the beginning of its period (Kubernetes'
// HorizontalPodAutoscaler, scaling policies).
func (m *Memory) rateOut(spec *Spec, current int, now time.Time) (most int, limited bool) {
	for i, rate := range spec.Out.Rates {
		start := m.sizeBefore(rate.Period, current, now)
		allowed := start + rate.Count
		if rate.Count == 0 {
			allowed = start + max(1, int(part(start, rate.Share, one-1))) // a share of none is none, and nothing would ever grow
		}
		if allowed = max(allowed, current); i == 0 || (allowed > most) != spec.Out.RateLeast {
			most = allowed
		}
	}
	return most, len(spec.Out.Rates) > 0
}

// rateIn is the size down to which the group may shrink now.
func (m *Memory) rateIn(spec *Spec, current int, now time.Time) (least int, limited bool) {
	for i, rate := range spec.In.Rates {
		start := m.sizeBefore(rate.Period, current, now)
		allowed := start - rate.Count
		if rate.Count == 0 {
			allowed = start - int(part(start, rate.Share, one-1)) // what is left is rounded down: small groups shrink too
		}
		if allowed = min(max(0, allowed), current); i == 0 || (allowed < least) != spec.In.RateLeast {
			least = allowed
		}
	}
	return least, len(spec.In.Rates) > 0
}

// sizeBefore is the size at the beginning of a period that ends now.
func (m *Memory) sizeBefore(period time.Duration, current int, now time.Time) int {
	for _, change := range m.Changes {
		if now.Sub(change.At) < period {
			current -= change.By
		}
	}
	return max(0, current)
}

// part is a share of n instances, in whole ones, after adding round billionths.
func part(n int, of float64, round share) int64 {
	return (int64(n)*int64(math.Round(of*float64(one))) + int64(round)) / int64(one)
}
