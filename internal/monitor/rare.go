package monitor

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// rare is what few of the windows need, of which there may be a hundred thousand.
type rare struct {
	since stamp           // the values from then on have no gap; only where the window fills
	lie   error           // what is wrong with a newest value that is not believed at all; or nil
	err   error           // of the last poll; nil when it had a value
	late  reading.Instant // when the newest value came, if it was dated back by more than maxSkew then
	dated time.Time       // of the newest value, as it came; only where it is pushed
}

// lie is what is wrong with a newest value that is not believed at all; or nil.
func (w window) lie() error {
	if w.rare == nil {
		return nil
	}
	return w.rare.lie
}

// failure is the error of the last poll; nil when it had a value.
func (w window) failure() error {
	if w.rare == nil {
		return nil
	}
	return w.rare.err
}

// late is when the newest value came, if it was dated back by more than maxSkew then; or 0.
func (w window) late() reading.Instant {
	if w.rare == nil {
		return 0
	}
	return w.rare.late
}

func (w window) setLie(lie error) {
	if w.rare != nil || lie != nil {
		w.rarely().lie = lie
		w.tidy()
	}
}

func (w window) setFailure(err error) {
	if w.rare != nil || err != nil {
		w.rarely().err = err
		w.tidy()
	}
}

func (w window) setLate(late reading.Instant) {
	if w.rare != nil || late != 0 {
		w.rarely().late = late
		w.tidy()
	}
}

// dated is when the newest value was measured. Of a pushed one that is the same at each
// reading, to the last bit of the wall clock's time too.
func (w window) dated(now time.Time) time.Time {
	if w.rare == nil || stampOf(w.rare.dated) != w.points.last.at {
		return w.points.last.at.time(now)
	}
	return w.rare.dated
}

func (w window) setDated(at time.Time) {
	if w.pushed {
		w.rarely().dated = at
	}
}

// noGapSince notes from when on the values have no gap.
func (w window) noGapSince(at stamp) {
	if w.fills {
		w.rarely().since = at
	}
}

func (w window) rarely() *rare {
	if w.rare == nil {
		w.rare = &rare{}
	}
	return w.rare
}

// tidy gives up the room for what is rare once there is none of it.
func (w window) tidy() {
	if w.rare.lie == nil && w.rare.err == nil && w.rare.late == 0 && !w.fills && !w.pushed {
		w.rare = nil
	}
}
