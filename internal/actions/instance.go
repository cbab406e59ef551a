package actions

import (
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// instance is one server of a group: its records, what was last seen of it, and
// the one job that may be moving it. mu guards everything but code; it is held
// while a record is written, never while the cloud is called.
type instance struct {
	code string

	mu    sync.Mutex
	goal  *store.Document[goalRecord]
	facts *store.Document[Facts]
	seen  view

	working  bool      // a job is moving it
	step     Step      // what the job is doing
	detail   string    // of what, when the step alone does not say it
	probes   int       // successful probes in a row since it was last started
	failures int       // failed steps in a row
	retryAt  time.Time // no job before this
	trouble  string    // why the last step failed; empty after a success
	wake     *time.Timer
}

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

// absorb takes over what a newer listing shows. It never goes back behind what a
// job looked up since. pools is -1 when the pools were not all read.
func (in *instance) absorb(snapshot *cloud.Snapshot, machine cloud.Machine, listed bool, pools int) {
	v := &in.seen
	if listed {
		v.absences, v.absentSince = 0, time.Time{}
		if snapshot.Started.After(v.labelAt) {
			v.machine.Label, v.machine.Stop, v.labelAt = machine.Label, machine.Stop, snapshot.Started
		}
		if snapshot.Started.After(v.machineAt) {
			machine.Label, machine.Stop = v.machine.Label, v.machine.Stop
			v.machine, v.machineAt, v.listed = machine, snapshot.Started, true
		}
	} else if snapshot.Started.After(v.machineAt) {
		if v.absences == 0 {
			v.absentSince = snapshot.Started
		}
		v.absences++
	}
	if pools >= 0 && snapshot.Started.After(v.poolsAt) {
		v.pools, v.poolsAt = pools, snapshot.Started
	}
}

// look takes over what a job just read of the machine.
func (in *instance) look(machine cloud.Machine, began time.Time) {
	v := &in.seen
	machine.Label, machine.Stop = v.machine.Label, v.machine.Stop
	v.machine, v.machineAt, v.listed = machine, began, true
}

// learn derives facts from what is seen, and says whether any changed.
func (in *instance) learn(now time.Time) bool {
	f, v := &in.facts.Value, &in.seen
	changed := false
	if v.listed && f.Seen.IsZero() {
		f.Seen, changed = now, true
	}
	if power := v.machine.Power; !f.BusyUntil.IsZero() && v.listed && power != cloud.PowerOff && power != cloud.PowerBlank {
		f.BusyUntil, changed = time.Time{}, true // reads have caught up with us
	}
	if address := v.machine.Address; address.IsValid() && address != f.Address {
		f.Address, changed = address, true
	}
	return changed
}
