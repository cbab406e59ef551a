package proof

import (
	"time"
	"unsafe"
)

// The epochs of the parts of a time.Time with a monotonic reading.
var (
	wallEpoch   = time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	bubbleEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
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
	since1885 := uint64(wrong.Unix() - wallEpoch)
	parts := (*layout)(unsafe.Pointer(&wrong)) //nolint:gosec // there is no other way to make such a time
	parts.wall = hasMonotonic | since1885<<secondsShift | uint64(wrong.Nanosecond())
	parts.ext = int64(t.Sub(bubbleEpoch))
	return wrong
}
