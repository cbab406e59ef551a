package fleet

import (
	"context"
	"slices"
	"sync"
	"time"
)

// learner is a foresight that is to learn the past.
type learner struct {
	*foresight
	due time.Time
}

// school lets foresights learn the past: one at a time, since none is in a hurry and each
// keeps a processor busy. The zero school is empty.
type school struct {
	mu      sync.Mutex
	waiting []learner
	came    chan struct{} // holds one: somebody came; nil: nobody waits for that
}

// add makes those learn that owe it.
func (s *school) add(some ...*foresight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range some {
		if one != nil && one.owes {
			s.waiting = append(s.waiting, learner{foresight: one})
		}
	}
	if s.came == nil {
		s.came = make(chan struct{}, 1)
	}
	select {
	case s.came <- struct{}{}:
	default:
	}
}

// drop forgets those whose group does not decide by them any more. One that learns just now
// learns in vain.
func (s *school) drop(some ...*foresight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range some {
		if one != nil {
			one.dropped.Store(true)
		}
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(l learner) bool { return l.dropped.Load() })
}

// next is the one that is due first; ok is false while nobody waits.
func (s *school) next() (next learner, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return learner{}, false
	}
	return slices.MinFunc(s.waiting, func(a, b learner) int { return a.due.Compare(b.due) }), true
}

// take takes the learner out of those who wait, unless it was dropped meanwhile.
func (s *school) take(l learner) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, l)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	return i >= 0
}

// teach lets each learn the past, until ctx ends.
func (s *school) teach(ctx context.Context) {
	s.add() // so that it can be told of those who come
	for {
		next, ok := s.next()
		pause := time.Until(next.due)
		switch {
		case !ok || pause > 0:
			if !s.wait(ctx, ok, pause) {
				return
			}
		case s.take(next) && !s.learn(ctx, next):
			return
		}
	}
}

// wait waits until somebody comes or, if one is due then, for the pause; it returns false when ctx
// has ended.
func (s *school) wait(ctx context.Context, due bool, pause time.Duration) bool {
	var timer <-chan time.Time
	if due {
		timer = time.After(pause)
	}
	select {
	case <-ctx.Done():
		return false
	case <-s.came:
	case <-timer:
	}
	return ctx.Err() == nil
}

// learn lets one learn, and wait for another time if it should. It returns false when ctx has
// ended.
func (s *school) learn(ctx context.Context, one learner) bool {
	done := make(chan time.Duration, 1)
	go func() { done <- one.learnPast(ctx) }()
	again, ok := ended(ctx, done)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if again > 0 && !one.dropped.Load() {
		one.due = time.Now().Add(again)
		s.waiting = append(s.waiting, one)
	}
	return true
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
