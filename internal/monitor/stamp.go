package monitor

import "time"

// stamp is when a value was measured, in a third of a [time.Time]; 0: never. Its lowest two
// bits say by which clock, the others are the nanoseconds since start: by the process's own,
// which no change of the wall clock moves, or by a wall clock, as others say it. What is
// further from start than 73 years counts as being that far from it.
type stamp int64

const (
	ownClock  = 1
	wallClock = 2
	clockBits = 2

	furthest = time.Duration(1<<(63-clockBits) - 1)
)

func stampOf(t time.Time) stamp {
	clock := stamp(ownClock)
	if t == t.Round(0) { //nolint:staticcheck // Equal would not see that it has no reading of the own clock
		clock = wallClock
	}
	return stamp(min(max(t.Sub(start), -furthest), furthest))<<clockBits | clock
}

// time is what the stamp was made of. To one of the own clock, the wall clock gives a time
// as if it had always been set as it is now.
func (s stamp) time(now time.Time) time.Time {
	if s&ownClock != 0 {
		return now.Add(s.sinceStart() - now.Sub(start))
	}
	return start.Round(0).Add(s.sinceStart())
}

// age is how long before now it was.
func (s stamp) age(now time.Time) time.Duration {
	if s&ownClock != 0 {
		return now.Sub(start) - s.sinceStart()
	}
	return now.Sub(start.Round(0)) - s.sinceStart()
}

// since is how long after the earlier stamp this one is; now tells what two clocks have to
// do with each other.
func (s stamp) since(earlier stamp, now time.Time) time.Duration {
	if (s^earlier)&ownClock == 0 {
		return s.sinceStart() - earlier.sinceStart()
	}
	return earlier.age(now) - s.age(now)
}

func (s stamp) sinceStart() time.Duration { return time.Duration(s >> clockBits) }
