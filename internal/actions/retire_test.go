package actions

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestTheOthersAreCountedAgainBeforeEachFurtherPoolIsLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *crewScene, second *pool)
		left   [2]bool
	}{
		"the other serves on":           {func(*crewScene, *pool) {}, [2]bool{true, true}},
		"the other leaves meanwhile":    {func(s *crewScene, _ *pool) { s.instance("two").leaving = true }, [2]bool{true, false}},
		"the other fails meanwhile":     {func(s *crewScene, _ *pool) { s.instance("two").facts.Value.Failing = time.Now() }, [2]bool{true, false}},
		"the other's node is taken out": {func(_ *crewScene, second *pool) { second.pool = second.pool[:1] }, [2]bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				s.Min = 1
				one, first, second := s.joining(t)
				two := standingBeside(t, s)
				for _, in := range []*instance{one, two} {
					first.pool = append(first.pool, s.node(in, first))
					second.pool = append(second.pool, s.node(in, second))
					in.facts.Value.Joined, in.answeredAt = time.Now().Add(-time.Second), time.Now()
					in.seen = view{machine: s.model.get(in.code), listed: true, machineAt: time.Now(), labelAt: time.Now(), pools: 2, poolsAt: time.Now()}
				}
				one.goal.Value.Goal = policy.Standby
				second.read = func() {
					if second.reads == 2 {
						c.change(s, second)
					}
				}
				if _, acted, err := s.leave(t.Context(), one); !acted || err != nil {
					t.Errorf("it acted: %v, %v", acted, err)
				}
				node := s.node(one, first)
				if left := [2]bool{!slices.Contains(first.pool, node), !slices.Contains(second.pool, node)}; left != c.left {
					t.Errorf("it has left the pools %v, want %v", left, c.left)
				}
				if f := &one.facts.Value; f.serves() || !f.Fell.Equal(time.Now()) || f.Left.Equal(time.Now()) != c.left[1] {
					t.Errorf("it serves: %v, fell at %v, left at %v", f.serves(), f.Fell, f.Left)
				}
				if want := !c.left[1]; (one.seen.pools == 1) != want || one.leaving || (one.trouble != "") != want {
					t.Errorf("it is seen in %d pools, leaving: %v, trouble %q", one.seen.pools, one.leaving, one.trouble)
				}
			})
		})
	}
}

// standingBeside is a second instance like the one of standing.
func standingBeside(t *testing.T, s *crewScene) *instance {
	t.Helper()
	machine, facts := standing(cloud.PowerOn)
	machine.Code, machine.Label, machine.Address = "two", Mark("test", "web", "two"), addressOf(2)
	facts.Address = machine.Address
	s.have(t, machine, policy.InService, facts)
	return s.instance("two")
}
