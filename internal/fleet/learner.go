package fleet

import (
	"context"
	"time"
)

// learner is a foresight that is to learn the past.
type learner struct {
	*foresight
	due time.Time
}

// learners are those of all groups, before any of them runs.
func (f *Fleet) learners() (list []learner) {
	add := func(some ...*foresight) {
		for _, one := range some {
			if one != nil && one.owes {
				list = append(list, learner{foresight: one})
			}
		}
	}
	for _, g := range f.Groups {
		add(g.foresights[:]...)
	}
	for _, a := range f.Advisors {
		add(a.would.foresight)
	}
	return list
}

// learn lets each learn the past, until all have or ctx ends: one at a time, since none is
// in a hurry and each keeps a processor busy.
func learn(ctx context.Context, waiting []learner) {
	for len(waiting) > 0 {
		next := waiting[0]
		waiting = waiting[1:]
		if !sleep(ctx, time.Until(next.due)) {
			return
		}
		done := make(chan time.Duration, 1)
		go func() { done <- next.learnPast(ctx) }()
		again, ok := ended(ctx, done)
		if !ok {
			return
		}
		if again > 0 {
			next.due = time.Now().Add(again)
			waiting = append(waiting, next)
		}
	}
}

// ended waits for the answer. What does not end for a while after ctx did is left to itself: a
// file on a server that is gone holds up no stop.
func ended(ctx context.Context, done <-chan time.Duration) (again time.Duration, ok bool) {
	select {
	case again = <-done:
		return again, true
	case <-ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(stepGrace):
	}
	return 0, false
}

// sleep says whether ctx still goes on after the time.
func sleep(ctx context.Context, during time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(during):
		return ctx.Err() == nil
	}
}
