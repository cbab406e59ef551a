package monitor

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// backoff spares a source that is silent poll after poll, and above all the group that
// waits for it at each of its readings: it is asked less and less often, up to once a
// minute.
type backoff struct {
	until   reading.Instant // it is left alone until then
	silent  int32           // polls without an answer in a row
	warming bool            // the instance is, and its source may still be starting; what is read there is not believed
}

const (
	patientPolls = 2 // silent polls in a row before it is left alone
	longestRest  = time.Minute
)

// took takes note of a poll that began at started, of a group that is read once in an
// interval. Polls that come closer than others count as one.
func (b *backoff) took(silent bool, started time.Time, interval time.Duration) {
	polled := b.until - reading.Instant(pause(b.silent, interval))
	switch {
	case !silent:
		b.silent = 0
	case b.silent > 0 && polled.Until(started) < early(interval):
	default:
		b.silent++
		b.until = reading.InstantOf(started.Add(pause(b.silent, interval)))
	}
}

// pause is for how long after the last of the silent polls the source is left alone.
func pause(silent int32, interval time.Duration) time.Duration {
	over := silent - patientPolls
	if over < 0 {
		return 0
	}
	return min(time.Duration(1)<<min(over, 10)*interval, longestRest-interval) + interval/2
}

// rests says whether the source is left alone at now.
func (b *backoff) rests(now time.Time) bool {
	return b.silent >= patientPolls && b.until.Until(now) < 0
}

// setWarming says whether the instance is warming. What was silent while it did is asked
// again at once.
func (b *backoff) setWarming(warming bool) {
	if b.warming && !warming {
		b.silent = 0
	}
	b.warming = warming
}
