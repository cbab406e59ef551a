package fleet

import (
	"net/netip"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/monitor"
)

// wakeGap is the shortest time between two readings of a group, however many events
// ask for one.
const wakeGap = time.Second

// Event asks a group to read and decide at once, ahead of its slot.
type Event struct {
	What string     // in words, for the log
	From netip.Addr // when valid, the event counts only if that is one of the group's instances
}

// Wake tells the named group of an event, and says whether it counts. Events that come
// closer together than a second make one reading. It may be called by any goroutine,
// and does not wait.
func (f *Fleet) Wake(group string, event Event) bool {
	if g, err := f.group(group); err == nil {
		return g.heeds(event, g.rewake)
	}
	advisors := f.members().advisors
	i := slices.IndexFunc(advisors, func(a *Advisor) bool { return a.Name == group })
	return i >= 0 && advisors[i].heeds(event, advisors[i].alarm.ask)
}

// heeds asks for a reading if the event counts.
func (d *decider) heeds(event Event, rewake func()) bool {
	if event.From.IsValid() && !d.isInstance(event.From) {
		return false
	}
	d.Metrics.change(d.Name, func(m *groupMetrics) { m.wakes++ })
	d.Log.Debug("woken", zap.String("by", event.What), zap.Stringer("from", event.From))
	rewake()
	return true
}

// isInstance says that the address was one of an instance at the last reading.
func (d *decider) isInstance(address netip.Addr) bool {
	targets := d.targeted.Load()
	return targets != nil && slices.ContainsFunc(*targets, func(t monitor.Target) bool { return t.Address == address })
}
