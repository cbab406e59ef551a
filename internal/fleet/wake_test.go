package fleet_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// readsIn is how often the signals are read in the given time.
func (w *world) readsIn(span time.Duration) int {
	before := w.load.count()
	time.Sleep(span)
	return w.load.count() - before
}

func TestAnEventMakesAGroupDecideAtOnce(t *testing.T) {
	for name, s := range map[string]setting{"acting": {}, "recommending": {recommend: true}} {
		t.Run(name, func(t *testing.T) {
			s.interval = 10 * time.Minute
			tell(t, s, func(t *testing.T, w *world) {
				w.until("it has decided", 11*time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
				w.load.set(500)
				if !w.fleet.Wake(groupName, fleet.Event{What: "trap"}) {
					t.Error("the event does not count")
				}
				w.until("it grows", 5*time.Second, func() bool { return w.status().Desired == 5 })
			})
		})
	}
}

func TestEventsCountOnlyFromTheGroupsInstancesWhenTheySayWhereTheyComeFrom(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.until("it has decided", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		for address, counts := range map[string]bool{
			w.instance(first).Address: true, w.instance(second).Address: true,
			w.machine(foreign).Address.String(): false, "192.0.2.1": false,
		} {
			if got := w.fleet.Wake(groupName, fleet.Event{From: netip.MustParseAddr(address)}); got != counts {
				t.Errorf("from %s: counts is %v", address, got)
			}
		}
		if w.fleet.Wake("no-group", fleet.Event{}) {
			t.Error("an event for a group that does not exist counts")
		}
	})
}

func TestAFloodOfEventsMakesOneReadingASecond(t *testing.T) {
	tell(t, setting{interval: 10 * time.Minute}, func(t *testing.T, w *world) {
		w.until("it has decided", 11*time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
		before := w.load.count()
		for range 1000 {
			w.fleet.Wake(groupName, fleet.Event{})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if reads := w.load.count() - before; reads < 10 || reads > 12 {
			t.Errorf("1000 events in 10 s made %d readings", reads)
		}
	})
}

func TestAnEventDuringAReadingIsNotLost(t *testing.T) {
	tell(t, setting{interval: 10 * time.Minute}, func(t *testing.T, w *world) {
		w.load.change(func(l *load) { l.slow = 5 * time.Second })
		w.until("it reads", 11*time.Minute, func() bool { return w.load.count() > 0 })
		w.fleet.Wake(groupName, fleet.Event{})
		time.Sleep(2 * time.Second)
		w.fleet.Wake(groupName, fleet.Event{})
		if reads := w.readsIn(20 * time.Second); reads != 2 {
			t.Errorf("%d readings follow, want the one under way and another", reads)
		}
	})
}

func TestGroupsAreReadInTheirSlots(t *testing.T) {
	tell(t, setting{interval: 10 * time.Second, slot: 4 * time.Second}, func(t *testing.T, w *world) {
		w.until("it is read", 5*time.Second, func() bool { return w.load.count() == 1 })
		if reads := w.readsIn(7 * time.Second); reads != 0 {
			t.Errorf("%d readings within the interval", reads)
		}
		if reads := w.readsIn(60 * time.Second); reads != 6 {
			t.Errorf("%d readings in 6 intervals", reads)
		}
	})
}
