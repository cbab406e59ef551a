package billing

import "time"

// calendar counts dates and tells when they begin in a zone. Instants are Unix seconds, a
// date is counted in days from 1 January 1970, a month in months from January of the year 0. Wall
// times are told as if they were in UTC. A date begins at the first instant at which the zone's
// clocks show its midnight or have passed it.
//
// It relies on no clock being moved twice within 28 hours.
type calendar struct {
	zone   *time.Location
	first  int64   // date of starts[0]
	starts []int64 // known ones, to be fast
	months []int32 // of the same dates
}

// newCalendar knows the dates around two instants, and those in between, by heart.
func newCalendar(zone *time.Location, from, to int64) *calendar {
	c := &calendar{zone: zone}
	first, last := c.date(from)-1, c.date(to)+2
	c.starts, c.months = make([]int64, 0, last-first+1), make([]int32, 0, last-first+1)
	for date := first; date <= last; date++ {
		c.starts = append(c.starts, c.instant(date*daySeconds))
		c.months = append(c.months, int32(monthOf(date)))
	}
	c.first = first
	return c
}

// start is when a date begins.
func (c *calendar) start(date int64) int64 {
	if i := date - c.first; i >= 0 && i < int64(len(c.starts)) {
		return c.starts[i]
	}
	return c.instant(date * daySeconds)
}

// month is the month of a date.
func (c *calendar) month(date int64) int32 {
	if i := date - c.first; i >= 0 && i < int64(len(c.months)) {
		return c.months[i]
	}
	return int32(monthOf(date))
}

// date is the date that has begun last at an instant.
func (c *calendar) date(t int64) int64 {
	date := floorDiv(c.wall(t), daySeconds)
	if c.start(date+1) <= t { // the clocks were set back over midnight
		date++
	}
	return date
}

// instant is the first at which the clocks show a wall time or have passed it.
func (c *calendar) instant(wall int64) int64 {
	low, high := wall-15*60*60, wall+13*60*60 // no zone is farther from UTC than 14 or 12 hours
	before, after := c.offset(low), c.offset(high)
	if before == after {
		return wall - before
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; c.offset(middle) == after {
			high = middle
		} else {
			low = middle
		}
	}
	if at := wall - before; at < high {
		return at
	}
	return max(high, wall-after)
}

// wall is what the clocks show at t.
func (c *calendar) wall(t int64) int64 { return t + c.offset(t) }

// offset is what the clocks show at t, less t; in seconds.
func (c *calendar) offset(t int64) int64 {
	_, offset := time.Unix(t, 0).In(c.zone).Zone()
	return int64(offset)
}

// monthOf is the month of a date.
func monthOf(date int64) int64 {
	year, month, _ := time.Unix(date*daySeconds, 0).UTC().Date()
	return int64(year)*12 + int64(month) - 1
}

// dateIn is the date of a day of a month, or of its last one if it has fewer.
func dateIn(month int64, day int) int64 {
	return min(firstOf(month)+int64(day)-1, firstOf(month+1)-1)
}

func firstOf(month int64) int64 {
	return time.Date(int(floorDiv(month, 12)), time.Month(month-12*floorDiv(month, 12)+1), 1, 0, 0, 0, 0, time.UTC).Unix() / daySeconds
}

// dayOfMonth is the day of a date in its month, from 1.
func dayOfMonth(date int64) int { return time.Unix(date*daySeconds, 0).UTC().Day() }

// floorDiv is a/b, rounded down, for a positive b.
func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}
