package snmp

import "time"

// instant is a time on the process's own clock, in nanoseconds since start; 0: none. It
// takes a third of a [time.Time]. It is for what is always given by [time.Now].
type instant int64

// start is before every instant.
var start = time.Now().Add(-time.Nanosecond)

func instantOf(t time.Time) instant { return instant(t.Sub(start)) }

// before is the time of the instant, given the later one of another time.
func (i instant) before(later time.Time) time.Time { return later.Add(-i.until(later)) }

// until is how long after the instant the time is.
func (i instant) until(later time.Time) time.Duration { return time.Duration(instantOf(later) - i) }
