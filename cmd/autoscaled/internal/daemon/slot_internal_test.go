package daemon

import (
	"testing"
	"time"
)

func TestGroupsTakeTurnsWithinTheirInterval(t *testing.T) {
	t.Parallel()
	for place, want := range []time.Duration{2500 * time.Millisecond, 5 * time.Second, 7500 * time.Millisecond, 10 * time.Second} {
		if got := slot(place, 4, 10*time.Second); got != want {
			t.Errorf("the group at place %d of 4 is read after %s, want %s", place, got, want)
		}
	}
	if got := slot(0, 1, time.Hour); got != time.Minute {
		t.Errorf("a group with an interval of an hour is first read after %s", got)
	}
}

func TestManyGroupsAreSpreadEvenlyOverAHundredSlots(t *testing.T) {
	t.Parallel()
	const count = 1234
	groups := map[time.Duration]int{}
	for place := range count {
		groups[slot(place, count, 10*time.Second)]++
	}
	if len(groups) != slots {
		t.Errorf("%d slots", len(groups))
	}
	for at, n := range groups {
		if n < count/slots || n > count/slots+1 || at <= 0 || at > 10*time.Second {
			t.Errorf("%d groups are read after %s", n, at)
		}
	}
}
