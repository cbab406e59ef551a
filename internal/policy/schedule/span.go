package schedule

import (
	"cmp"
	"slices"
)

// span is [begin, end), in Unix seconds.
type span struct {
	begin, end int64
}

// spans are in the order of time and do not touch one another.
type spans []span

// joined brings spans into order and joins those that touch.
func joined(unordered []span) spans {
	slices.SortFunc(unordered, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	var all spans
	for _, s := range unordered {
		if last := len(all) - 1; last >= 0 && s.begin <= all[last].end {
			all[last].end = max(all[last].end, s.end)
			continue
		}
		all = append(all, s)
	}
	return all
}

// at is the span that t lies in; false: none.
func (all spans) at(t int64) (span, bool) {
	at := all.after(t)
	if at == 0 || t >= all[at-1].end {
		return span{}, false
	}
	return all[at-1], true
}

// next is the first begin of a span at or after t; false: there is none.
func (all spans) next(t int64) (int64, bool) {
	at := all.after(t - 1)
	if at == len(all) {
		return 0, false
	}
	return all[at].begin, true
}

// after is how many spans begin at t or before.
func (all spans) after(t int64) int {
	at, found := slices.BinarySearchFunc(all, t, func(s span, t int64) int { return cmp.Compare(s.begin, t) })
	if found {
		at++
	}
	return at
}
