package page

import "github.com/autoscaled/autoscaled/internal/fleet"

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
	all := g.Concerns()
	list := make([]concern, len(all))
	for i, c := range all {
		list[i] = concern{levelOf(c.Severity), string(c.Kind), c.Count, c.Why}
		switch {
		case c.Kind == fleet.ConcernHeld || c.Kind == fleet.ConcernOverride:
			list[i].Key += "." + c.About
		case c.About != "" && c.Why != "":
			list[i].Detail = c.About + ": " + c.Why
		case c.Kind == fleet.ConcernForeign:
			list[i].Detail = c.About
		}
	}
	return list
}

// gravest is the highest level of the concerns.
func gravest(concerns []concern) level {
	if len(concerns) == 0 {
		return note
	}
	return concerns[0].Level // they are sorted
}
