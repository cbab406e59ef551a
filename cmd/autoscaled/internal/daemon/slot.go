package daemon

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// slot is when in its interval the group is read: the groups take turns, by name, so
// that their requests do not all leave at once.
func (d *Daemon) slot(group config.Group) time.Duration {
	place := 1
	for name := range d.options.Config.Groups {
		if name < group.Name {
			place++
		}
	}
	return group.Interval * time.Duration(place) / time.Duration(len(d.options.Config.Groups))
}
