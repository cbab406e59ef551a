package actions

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

func TestAnInstanceIsLateThatShouldHaveComeToServeAndDidNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *crewScene, in *instance)
		late   bool
	}{
		"its time is over":                {func(*crewScene, *instance) {}, true},
		"it is over in a moment":          {func(_ *crewScene, in *instance) { in.goal.Value.Since = in.goal.Value.Since.Add(1) }, false},
		"it served until a moment after":  {func(_ *crewScene, in *instance) { in.facts.Value.Fell = in.goal.Value.Since.Add(1) }, false},
		"it was made anew a moment after": {func(_ *crewScene, in *instance) { in.facts.Value.Made = in.goal.Value.Since.Add(1) }, false},
		"it was made and served long before": {func(_ *crewScene, in *instance) {
			in.facts.Value.Made, in.facts.Value.Fell = in.goal.Value.Since.Add(-1), in.goal.Value.Since.Add(-2)
		}, true},
		"it serves, by what is on record": {func(_ *crewScene, in *instance) { in.facts.Value.Joined = time.Now() }, false},
		"it is in its pool": {func(s *crewScene, in *instance) {
			in.seen.machine.Power, in.facts.Value.Address = cloud.PowerOn, addressOf(1)
			s.seePools(in, 1)
		}, false},
		"we ended its contract":             {func(_ *crewScene, in *instance) { in.facts.Value.LastDay = noon }, false},
		"somebody ended its contract":       {func(_ *crewScene, in *instance) { in.seen.machine.Stop = noon }, false},
		"its contract is over":              {func(_ *crewScene, in *instance) { in.seen.machine.Contract = cloud.ContractEnded }, false},
		"a listing lacks it that was there": {func(_ *crewScene, in *instance) { in.seen.absences = 1 }, false},
		"no listing ever showed it": {func(_ *crewScene, in *instance) {
			in.facts.Value.Seen, in.seen = time.Time{}, view{absences: 1}
		}, true},
		"it is to stand by, and is off": {func(_ *crewScene, in *instance) { in.goal.Value.Goal = policy.Standby }, false},
		"it is to stand by, and not labelled": {func(_ *crewScene, in *instance) {
			in.goal.Value.Goal, in.facts.Value.Labelled = policy.Standby, time.Time{}
		}, true},
		"it is to stand by, and not prepared": {func(_ *crewScene, in *instance) { in.goal.Value.Goal, in.facts.Value.Prepared = policy.Standby, nil }, true},
		"it is to be released":                {func(_ *crewScene, in *instance) { in.goal.Value.Goal, in.facts.Value.Prepared = policy.Released, nil }, false},
		"it is unfit":                         {func(_ *crewScene, in *instance) { in.facts.Value.Template = "old" }, true},
		"it waits for its template":           {func(_ *crewScene, in *instance) { in.facts.Value.Template, in.waiting = "old", true }, false},
		"it waited for it once":               {func(_ *crewScene, in *instance) { in.waiting = true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *crewScene) {
				machine, facts := standing(cloud.PowerOff)
				s.have(t, machine, policy.Standby, facts)
				s.look(t)
				in := s.instance("one")
				in.goal.Value = goalRecord{policy.InService, time.Now()}
				time.Sleep(s.LaunchTimeout)
				c.change(s, in)
				if got := s.late(in); got != c.late {
					t.Errorf("it is %s, and late: %v", s.phase(in), got)
				}
			})
		})
	}
}

func TestAQuarantineThatCannotBeWrittenIsNeitherCountedNorTold(t *testing.T) {
	t.Parallel()
	for _, written := range []bool{true, false} {
		play(t, func(t *testing.T, s *crewScene) {
			core, told := observer.New(zap.DebugLevel)
			s.Log = zap.New(core)
			machine, facts := standing(cloud.PowerOff)
			s.have(t, machine, policy.Standby, facts)
			if !written {
				must(t, s.Journal.Store.(*store.Memory).Close())
			}
			s.quarantine(s.instance("one"), "it is stuck")
			quarantined := s.only(t).Quarantine != ""
			if n := told.FilterMessageSnippet("quarantined: ").Len(); quarantined != written || (n == 1) != written {
				t.Errorf("written: %v; it is quarantined: %v, and that is told %d times", written, quarantined, n)
			}
		})
	}
}

func TestALiftedQuarantineGivesANewDeadlineAndAnExcuseDoesNotLiftIt(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		in := s.instance("one")
		s.quarantine(in, "it is stuck")
		time.Sleep(2 * s.LaunchTimeout)
		must(t, s.ExcuseLate())
		if got := s.only(t); got.Quarantine == "" || !got.GoalSince.Before(time.Now()) {
			t.Errorf("excused, it is %+v", got)
		}
		must(t, s.LiftQuarantines())
		if got := s.only(t); got.Quarantine != "" || !got.GoalSince.Equal(time.Now()) || s.late(in) {
			t.Errorf("lifted, it is %+v", got)
		}
		begun := time.Now()
		time.Sleep(s.LaunchTimeout - 1)
		must(t, s.ExcuseLate())
		if got := s.only(t); !got.GoalSince.Equal(begun) {
			t.Errorf("excused before it was late, it is %+v", got)
		}
		time.Sleep(time.Nanosecond)
		must(t, s.ExcuseLate())
		if got := s.only(t); !got.GoalSince.Equal(time.Now()) {
			t.Errorf("excused when it was late, it is %+v", got)
		}
	})
}
