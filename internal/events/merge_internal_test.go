package events

import (
	"fmt"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

func states(from, to int) (groups []fleet.GroupStatus) {
	for i := from; i < to; i++ {
		groups = append(groups, fleet.GroupStatus{Name: fmt.Sprint("g", i)})
	}
	return groups
}

func TestWhoeverIsSlowHasNoCopyOfTheWholeFleet(t *testing.T) {
	t.Parallel()
	newer := Batch{Groups: states(0, 3000)}
	both := merge(Batch{Groups: states(0, 3000)}, newer)
	if both.Missed || len(both.Groups) != 3000 || &both.Groups[0] != &newer.Groups[0] {
		t.Errorf("of the same groups again it has %d, missed: %v", len(both.Groups), both.Missed)
	}
	both = merge(Batch{Groups: states(0, 3)}, Batch{Groups: states(3, 6)})
	if both.Missed || len(both.Groups) != 6 {
		t.Errorf("of a few it has %d, missed: %v", len(both.Groups), both.Missed)
	}
	newer = Batch{Groups: states(1500, 3000)}
	both = merge(Batch{Groups: states(0, 1500)}, newer)
	if !both.Missed || len(both.Groups) != 1500 || &both.Groups[0] != &newer.Groups[0] {
		t.Errorf("of many others it has %d, missed: %v", len(both.Groups), both.Missed)
	}
}
