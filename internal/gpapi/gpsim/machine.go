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
)

// The locations.
const (
	locationL = "L"
	locationR = "R"
)

// The contract statuses.
const (
	contractInPreparation = "InPreparation"
	contractInService     = "InService"
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

	OrderedBy string    `json:"ordered_by"` // access key, or seeded
	OrderID   string    `json:"order_id"`   // request ID of the order; empty when seeded
	From      time.Time `json:"from"`       // wall time of the order
	StopDate  string    `json:"stop_date"`  // YYYYMMDD in Japan; empty when no end is recorded
	To        time.Time `json:"to,omitzero"`

	ReadableAt  time.Time `json:"readable_at"`   // from when GetContractStatus knows it
	InServiceAt time.Time `json:"in_service_at"` // from when the contract is InService
	Timeline    []moment  `json:"timeline"`      // at least one; ascending

	FwLbs []string `json:"fwlbs"` // gl codes that it is attached to

	Content    string   `json:"content"`     // stands for what is on its disk
	Source     string   `json:"source"`      // code of the machine that its disk was last copied from; empty when seeded
	Refreshes  int      `json:"refreshes"`   // how often its disk was overwritten
	PublicKeys []string `json:"public_keys"` // keys imported onto its disk, one entry per import
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

// passThrough puts the machine into a passing status now and into the next one
// after delay. Transitions under way are dropped; the past is kept as far back
// as stale reads can see.
func (m *machine) passThrough(now time.Time, passing string, delay time.Duration, next string, staleRead time.Duration) {
	past := m.Timeline
	for len(past) > 0 && past[len(past)-1].Since.After(now) {
		past = past[:len(past)-1]
	}
	oldest := now.Add(-staleRead)
	for len(past) > 1 && !past[1].Since.After(oldest) {
		past = past[1:]
	}
	m.Timeline = append(slices.Clone(past), moment{passing, now}, moment{next, now.Add(delay)})
}

func (m *machine) contract(at time.Time) string {
	if at.Before(m.InServiceAt) {
		return contractInPreparation
	}
	return contractInService
}

func (m *machine) ended() bool { return !m.To.IsZero() }

// on says whether the operating system runs.
func (m *machine) on(at time.Time) bool {
	return m.status(at) == StatusRunning
}

// endOfDay is the instant at which the day of a StopDate is over.
func endOfDay(stopDate string) (time.Time, error) {
	day, err := time.ParseInLocation(stopDateLayout, stopDate, japan)
	if err != nil {
		return time.Time{}, err
	}
	return day.AddDate(0, 0, 1), nil
}

// isOver says whether stopDate is set and its day has ended.
func isOver(stopDate string, wall time.Time) bool {
	end, err := endOfDay(stopDate)
	return err == nil && !wall.Before(end)
}

func dateText(t time.Time) string { return t.In(japan).Format(stopDateLayout) }
