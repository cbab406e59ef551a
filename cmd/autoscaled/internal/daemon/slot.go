package daemon

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// slotsMost is the time over which slots are spread at most: a group that is read seldom
// is not to wait for its whole interval after a start.
const slotsMost = time.Minute

// slot is how long after the start the group is first read. The groups take turns, by
// name, so that their requests do not all leave at once, then or later.
func (d *Daemon) slot(group config.Group) time.Duration {
	place := 1
	for name := range d.options.Config.Groups {
		if name < group.Name {
			place++
		}
	}
	return min(group.Interval, slotsMost) * time.Duration(place) / time.Duration(len(d.options.Config.Groups))
}
