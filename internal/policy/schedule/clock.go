package schedule

import "time"

const day = 24 * 60 * 60 // seconds

// clock is what the clocks of a zone show. Instants are Unix seconds, and wall times
// are told as if they were in UTC. It relies on no clock being moved twice within two
// days, nor by more than a day at once.
//
// [time.Time.ZoneBounds] would tell where clocks are moved, but its end lies before the
// instant itself on 31 December of leap years.
type clock struct {
	zone *time.Location
}

// reach is how far around an instant a move of the clocks is looked for: a day, and by as
// much more as clocks are moved at once. So what they show in a day that is found to be
// free of a move, they did not show before it either.
const reach = day + day

func (c clock) time(t int64) time.Time { return time.Unix(t, 0).In(c.zone) }

// offset is what the clocks show at t, less t; in seconds.
func (c clock) offset(t int64) int64 {
	_, offset := c.time(t).Zone()
	return int64(offset)
}

// since is from when on the clocks have run evenly up to t, looking back for a day, and
// their offset before that: the same as at t if they were not moved.
func (c clock) since(t, offset int64) (from, before int64) {
	if c.offset(t-reach) == offset {
		return t - day, offset
	}
	from = c.moved(t-reach, t)
	return from, c.offset(from - 1)
}

// until is how long the clocks run evenly from t on, looking ahead for a day.
func (c clock) until(t, offset int64) int64 {
	if c.offset(t+reach) == offset {
		return t + day
	}
	return c.moved(t, t+reach)
}

// moved is the first instant of the offset that is in force at high; another one is at
// low.
func (c clock) moved(low, high int64) int64 {
	for offset := c.offset(high); high-low > 1; {
		if middle := low + (high-low)/2; c.offset(middle) == offset {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// reaches is the first instant at which the clocks show a wall time or have passed it,
// looking from an instant on at which they have not.
func (c clock) reaches(wall, from int64) int64 {
	for {
		offset := c.offset(from)
		until := c.until(from, offset)
		if at := max(from, wall-offset); at < until {
			return at
		}
		from = until
	}
}
