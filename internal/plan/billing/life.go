package billing

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// forever is after every instant that a bill asks about.
const forever = math.MaxInt64

// life is a contract as a model charges it, in Unix seconds: [begin, end), with the machine on but in
// stops. Minimums make it last longer than the contract itself, which was there in [begin, ended).
type life struct {
	begin, ended, end int64
	stops             []stretch // in order, apart from one another, within [begin, end)
}

type stretch struct{ begin, end int64 }

// life is what the model charges of a contract. It reuses the given stops.
func (m *Model) life(c Contract, stops []stretch) life {
	l := life{begin: c.Ordered.Unix(), ended: forever, stops: stops[:0]}
	switch {
	case c.Ended.IsZero():
	case c.Ended.After(c.Ordered):
		l.ended = ceilSeconds(c.Ended)
	default:
		l.ended = l.begin
	}
	l.end = l.ended
	l.stop(c.Stopped)
	if m.minimumStart.count > 0 {
		l.prolongStarts(m.minimumStart.seconds())
	}
	if m.minimumContract.count > 0 {
		l.lastUntil(m.minimumContract.after(c.Ordered, m.Zone))
	}
	return l
}

// stop takes over when the machine was off.
func (l *life) stop(spans []Span) {
	for _, span := range spans {
		s := stretch{max(l.begin, ceilSeconds(span.Begin)), l.ended}
		if !span.End.IsZero() {
			s.end = min(l.ended, span.End.Unix())
		}
		if s.begin < s.end {
			l.stops = append(l.stops, s)
		}
	}
	if len(l.stops) < 2 {
		return
	}
	slices.SortFunc(l.stops, func(a, b stretch) int { return cmp.Compare(a.begin, b.begin) })
	apart := l.stops[:1]
	for _, s := range l.stops[1:] {
		if last := &apart[len(apart)-1]; s.begin <= last.end {
			last.end = max(last.end, s.end)
		} else {
			apart = append(apart, s)
		}
	}
	l.stops = apart
}

// prolongStarts lets the machine be on for some seconds at least each time.
func (l *life) prolongStarts(seconds int64) {
	kept, started := l.stops[:0], l.begin
	for _, s := range l.stops {
		next := s.end
		if started < s.begin {
			l.end = max(l.end, started+seconds)
			s.begin = max(s.begin, started+seconds)
		}
		if s.begin < s.end {
			kept = append(kept, s)
		}
		started = next
	}
	l.stops = kept
	if started < l.ended && l.ended < forever {
		l.end = max(l.end, started+seconds)
	}
}

// lastUntil lets the machine be on until an instant at least, whether it was or not.
func (l *life) lastUntil(t int64) {
	l.end = max(l.end, t)
	for len(l.stops) > 0 && l.stops[0].end <= t {
		l.stops = l.stops[1:]
	}
	if len(l.stops) > 0 {
		l.stops[0].begin = max(l.stops[0].begin, t)
	}
}

// within is how much of the stretch the contract itself was there, in seconds.
func (l *life) within(s stretch) int64 {
	return max(0, min(s.end, l.ended)-max(s.begin, l.begin))
}

// ceilSeconds is the first whole second that is not before t.
func ceilSeconds(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}

// length is a number of periods.
type length struct {
	count  int
	period period
}

// seconds is how long it is, with days of 24 hours; not for months.
func (n length) seconds() int64 { return int64(n.count) * n.period.seconds() }

// after is the instant so long after t: days and months later at the same time of day.
func (n length) after(t time.Time, zone *time.Location) int64 {
	if n.period != byDay && n.period != byMonth {
		return t.Unix() + n.seconds()
	}
	c := calendar{zone: zone}
	date := c.date(t.Unix())
	timeOfDay := c.wall(t.Unix()) - date*daySeconds
	if n.period == byDay {
		return c.instant((date+int64(n.count))*daySeconds + timeOfDay)
	}
	return c.instant(dateIn(monthOf(date)+int64(n.count), dayOfMonth(date))*daySeconds + timeOfDay)
}
