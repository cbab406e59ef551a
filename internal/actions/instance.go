package actions

import (
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/store"
)

// instance is one server of a group: its records, what was last seen of it, and
// the one step that may be moving it. mu guards everything but code and mark; it is held
// while a record is written, never while the cloud is called.
type instance struct {
	code string
	mark string // the label that proves that it is ours

	mu    sync.Mutex
	goal  *store.Document[goalRecord]
	facts *store.Document[Facts]
	seen  view

	watching bool      // its service is being probed while it serves
	misses   int       // failed probes of these in a row
	missedAt time.Time // the first of them
	hits     int       // successful ones in a row while it counts as failing

	dropped    bool      // it is on record no more
	working    bool      // a step is under way
	step       Step      // which one
	detail     string    // of what, when the step alone does not say it
	waiting    bool      // the template that it is to be overwritten from is in use
	leaving    bool      // it is being taken out of the pools, and is not counted on any more
	probes     int       // successful probes in a row since it was last started
	answeredAt time.Time // when a probe last succeeded
	failures   int       // failed steps in a row
	last       failure   // of the newest of them
	retryAt    time.Time // no step before this
	trouble    string    // why the last step failed; empty after a success
}

// failure is what makes two failures the same news.
type failure struct {
	step  Step
	class cloud.Class
}

// view is what was last seen of an instance.
type view struct {
	machine   cloud.Machine
	listed    bool      // a listing or a look showed it
	machineAt time.Time // when the look at the machine began
	labelAt   time.Time // when the listing that showed the label began
	pools     int       // how many of the group's pools it is a node of
	poolsAt   time.Time // when the look at the pools began; zero before the first

	poolsGuessed bool // it may be in more: the answer to taking it out was no clear yes

	absentSince time.Time // begin of the first listing in a row that lacked it
	absences    int       // listings in a row that lacked it
}

// absorb takes over what a newer listing shows. It never goes back behind what a
// step looked up since. That it lacks the machine counts only if it is believed. pools
// is -1 when the pools were not all read.
func (v *view) absorb(snapshot *cloud.Snapshot, machine cloud.Machine, listed, believed bool, pools int) {
	if listed {
		v.absences, v.absentSince = 0, time.Time{}
		if snapshot.Started.After(v.labelAt) {
			v.machine.Label, v.machine.Stop, v.labelAt = machine.Label, machine.Stop, snapshot.Started
		}
		if snapshot.Started.After(v.machineAt) {
			v.look(machine, snapshot.Started)
		}
	} else if believed && snapshot.Started.After(v.machineAt) {
		if v.absences == 0 {
			v.absentSince = snapshot.Started
		}
		v.absences++
	}
	if pools >= 0 && snapshot.Started.After(v.poolsAt) {
		v.pools, v.poolsAt, v.poolsGuessed = pools, snapshot.Started, false
	}
}

// look takes over what was read of the machine, save what only a listing shows.
func (v *view) look(machine cloud.Machine, began time.Time) {
	machine.Label, machine.Stop = v.machine.Label, v.machine.Stop
	v.machine, v.machineAt, v.listed = machine, began, true
	v.absences, v.absentSince = 0, time.Time{}
}

// serves says that the machine is on and in a pool.
func (v *view) serves() bool {
	return v.listed && v.machine.Contract != cloud.ContractEnded && v.machine.Power == cloud.PowerOn && v.pools > 0
}

// certain says that power and contract were read, so that they prove something.
func (v *view) certain() bool {
	return v.listed && v.machine.Contract == cloud.ContractInService && v.machine.Power != cloud.PowerUnknown
}
