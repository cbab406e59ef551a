// Package schedule tells which window of a schedule holds at an instant: every
// working day from 08:00 until 18:00 in Tokyo, or from the evening of 31 December
// to the next morning, once.
//
// It promises:
//   - no clock and no state: At and Next are functions of the schedule and the
//     instant alone, and may be called by many goroutines at once;
//   - a wall time is one instant, in every zone and on every day: the first at which
//     the zone's clocks show that time or have passed it. So a window whose begin or
//     end is skipped in spring begins or ends where the clocks go on, and one whose
//     begin or end comes twice in autumn begins or ends the first time, and only
//     then. Windows that follow one another on the clock follow one another in time;
//   - a cron that names every hour, as "*/15 * * * *", follows the clocks as they
//     run instead: what they skip begins no window, and what they show twice begins
//     two;
//   - For is elapsed time, Until a wall time: from 22:00 for 8h ends an hour late or
//     early in the night the clocks are moved, until 06:00 does not;
//   - day of month and weekday are read as cron(5) has it: if neither field begins
//     with *, a day needs to match only one of them.
//
// A schedule holds within the years 1 to 9999. Zones are looked up when a schedule is
// parsed, in the system's time zone database or the one linked into the program.
//
// Config checks schedules with it, policy asks it; it calls nobody.
package schedule

import "time"

// Spec is a schedule as its owner writes it. Windows recur by Cron, or stand alone in
// Dates, or both.
type Spec struct {
	Cron string `json:"cron,omitempty"` // when windows begin: minute, hour, day of month, month, weekday
	Zone string `json:"zone"`           // an IANA name, such as Asia/Tokyo

	// One of the two goes with Cron.
	For   time.Duration `json:"for,omitempty"`   // how long each window lasts: whole seconds, 1m to 366 days
	Until string        `json:"until,omitempty"` // the wall time at which each ends, "18:00"; the first one after its begin

	// Dates are windows of their own: "2026-12-31" is that day, and
	// "2026-12-31 18:00/2027-01-01 06:00" reaches from the one wall time to the other.
	Dates []string `json:"dates,omitempty"`

	// These hold back Cron, not Dates; "2026-01-01". The date is that of the wall time
	// at which the window begins.
	Except []string `json:"except,omitempty"` // no window begins on these
	Only   []string `json:"only,omitempty"`   // if there are any: windows begin on these alone
}

// Window is a span of time over which a schedule holds, [Begin, End).
type Window struct {
	Begin, End time.Time
}

// Schedule is a schedule that was parsed. It may be used by many goroutines at once.
type Schedule struct {
	clock   clock
	pattern *pattern // when windows begin; nil: by dates alone
	seconds int64    // how long each lasts; 0: it ends at until
	until   int64    // seconds from midnight
	dense   bool     // within a day, each window begins before the one before has ended
	once    spans
}

// The range of time in which schedules hold, in Unix seconds, and how many windows that
// follow one another without a gap Next looks through: ten years of daily ones.
const (
	earliest = -62135596800 // the year 1
	latest   = 253402300800 // the year 10000
	chainMax = 4000
)

// At is the window that holds at now, in the schedule's zone; false: none does. Of
// windows by cron that overlap it is the one that began last; where a window of Dates
// holds as well, it is both, joined. The schedule may go on holding beyond its end:
// Next tells.
func (s *Schedule) At(now time.Time) (Window, bool) {
	w, ok := s.at(now.Unix())
	if !ok {
		return Window{}, false
	}
	return Window{Begin: s.clock.time(w.begin), End: s.clock.time(w.end)}, true
}

// Next is the next instant, after now and in the schedule's zone, at which the schedule
// begins to hold or ceases to; false: never, or not before thousands of windows have
// followed one another without a gap.
func (s *Schedule) Next(now time.Time) (time.Time, bool) {
	t := now.Unix()
	if t >= latest {
		return time.Time{}, false
	}
	t = max(t, earliest-1)
	next, ok := s.ceases(t)
	if next == t {
		next, ok = s.begins(t + 1)
	}
	if !ok || next >= latest {
		return time.Time{}, false
	}
	return s.clock.time(next), true
}

// at is At in Unix seconds.
func (s *Schedule) at(t int64) (span, bool) {
	if t < earliest || t >= latest {
		return span{}, false
	}
	once, holdsOnce := s.once.at(t)
	recurring, holds := s.recurring(t)
	switch {
	case !holds:
		return once, holdsOnce
	case holdsOnce:
		return span{begin: min(once.begin, recurring.begin), end: max(once.end, recurring.end)}, true
	}
	return recurring, true
}

