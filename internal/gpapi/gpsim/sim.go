package gpsim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Sim is a simulated cloud. It is an http.Handler: GP-API at /json (POST or
// GET), the books at /books (GET). All methods may be called concurrently.
type Sim struct {
	options   Options
	closed    chan struct{}
	closeOnce sync.Once

	mu     sync.Mutex // guards everything below
	state  *state
	dirty  bool // the state differs from the file
	random *rand.Rand
	faults []*pendingFault
	hooks  hookQueue

	delivering sync.Mutex // held while hooks are called; taken before mu
}

// New makes a simulator, from the state file if there is one. The hooks for what
// the file shows as running are called with the first request or by Run.
func New(options Options) (*Sim, error) {
	options = options.withDefaults()
	if err := options.validate(); err != nil {
		return nil, err
	}
	sim := &Sim{
		options: options,
		closed:  make(chan struct{}),
		random:  rand.New(rand.NewPCG(options.Seed, 0)),
		hooks:   hookQueue{on: map[string]bool{}},
		state:   newState(options.Now()),
	}
	if options.StateFile == "" {
		return sim, nil
	}
	loaded, err := loadState(options.StateFile)
	if err != nil {
		return nil, err
	}
	if loaded != nil {
		sim.state = loaded
	}
	return sim, nil
}

// settlePeriod is how late Run may notice that time changed something.
const settlePeriod = 20 * time.Millisecond

// Run calls the hooks for what time changes, until ctx ends; then it returns nil.
// Another error means that the state file cannot be written.
func (s *Sim) Run(ctx context.Context) error {
	ticker := time.NewTicker(settlePeriod)
	defer ticker.Stop()
	for {
		if err := s.update(func(instant) {}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Close ends hanging answers; every later call is answered 503. It is safe to
// call more than once, and returns nil: what was answered is on disk already.
func (s *Sim) Close() error {
	s.closeOnce.Do(func() { close(s.closed) })
	return nil
}

func (s *Sim) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// instant is one moment on both clocks: transitions go by now, dates by wall.
type instant struct{ now, wall time.Time }

// update runs change on the settled state, saves what is new and calls the hooks
// that are due. A state that cannot be saved stays changed in memory, and the
// next update tries to save it again.
func (s *Sim) update(change func(at instant)) error {
	err := s.changeLocked(change)
	s.deliverHooks()
	return err
}

func (s *Sim) changeLocked(change func(at instant)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := instant{now: time.Now().Round(0), wall: s.options.Now().Round(0)}
	s.endContracts(at)
	s.hooks.collect(s.options.Hooks, s.state, at.now) // what time did comes before what the call does
	change(at)
	s.hooks.collect(s.options.Hooks, s.state, at.now)
	return s.save()
}

// endContracts ends each contract whose StopDate has passed, with the power off.
func (s *Sim) endContracts(at instant) {
	for m := s.state.ends.due(at.wall); m != nil; m = s.state.ends.due(at.wall) {
		m.To = at.wall
		m.Timeline = []moment{{StatusStopped, at.now}}
		s.state.turns.add(at.now, m)
		s.dirty = true
	}
}

func (s *Sim) save() error {
	if s.options.StateFile == "" || !s.dirty {
		return nil
	}
	if err := saveState(s.options.StateFile, s.state); err != nil {
		return fmt.Errorf("gpsim: %w", err)
	}
	s.dirty = false
	return nil
}

// jittered varies a delay by at most the share JitterRatio.
func (s *Sim) jittered(delay time.Duration) time.Duration {
	factor := 1 + s.options.JitterRatio*(2*s.random.Float64()-1)
	return time.Duration(float64(delay) * factor)
}
