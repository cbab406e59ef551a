package gpsim

import (
	"slices"
	"time"
)

// agenda says when to look at what: by time and, for one time, in the order of
// adding. So a call costs what is due, not what there is.
type agenda[T any] []appointment[T]

type appointment[T any] struct {
	at   time.Time
	with T
}

func (a *agenda[T]) add(at time.Time, with T) {
	i, _ := slices.BinarySearchFunc(*a, at, func(other appointment[T], at time.Time) int {
		if other.at.After(at) {
			return 1
		}
		return -1
	})
	*a = slices.Insert(*a, i, appointment[T]{at, with})
}

// due takes the next whose time has come; not ok when there is none.
func (a *agenda[T]) due(now time.Time) (with T, ok bool) {
	if len(*a) == 0 || (*a)[0].at.After(now) {
		return with, false
	}
	with = (*a)[0].with
	*a = (*a)[1:]
	return with, true
}
