package gpsim

import "time"

// StaleReads says which status of a machine reading actions show. IIJ's demo waits
// after its calls to avoid "a cached result", while IIJ's Vagrant provider believes
// what it reads at once.
type StaleReads uint8

const (
	// StaleByLag shows what was true StaleRead ago: the worst that is thinkable.
	StaleByLag StaleReads = iota

	// StaleByCache repeats for StaleRead what was last read of the machine, by a list
	// and by single actions apart. What was not read of late is shown as it is, and a
	// single action shows it after each operation on the machine, without which IIJ's
	// provider would not work.
	StaleByCache
)

// cachedReads are what was last read of a machine.
type cachedReads struct{ single, listed cachedRead }

// cachedRead is the last answer about a machine's status that was not a repetition.
type cachedRead struct {
	status string
	at     time.Time
}

// shownStatus is the status that reading actions with this cache show at now.
func (s *Sim) shownStatus(m *machine, read cachedRead, now time.Time) string {
	stale := s.options.Delays.StaleRead
	switch {
	case s.options.StaleReads == StaleByLag:
		return m.status(now.Add(-stale))
	case now.Sub(read.at) < stale:
		return read.status
	default:
		return m.status(now)
	}
}

// readStatus is the status that the call shows by one of the machine's caches.
func (c *call) readStatus(m *machine, read *cachedRead) string {
	status := c.shownStatus(m, *read, c.now)
	if c.now.Sub(read.at) >= c.options.Delays.StaleRead {
		*read = cachedRead{status, c.now}
	}
	return status
}
