package actions

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Phase is how far an instance is. It follows from what the cloud shows and from
// the durable facts alone, so it is the same after a crash, a reversal or a
// change by hand.
type Phase string

// The phases, on the way out and then on the way in.
const (
	Ordered    Phase = "ordered"     // its code is known, no listing shows it yet
	Preparing  Phase = "preparing"   // its contract is not in service yet
	Unlabelled Phase = "unlabelled"  // it does not carry our mark yet
	Disputed   Phase = "disputed"    // it carried our mark, and a listing shows another label
	Unfit      Phase = "unfit"       // off, to be overwritten from the template before it serves again
	Unprepared Phase = "unprepared"  // off, and a preparation is missing
	Busy       Phase = "busy"        // the cloud is changing it, or does not tell what it does
	Off        Phase = "stopped"     // off, with all preparations done that are configured
	Starting   Phase = "starting"    //
	Running    Phase = "running"     // on, its address not known
	Unfinished Phase = "unfinished"  // on, and a launch hook has not let it go on yet
	Described  Phase = "described"   // on, out of the pools, not known to serve
	Ready      Phase = "ready"       // on, out of the pools, its probe succeeds
	PartPooled Phase = "part_pooled" // in some of the pools
	InPool     Phase = "in_pool"     // in every pool, serving
	Stray      Phase = "stray"       // in a pool without being on, or without being there at all
	Draining   Phase = "draining"    // out of the pools, its last requests may still run
	Parting    Phase = "parting"     // drained, and an end hook has not let it go on yet
	Drained    Phase = "drained"     // out of the pools for as long as draining takes
	Stopping   Phase = "stopping"    //
	Ending     Phase = "ending"      // its contract has an end
	Gone       Phase = "gone"        // it was there, and listings no longer show it
)

// Phases lists every phase, for metrics that start at zero.
func Phases() []Phase {
	return []Phase{
		Ordered, Preparing, Unlabelled, Disputed, Unfit, Unprepared, Busy, Off, Starting, Running, Unfinished, Described, Ready, PartPooled,
		InPool, Stray, Draining, Parting, Drained, Stopping, Ending, Gone,
	}
}

// circumstances are what, beside facts and view, decides an instance's phase.
type circumstances struct {
	mark         string
	preparations []cloud.Preparation
	pools        int           // how many the group has
	drain        time.Duration // from leaving the pools to being stopped
	stopTimeout  time.Duration
	absenceAfter time.Duration
	staleRead    time.Duration // how long reads may lag behind our own changes
	probed       bool          // its probe succeeded often enough since it was started
	unfinished   bool          // a launch hook has not let it go on yet
	parting      bool          // an end hook has not let it go on yet
	outdated     bool          // it is made from another template than new ones are
	relabel      bool          // a foreign label is replaced by our mark
	now          time.Time
}

func phaseOf(f *Facts, v *view, c circumstances) Phase {
	gone := !f.Seen.IsZero() && v.absences >= 2 && c.now.Sub(v.absentSince) >= c.absenceAfter
	switch {
	case gone && v.pools > 0:
		return Stray
	case gone:
		return Gone
	case !f.LastDay.IsZero() || v.machine.Ending() && !v.serves():
		return Ending
	case !v.listed:
		return Ordered
	case v.machine.Contract != cloud.ContractInService:
		return Preparing
	case f.Labelled.IsZero():
		return Unlabelled
	case f.relabelled(v, c):
		if c.relabel {
			return Unlabelled
		}
		return Disputed
	default:
		return phaseOfOurs(f, v, c)
	}
}

// phaseOfOurs is the phase of a machine in service that carries our mark.
func phaseOfOurs(f *Facts, v *view, c circumstances) Phase {
	switch power := v.machine.Power; {
	case f.Stale.covers(power, c.now):
		return Busy
	case power == cloud.PowerUnknown: // that nothing was read proves nothing
		return Busy
	case power == cloud.PowerOn:
		return phaseOn(f, v, c)
	case v.pools > 0:
		return Stray
	case power == cloud.PowerStarting:
		return Starting
	case power == cloud.PowerStopping && overdue(f, c):
		return Drained // a stop that hangs is asked for again, by force
	case power == cloud.PowerStopping:
		return Stopping
	case power == cloud.PowerBusy:
		return Busy
	case power == cloud.PowerBlank && missingPreparation(f, c.preparations) != "":
		return Unprepared // it can be overwritten only when it could be started
	case c.outdated || !f.Failing.IsZero() || f.Overwrite != nil:
		return Unfit
	case missingPreparation(f, c.preparations) != "":
		return Unprepared
	default: // also a blank one: starting it says what it lacks
		return Off
	}
}

// relabelled says that a listing newer than our labelling shows another label.
func (f *Facts) relabelled(v *view, c circumstances) bool {
	return v.labelAt.After(f.Labelled.Add(c.staleRead)) && v.machine.Label != c.mark
}

func phaseOn(f *Facts, v *view, c circumstances) Phase {
	switch {
	case !f.Address.IsValid():
		return Running
	case v.pools == c.pools && c.pools > 0:
		return InPool
	case v.pools > 0:
		return PartPooled
	case !f.StopAsked.IsZero() && !overdue(f, c):
		return Stopping
	case !f.Left.IsZero() && c.now.Before(f.Left.Add(c.drain)):
		return Draining
	case !f.Left.IsZero() && c.parting:
		return Parting
	case !f.Left.IsZero():
		return Drained
	case c.unfinished:
		return Unfinished
	case !c.probed:
		return Described
	case c.pools == 0: // no balancer: what answers its probe serves
		return InPool
	default:
		return Ready
	}
}

// overdue says that a stop was asked for and did not come about in time.
func overdue(f *Facts, c circumstances) bool {
	return !f.StopAsked.IsZero() && !c.now.Before(f.StopAsked.Add(c.stopTimeout))
}

func missingPreparation(f *Facts, preparations []cloud.Preparation) string {
	for _, p := range preparations {
		if f.Prepared[p.Name].IsZero() {
			return p.Name
		}
	}
	return ""
}

// Stage is what a phase means for choosing instances.
func (p Phase) Stage() policy.Stage {
	switch p {
	case InPool:
		return policy.Serving
	case Off, Unfit, Unprepared:
		return policy.Stopped
	case Ending, Gone:
		return policy.Ending
	case Draining, Parting, Drained:
		return policy.Leaving
	default:
		return policy.Becoming
	}
}
