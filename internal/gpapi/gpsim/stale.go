package gpsim

import "time"

// StaleReads says which status of a machine reading actions show. IIJ's demo waits
// after its calls to avoid "a cached result", while IIJ's Vagrant provider believes
// what it reads at once.
type StaleReads uint8

const (
	// StaleByLag shows what was true StaleRead ago: the worst that is thinkable.
	StaleByLag StaleReads = iota

	// StaleByCache repeats for StaleRead what was last read of the machine. What
	// was not read of late is shown as it is.
	StaleByCache
)

// cachedRead is the last answer about a machine's status that was not a repetition.
type cachedRead struct {
	status string
	at     time.Time
}

// shownStatus is the status that reading actions show at now.
func (s *Sim) shownStatus(m *machine, now time.Time) string {
	stale := s.options.Delays.StaleRead
	switch {
	case s.options.StaleReads == StaleByLag:
		return m.status(now.Add(-stale))
	case now.Sub(m.read.at) < stale:
		return m.read.status
	default:
		return m.status(now)
	}
}

// readStatus is the status that the call shows.
func (c *call) readStatus(m *machine) string {
	status := c.shownStatus(m, c.now)
	if c.now.Sub(m.read.at) >= c.options.Delays.StaleRead {
		m.read = cachedRead{status, c.now}
	}
	return status
}
