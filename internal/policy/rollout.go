package policy

import "time"

// Rollout is which template a group's instances are to be made from, after its
// owner changed it, and whether that turned out well. Templates are named as
// cloud.Template.ID names them. The zero Rollout is that of a new group.
type Rollout struct {
	Configured string       `json:"configured,omitempty"`
	Previous   string       `json:"previous,omitempty"` // the last one before whose rollout ended; empty: none, so that there is no way back
	State      RolloutState `json:"state,omitempty"`
	Since      time.Time    `json:"since,omitzero"` // when it got into this state
	Why        string       `json:"why,omitempty"`  // it was given up
}

// RolloutState says how far a change of template is. The zero value is that of a
// group whose template never changed.
type RolloutState string

// The states of a rollout.
const (
	RolloutUnderWay RolloutState = "under_way"
	RolloutDone     RolloutState = "done"
	RolloutGivenUp  RolloutState = "given_up" // an instance of the new template failed: the old one is in force again
)

// Configure takes over what the owner configured, and says whether that changed
// anything. A rollout that was given up is tried again only with another template.
func (r *Rollout) Configure(template string, now time.Time) bool {
	switch r.Configured {
	case template:
		return false
	case "":
		*r = Rollout{Configured: template}
	default:
		*r = Rollout{Configured: template, Previous: r.proven(), State: RolloutUnderWay, Since: now}
	}
	return true
}

// proven is the template that instances were last made from without a rollout under way.
func (r *Rollout) proven() string {
	if r.State == RolloutUnderWay {
		return r.Previous
	}
	return r.InForce()
}

// InForce is the template that new instances are made from.
func (r *Rollout) InForce() string {
	if r.State == RolloutGivenUp {
		return r.Previous
	}
	return r.Configured
}

// Made is one instance, as far as a rollout goes.
type Made struct {
	Instance
	Template string    // that it is made from; empty when unknown
	At       time.Time // when it was; zero: when it was ordered
}

// Judge ends a rollout that is under way, and says whether it did: it is given up
// when an instance of the new template never came to serve, or failed before it had
// served for bake; it is done when no serving instance that may be replaced is made from another one and
// all have served for so long.
func (r *Rollout) Judge(instances []Made, bake time.Duration, now time.Time) bool {
	if r.State != RolloutUnderWay {
		return false
	}
	done := true
	for _, in := range instances {
		baked := !in.Joined.IsZero() && !now.Before(in.Joined.Add(bake))
		fresh := in.Template == r.Configured
		since, served := in.Since.After(r.Since), !in.Joined.IsZero()
		if !in.At.IsZero() {
			since, served = !in.At.Before(r.Since), in.Joined.After(in.At)
		}
		switch {
		case fresh && since && in.Quarantined && !served:
			return r.end(RolloutGivenUp, in.Code+" never came to serve", now)
		case fresh && in.Cause == Failing && in.Joined.After(r.Since) && !baked:
			return r.end(RolloutGivenUp, in.Code+" failed soon after it began to serve", now)
		case in.Goal == InService && !in.Protected && (!fresh && in.Template != "" || fresh && !baked):
			done = false
		}
	}
	if !done {
		return false
	}
	return r.end(RolloutDone, "", now)
}

func (r *Rollout) end(state RolloutState, why string, now time.Time) bool {
	r.State, r.Why, r.Since = state, why, now
	return true
}
