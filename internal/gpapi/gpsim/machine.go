package gpsim

import (
	"net/netip"
	"slices"
	"time"
)

// The machine statuses of GP-API that the simulator uses.
const (
	StatusInitialized    = "Initialized"    // off; not startable before a key import
	StatusStopped        = "Stopped"        // off, startable
	StatusStarting       = "Starting"       // going up
	StatusRunning        = "Running"        // the operating system runs
	StatusStopping       = "Stopping"       // going down; the operating system is gone
	StatusConfiguring    = "Configuring"    // off; a setting is being applied
	StatusCloning        = "Cloning"        // being built from a source
	StatusLockForCloning = "LockForCloning" // source of a clone job under way
	StatusInitializing   = "Initializing"   // its disk is being wiped
)

// The locations.
const (
	locationL = "L"
	locationR = "R"
)

// machine is everything that is known of one machine. It is kept for ever, past
// its contract.
type machine struct {
	Code          string     `json:"code"`
	GpServiceCode string     `json:"gp_service_code"`
	Type          string     `json:"type"`
	Label         string     `json:"label"`
	Location      string     `json:"location"`
	Address       netip.Addr `json:"address"`

	OrderedBy string `json:"ordered_by"` // access key, or seeded
	OrderID   string `json:"order_id"`   // request ID of the order; empty when seeded
	term
	Timeline []moment `json:"timeline"` // at least one; ascending

	FwLbs  []string         `json:"fwlbs"`           // gl codes that it is attached to
	Vlan   string           `json:"vlan,omitempty"`  // gx code that it is attached to; empty: none
	OS     string           `json:"os,omitempty"`    // what it was ordered with; empty: machineOS
	Global globalAddress    `json:"global,omitzero"` // the one that comes with it
	More   []*addressOption `json:"more,omitempty"`  // global addresses ever ordered beside it
	Disks  []*disk          `json:"disks,omitempty"` // disks ever ordered beside its first

	Content    string   `json:"content"`     // stands for what is on its disk
	Source     string   `json:"source"`      // code of the machine that its disk was last copied from; empty when seeded
	Refreshes  int      `json:"refreshes"`   // how often its disk was overwritten
	PublicKeys []string `json:"public_keys"` // keys imported onto its disk, one entry per import

	read cachedReads
}

// seeded is who ordered a machine of the fixture.
const seeded = "seed"

// moment is a status and the time from which it holds. A timeline's last
// moments may lie in the future: they are transitions under way.
type moment struct {
	Status string    `json:"status"`
	Since  time.Time `json:"since"`
}

// status is the machine's status at the given time; before its first moment it
// is that of the first.
func (m *machine) status(at time.Time) string {
	status := m.Timeline[0].Status
	for _, moment := range m.Timeline[1:] {
		if moment.Since.After(at) {
			break
		}
		status = moment.Status
	}
	return status
}

// passThrough gives the machine the moments that begin now. Transitions under way
// are dropped; the past is kept as far back as stale reads can see.
func (m *machine) passThrough(now time.Time, staleRead time.Duration, moments ...moment) {
	past := m.Timeline
	for len(past) > 0 && past[len(past)-1].Since.After(now) {
		past = past[:len(past)-1]
	}
	oldest := now.Add(-staleRead)
	for len(past) > 1 && !past[1].Since.After(oldest) {
		past = past[1:]
	}
	m.Timeline = slices.Concat(past, moments)
}

func (m *machine) os() string {
	if m.OS == "" {
		return machineOS
	}
	return m.OS
}

// on says whether the operating system runs.
func (m *machine) on(at time.Time) bool {
	return m.status(at) == StatusRunning
}

// end turns the machine off for good, with all that was bought for it.
func (m *machine) end(s *state, at instant) {
	m.Timeline = []moment{{StatusStopped, at.now}}
	s.turns.add(at.now, m)
	for _, d := range m.Disks {
		d.terminate(at.wall)
	}
	for _, a := range m.More {
		a.terminate(at.wall)
	}
	e := s.estate(m.GpServiceCode)
	e.machines = removed(e.machines, m)
}
