package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/classic"
	"github.com/autoscaled/autoscaled/internal/plan/load"
)

// peak is how many instances the highest minute of every trace needs.
const peak = 40

// loadName is what the signal of a trace is called.
const loadName = "load"

// trace is a load to replay, in minutes, in instances' worth.
type trace struct {
	name string
	load *load.Load
	from int // the first step that is scored
}

// readTraces reads every table of a directory, by their names.
func readTraces(directory string) ([]*trace, error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*.csv"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no *.csv: name a directory of traces with -traces or AUTOSCALED_TRACES", directory)
	}
	traces := make([]*trace, len(paths))
	for i, path := range paths {
		if traces[i], err = readTrace(path); err != nil {
			return nil, err
		}
	}
	return traces, nil
}

func readTrace(path string) (*trace, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	l, _, err := load.ReadCSV(file, load.CSV{Name: path, Signals: []load.Quantity{{Name: loadName}}}, load.Options{Step: time.Minute})
	if err != nil {
		return nil, err
	}
	return newTrace(strings.TrimSuffix(filepath.Base(path), ".csv"), l)
}

func newTrace(name string, l *load.Load) (*trace, error) {
	if gaps := l.Signal(loadName).Gaps(); gaps.Count > 0 {
		return nil, fmt.Errorf("%s: nothing is known of %d minutes: give a trace without gaps", name, gaps.Steps)
	}
	scaled, err := l.ToPeak(loadName, peak, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &trace{name: name, load: scaled, from: int(unscored(l.End().Sub(l.Start)) / l.Step)}, nil
}

// unscored is how long a policy may learn from a trace of some length before it counts: as
// long as in the table that this one is compared with, so that the figures are alike.
func unscored(length time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case length <= day:
		return length / 4
	case length <= 2*day:
		return 6 * time.Hour
	case length <= 15*day:
		return 3 * day
	}
	return 8 * day
}

// anew is the trace with another peak, of which the first part of its length is not scored.
func (t *trace) anew(peak int, unscored func(time.Duration) time.Duration) (*trace, error) {
	l := t.load
	scaled, err := l.ToPeak(loadName, peak, 1)
	return &trace{name: t.name, load: scaled, from: int(unscored(l.End().Sub(l.Start)) / l.Step)}, err
}

// length is that of the whole trace.
func (t *trace) length() time.Duration { return t.load.End().Sub(t.load.Start) }

// scored are the loads that count, in instances' worth.
func (t *trace) scored() []float64 { return t.load.Signal(loadName).Totals[t.from:] }

// highest is the highest need that counts.
func (t *trace) highest() int { return classic.Peak(t.scored()).Size }
