package fleet

import (
	"runtime"
	"sync"
	"time"
)

// alarm gives whoever rests without a goroutine of its own a turn in each interval, and
// one ahead of time when that is asked for: one turn at a time, and none begins less than
// wakeGap after the one before because it was asked for. Its methods may be called by
// any goroutine.
type alarm struct {
	mu       sync.Mutex
	timer    *time.Timer // nil until start
	interval time.Duration
	due      time.Time // the next turn, by itself
	began    time.Time // the newest turn
	busy     bool      // a turn is under way
	asked    bool      // for another, while it is
	stopped  bool
	turns    sync.WaitGroup // under way
}

// start calls take at each turn, first after the slot; it is told when the turn was due.
func (a *alarm) start(slot, interval time.Duration, take func(due time.Time)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.interval, a.due = interval, time.Now().Add(slot)
	a.timer = time.AfterFunc(slot, func() {
		if due, ok := a.begin(); ok {
			defer a.end()
			makeRoom()
			take(due)
		}
	})
}

// stackOfTurn is what reading and deciding take of a stack, in bytes: with what it has besides,
// a stack of 8 KiB.
const stackOfTurn = 5 << 10

// makeRoom lets the stack of a goroutine that has just begun grow at once to what a turn takes.
// It would double by and by, in the depth of the turn, and each time all that is on it is moved.
//
//go:noinline
func makeRoom() {
	var room [stackOfTurn]byte
	runtime.KeepAlive(&room)
}

// stop returns when no turn is under way and none will be.
func (a *alarm) stop() {
	a.mu.Lock()
	a.stopped = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
	a.turns.Wait()
}

// ask asks for a turn ahead of time.
func (a *alarm) ask() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = true
	if a.timer != nil && !a.busy && !a.stopped {
		a.set()
	}
}

func (a *alarm) begin() (due time.Time, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy || a.stopped {
		return due, false
	}
	a.began = time.Now()
	if due = a.due; a.began.Before(due) {
		due = a.began
	}
	a.busy, a.asked = true, false
	a.turns.Add(1)
	return due, true
}

func (a *alarm) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for now := time.Now(); !a.due.After(now); {
		a.due = a.due.Add(a.interval)
	}
	a.busy = false
	if !a.stopped {
		a.set()
	}
	a.turns.Done()
}

// set sets the timer to the next turn.
func (a *alarm) set() {
	wait := time.Until(a.due)
	if a.asked {
		wait = min(wait, wakeGap-time.Since(a.began))
	}
	a.timer.Reset(max(0, wait))
}
