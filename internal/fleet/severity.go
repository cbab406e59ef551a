package fleet

import "github.com/autoscaled/autoscaled/internal/policy"

// Severity says how soon somebody should look.
type Severity string

// The severities, from the least to the most.
const (
	Info     Severity = "info"     // the ordinary course of things
	Warning  Severity = "warning"  // somebody should look in working hours
	Critical Severity = "critical" // somebody should look now
)

// Severities lists every severity, from the least to the most.
func Severities() []Severity { return []Severity{Info, Warning, Critical} }

// AtLeast says that s is as severe as least, or more. An empty least is the least of all.
func (s Severity) AtLeast(least Severity) bool { return s.rank() >= least.rank() }

func (s Severity) rank() int {
	switch s {
	case Critical:
		return 2
	case Warning:
		return 1
	default:
		return 0
	}
}

// HoldSeverity is how grave a hold is: some are the ordinary course of things.
func HoldSeverity(hold policy.Hold) Severity {
	switch hold {
	case policy.HoldBrake, policy.HoldLaunches:
		return Critical
	case policy.HoldBake, policy.HoldYoung:
		return Info
	default:
		return Warning
	}
}
