package actions

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// woken says whether there is a token, and takes it.
func (s *crewScene) woken() bool {
	synctest.Wait()
	select {
	case <-s.Wake():
		return true
	default:
		return false
	}
}

// isOverdue says that a wait is over, and nobody acted on that yet.
func (s *crewScene) isOverdue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overdue
}

func TestACrewWakesExactlyWhenItAskedTo(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for range 3 { // the first makes the timer, the others set it again
			s.wakeAt(time.Now().Add(10 * time.Second))
			time.Sleep(10*time.Second - 1)
			if s.woken() || s.isOverdue() {
				t.Error("it woke early")
			}
			time.Sleep(time.Nanosecond)
			if !s.woken() || !s.isOverdue() {
				t.Error("it did not wake in time")
			}
			s.Advance()
		}
		s.wakeAt(time.Now().Add(10 * time.Second))
		s.wakeAt(time.Time{})
		time.Sleep(time.Minute)
		if s.woken() {
			t.Error("it woke, and no time was asked for any more")
		}
	})
}

func TestAStepThatEndsMovesItsInstanceAloneAndAnOverdueWaitEveryOne(t *testing.T) {
	t.Parallel()
	for _, overdue := range []bool{false, true} {
		play(t, func(t *testing.T, s *crewScene) {
			for _, code := range []string{"one", "two"} {
				machine, facts := standing(cloud.PowerOff)
				machine.Code, machine.Label = code, Mark("test", "web", code)
				s.have(t, machine, policy.Standby, facts)
			}
			s.look(t)
			for _, in := range s.sorted() {
				in.goal.Value.Goal = policy.InService
			}
			s.ended, s.overdue = []*instance{s.instance("two")}, overdue
			s.Continue()
			synctest.Wait()
			if one, two := s.model.count("start one"), s.model.count("start two"); two != 1 || (one == 1) != overdue {
				t.Errorf("overdue: %v; calls: %v", overdue, s.model.calls)
			}
		})
	}
}

func TestContinueKeepsTheTimeOfTheNextWait(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		for i, code := range []string{"one", "two"} {
			machine, facts := standing(cloud.PowerOff)
			machine.Code, machine.Label = code, Mark("test", "web", code)
			s.have(t, machine, policy.Standby, facts)
			s.look(t)
			in := s.instance(code)
			in.goal.Value.Goal, in.retryAt = policy.InService, time.Now().Add(time.Duration(i+1)*time.Minute)
		}
		first := s.instance("one").retryAt
		s.Advance()
		if !s.wakesAt.Equal(first) {
			t.Errorf("it wakes at %v, want %v", s.wakesAt, first)
		}
		s.ended = []*instance{s.instance("two")}
		s.Continue()
		if !s.wakesAt.Equal(first) {
			t.Errorf("after a later wait it wakes at %v, want %v", s.wakesAt, first)
		}
		sooner := time.Now().Add(time.Second)
		s.instance("two").retryAt = sooner
		s.ended = []*instance{s.instance("two")}
		s.Continue()
		if !s.wakesAt.Equal(sooner) {
			t.Errorf("after a sooner wait it wakes at %v, want %v", s.wakesAt, sooner)
		}
	})
}

func TestACrewThatIsClosingWaitsForItsStepsAndBreaksThemOffWhenItsPatienceEnds(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		s.wakeAt(time.Now().Add(time.Second))
		begun := time.Now()
		s.inBackground(func() { <-s.ctx.Done() })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.Close(ctx)
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("it closed after %v", took)
		}
		if s.woken() || s.inBackground(func() { t.Error("a step was started") }) {
			t.Error("a crew that is closed goes on")
		}
	})
}

func TestACrewThatIsClosedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		aborts, abort := 0, s.abort
		s.abort = func() { aborts++; abort() }
		ctx, cancel := context.WithCancel(t.Context())
		s.Close(ctx)
		cancel()
		synctest.Wait()
		if aborts != 1 {
			t.Errorf("its steps were broken off %d times, want once at its end", aborts)
		}
	})
}
