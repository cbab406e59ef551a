package monitor

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// stamp is when a value was measured, in a third of a [time.Time]; 0: never. Its lowest two
// bits say by which clock, the others are nanoseconds: a [reading.Instant] of the process's
// own, which no change of the wall clock moves, or those since origin by a wall clock, as
// others say it. What is further than 73 years counts as being that far.
type stamp int64

const (
	ownClock  = 1
	wallClock = 2
	clockBits = 2

	furthest = time.Duration(1<<(63-clockBits) - 1)
)

// origin is where wall clocks are counted from.
var origin = time.Now().Round(0)

func stampOf(t time.Time) stamp {
	clock, at := stamp(ownClock), time.Duration(reading.InstantOf(t))
	if t == t.Round(0) { //nolint:staticcheck // Equal would not see that it has no reading of the own clock
		clock, at = wallClock, t.Sub(origin)
	}
	return stamp(min(max(at, -furthest), furthest))<<clockBits | clock
}

// time is what the stamp was made of. To one of the own clock, the wall clock gives a time
// as if it had always been set as it is now.
func (s stamp) time(now time.Time) time.Time {
	if s&ownClock != 0 {
		return reading.Instant(s.content()).Time(now)
	}
	return origin.Add(s.content())
}

// age is how long before now it was.
func (s stamp) age(now time.Time) time.Duration {
	if s&ownClock != 0 {
		return reading.Instant(s.content()).Until(now)
	}
	return now.Sub(origin) - s.content()
}

// since is how long after the earlier stamp this one is; now tells what two clocks have to
// do with each other.
func (s stamp) since(earlier stamp, now time.Time) time.Duration {
	if (s^earlier)&ownClock == 0 {
		return s.content() - earlier.content()
	}
	return earlier.age(now) - s.age(now)
}

func (s stamp) content() time.Duration { return time.Duration(s >> clockBits) }
