package daemon

import "time"

// slotsMost is the time over which slots are spread at most: a group that is read seldom
// is not to wait for its whole interval after a start.
const slotsMost = time.Minute

// slots is into how many an interval is divided. Of more groups, several have the same
// one, so that a process that sleeps is woken once for all of them.
const slots = 20

// slot is how long after the start the group at this place, of so many, is first read.
// They take turns, so that their requests do not all leave at once, then or later.
func slot(place, count int, interval time.Duration) time.Duration {
	return min(interval, slotsMost) / slots * time.Duration((slots*(place+1)+count-1)/count)
}
