package monitor

import (
	"errors"
	"fmt"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Fault explains to a person why a signal could not be read, or is not believed, in
// the last Read.
type Fault struct {
	Signal   string
	Instance string         // the provider's code; empty for a signal of the group, and where all instances have it
	Why      policy.Absence // Present when an earlier value or another signal stands in
	Err      error
}

// String is one line for a log.
func (f Fault) String() string {
	if f.Instance == "" {
		return fmt.Sprintf("signal %s: %v", f.Signal, f.Err)
	}
	return fmt.Sprintf("signal %s of %s: %v", f.Signal, f.Instance, f.Err)
}

// Expected says that the fault is part of the ordinary course of things: that of every
// new instance, a counter read for the first time or a window not yet full; a
// counter that rests for a moment; or no alert.
func (f Fault) Expected() bool {
	return f.Quiet() || errors.Is(f.Err, reading.ErrFirst) || errors.Is(f.Err, errFilling) || errors.Is(f.Err, errTooFew) || errors.Is(f.Err, errResting)
}

// errQuiet explains a signal of alerts that has no value because none fires.
var errQuiet = errors.New("no alert has come")

// Quiet says that the signal is one of alerts, and that none fires.
func (f Fault) Quiet() bool { return errors.Is(f.Err, errQuiet) }

// Faults lists what went wrong in the last Read, signal by signal. Warming
// instances have none: their silence is expected. What all others have is one fault.
func (m *Monitor) Faults() []Fault { return m.faults }

// faultsOf are the faults of one signal.
func faultsOf(s *signal, found answers, targets []Target) []Fault {
	if !s.perInstance {
		if found.group.err == nil {
			return nil
		}
		return []Fault{{s.name, "", found.group.sample.Why(), found.group.err}}
	}
	var faults []Fault
	expected, silent := 0, 0
	for i, target := range targets {
		if target.Warming {
			continue
		}
		expected++
		if a := found.instances[i]; a.err != nil {
			faults = append(faults, Fault{s.name, target.Code, a.sample.Why(), a.err})
			if a.silent {
				silent++
			}
		}
	}
	if expected < 2 || len(faults) < expected {
		return faults
	}
	shared := faults[0]
	shared.Instance = ""
	if silent == expected {
		shared.Err = fmt.Errorf("none of the %d instances answers; that looks like the network between, or a setting that they share, and not like idleness: check from here. The first: %w", expected, shared.Err)
	} else {
		shared.Err = fmt.Errorf("all %d instances have something; the first: %w", expected, shared.Err)
	}
	return []Fault{shared}
}
