package actions

import (
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// DriftKind is what somebody else did to an instance.
type DriftKind string

// The kinds of drift.
const (
	DriftStopped    DriftKind = "stopped"    // it served, and was turned off
	DriftEnded      DriftKind = "ended"      // its contract was given an end
	DriftRelabelled DriftKind = "relabelled" // our mark was replaced by another label
	DriftRemoved    DriftKind = "removed"    // it served, and was taken out of a pool
	DriftAdded      DriftKind = "added"      // it stood by, and was put into a pool
	DriftStarted    DriftKind = "started"    // it stood by, and was turned on
)

// DriftKinds lists every kind, for metrics that start at zero.
func DriftKinds() []DriftKind {
	return []DriftKind{DriftStopped, DriftEnded, DriftRelabelled, DriftRemoved, DriftAdded, DriftStarted}
}

// DriftPolicy says what becomes of a drift.
type DriftPolicy string

// The policies for drift.
const (
	DriftRepair DriftPolicy = "repair" // the instance is brought back to its goal, or replaced
	DriftAdopt  DriftPolicy = "adopt"  // it counts as if it had been decided
	DriftIgnore DriftPolicy = "ignore" // the instance is left alone while it lasts
)

// Drift is a change by somebody else that still lasts.
type Drift struct {
	Kind  DriftKind `json:"kind"`
	Since time.Time `json:"since"`
}

// policyOf is what to do about a drift. Unless configured otherwise it is repaired, save
// a foreign label: who set it may have meant it.
func (c *Crew) policyOf(d *Drift) DriftPolicy {
	switch p := c.Drift[d.Kind]; {
	case p != "":
		return p
	case d.Kind == DriftRelabelled:
		return DriftIgnore
	default:
		return DriftRepair
	}
}

// ignored says that the instance is left alone because somebody changed it.
func (c *Crew) ignored(f *Facts) bool {
	return f.Drift != nil && c.policyOf(f.Drift) == DriftIgnore
}

// driftOf says what somebody else changed of the instance, as far as what is seen
// proves it; empty for nothing. What shows during a step of ours may be our own
// doing. It must be asked before serving is learned anew.
// in.mu must be held.
func (c *Crew) driftOf(in *instance, now time.Time) DriftKind {
	f, v, goal := &in.facts.Value, &in.seen, in.goal.Value.Goal
	switch {
	case in.working || !v.certain() || f.Labelled.IsZero() || f.Stale.covers(v.machine.Power, now):
		return lasting(f)
	case v.machine.Ending() && f.LastDay.IsZero() && goal != policy.Released:
		return DriftEnded
	case f.relabelled(v, circumstances{mark: in.mark, staleRead: c.StaleRead}):
		return DriftRelabelled
	case goal == policy.InService:
		return c.driftInService(f, v)
	case goal == policy.Standby && !f.Rested.IsZero():
		return driftOnStandby(f, v)
	default:
		return ""
	}
}

// driftInService is the drift of an instance that is to serve. It begins while the
// instance serves, and lasts until what somebody did is undone.
func (c *Crew) driftInService(f *Facts, v *view) DriftKind {
	power, was := v.machine.Power, lasting(f)
	off := power == cloud.PowerOff || power == cloud.PowerBlank || power == cloud.PowerStopping
	switch {
	case off && f.StopAsked.IsZero() && (f.serves() || was == DriftStopped):
		return DriftStopped
	case v.poolsAt.IsZero():
		return was
	case power == cloud.PowerOn && v.pools < len(c.Balancers) && (f.serves() && f.Joined.After(f.LeaveAsked) || was == DriftRemoved):
		return DriftRemoved
	default:
		return ""
	}
}

// driftOnStandby is the drift of an instance that stood by, stopped.
func driftOnStandby(f *Facts, v *view) DriftKind {
	power := v.machine.Power
	switch {
	case v.poolsAt.IsZero():
		return lasting(f)
	case v.pools > 0:
		return DriftAdded
	case power == cloud.PowerOn || power == cloud.PowerStarting:
		return DriftStarted
	default:
		return ""
	}
}

// lasting is the drift on record, for when nothing newer is certain.
func lasting(f *Facts) DriftKind {
	if f.Drift == nil {
		return ""
	}
	return f.Drift.Kind
}

// learnDrift notes when a drift begins and ends, and says whether one did. in.mu
// must be held.
func (c *Crew) learnDrift(in *instance, now time.Time) bool {
	f, kind := &in.facts.Value, c.driftOf(in, now)
	switch {
	case kind == lasting(f):
		return false
	case kind == "":
		c.Log.Info("a change by somebody else is over", zap.String("instance", in.code), zap.String("drift", string(f.Drift.Kind)))
		f.Drift = nil
	default:
		f.Drift = &Drift{kind, now}
		c.Metrics.drift(c.Group, kind)
		c.Log.Warn("somebody else changed an instance", zap.String("instance", in.code), zap.String("drift", string(kind)),
			zap.String("policy", string(c.policyOf(f.Drift))))
	}
	return true
}

// wasAdded notes that an instance which stood by turns out to be in a pool, and says
// whether that is news: then it is for the policy for that to say what to do.
func (c *Crew) wasAdded(in *instance) (bool, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	before := in.facts.Value
	in.working = false
	added := c.driftOf(in, c.Now()) == DriftAdded && c.learnDrift(in, c.Now())
	in.working = true
	if !added {
		return false, nil
	}
	return true, c.write(in, before)
}

// Adoption is a drift that counts as if it had been decided.
type Adoption struct {
	policy.Assignment
	Change int // of the group's size: 1 or -1
}

// Adoptions lists the drifts that are to be adopted. Fleet decides on them, and until
// it did nothing is done to these instances.
func (c *Crew) Adoptions() []Adoption {
	var list []Adoption
	for _, in := range c.sorted() {
		in.mu.Lock()
		if a, wanted := c.adoption(in); wanted {
			list = append(list, a)
		}
		in.mu.Unlock()
	}
	return list
}

// adoption is how the instance's drift is to be adopted, if it is and was not yet.
// in.mu must be held.
func (c *Crew) adoption(in *instance) (Adoption, bool) {
	f, goal := &in.facts.Value, in.goal.Value.Goal
	if f.Drift == nil || f.Quarantine != nil || c.policyOf(f.Drift) != DriftAdopt {
		return Adoption{}, false
	}
	inward := f.Drift.Kind == DriftAdded || f.Drift.Kind == DriftStarted
	switch {
	case goal == policy.InService && !inward:
		return Adoption{policy.Assignment{Code: in.code, Goal: policy.Standby}, -1}, true
	case goal == policy.Standby && inward:
		return Adoption{policy.Assignment{Code: in.code, Goal: policy.InService}, 1}, true
	default:
		return Adoption{}, false
	}
}
