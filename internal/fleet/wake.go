package fleet

import (
	"net/netip"
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

// Wake takes an event, and says whether it counts. Events that come closer together
// than a second make one reading. It may be called by any goroutine, and does not wait.
func (d *decider) Wake(event Event) bool {
	if event.From.IsValid() && !(*d.addresses.Load())[event.From] {
		return false
	}
	d.Metrics.change(d.Name, func(m *groupMetrics) { m.wakes++ })
	d.Log.Debug("woken", zap.String("by", event.What), zap.Stringer("from", event.From))
	d.rewake()
	return true
}

func (d *decider) rewake() {
	select {
	case d.woken <- struct{}{}:
	default: // it is to be read anyway
	}
}

// mayWake says whether the group can be read now. If not, it is woken again when it
// can.
func (d *decider) mayWake() bool {
	wait := wakeGap - time.Since(d.began)
	if d.reading {
		wait = max(wait, wakeGap)
	}
	if wait > 0 {
		d.later.Reset(wait)
		return false
	}
	return true
}

// setAddresses keeps whose events count.
func (d *decider) setAddresses(targets []monitor.Target) {
	addresses := make(map[netip.Addr]bool, len(targets))
	for _, target := range targets {
		addresses[target.Address] = true
	}
	d.addresses.Store(&addresses)
}

// Wake tells the named group of an event, and says whether it counts.
func (f *Fleet) Wake(group string, event Event) bool {
	d, err := f.decider(group)
	return err == nil && d.Wake(event)
}
