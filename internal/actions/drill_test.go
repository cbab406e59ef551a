package actions

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestADrilledInstanceStaysReadyAndOutOfThePool(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Ready, facts)
		s.live(t, 3*time.Hour) // longer than a launch may take, and than probes count for joining
		if got := s.only(t); got.Phase != Ready || got.Quarantine != "" || !got.Joined.IsZero() || got.Capacity() || s.Moving() {
			t.Errorf("it is %+v", got)
		}
		if want := []string{"start one"}; !slices.Equal(s.model.calls, want) {
			t.Errorf("it was changed by %v, want %v", s.model.calls, want)
		}
		must(t, s.Assign([]policy.Assignment{{Code: "one", Goal: policy.InService}}))
		s.live(t, 30*time.Second)
		if got := s.only(t); got.Phase != InPool || len(s.model.calls) != 2 {
			t.Errorf("it is %+v after %v", got, s.model.calls)
		}
	})
}

func TestADrilledInstanceThatSomebodyPutsIntoThePoolIsTakenOut(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		s.have(t, machine, policy.Ready, facts)
		s.model.pool = append(s.model.pool, addressPort(machine))
		s.live(t, 2*time.Minute)
		if got := s.only(t); got.Phase != Ready || len(s.model.pool) != 0 {
			t.Errorf("it is %+v, in the pool are %v", got, s.model.pool)
		}
	})
}

func TestADrilledInstanceThatNeverAnswersIsQuarantined(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.Probe = func(context.Context, netip.Addr) error { return errors.New("refused") }
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Ready, facts)
		s.live(t, s.LaunchTimeout-time.Minute)
		if got := s.only(t); got.Quarantine != "" {
			t.Errorf("it is %+v too early", got)
		}
		s.live(t, 2*time.Minute)
		if got := s.only(t); got.Quarantine != "did not become ready within 1h0m0s, and is described: refused" {
			t.Errorf("it is %+v", got)
		}
	})
}

// A drilled instance counts against max and surge, wherever its goal comes from.
func TestADrillNeverExceedsMaxAndSurge(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.Max = 2
		for i, code := range []string{"one", "two", "three", "four"} {
			machine, facts := standing(cloud.PowerOff)
			machine.Code, machine.Label, machine.Address = code, Mark("test", "web", code), addressOf(i+1)
			s.have(t, machine, policy.Standby, facts)
		}
		assign := func(goal policy.Goal, codes ...string) {
			t.Helper()
			for _, code := range codes {
				must(t, s.Assign([]policy.Assignment{{Code: code, Goal: goal}}))
			}
		}
		goal := func(code string) policy.Goal { return s.instance(code).goal.Value.Goal }
		assign(policy.InService, "one", "two")
		if s.Room() != 1 {
			t.Errorf("there is room for %d", s.Room())
		}
		assign(policy.Ready, "three", "four")
		if goal("three") != policy.Ready || goal("four") != policy.Standby || s.Room() != 0 {
			t.Errorf("three is %s, four is %s, and there is room for %d", goal("three"), goal("four"), s.Room())
		}
		assign(policy.InService, "four", "three") // the drilled one has its place already
		if goal("four") != policy.Standby || goal("three") != policy.InService {
			t.Errorf("three is %s, four is %s", goal("three"), goal("four"))
		}
		s.OrderDrill()
		s.look(t)
		if n := s.model.count("order template"); n != 0 {
			t.Errorf("%d were ordered beyond max and surge", n)
		}
	})
}

func TestAnOrderForADrillIsCountedApartAndItsMachineIsToBeReady(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.look(t)
		s.model.slow = 10 * time.Second
		s.OrderDrill()
		for _, at := range []time.Duration{0, 5 * time.Second} { // before it is on disk, and after
			time.Sleep(at)
			if toServe, toDrill := s.account.Awaited("web"); toServe != 0 || toDrill != 1 || s.account.Pending("web") != 1 {
				t.Errorf("after %v %d are to serve and %d to be drilled", at, toServe, toDrill)
			}
		}
		s.live(t, 30*time.Second)
		if got := s.only(t); got.Goal != policy.Ready || s.account.Pending("web") != 0 {
			t.Errorf("it is %+v", got)
		}
	})
}
