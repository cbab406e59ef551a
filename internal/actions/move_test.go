package actions

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

var errLost = cloud.Errorf(cloud.ClassUnknownOutcome, "the connection was cut")

// fresh is a machine that an order brought, and ours its facts.
func fresh() cloud.Machine {
	return cloud.Machine{Code: "one", Contract: cloud.ContractInService, Power: cloud.PowerBlank, Address: addressOf(1), Label: "template"}
}

// standing is a machine of ours that is off, and its facts.
func standing(power cloud.Power) (cloud.Machine, Facts) {
	machine := fresh()
	machine.Power, machine.Label = power, Mark("test", "web", "one")
	now := time.Now()
	return machine, Facts{
		Proof: ProofMark, Order: "x", Since: now, Labelled: now, Address: machine.Address,
		Prepared: map[string]time.Time{"attach": now, "key": now},
	}
}

func (s *crewScene) only(t *testing.T) InstanceStatus {
	t.Helper()
	list := s.Instances()
	if len(list) != 1 {
		t.Fatalf("on record are %+v", list)
	}
	return list[0]
}

func TestAHalfBuiltMachineIsFinishedAndStandsBy(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.have(t, fresh(), policy.Standby, Facts{Proof: ProofAnswered, Order: "x"})
		s.live(t, time.Minute)
		if got := s.only(t); got.Phase != Off {
			t.Errorf("it is %+v", got)
		}
		if want := []string{"label one", "attach one", "key one"}; !slices.Equal(s.model.calls, want) {
			t.Errorf("calls: %v, want %v", s.model.calls, want)
		}
	})
}

func TestAPreparationWhoseAnswerWasLostIsTakenAsDoneOnceARepeatIsRefusedAtRest(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.failing["attach"] = errLost
		s.have(t, fresh(), policy.InService, Facts{Proof: ProofAnswered, Order: "x"})
		s.live(t, 5*time.Second)
		s.model.mu.Lock()
		s.model.failing = map[string]error{}
		s.model.mu.Unlock()
		s.live(t, sceneStaleRead/2)
		if s.model.count("key one") != 0 {
			t.Error("a refusal was believed before reads can have caught up")
		}
		s.live(t, 5*time.Minute)
		if got := s.only(t); got.Phase != InPool {
			t.Errorf("it is %+v, by %v", got, s.model.calls)
		}
	})
}

func TestAPreparationThatIsRefusedAtFirstIsNeverTakenAsDone(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.failing["attach"] = cloud.Errorf(cloud.ClassInvalid, "there is no such FW+LB")
		s.model.ignoring["attach"] = true
		s.have(t, fresh(), policy.InService, Facts{Proof: ProofAnswered, Order: "x"})
		s.live(t, 59*time.Minute)
		if got := s.only(t); got.Phase != Unprepared || got.Trouble == "" {
			t.Errorf("it is %+v", got)
		}
		if n := s.model.count("attach one"); n < 5 || n > 20 {
			t.Errorf("it was asked for %d times in an hour", n)
		}
		s.live(t, 2*time.Minute)
		if got := s.only(t); got.Quarantine == "" {
			t.Errorf("it is %+v, and should be quarantined", got)
		}
	})
}

func TestAMachineThatNeedsAKeyWhichIsNotConfiguredSaysSo(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerBlank) // everything that is configured is done, and it is blank
		s.have(t, machine, policy.InService, facts)
		s.live(t, 10*time.Minute)
		if got := s.only(t); !strings.Contains(got.Trouble, "set template.ssh_public_key") {
			t.Errorf("it is %+v", got)
		}
		if n := s.model.count("start one"); n != 0 {
			t.Errorf("it was started %d times", n)
		}
	})
}

func TestInstancesThatLeaveAtTheSameTimeReckonWithEachOther(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.Min = 2
		var everybody []policy.Assignment
		for i, code := range []string{"one", "two", "three", "four"} {
			machine, facts := standing(cloud.PowerOn)
			machine.Code, machine.Label, machine.Address = code, Mark("test", "web", code), addressOf(i+1)
			facts.Address = machine.Address
			s.model.pool = append(s.model.pool, addressPort(machine))
			s.have(t, machine, policy.InService, facts)
			everybody = append(everybody, policy.Assignment{Code: code, Goal: policy.Standby})
		}
		s.live(t, 10*time.Second)
		s.model.slow = 30 * time.Second
		must(t, s.Assign(everybody))
		s.live(t, 10*time.Minute)
		if len(s.model.pool) != 2 {
			t.Errorf("in the pool are %v, want two; calls: %v", s.model.pool, s.model.calls)
		}
	})
}

func TestAListingThatShowsAServingMachineAsOffTakesItOutOfNoPool(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		s.model.pool = append(s.model.pool, addressPort(machine))
		s.have(t, machine, policy.InService, facts)
		s.live(t, time.Minute)
		s.model.lies = func(shown *cloud.Machine) { shown.Power = cloud.PowerOff }
		s.live(t, 10*time.Minute)
		if len(s.model.calls) != 0 || len(s.model.pool) != 1 {
			t.Errorf("in the pool are %v, by %v", s.model.pool, s.model.calls)
		}
	})
}

