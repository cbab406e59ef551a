package gpsim

import (
	"slices"
	"time"
)

// agenda says when to look at which machine: by time and, for one time, in the
// order of adding. So a call costs what is due, not what there is.
type agenda []appointment

type appointment struct {
	at      time.Time
	machine *machine
}

func (a *agenda) add(at time.Time, m *machine) {
	i, _ := slices.BinarySearchFunc(*a, at, func(other appointment, at time.Time) int {
		if other.at.After(at) {
			return 1
		}
		return -1
	})
	*a = slices.Insert(*a, i, appointment{at, m})
}

// due takes the next machine whose time has come; nil when there is none.
func (a *agenda) due(now time.Time) *machine {
	if len(*a) == 0 || (*a)[0].at.After(now) {
		return nil
	}
	m := (*a)[0].machine
	*a = (*a)[1:]
	return m
}
