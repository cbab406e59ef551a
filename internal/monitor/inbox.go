package monitor

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// inbox holds the newest value that was pushed, between two readings.
type inbox struct {
	group, signal string
	format        config.PushFormat

	mu     sync.Mutex
	newest reading.Reading
}

func (b *inbox) read() reading.Reading {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.newest.Sample.At().IsZero() {
		return reading.None(policy.Absent, time.Now(), b.nothing())
	}
	return b.newest
}

// nothing explains that the inbox is empty.
func (b *inbox) nothing() error {
	if b.format.SaysWays() {
		return fmt.Errorf("%w since the start: POST %s", errQuiet, b.wanted())
	}
	return fmt.Errorf("nobody has pushed since the start: POST %s", b.wanted())
}

// wanted says what is to be sent, and whereto.
func (b *inbox) wanted() string {
	path := fmt.Sprintf("/v1/push/%s/%s", b.group, b.signal)
	switch b.format {
	case config.PushValue, "":
		return "a value to " + path
	case config.PushDirection:
		return "to " + path + "/up, /down or /keep"
	}
	return fmt.Sprintf("what %s sends to %s/up, /down or /keep", b.format, path)
}

// Push takes a value of a pushed signal, measured at the given time. It may be called
// by several goroutines, also during a Read. One that is no newer than the newest is not
// kept: it came late. The error says what else is wrong with the value; then nothing
// changed.
func (m *Monitor) Push(signal string, value float64, at time.Time) (kept bool, err error) {
	box := m.inboxes[signal]
	switch now := time.Now(); {
	case box == nil:
		return false, fmt.Errorf("push to signal %s: group %s has no such signal with a push source", signal, m.name)
	case math.IsNaN(value) || math.IsInf(value, 0):
		return false, fmt.Errorf("push %v to signal %s: nothing can be decided on it: send a finite number, or nothing", value, signal)
	case at.Sub(now) > maxSkew:
		return false, fmt.Errorf("push to signal %s: its time is %s ahead of this machine's: set the clock of one of them, or send age in place of time", signal, at.Sub(now).Round(time.Second))
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if now := time.Now(); at.After(now) { // it would hide the true ones until then
		at = now
	}
	if !at.After(box.newest.Sample.At()) {
		return false, nil
	}
	box.newest = reading.Of(value, at)
	return true, nil
}
