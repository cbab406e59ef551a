package actions

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// InstanceStatus is what there is to know of an instance.
type InstanceStatus struct {
	Code       string      `json:"code"`
	Goal       policy.Goal `json:"goal"`
	Phase      Phase       `json:"phase"`
	Step       Step        `json:"step,omitempty"` // the step under way, or the next one
	Proof      Proof       `json:"proof"`
	Address    string      `json:"address,omitempty"`
	Since      time.Time   `json:"since"`
	GoalSince  time.Time   `json:"goal_since"`
	Joined     time.Time   `json:"joined,omitzero"`
	LastDay    time.Time   `json:"last_day,omitzero"`
	Rested     time.Time   `json:"rested,omitzero"`        // since when it stands by, stopped
	Template   string      `json:"template,omitempty"`     // that it is made from
	Made       time.Time   `json:"made,omitzero"`          // when it was
	Outdated   bool        `json:"outdated,omitempty"`     // new ones are made from another
	Failing    time.Time   `json:"failing_since,omitzero"` // since when its service does not answer
	Expiring   bool        `json:"expiring,omitempty"`     // somebody set an end to its contract
	Location   string      `json:"location,omitempty"`
	Protected  *Protection `json:"protected,omitempty"`
	Drift      *Drift      `json:"drift,omitempty"`      // what somebody else changed
	LeftAlone  bool        `json:"left_alone,omitempty"` // because of that
	Quarantine string      `json:"quarantine,omitempty"` // why, if quarantined
	Trouble    string      `json:"trouble,omitempty"`    // why its last step failed
	Booting    bool        `json:"booting,omitempty"`    // that is no trouble yet: machines do not answer at once
	Hook       *HookStatus `json:"hook,omitempty"`       // that it waits for
}

// Capacity says that the instance counts as capacity: it serves, or is becoming
// an instance that does.
func (s InstanceStatus) Capacity() bool {
	return s.Goal == policy.InService && s.Quarantine == "" && !s.LeftAlone && s.Phase.Stage() != policy.Ending
}

// Cause says why the instance should make place for another.
func (s InstanceStatus) Cause() policy.Cause {
	switch {
	case !s.Failing.IsZero():
		return policy.Failing
	case s.Expiring:
		return policy.Expiring
	case s.Outdated:
		return policy.Outdated
	default:
		return policy.Sound
	}
}

// Instances describes every instance, in the order of their codes.
func (c *Crew) Instances() []InstanceStatus {
	instances := c.sorted()
	list := make([]InstanceStatus, len(instances))
	for i, in := range instances {
		list[i] = c.status(in)
	}
	return list
}

func (c *Crew) status(in *instance) InstanceStatus {
	in.mu.Lock()
	defer in.mu.Unlock()
	f, goal, phase := &in.facts.Value, in.goal.Value, c.phase(in)
	status := InstanceStatus{
		Code: in.code, Goal: goal.Goal, Phase: phase, Step: Next(goal.Goal, phase), Proof: f.Proof,
		Since: f.Since, GoalSince: goal.Since, Joined: f.Joined, LastDay: f.LastDay, Trouble: in.trouble,
		Rested: f.Rested, Template: f.Template, Made: f.Made, Outdated: c.outdated(f), Failing: f.Failing, Location: f.Location, Protected: f.Protected,
		Expiring: f.Drift != nil && f.Drift.Kind == DriftEnded, Drift: f.Drift, LeftAlone: phase == Disputed || c.ignored(f) && phase != InPool,
		Hook: c.hookStatus(in, phase),
	}
	if in.working {
		status.Step = in.step
	}
	status.Booting = status.Trouble != "" && status.Step == StepProbe && in.last.step != StepProbe
	if phase == Disputed {
		status.Trouble = fmt.Sprintf("its label is %q now, so it is left alone: label it %q again if it is ours", in.seen.machine.Label, in.mark)
	}
	if f.Address.IsValid() {
		status.Address = f.Address.String()
	}
	if f.Quarantine != nil {
		status.Quarantine = f.Quarantine.Why
	}
	return status
}

// Moving says that an instance is not where it should end, or an order is not
// settled, so that the cloud is worth looking at often.
func (c *Crew) Moving() bool {
	for _, in := range c.sorted() {
		in.mu.Lock()
		moving := in.facts.Value.Quarantine == nil && !c.ignored(&in.facts.Value) && !atRest(in.goal.Value.Goal, c.phase(in))
		in.mu.Unlock()
		if moving {
			return true
		}
	}
	return c.Account.Pending(c.Group) > 0
}

// Leaving says that the instance is on its way out and could be put back at once.
func (s InstanceStatus) Leaving() bool {
	stage := s.Phase.Stage()
	return s.Goal == policy.Standby && s.Quarantine == "" && !s.LeftAlone && s.Cause() < policy.Expiring &&
		(stage == policy.Leaving || stage == policy.Serving)
}
