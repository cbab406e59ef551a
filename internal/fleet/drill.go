package fleet

import (
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// DrillOutcome is how a fire drill ended; empty while it is under way.
type DrillOutcome string

// The outcomes.
const (
	DrillReady  DrillOutcome = "ready"  // the instance could serve
	DrillTaken  DrillOutcome = "taken"  // the group grew, and what the drill brought up came first
	DrillFailed DrillOutcome = "failed" // it did not become ready
)

// The steps of a fire drill, in order. Each is over when what it names is so.
const (
	drillOrdered     = "ordered"     // the order was answered
	drillDelivered   = "delivered"   // its contract is in service
	drillLabelled    = "labelled"    // it carries our mark
	drillOverwritten = "overwritten" // from the template, where it has to be
	drillPrepared    = "prepared"    // it can be started
	drillStarted     = "started"     // the start was asked for
	drillRunning     = "running"     // it is on
	drillDescribed   = "described"   // its address is known
	drillProbed      = "probed"      // it answers its probe: it is ready
)

var drillSteps = []string{
	drillOrdered, drillDelivered, drillLabelled, drillOverwritten, drillPrepared, drillStarted, drillRunning, drillDescribed, drillProbed,
}

// drillReached is the last step that is over in a phase. The others tell nothing.
var drillReached = map[actions.Phase]string{
	actions.Ordered:    drillOrdered,
	actions.Preparing:  drillOrdered,
	actions.Unlabelled: drillDelivered,
	actions.Unfit:      drillLabelled,
	actions.Unprepared: drillOverwritten,
	actions.Off:        drillPrepared,
	actions.Starting:   drillStarted,
	actions.Running:    drillRunning,
	actions.Unfinished: drillDescribed,
	actions.Described:  drillDescribed,
	actions.Ready:      drillProbed,
}

// Drill is a fire drill of a group: one real instance is brought up until it could
// serve, and stands by again. It joins no pool.
type Drill struct {
	ID         string        `json:"id"`
	Began      time.Time     `json:"began"`
	By         string        `json:"by"`
	Why        string        `json:"why,omitempty"`
	Instance   string        `json:"instance,omitempty"`   // empty until what was ordered is on record
	Overwrites bool          `json:"overwrites,omitempty"` // it is overwritten from the template first
	Steps      []DrillStep   `json:"steps,omitempty"`      // that are over, in order
	Step       string        `json:"step,omitempty"`       // that is under way, or was when the drill ended; empty once it is ready
	StepAt     time.Time     `json:"step_at"`              // when that began
	Outcome    DrillOutcome  `json:"outcome,omitempty"`
	Reason     string        `json:"reason,omitempty"` // why it did not become ready
	Took       time.Duration `json:"took_ns,omitempty"`
	Restarts   int           `json:"restarts,omitempty"` // of autoscaled meanwhile: what was under way then took longer for it
}

// DrillStep is a step of a drill that is over.
type DrillStep struct {
	Name string        `json:"name"`
	Took time.Duration `json:"took_ns"`
}

// UnderWay says that there is a drill, and that it is not over.
func (d *Drill) UnderWay() bool { return d != nil && d.Outcome == "" }

// instance is the code of the instance of a drill that is under way; empty if there is none.
func (d *Drill) instance() string {
	if !d.UnderWay() {
		return ""
	}
	return d.Instance
}

// has says that the instance is the drill's, and has not come to serve since.
func (d *Drill) has(in actions.InstanceStatus) bool {
	return d != nil && d.Instance == in.Code && !in.Joined.After(d.Began)
}

func (d *Drill) clone() *Drill {
	if d == nil {
		return nil
	}
	copied := *d
	copied.Steps = slices.Clone(d.Steps)
	return &copied
}

// anchor ties the drill's times to the monotonic clock of this process. Those that lie
// ahead count as now.
func (d *Drill) anchor(now time.Time) {
	if d != nil {
		d.Began, d.StepAt = now.Add(min(0, d.Began.Sub(now))), now.Add(min(0, d.StepAt.Sub(now)))
	}
}

// use makes an instance that stands by in the given phase the drill's, which begins anew
// with it: what was waited for before is no part of what is measured.
func (d *Drill) use(code string, phase actions.Phase, now time.Time) {
	d.Instance, d.Overwrites, d.Began, d.StepAt = code, phase == actions.Unfit, now, now
	d.Step = d.after(drillReached[phase])
}

// after is the step that follows one of them; empty after the last.
func (d *Drill) after(step string) string {
	next := drillSteps[slices.Index(drillSteps, step)+1:]
	if len(next) > 0 && next[0] == drillOverwritten && !d.Overwrites {
		next = next[1:]
	}
	if len(next) == 0 {
		return ""
	}
	return next[0]
}

// follow takes over what became of the drill's instance, and says whether that is news.
// patience is how long what it ordered is waited for, and trouble why an order failed.
func (d *Drill) follow(instances []actions.InstanceStatus, patience time.Duration, trouble string, now time.Time) bool {
	i := slices.IndexFunc(instances, func(in actions.InstanceStatus) bool {
		return in.Code == d.Instance || d.Instance == "" && in.Goal == policy.Ready && in.Quarantine == ""
	})
	switch {
	case i >= 0:
		return d.see(instances[i], now)
	case d.Instance != "":
		return d.fail(d.Instance+" is not on record any more", now)
	case !now.Before(d.Began.Add(patience)):
		why := fmt.Sprintf("nothing came of its order within %v", patience)
		if trouble != "" {
			why += ": " + trouble
		}
		return d.fail(why, now)
	}
	return false
}

// see takes over how far the instance is.
func (d *Drill) see(in actions.InstanceStatus, now time.Time) bool {
	found, steps := d.Instance == "", len(d.Steps)
	d.Instance = in.Code
	d.reach(in.Phase, now)
	switch {
	case in.Quarantine != "":
		return d.fail(in.Quarantine, now)
	case in.LeftAlone || in.Phase.Stage() == policy.Ending:
		return d.fail(in.Code+" was changed by somebody else, and is left alone", now)
	case in.Phase == actions.InPool || in.Phase == actions.PartPooled:
		return d.fail(in.Code+" came into the pool, and not by the drill", now)
	case in.Goal != policy.Ready:
		return d.fail(fmt.Sprintf("there was no room for %s, whose goal is %s", in.Code, in.Goal), now)
	case d.Step == "":
		return d.end(DrillReady, "", now)
	}
	return found || len(d.Steps) > steps
}

// reach notes the steps that are over in a phase and were not yet.
func (d *Drill) reach(phase actions.Phase, now time.Time) {
	reached, tells := drillReached[phase]
	if phase == actions.Busy && d.Step == drillStarted {
		reached, tells = drillStarted, true // nothing else keeps one busy that could be started
	}
	for tells && d.Step != "" && slices.Index(drillSteps, d.Step) <= slices.Index(drillSteps, reached) {
		d.Steps = append(d.Steps, DrillStep{d.Step, now.Sub(d.StepAt)})
		d.Step, d.StepAt = d.after(d.Step), now
	}
}

func (d *Drill) fail(why string, now time.Time) bool { return d.end(DrillFailed, why, now) }

// end ends the drill, which is news.
func (d *Drill) end(outcome DrillOutcome, why string, now time.Time) bool {
	d.Outcome, d.Reason, d.Took = outcome, why, now.Sub(d.Began)
	return true
}

// String says in words how the drill is.
func (d *Drill) String() string {
	with := ""
	if d.Instance != "" {
		with = " with " + d.Instance
	}
	took := d.Took.Round(time.Second)
	switch d.Outcome {
	case DrillReady:
		return fmt.Sprintf("fire drill%s: ready after %v", with, took)
	case DrillTaken:
		return fmt.Sprintf("fire drill%s: ended after %v, since the group grows", with, took)
	case DrillFailed:
		return fmt.Sprintf("fire drill%s: not ready after %v, it hung before it was %s: %s", with, took, d.Step, d.Reason)
	default:
		return fmt.Sprintf("fire drill%s, by %s", with, signed(d.By, d.Why))
	}
}
