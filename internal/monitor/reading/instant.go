package reading

import "time"

// Instant is a time on the process's own clock, in nanoseconds since start; 0: none. It takes
// a third of a [time.Time]. It is for what the process itself saw happen, always given by
// [time.Now]; when a value was measured, others say by clocks of their own.
type Instant int64

// start is before every instant.
var start = time.Now().Add(-time.Nanosecond)

// InstantOf is that of a time of the own clock.
func InstantOf(t time.Time) Instant { return Instant(t.Sub(start)) }

// Until is how long after the instant the time is.
func (i Instant) Until(t time.Time) time.Duration { return time.Duration(InstantOf(t) - i) }

// Time is that of the instant, as if the wall clock had always been set as it is now.
func (i Instant) Time(now time.Time) time.Time { return now.Add(-i.Until(now)) }
