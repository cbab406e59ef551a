package actions

import (
	"context"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAPoolThatIsFullOrAnAccountBoundsTheGrowth(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts) // it is to join
		s.model.machines["over"] = &cloud.Machine{Code: "over", Contract: cloud.ContractEnded}
		s.account.MachinesMax, s.model.capacity = 4, 5
		for wanted, state := range map[int]map[string]CheckState{
			2: {"machines": CheckOK, "pool pool": CheckOK},
			3: {"machines": CheckBlocked, "pool pool": CheckOK},
			4: {"machines": CheckBlocked, "pool pool": CheckOK},
			5: {"machines": CheckBlocked, "pool pool": CheckBlocked},
		} {
			rooms := map[string]int{"orders": noLimit, "access": noLimit, "template": noLimit, "machines": 2, "pool pool": 4}
			checks := s.Preflight(t.Context(), wanted)
			if len(checks) != len(rooms) {
				t.Errorf("the checks are %+v", checks)
			}
			for _, check := range checks {
				want := state[check.Name]
				if want == "" {
					want = CheckOK
				}
				if check.State != want || check.Room != rooms[check.Name] {
					t.Errorf("%d wanted: %+v, want %s, with room for %d", wanted, check, want, rooms[check.Name])
				}
			}
		}
	})
}

// listless is a cloud whose machines cannot be listed.
type listless struct{ cloud.Writer }

func (listless) List(context.Context) ([]cloud.Machine, error) { return nil, errTransient }

func TestACheckThatCouldNotBeMadeIsUnknownAndOneThatIsRefusedBlocks(t *testing.T) {
	t.Parallel()
	for class, want := range map[cloud.Class]CheckState{
		cloud.ClassTransient: CheckUnknown, cloud.ClassThrottled: CheckUnknown, cloud.ClassUnknownOutcome: CheckUnknown,
		cloud.ClassDenied: CheckBlocked, cloud.ClassQuota: CheckBlocked, cloud.ClassInvalid: CheckBlocked, cloud.ClassNotFound: CheckBlocked,
	} {
		check := refused("access", cloud.Errorf(class, "no"))
		if check.State != want || (check.Room == noLimit) != (want == CheckUnknown) || cloud.ClassOf(check.err) != class {
			t.Errorf("%s: %+v, want %s", class, check, want)
		}
	}
	play(t, func(t *testing.T, s *crewScene) {
		s.account.MachinesMax = 1
		s.Machines = listless{s.model}
		s.lost(t, "web", 1)
		states := map[string]CheckState{}
		for _, check := range s.Preflight(t.Context(), 1) {
			states[check.Name] = check.State
		}
		if states["orders"] != CheckBlocked || states["listing"] != CheckUnknown || states["machines"] != CheckOK {
			t.Errorf("the checks are %v", states)
		}
	})
}
