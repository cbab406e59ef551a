package monitor

import (
	"errors"
	"fmt"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Fault explains to a person why a signal could not be read in the last Read.
type Fault struct {
	Signal   string
	Instance string         // the provider's code; empty for a signal of the group
	Why      policy.Absence // Present when an earlier value still stands in
	Err      error
}

// String is one line for a log.
func (f Fault) String() string {
	if f.Instance == "" {
		return fmt.Sprintf("signal %s: %v", f.Signal, f.Err)
	}
	return fmt.Sprintf("signal %s of %s: %v", f.Signal, f.Instance, f.Err)
}

// Expected says that the fault is that of every new instance: a counter read for
// the first time.
func (f Fault) Expected() bool { return errors.Is(f.Err, reading.ErrFirst) }

// Faults lists what went wrong in the last Read, signal by signal. Warming
// instances have none: their silence is expected.
func (m *Monitor) Faults() []Fault { return m.faults }
