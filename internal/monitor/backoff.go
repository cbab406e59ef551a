package monitor

import "time"

// backoff spares a source that is silent poll after poll, and above all the group that
// waits for it at each of its readings: it is asked less and less often, at last every
// sixth interval.
type backoff struct {
	interval time.Duration
	silent   int       // polls in a row without an answer
	until    time.Time // it is left alone
}

const (
	patientPolls = 2 // silent polls in a row before it is left alone
	mostSkipped  = 5 // polls in a row
)

// took takes note of a poll that began at started.
func (b *backoff) took(silent bool, started time.Time) {
	if !silent {
		b.silent, b.until = 0, time.Time{}
		return
	}
	b.silent++
	if over := b.silent - patientPolls; over >= 0 {
		skipped := min(1<<min(over, 8), mostSkipped)
		b.until = started.Add(time.Duration(skipped)*b.interval + b.interval/2)
	}
}

// rests says whether the source is left alone at now.
func (b *backoff) rests(now time.Time) bool { return now.Before(b.until) }
