package monitor

import "time"

// backoff spares a source that is silent poll after poll, and above all the group that
// waits for it at each of its readings: it is asked less and less often, up to once a
// minute.
type backoff struct {
	interval time.Duration
	silent   int       // polls in a row without an answer
	polled   time.Time // when the last of them began
	until    time.Time // it is left alone
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
		b.silent, b.until = 0, time.Time{}
		return
	case b.silent > 0 && started.Sub(b.polled) < early(b.interval):
		return
	}
	b.silent, b.polled = b.silent+1, started
	if over := b.silent - patientPolls; over >= 0 {
		skipped := min(time.Duration(1)<<min(over, 10)*b.interval, longestRest-b.interval)
		b.until = started.Add(skipped + b.interval/2)
	}
}

// rests says whether the source is left alone at now.
func (b *backoff) rests(now time.Time) bool { return now.Before(b.until) }
