package fleet

import (
	"context"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// reading is what one reading of the signals gave.
type reading struct {
	signals []policy.Signal
	faults  []monitor.Fault
}

// reader reads the signals of a group that acts beside its goroutine, which goes on
// meanwhile. It is for that goroutine, but for rewake.
type reader struct {
	readings chan reading  // one at a time
	reading  bool          // one is under way
	began    time.Time     // the last reading
	woken    chan struct{} // an event came; holds one
	later    *time.Timer   // wakes again after an event that came too soon
}

func newReader() *reader {
	r := &reader{readings: make(chan reading, 1), woken: make(chan struct{}, 1)}
	r.later = time.AfterFunc(wakeGap, r.rewake)
	r.later.Stop()
	return r
}

// read starts reading the signals, unless the last reading is still under way.
func (g *Group) read(ctx context.Context, tick time.Time, targets []monitor.Target) {
	g.Metrics.lag.Observe(max(0, time.Since(tick).Seconds()))
	if g.reading {
		return
	}
	g.reading, g.began = true, time.Now()
	g.targeted.Store(&targets)
	now := g.Now()
	go func() {
		signals := g.Signals.Read(ctx, now, targets, nil)
		g.readings <- reading{signals, g.Signals.Faults()}
	}()
}

// rewake asks for a reading. Any goroutine may call it; it does not wait.
func (r *reader) rewake() {
	select {
	case r.woken <- struct{}{}:
	default: // it is to be read anyway
	}
}

// mayWake says whether the group can be read now. If not, it is woken again when it
// can.
func (r *reader) mayWake() bool {
	wait := wakeGap - time.Since(r.began)
	if r.reading {
		wait = max(wait, wakeGap)
	}
	if wait > 0 {
		r.later.Reset(wait)
		return false
	}
	return true
}

// finish waits for a reading that is still under way.
func (r *reader) finish() {
	r.later.Stop()
	if r.reading {
		<-r.readings
	}
}
