package gpsim

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Sim is a simulated cloud. It is an http.Handler: GP-API at /json and /xml (POST
// or GET); for GET a page for people at /, and as JSON what that shows at /cloud,
// the books at /books and the bill at /bill. All methods may be called concurrently.
type Sim struct {
	options   Options
	closed    chan struct{}
	closeOnce sync.Once

	mu     sync.Mutex // guards everything below
	state  *state
	dirty  bool       // the state differs from the file
	random *rand.Rand // of the delays
	chance *rand.Rand // of the faults
	faults []*pendingFault
	late   map[string]time.Time // machines that are in no list until then, by code
	recent ring
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
		chance:  rand.New(rand.NewPCG(options.Seed, 1)),
		late:    map[string]time.Time{},
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

// Run calls the hooks for what time changes, until ctx ends. The error, if there is
// one, says why the state file could not be written the last time.
func (s *Sim) Run(ctx context.Context) error {
	ticker := time.NewTicker(settlePeriod)
	defer ticker.Stop()
	for {
		err := s.update(func(instant) {})
		select {
		case <-ctx.Done():
			return err
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

// jittered draws a delay around its median.
func (s *Sim) jittered(median time.Duration) time.Duration {
	if s.options.Spread == 0 {
		return median
	}
	const limit = 4 // times the median, and its share: nothing is drawn beyond
	factor := math.Exp(s.options.Spread * s.random.NormFloat64())
	return time.Duration(float64(median) * min(max(factor, 1.0/limit), limit))
}
