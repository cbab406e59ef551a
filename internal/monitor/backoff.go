package monitor

import "time"

// backoff spares a source that is silent poll after poll, and above all the group that
// waits for it at each of its readings: it is asked less and less often, up to once a
// minute.
type backoff struct {
	interval time.Duration
	polled   instant // when the last poll without an answer began
	silent   int32   // such polls in a row
}

const (
	patientPolls = 2 // silent polls in a row before it is left alone
	longestRest  = time.Minute
)

// took takes note of a poll that began at started. Polls that come closer than others
// count as one.
func (b *backoff) took(silent bool, started time.Time) {
	switch {
	case !silent:
		b.silent = 0
	case b.silent > 0 && instantOf(started).since(b.polled) < early(b.interval):
	default:
		b.silent, b.polled = b.silent+1, instantOf(started)
	}
}

// rests says whether the source is left alone at now.
func (b *backoff) rests(now time.Time) bool {
	over := b.silent - patientPolls
	if over < 0 {
		return false
	}
	skipped := min(time.Duration(1)<<min(over, 10)*b.interval, longestRest-b.interval)
	return instantOf(now).since(b.polled) < skipped+b.interval/2
}
