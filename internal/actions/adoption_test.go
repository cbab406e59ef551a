package actions

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestADriftThatIsAdoptedChangesTheGoalAndTheSizeByOne(t *testing.T) {
	t.Parallel()
	in := []Adoption{{policy.Assignment{Code: "one", Goal: policy.InService}, 1}}
	out := []Adoption{{policy.Assignment{Code: "one", Goal: policy.Standby}, -1}}
	want := map[policy.Goal]map[DriftKind][]Adoption{
		policy.InService: {DriftStopped: out, DriftRemoved: out, DriftEnded: out, DriftRelabelled: out},
		policy.Standby:   {DriftAdded: in, DriftStarted: in},
	}
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Standby, facts)
		one := s.instance("one")
		for _, goal := range []policy.Goal{policy.InService, policy.Standby, policy.Released} {
			for _, kind := range DriftKinds() {
				one.goal.Value.Goal, one.facts.Value.Drift = goal, &Drift{kind, time.Now()}
				s.Drift = map[DriftKind]DriftPolicy{kind: DriftAdopt}
				if got := s.Adoptions(); !slices.Equal(got, want[goal][kind]) {
					t.Errorf("to be %s, and %s: %v, want %v", goal, kind, got, want[goal][kind])
				}
				for _, other := range []DriftPolicy{DriftRepair, DriftIgnore, ""} {
					s.Drift[kind] = other
					if got := s.Adoptions(); len(got) != 0 {
						t.Errorf("to be %s, and %s, which is to %q: %v", goal, kind, other, got)
					}
				}
			}
		}
	})
}

func TestNothingIsAdoptedOfAnInstanceInQuarantineOrWithoutDrift(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.Drift = map[DriftKind]DriftPolicy{DriftStarted: DriftAdopt}
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Standby, facts)
		one := s.instance("one")
		if got := s.Adoptions(); len(got) != 0 {
			t.Errorf("without drift: %v", got)
		}
		one.facts.Value.Drift, one.facts.Value.Quarantine = &Drift{DriftStarted, time.Now()}, &Quarantine{}
		if got := s.Adoptions(); len(got) != 0 {
			t.Errorf("in quarantine: %v", got)
		}
	})
}

func TestAStepThatFindsItsInstanceAddedToAPoolSaysSoAndIsStillUnderWay(t *testing.T) {
	t.Parallel()
	for _, added := range []bool{true, false} {
		t.Run(fmt.Sprintf("added %v", added), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				machine, facts := standing(cloud.PowerOff)
				s.have(t, machine, policy.Standby, facts)
				s.look(t)
				in := s.instance("one")
				in.working = true
				if added {
					s.seePools(in, 1)
				}
				news, err := s.wasAdded(in)
				must(t, err)
				if news != added || !in.working || (lasting(&in.facts.Value) == DriftAdded) != added {
					t.Errorf("it is news: %v; the step is under way: %v; the drift is %v", news, in.working, in.facts.Value.Drift)
				}
				if again, err := s.wasAdded(in); again || err != nil || !in.working {
					t.Errorf("it is news again: %v, %v; the step is under way: %v", again, err, in.working)
				}
			})
		})
	}
}
