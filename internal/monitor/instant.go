package monitor

import "time"

// instant is a time on the process's own clock, in nanoseconds since start; 0: none. It
// takes a third of a [time.Time]. It is for what the process itself saw happen, always
// given by [time.Now]; when a value was measured, others say by clocks of their own.
type instant int64

// start is before every instant.
var start = time.Now().Add(-time.Nanosecond)

func instantOf(t time.Time) instant { return instant(t.Sub(start)) }

// since is how long after the earlier instant this one is.
func (i instant) since(earlier instant) time.Duration { return time.Duration(i - earlier) }
