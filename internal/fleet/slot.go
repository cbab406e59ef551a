package fleet

import "time"

// slotTicker ticks once in each interval, always at the same place in it, so that
// groups with different slots are read one after the other.
type slotTicker struct {
	*time.Ticker
	interval time.Duration
	ticked   bool
}

func newSlotTicker(slot, interval time.Duration) *slotTicker {
	return &slotTicker{Ticker: time.NewTicker(firstSlot(slot, interval)), interval: interval}
}

// firstSlot is when the first tick comes; without a slot, after an interval.
func firstSlot(slot, interval time.Duration) time.Duration {
	if slot <= 0 {
		return interval
	}
	return slot
}

// next is to be called at each tick.
func (t *slotTicker) next() {
	if !t.ticked {
		t.ticked = true
		t.Reset(t.interval)
	}
}