func TestTheEndOfDrainingAsksForTheNextStepByItself(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOn)
		s.have(t, machine, policy.Standby, facts)
		s.look(t)
		if got := s.only(t); got.Phase != Draining {
			t.Fatalf("it is %+v", got)
		}
		time.Sleep(s.Drain)
		<-s.Wake()
		s.advanceAll()
		if s.model.count("stop one") != 1 {
			t.Errorf("calls: %v", s.model.calls)
		}
	})
}

func TestAStopThatHangsIsAskedForAgainByForce(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.ignoring["stop"] = true
		machine, facts := standing(cloud.PowerOn)
		s.have(t, machine, policy.Standby, facts)
		s.live(t, s.Drain+s.StopTimeout-10*time.Second)
		if s.model.count("stop one") != 1 || s.model.count("force one") != 0 {
			t.Errorf("calls: %v", s.model.calls)
		}
		s.live(t, 30*time.Second)
		if got := s.only(t); s.model.count("force one") != 1 || got.Phase != Off {
			t.Errorf("it is %+v, by %v", got, s.model.calls)
		}
	})
}

func TestNothingIsReleasedWhoseLabelIsNotOursWhenReadAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		mark := machine.Label
		s.model.lies = func(shown *cloud.Machine) { shown.Label = mark }
		machine.Label = "now a database"
		s.have(t, machine, policy.Released, facts)
		s.live(t, time.Hour)
		if got := s.only(t); got.Quarantine == "" {
			t.Errorf("it is %+v, and should be quarantined", got)
		}
		if len(s.model.calls) != 0 {
			t.Errorf("calls: %v", s.model.calls)
		}
	})
}

func TestNothingIsReleasedThatTheRecordDoesNotHaveAsLabelled(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Released, facts)
		must(t, s.Journal.Store.(*store.Memory).Close()) // it cannot be read again
		s.Advance()
		s.advanceAll()
		if len(s.model.calls) != 0 {
			t.Errorf("calls: %v", s.model.calls)
		}
	})
}

func TestAnEndThatIsOnRecordAlreadyIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.model.failing["release"] = errLost
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.Released, facts)
		s.live(t, time.Hour)
		if got := s.only(t); got.Phase != Ending || s.model.count("release one") != 1 {
			t.Errorf("it is %+v, by %v", got, s.model.calls)
		}
	})
}

func TestAnInferredMachineThatTurnsOutNotToBeOursIsNotTouched(t *testing.T) {
	t.Parallel()
	for why, turn := range map[string]func(*cloud.Machine){
		`now carries the label "somebody's"`:      func(m *cloud.Machine) { m.Label = "somebody's" },
		"is of type large, and small was ordered": func(m *cloud.Machine) { m.Type = "large" },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				machine := fresh()
				turn(&machine)
				s.have(t, machine, policy.InService, Facts{Proof: ProofInferred, Order: "x"})
				s.live(t, time.Minute)
				if got := s.only(t); !strings.Contains(got.Quarantine, why) || len(s.model.calls) != 0 {
					t.Errorf("it is %+v, by %v", got, s.model.calls)
				}
			})
		})
	}
}

func TestALaunchThatStaysSilentIsToldOnceBeforeItIsQuarantined(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		core, told := observer.New(zap.WarnLevel)
		s.Log = zap.New(core)
		s.Probe = func(context.Context, netip.Addr) error { return errors.New("nobody listens") }
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		s.live(t, 10*time.Minute)
		if early := told.All(); len(early) != 0 {
			t.Errorf("a launch of ten minutes is told of: %v", early)
		}
		s.live(t, 40*time.Minute)
		if told := told.FilterMessage("it runs, and does not serve yet").All(); len(told) != 1 {
			t.Errorf("told %d times within 50 minutes, want once", len(told))
		}
	})
}

func TestAnInstanceThatCeasesToServeAndDoesNotComeBackIsQuarantined(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		s.live(t, 2*time.Hour)
		if got := s.only(t); got.Phase != InPool || got.Quarantine != "" {
			t.Fatalf("it is %+v", got)
		}
		s.model.mu.Lock()
		s.model.machines["one"].Power = cloud.PowerBusy
		s.model.mu.Unlock()
		s.live(t, 50*time.Minute)
		if got := s.only(t); got.Quarantine != "" {
			t.Errorf("it is quarantined before it was late: %+v", got)
		}
		s.live(t, 15*time.Minute)
		if got := s.only(t); got.Quarantine == "" {
			t.Errorf("it is %+v, and should be quarantined", got)
		}
	})
}

func TestWhatIsOnRecordIsReadAgainByTheNextProcess(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		s.live(t, time.Minute)
		options := s.CrewOptions
		next, err := NewCrew(options)
		must(t, err)
		defer next.Close(t.Context())
		before, after := s.only(t), next.Instances()[0]
		if after.Code != before.Code || after.Goal != before.Goal || !after.Joined.Equal(before.Joined) || after.Address != before.Address || after.Proof != before.Proof {
			t.Errorf("%+v became %+v", before, after)
		}
	})
}

func TestACrewWithoutWhatItNeedsIsNotMade(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for name, spoil := range map[string]func(*CrewOptions){
			"no group":          func(o *CrewOptions) { o.Group = "" },
			"no machines":       func(o *CrewOptions) { o.Machines = nil },
			"no probe interval": func(o *CrewOptions) { o.ProbeInterval = 0 },
		} {
			options := s.CrewOptions
			spoil(&options)
			if _, err := NewCrew(options); err == nil {
				t.Errorf("%s: a crew was made", name)
			}
		}
	})
}
