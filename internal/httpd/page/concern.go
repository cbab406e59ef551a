package page

import (
	"slices"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// level says how soon somebody should look.
type level int

const (
	note     level = iota // worth knowing
	warning               // in working hours
	critical              // now
)

func (l level) String() string { return [...]string{"note", "warning", "critical"}[l] }

func levelOf(s fleet.Severity) level {
	switch s {
	case fleet.Critical:
		return critical
	case fleet.Warning:
		return warning
	default:
		return note
	}
}

// concern is something about a group that a person should know of.
type concern struct {
	Level  level
	Key    string // of the catalogue: badge.Key names it, todo.Key says what to do
	Count  int    // how many it is about; 0: does not count
	Detail string // in the daemon's words
}

// concernsOf are those of a group, the gravest first.
func concernsOf(g *fleet.GroupStatus) []concern {
	var list []concern
	for _, c := range g.Concerns() {
		told := concern{levelOf(c.Severity), string(c.Kind), c.Count, c.Why}
		switch {
		case c.Kind == fleet.ConcernFailing && slices.Contains(g.Held, policy.HoldBrake):
			continue // the hold tells of them
		case c.Kind == fleet.ConcernFailing && !replaces(g):
			told.Key += ".left"
		case c.Kind == fleet.ConcernHeld || c.Kind == fleet.ConcernOverride:
			told.Key += "." + c.About
		case c.About != "" && c.Why != "":
			told.Detail = c.About + ": " + c.Why
		case c.Kind == fleet.ConcernForeign:
			told.Detail = c.About
		}
		list = append(list, told)
	}
	return list
}

// replaces says that the group replaces instances that do not answer.
func replaces(g *fleet.GroupStatus) bool {
	return g.Trouble == "" && g.Mode != "recommend" && !g.Override.Pauses() && !slices.Contains(g.Held, policy.HoldLaunches)
}

// gravest is the highest level of the concerns.
func gravest(concerns []concern) level {
	if len(concerns) == 0 {
		return note
	}
	return concerns[0].Level // they are sorted
}
