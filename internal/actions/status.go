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
	Quarantine string      `json:"quarantine,omitempty"` // why, if quarantined
	Trouble    string      `json:"trouble,omitempty"`    // why its last step failed
}

// Capacity says that the instance counts as capacity: it serves, or is becoming
// an instance that does.
func (s InstanceStatus) Capacity() bool {
	return s.Goal == policy.InService && s.Quarantine == "" && s.Phase.Stage() != policy.Ending
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
	}
	if in.working {
		status.Step = in.step
	}
	if phase == Disputed {
		status.Trouble = fmt.Sprintf("its label is %q now, so it is left alone: label it %q again if it is ours", in.seen.machine.Label, Mark(c.Installation, c.Group, in.code))
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
		moving := in.facts.Value.Quarantine == nil && !atRest(in.goal.Value.Goal, c.phase(in))
		in.mu.Unlock()
		if moving {
			return true
		}
	}
	return c.Account.Pending(c.Group) > 0
}
