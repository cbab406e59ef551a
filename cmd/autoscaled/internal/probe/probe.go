// Package probe asks one source of signals, for the person who sets it up: an SNMP
// agent, a page of metrics, a PromQL expression, or all that a group's configuration
// names. It tells what was asked, what came back, and the reading that it makes.
//
// It promises to read by the same code as the daemon, to ask for nothing twice but what
// is a counter, to show no secret, and to need none of the cloud's: it neither needs nor
// calls a provider. Command probe uses it; it calls config, fleet, and monitor with its
// snmp, prom and reading.
package probe

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// Source is what can be asked.
type Source interface {
	Ask(ctx context.Context) []Reading
	Close()
}

// Reading is what one quantity of a source showed.
type Reading struct {
	Name    string   `json:"name"`
	Value   *float64 `json:"value"`             // null without one
	Quality string   `json:"quality"`           // a policy.Absence: present, or why there is no value
	Fault   string   `json:"fault,omitempty"`   // the same in words
	Unit    string   `json:"unit,omitempty"`    // as far as it is known
	Ceiling float64  `json:"ceiling,omitempty"` // the largest value that there can be; 0: none is known

	first bool // it is a counter, and what was read so far is one reading
}

func readingOf(name string, ceiling float64, r reading.Reading) Reading {
	out := Reading{Name: name, Ceiling: ceiling, Quality: r.Sample.Why().String(), first: errors.Is(r.Err, reading.ErrFirst)}
	if value, ok := r.Sample.Value(); ok {
		out.Value = &value
	}
	if r.Err != nil {
		out.Fault = r.Err.Error()
	}
	return out
}

// perSecond is the unit of a counter's rate.
const perSecond = "per second"

// Step is something that happened while a source was asked: exactly one of its fields
// is set, save that StillNone goes with a wait.
type Step struct {
	Datagram    *Datagram `json:"datagram,omitempty"`
	Page        *Page     `json:"page,omitempty"`
	Answer      *Answer   `json:"answer,omitempty"`
	WaitSeconds float64   `json:"wait_seconds,omitempty"` // until counters are read once more
	StillNone   bool      `json:"still_none,omitempty"`   // two readings made no rate, as of an agent that has just started
}

// readingsMost is how often counters are read until there is a rate. Two readings make one,
// save with an agent that has just started: it answers zeros at first, and no rate is
// reckoned from those.
const readingsMost = 3

// Ask asks the source, and while something in it is a counter without a rate, again after
// wait, readingsMost times in all. Tell is told of each wait.
func Ask(ctx context.Context, source Source, wait time.Duration, tell func(Step)) []Reading {
	readings := source.Ask(ctx)
	for n := 1; n < readingsMost && slices.ContainsFunc(readings, func(r Reading) bool { return r.first }); n++ {
		tell(Step{WaitSeconds: wait.Seconds(), StillNone: n > 1})
		if !sleep(ctx, wait) {
			break
		}
		readings = source.Ask(ctx)
	}
	return readings
}

// sleep returns false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// sinceMs is the time since then in milliseconds.
func sinceMs(then time.Time) float64 { return float64(time.Since(then).Microseconds()) / 1000 }
