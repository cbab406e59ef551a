package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// CrewOptions are what a Crew needs. All fields are required unless marked.
type CrewOptions struct {
	Group        string
	Installation string
	Account      *Account
	Machines     cloud.Writer
	Balancers    []cloud.Balancer // may be empty
	Template     cloud.Template   // as configured; see Use
	Journal      store.Journal

	Min, Max, Surge int

	Probe         func(ctx context.Context, address netip.Addr) error // nil error: the instance serves
	ProbeInterval time.Duration
	ProbeCount    int // successes in a row

	HealthInterval time.Duration // between probes of an instance that serves; 0: it is not probed any more
	HealthFailures int           // failures in a row after which it counts as failing

	Hooks []Hook // in the order in which those at the same point are asked; may be empty

	Drift map[DriftKind]DriftPolicy // nil: everything is repaired

	Drain         time.Duration // from leaving the pools to being stopped, at least
	Watch         time.Duration // likewise: how long it is watched whether the others can do without it
	StopTimeout   time.Duration // of a gentle stop
	LaunchTimeout time.Duration // from the goal in_service, or from ceasing to serve, to serving
	CallTimeout   time.Duration // of one step
	StaleRead     time.Duration // how long status reads may lag behind our own changes
	AbsenceAfter  time.Duration // see config.Provider

	Now     func() time.Time // wall time, as data
	Jitter  func() float64   // 0..1, for back-off; safe for concurrent use
	Log     *zap.Logger
	Metrics *Metrics
}

func (o *CrewOptions) validate() error {
	switch {
	case o.Group == "" || o.Installation == "":
		return errors.New("CrewOptions.Group and Installation must not be empty")
	case o.Account == nil || o.Machines == nil || o.Probe == nil || o.Now == nil || o.Jitter == nil || o.Log == nil || o.Metrics == nil:
		return errors.New("CrewOptions.Account, Machines, Probe, Now, Jitter, Log and Metrics must be set")
	case o.HealthInterval > 0 && o.HealthFailures <= 0:
		return errors.New("CrewOptions.HealthFailures must be positive when HealthInterval is")
	case o.ProbeInterval <= 0 || o.ProbeCount <= 0 || o.StopTimeout <= 0 || o.LaunchTimeout <= 0 || o.CallTimeout <= 0:
		return errors.New("CrewOptions' ProbeInterval, ProbeCount and timeouts must be positive")
	}
	return validateHooks(o.Hooks)
}

// Crew moves the instances of one group.
//
// Locks are taken in this order: the account's, the crew's floor, an instance's,
// the crew's mu. Only Assign holds those of several instances.
type Crew struct {
	CrewOptions

	preparations []cloud.Preparation
	relabels     bool // what Drift says of a changed label: it is asked for all the time

	inForce atomic.Pointer[templateInForce]

	mu        sync.Mutex // guards the rest of this block
	instances map[string]*instance
	inOrder   []*instance // the same by code; nil when one came or went since
	ended     []*instance // whose step ended since the last Advance
	overdue   bool        // the timer fired since the last Advance
	closing   bool
	timer     *time.Timer          // fires when the next wait is over; nil: none was needed yet
	wakesAt   time.Time            // when it does; zero: it does not
	disowned  map[string]time.Time // when a person disowned machines, by code
	watchedAt time.Time            // when the last round of probes of serving instances began
	lacked    time.Time            // since when listings lack so many at once that they are not believed; zero: they do not

	orders patience // with orders that fail for a reason of this group; guarded by the account's mu

	observed *cloud.Snapshot // the newest that the group has seen; guarded by the account's mu

	floor sync.Mutex // held while it is decided that an instance may leave the pools
	steps sync.WaitGroup
	abort context.CancelFunc
	ctx   context.Context // of the steps; ends when Close gives up waiting
	wake  chan struct{}
}

// NewCrew reads the group's records and returns its crew.
func NewCrew(options CrewOptions) (*Crew, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	c := &Crew{CrewOptions: options, instances: map[string]*instance{}, disowned: map[string]time.Time{}, wake: make(chan struct{}, 1)}
	c.preparations, c.relabels = c.Machines.Preparations(), options.Drift[DriftRelabelled] == DriftRepair
	c.Use(options.Template, "")
	c.ctx, c.abort = context.WithCancel(context.Background())
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("read the instances of group %s: %w", c.Group, err)
	}
	return c, nil
}

func (c *Crew) load() error {
	prefix, now := instancePrefix(c.Group), c.Now()
	goals, err := store.ReadAll[goalRecord](c.Journal.Store, prefix, func(key string) bool { return strings.HasSuffix(key, "/goal") })
	if err != nil {
		return err
	}
	for _, goal := range goals {
		code := strings.TrimSuffix(strings.TrimPrefix(goal.Key, prefix), "/goal")
		facts, err := store.Read[Facts](c.Journal.Store, factsKey(c.Group, code))
		if err != nil {
			return err
		}
		facts.Value.anchor(now, c.StaleRead)
		anchor(now, &goal.Value.Since)
		in := &instance{code: code, mark: Mark(c.Installation, c.Group, code), goal: goal, facts: facts}
		if len(c.Balancers) == 0 && facts.Value.serves() {
			in.probes = c.ProbeCount // it is taken to serve still, as the node of a pool is: its health is watched
		}
		c.instances[code] = in
	}
	return nil
}

