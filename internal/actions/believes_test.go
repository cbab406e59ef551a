package actions

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// lacking has so many instances on record, and returns a listing that lacks some of them.
func (s *crewScene) lacking(t *testing.T, known, lacking int) *cloud.Snapshot {
	t.Helper()
	snapshot := &cloud.Snapshot{Started: time.Now(), Machines: map[string]cloud.Machine{}}
	for i := range known {
		machine := cloud.Machine{Code: fmt.Sprintf("c%03d", i)}
		s.have(t, machine, policy.Standby, Facts{Seen: time.Now(), Labelled: time.Now()})
		if i >= lacking {
			snapshot.Machines[machine.Code] = machine
		}
	}
	return snapshot
}

func TestAListingIsTakenForCutShortWhenItLacksMoreThanATenthAndAtLeastTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		known, lacking int
		believed       bool
	}{
		{0, 0, true}, {1, 1, true}, {2, 1, true}, {2, 2, false}, {10, 1, true}, {10, 2, false},
		{20, 2, true}, {20, 3, false}, {100, 10, true}, {100, 11, false},
	} {
		play(t, func(t *testing.T, s *crewScene) {
			snapshot := s.lacking(t, c.known, c.lacking)
			if got := s.believes(snapshot); got != c.believed {
				t.Errorf("%d of %d are lacking, believed: %v", c.lacking, c.known, got)
			}
			if j := s.judgeCloud(); j.doubt == DoubtNone != c.believed {
				t.Errorf("%d of %d are lacking: %s: %s", c.lacking, c.known, j.doubt, j.why)
			}
		})
	}
}

func TestAListingThatLacksManyIsBelievedAfterTheSettleWindowUnlessItWasWholeMeanwhile(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		snapshot := s.lacking(t, 10, 5)
		whole := &cloud.Snapshot{Machines: map[string]cloud.Machine{}}
		for _, in := range s.Instances() {
			whole.Machines[in.Code] = cloud.Machine{Code: in.Code}
		}
		begin := snapshot.Started
		at := func(shown *cloud.Snapshot, later time.Duration) bool {
			shown.Started = begin.Add(later)
			return s.believes(shown)
		}
		window := s.account.SettleWindow
		if at(snapshot, 0) || at(snapshot, window-time.Second) {
			t.Error("it was believed within the window")
		}
		if !at(snapshot, window) {
			t.Error("it was not believed after the window")
		}
		if !at(whole, window+time.Minute) || at(snapshot, window+2*time.Minute) {
			t.Error("a listing that was whole did not make the window begin anew")
		}
	})
}
