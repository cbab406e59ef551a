package fleet_test

import (
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// jumped is t, which has no monotonic reading in a bubble, with one that passes as t
// does, and with a wall reading that is wrong by so much: what time.Now tells after
// somebody set the clock.
func jumped(t time.Time, by time.Duration) time.Time {
	const hasMonotonic, secondsShift = 1 << 63, 30
	type layout struct { // of a time.Time with a monotonic reading
		wall uint64 // the bit that says so, 33 bits of seconds since 1885, 30 bits of nanoseconds
		ext  int64  // the monotonic reading
		loc  *time.Location
	}
	wrong := t.Round(0).Add(by)
	since1885 := uint64(wrong.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	parts := (*layout)(unsafe.Pointer(&wrong))
	parts.wall = hasMonotonic | since1885<<secondsShift | uint64(wrong.Nanosecond())
	parts.ext = int64(t.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
	return wrong
}

func TestAWallClockThatJumpsTakesTheMonotonicOneNotAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		before := jumped(time.Now(), 0)
		time.Sleep(time.Minute)
		for _, by := range jumps {
			after := jumped(time.Now(), by)
			if want := time.Now().Add(by); !after.Equal(want) || !after.Round(0).Equal(want) {
				t.Errorf("%v: the wall shows %v", by, after)
			}
			if passed, shown := after.Sub(before), after.Round(0).Sub(before.Round(0)); passed != time.Minute || shown != time.Minute+by {
				t.Errorf("%v: %v passed, and the wall shows %v", by, passed, shown)
			}
		}
	})
}

// jumps are by how much wall time jumps, from the first of January 2000.
var jumps = map[string]time.Duration{
	"a second on": time.Second, "a second back": -time.Second, "a minute on": time.Minute, "a minute back": -time.Minute,
	"an hour on": time.Hour, "an hour back": -time.Hour, "a day on": 24 * time.Hour, "a day back": -24 * time.Hour,
	"to 1970": -10957 * 24 * time.Hour,
}