// Reanchor writes the crew's times anew after wall time jumped, so that a successor
// finds them as old as they are.
func (c *Crew) Reanchor() error {
	now := c.Now()
	for _, in := range c.sorted() {
		in.mu.Lock()
		facts, goal := in.facts.Value, in.goal.Value
		in.facts.Value.anchor(now, c.StaleRead)
		anchor(now, &in.goal.Value.Since)
		err := c.Journal.Write(in.goal, in.facts)
		if err != nil {
			in.facts.Value, in.goal.Value = facts, goal
		}
		in.mu.Unlock()
		if err != nil {
			return fmt.Errorf("write the times of %s anew: %w", in.code, err)
		}
	}
	return c.Account.reanchor()
}

// Wake delivers a token when an instance may be ready for its next step without
// a new look at the cloud: a step ended, or a wait is over.
func (c *Crew) Wake() <-chan struct{} { return c.wake }

func (c *Crew) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// inBackground runs f beside the group's loop, unless the crew is closing. c.Close
// waits for it.
func (c *Crew) inBackground(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.steps.Go(f)
	}
	return !c.closing
}

// Close lets the steps under way end, until ctx ends; then it breaks them off.
func (c *Crew) Close(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	c.steps.Wait()
	c.abort()
}

func (c *Crew) instance(code string) *instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instances[code]
}

// sorted lists the instances by code. The list must not be changed.
func (c *Crew) sorted() []*instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inOrder == nil {
		c.inOrder = slices.SortedFunc(maps.Values(c.instances), func(a, b *instance) int { return cmp.Compare(a.code, b.code) })
	}
	return c.inOrder
}

// newcomer is a machine to be taken on record.
type newcomer struct {
	code  string
	goal  policy.Goal
	facts Facts
}

// enlist takes machines on record, together with the caller's own documents, or
// changes nothing. Those on record already stay as they are.
func (c *Crew) enlist(newcomers []newcomer, with ...store.Writable) error {
	documents, now := with, c.Now()
	var enlisted []*instance
	for _, n := range newcomers {
		if c.instance(n.code) != nil {
			continue
		}
		in := &instance{
			code:  n.code,
			mark:  Mark(c.Installation, c.Group, n.code),
			goal:  &store.Document[goalRecord]{Key: goalKey(c.Group, n.code), Value: goalRecord{n.goal, now}},
			facts: &store.Document[Facts]{Key: factsKey(c.Group, n.code), Value: n.facts},
		}
		enlisted = append(enlisted, in)
		documents = append(documents, in.goal, in.facts)
	}
	if len(documents) == 0 {
		return nil
	}
	if err := c.Journal.Write(documents...); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, in := range enlisted {
		c.instances[in.code] = in
	}
	c.inOrder = nil
	return nil
}

// disownedSince says that a person disowned the machine at the given time or later.
func (c *Crew) disownedSince(code string, t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.disowned[code].IsZero() && !c.disowned[code].Before(t)
}

// drop takes an instance off the record. in.mu must be held.
func (c *Crew) drop(in *instance) {
	in.dropped = true
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.instances, in.code)
	c.inOrder = nil
}

// probeMemory is how long successful probes count that were not followed by joining.
const probeMemory = time.Minute

// probed says that the instance answered its probes, of late. While it joins they do not
// expire, however long the looks before take: it is asked again right before each pool.
// Nor do they while it is to be ready and no more.
// in.mu must be held.
func (c *Crew) probed(in *instance) bool {
	lasting := in.working && in.step == StepJoin || in.goal.Value.Goal == policy.Ready
	return in.probes >= c.ProbeCount && (lasting || len(c.Balancers) == 0 || c.Now().Sub(in.answeredAt) <= probeMemory)
}

// phase is the instance's phase now. in.mu must be held.
func (c *Crew) phase(in *instance) Phase {
	return phaseOf(&in.facts.Value, &in.seen, circumstances{
		mark:         in.mark,
		preparations: c.preparations,
		pools:        len(c.Balancers),
		drain:        max(c.Drain, c.Watch),
		stopTimeout:  c.StopTimeout,
		staleRead:    c.StaleRead,
		absenceAfter: c.AbsenceAfter,
		probed:       c.probed(in),
		unfinished:   c.unfinished(&in.facts.Value),
		parting:      c.parting(&in.facts.Value),
		outdated:     c.outdated(&in.facts.Value),
		relabel:      c.relabels,
		now:          c.Now(),
	})
}

// note changes facts and writes them.
func (c *Crew) note(in *instance, change func(*Facts)) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	before := in.facts.Value
	change(&in.facts.Value)
	return c.write(in, before)
}

// write writes the facts, which were as before until now, and takes the change
// back if it cannot. in.mu must be held.
func (c *Crew) write(in *instance, before Facts) error {
	if err := c.Journal.Write(in.facts); err != nil {
		in.facts.Value = before
		return fmt.Errorf("record what became of %s: %w", in.code, err)
	}
	return nil
}
