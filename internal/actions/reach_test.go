package actions

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// TestEveryGoalIsReachedFromWhereverAMachineIs begins with any state of the cloud
// and any facts, right or wrong, changes the goal a few times on the way, and
// demands that the last goal is reached.
func TestEveryGoalIsReachedFromWhereverAMachineIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		begin := beginning(rt)
		goals := rapid.SliceOfN(rapid.SampledFrom([]policy.Goal{policy.InService, policy.Standby, policy.Ready}), 0, 3).Draw(rt, "goals on the way")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 40), 3, 3).Draw(rt, "seconds between them")
		last := rapid.SampledFrom([]policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready}).Draw(rt, "last goal")
		failure := ""
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t)
			defer s.close(t)
			machine, facts := begin(s)
			s.have(t, machine, policy.Standby, facts)
			for i, goal := range goals {
				must(t, s.Assign([]policy.Assignment{{Code: "one", Goal: goal}}))
				s.live(t, time.Duration(pauses[i])*time.Second)
			}
			must(t, s.Assign([]policy.Assignment{{Code: "one", Goal: last}}))
			s.live(t, 10*time.Minute)
			want := map[policy.Goal]Phase{policy.InService: InPool, policy.Standby: Off, policy.Released: Ending, policy.Ready: Ready}[last]
			if got := s.Instances()[0]; got.Phase != want {
				failure = fmt.Sprintf("with the goal %s it came to be %s: %+v, by %v", last, got.Phase, got, s.model.calls)
			}
		})
		if failure != "" {
			rt.Fatal(failure)
		}
	})
}

// beginning draws what the cloud and the record say of a machine at first.
func beginning(rt *rapid.T) func(*crewScene) (cloud.Machine, Facts) {
	powers := []cloud.Power{cloud.PowerBlank, cloud.PowerOff, cloud.PowerOn}
	power := rapid.SampledFrom(powers).Draw(rt, "power")
	flag := rapid.Bool()
	marked, prepared, described := flag.Draw(rt, "marked"), flag.Draw(rt, "prepared"), flag.Draw(rt, "described")
	attached, pooled, joined := flag.Draw(rt, "attached"), flag.Draw(rt, "pooled"), flag.Draw(rt, "joined")
	left, stopAsked, ordered := flag.Draw(rt, "left"), flag.Draw(rt, "stop asked"), flag.Draw(rt, "ordered")
	attempted, stale := flag.Draw(rt, "attempted"), flag.Draw(rt, "stale")
	return func(s *crewScene) (cloud.Machine, Facts) {
		now := time.Now()
		machine := cloud.Machine{Code: "one", Contract: cloud.ContractInService, Power: power, Address: addressOf(1), Label: "template"}
		facts := Facts{Proof: ProofAnswered, Since: now}
		if ordered || !marked {
			facts.Order = "order"
		}
		if marked {
			machine.Label, facts.Labelled = Mark("test", "web", "one"), now
		}
		s.model.done["one attach"] = attached || power == cloud.PowerOn
		facts.Prepared = map[string]time.Time{}
		if prepared || power == cloud.PowerOn {
			facts.Prepared["attach"] = now
			s.model.done["one attach"] = true
			if power != cloud.PowerBlank {
				facts.Prepared["key"] = now
			}
		} else if attempted || s.model.done["one attach"] { // done, and the answer not recorded
			facts.Attempt = &Attempt{Preparation: "attach", At: now}
		}
		if described || pooled {
			facts.Address = machine.Address
		}
		if pooled {
			s.model.pool = append(s.model.pool, addressPort(machine))
		}
		if joined {
			facts.Joined = now
		}
		if left {
			facts.Left = now
		}
		if stopAsked {
			facts.StopAsked = now
		}
		if stale {
			facts.Stale = &Stale{Power: power.String(), Until: now.Add(sceneStaleRead)}
		}
		return machine, facts
	}
}