// recurring is the window by cron that began last up to t, if it holds at t.
func (s *Schedule) recurring(t int64) (span, bool) {
	begin, ok := s.lastBegin(t)
	if !ok {
		return span{}, false
	}
	end := s.end(begin)
	return span{begin: begin.at, end: end}, t < end
}

// begins is the begin of the first window at or after t; false: there is none.
func (s *Schedule) begins(t int64) (int64, bool) {
	once, ok := s.once.next(t)
	for {
		begin, recurs := s.nextBegin(t)
		switch {
		case !recurs || ok && once <= begin.at:
			return once, ok
		case s.end(begin) > begin.at: // not if the clocks skip it from begin to end
			return begin.at, true
		}
		t = begin.at + 1
	}
}

// ceases is the first instant from t on at which the schedule does not hold; false: it
// is too far off.
func (s *Schedule) ceases(t int64) (int64, bool) {
	for range chainMax {
		w, ok := s.at(t)
		if !ok {
			return t, true
		}
		t = max(w.end, s.runEnd(t))
	}
	return 0, false
}

// runEnd spares ceases the windows of a dense day one by one: it is the end of the last
// window of the day whose windows hold at t, as far as the clocks run evenly.
func (s *Schedule) runEnd(t int64) int64 {
	if !s.dense {
		return t
	}
	begin, ok := s.lastBegin(t)
	if !ok {
		return t
	}
	offset := s.clock.offset(begin.at)
	midnight := begin.wall - modulo(begin.wall, day) + day
	last, _ := s.pattern.last(min(midnight, s.clock.until(begin.at, offset)+offset)-1, begin.wall)
	return last - offset + s.seconds
}

// begin is when a window begins. The wall time is told as if it were one in UTC.
type begin struct {
	at, wall int64
}

// end is when the window of that begin ends.
func (s *Schedule) end(b begin) int64 {
	if s.seconds > 0 {
		return b.at + s.seconds
	}
	wall := b.wall - modulo(b.wall, day) + s.until
	if wall <= b.wall {
		wall += day
	}
	return s.clock.reaches(wall, b.at)
}

// longest is how far back a window that holds may have begun.
func (s *Schedule) longest() int64 {
	if s.seconds > 0 {
		return s.seconds
	}
	return 2 * day // a day on the clock, and clocks may be moved by another meanwhile
}

// lastBegin is the last begin up to t; false: there is none so late that its window
// could hold at t. Of several at the same instant it is the one latest on the clock.
func (s *Schedule) lastBegin(t int64) (begin, bool) {
	if s.pattern == nil {
		return begin{}, false
	}
	for limit := t - s.longest(); t > limit; {
		offset := s.clock.offset(t)
		from, before := s.clock.since(t, offset)
		wall, ok := s.pattern.last(t+offset, limit+offset-2*day)
		switch {
		case !ok && before == offset:
			return begin{}, false
		case ok && wall >= s.fresh(from, offset, before):
			return begin{at: wall - offset, wall: wall}, true
		case ok && s.skipped(wall, from, offset, before):
			return begin{at: from, wall: wall}, true
		}
		t = from - 1
		if before == offset {
			t = min(t, wall-offset+2*day) // nothing in between
		}
	}
	return begin{}, false
}

// nextBegin is the first begin at or after t; false: there is none. Of several at the
// same instant it is the one latest on the clock.
func (s *Schedule) nextBegin(t int64) (begin, bool) {
	for s.pattern != nil && t < latest {
		offset := s.clock.offset(t)
		from, before := s.clock.since(t, offset)
		if t == from {
			if wall, ok := s.pattern.last(from+offset-1, from+before); ok && s.skipped(wall, from, offset, before) {
				return begin{at: from, wall: wall}, true
			}
		}
		wall, ok := s.pattern.next(max(t+offset, s.fresh(from, offset, before)))
		until := s.clock.until(t, offset)
		moved := s.clock.offset(until) != offset
		switch {
		case ok && wall-offset < until:
			return begin{at: wall - offset, wall: wall}, true
		case !ok && !moved:
			return begin{}, false
		}
		t = until
		if !moved {
			t = max(t, wall-offset-2*day) // nothing in between
		}
	}
	return begin{}, false
}

// fresh is the first wall time that counts after the clocks were moved at from: what
// they show a second time does not, unless the schedule follows them as they run.
func (s *Schedule) fresh(from, offset, before int64) int64 {
	if s.pattern.everyHour() {
		return from + offset
	}
	return from + max(offset, before)
}

// skipped tells whether the clocks skipped a wall time when they were moved at from, and
// a window begins there instead.
func (s *Schedule) skipped(wall, from, offset, before int64) bool {
	return !s.pattern.everyHour() && from+before <= wall && wall < from+offset
}
