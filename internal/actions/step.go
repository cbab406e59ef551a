package actions

import (
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Step is one thing that can be done to move an instance on.
type Step string

// The steps. StepOrder is not in the table: it makes instances rather than moving one.
const (
	StepNone     Step = ""         // wait, or there is nothing to do
	StepOrder    Step = "order"    // buy
	StepLabel    Step = "label"    // set our mark
	StepPrepare  Step = "prepare"  // the next missing preparation
	StepStart    Step = "start"    // turn on
	StepDescribe Step = "describe" // read the address
	StepHook     Step = "hook"     // ask a hook whether the instance may go on
	StepProbe    Step = "probe"    // ask the service whether it serves
	StepJoin     Step = "join"     // into every pool
	StepLeave    Step = "leave"    // out of every pool
	StepStop     Step = "stop"     // turn off
	StepRefresh  Step = "refresh"  // overwrite from the template
	StepRelease  Step = "release"  // end the contract
)

// Steps lists every step, for metrics that start at zero.
func Steps() []Step {
	return []Step{
		StepOrder, StepLabel, StepPrepare, StepStart, StepDescribe, StepHook, StepProbe, StepJoin, StepLeave, StepStop, StepRefresh, StepRelease,
	}
}

// Repeat says how a step may be repeated.
func (s Step) Repeat() cloud.Repeat {
	switch s {
	case StepOrder:
		return cloud.RepeatNever
	case StepLabel, StepDescribe, StepHook, StepProbe: // a repeated question has the same ID
		return cloud.RepeatSafe
	default:
		return cloud.RepeatLookFirst
	}
}

// looks says that the step asks the cloud or the machine, and has no effect.
func (s Step) looks() bool { return s == StepNone || s == StepDescribe || s == StepProbe }

// changes says that the step calls for a change in the cloud.
func (s Step) changes() bool { return !s.looks() && s != StepHook }

// table is the workflow: the next step for each goal and phase. A pair that is
// not in it waits (the cloud is at work) or is at its goal.
var table = map[policy.Goal]map[Phase]Step{
	policy.InService: {
		Unlabelled: StepLabel,
		Unfit:      StepRefresh,
		Unprepared: StepPrepare,
		Off:        StepStart,
		Running:    StepDescribe,
		Unfinished: StepHook,
		Described:  StepProbe,
		Ready:      StepJoin,
		PartPooled: StepJoin,
		Stray:      StepLeave,
	},
	policy.Ready: { // as for in_service, save that it joins no pool
		Unlabelled: StepLabel,
		Unfit:      StepRefresh,
		Unprepared: StepPrepare,
		Off:        StepStart,
		Running:    StepDescribe,
		Unfinished: StepHook,
		Described:  StepProbe,
		PartPooled: StepLeave,
		InPool:     StepLeave,
		Stray:      StepLeave,
	},
	policy.Standby: {
		Unlabelled: StepLabel,
		Unfit:      StepRefresh,
		Unprepared: StepPrepare,  // a half-built machine is finished, so that it can be started later
		Running:    StepDescribe, // without its address it cannot be looked for in the pools
		Unfinished: StepLeave,
		Described:  StepLeave,
		Ready:      StepLeave,
		PartPooled: StepLeave,
		InPool:     StepLeave,
		Stray:      StepLeave,
		Parting:    StepHook,
		Drained:    StepStop,
	},
	policy.Released: {
		Unlabelled: StepLabel,
		Unfit:      StepRelease,
		Unprepared: StepRelease,
		Off:        StepRelease,
		Running:    StepDescribe,
		Unfinished: StepLeave,
		Described:  StepLeave,
		Ready:      StepLeave,
		PartPooled: StepLeave,
		InPool:     StepLeave,
		Stray:      StepLeave,
		Parting:    StepHook,
		Drained:    StepStop,
	},
}

// Next is the step that an instance in the given phase takes towards its goal.
func Next(goal policy.Goal, phase Phase) Step { return table[goal][phase] }

// atRest says that an instance in this phase changes no more by itself, nor by a
// step towards its goal.
func atRest(goal policy.Goal, phase Phase) bool {
	switch phase {
	case Ending, Disputed:
		return true
	case InPool:
		return goal == policy.InService
	case Ready:
		return goal == policy.Ready
	case Off:
		return goal == policy.Standby
	default:
		return false
	}
}
