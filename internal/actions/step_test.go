package actions

import (
	"slices"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var goals = []policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready}

// waits are the phases in which there is nothing to do, whatever the goal, and why.
var waits = map[Phase]string{
	Ordered:   "until a listing shows the machine",
	Preparing: "until its contract begins",
	Disputed:  "it is somebody else's: a person must settle it",
	Busy:      "until the cloud is done",
	Starting:  "until it is on",
	Draining:  "until its last requests are over",
	Stopping:  "until it is off, or the stop is overdue",
	Ending:    "for the end of its contract",
	Gone:      "until its record is dropped",
}

func TestEveryPairOfGoalAndPhaseHasAStepOrAReasonToWait(t *testing.T) {
	t.Parallel()
	for _, goal := range goals {
		for _, phase := range Phases() {
			step, why := Next(goal, phase), waits[phase]
			// Whoever wants an instance to serve, or to be able to, has taken back that it left.
			impossible := occupies(goal) && (phase == Drained || phase == Parting)
			switch {
			case step != StepNone && why != "":
				t.Errorf("%s and %s: the step is %s, though it should wait %s", goal, phase, step, why)
			case step == StepNone && why == "" && !atRest(goal, phase) && !impossible:
				t.Errorf("%s and %s: there is neither a step nor a reason to wait", goal, phase)
			case step != StepNone && atRest(goal, phase):
				t.Errorf("%s and %s: at rest, and there is the step %s", goal, phase, step)
			}
		}
	}
}

func TestEveryStepIsTakenSomewhereAndOnlyThePurchaseIsNeverRepeated(t *testing.T) {
	t.Parallel()
	for _, step := range Steps() {
		used := slices.ContainsFunc(goals, func(goal policy.Goal) bool {
			return slices.ContainsFunc(Phases(), func(phase Phase) bool { return Next(goal, phase) == step })
		})
		if used == (step == StepOrder) {
			t.Errorf("%s is in the table: %v", step, used)
		}
		if never := step.Repeat() == cloud.RepeatNever; never != (step == StepOrder) {
			t.Errorf("%s may be repeated: %v", step, !never)
		}
	}
}

func TestNothingIsReleasedUnlessThatIsItsGoal(t *testing.T) {
	t.Parallel()
	for _, goal := range goals {
		for _, phase := range Phases() {
			if step := Next(goal, phase); step == StepRelease && (goal != policy.Released || phase != Off && phase != Unprepared && phase != Unfit) {
				t.Errorf("%s and %s: %s", goal, phase, step)
			}
		}
	}
}

func TestADrilledInstanceDoesWhatOneInServiceDoesSaveThatItJoinsNoPool(t *testing.T) {
	t.Parallel()
	for _, phase := range Phases() {
		want := Next(policy.InService, phase)
		switch phase {
		case Ready:
			want = StepNone
		case PartPooled, InPool:
			want = StepLeave
		}
		if got := Next(policy.Ready, phase); got != want {
			t.Errorf("%s: the step is %q, want %q", phase, got, want)
		}
	}
}
