package actions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
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
	Template     cloud.Template
	Journal      store.Journal

	Min, Max, Surge int

	Probe         func(ctx context.Context, address netip.Addr) error // nil error: the instance serves
	ProbeInterval time.Duration
	ProbeCount    int // successes in a row

	Drain         time.Duration // from leaving the pools to being stopped
	StopTimeout   time.Duration // of a gentle stop
	LaunchTimeout time.Duration // from the goal in_service to serving
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
	case o.ProbeInterval <= 0 || o.ProbeCount <= 0 || o.StopTimeout <= 0 || o.LaunchTimeout <= 0 || o.CallTimeout <= 0:
		return errors.New("CrewOptions' ProbeInterval, ProbeCount and timeouts must be positive")
	}
	return nil
}

// Crew moves the instances of one group.
type Crew struct {
	CrewOptions

	mu        sync.Mutex // guards instances and closing
	instances map[string]*instance
	closing   bool

	floor sync.Mutex // held while it is decided that an instance may leave the pools
	jobs  sync.WaitGroup
	abort context.CancelFunc
	ctx   context.Context // of the jobs; ends when Close gives up waiting
	wake  chan struct{}
}

// NewCrew reads the group's records and returns its crew.
func NewCrew(options CrewOptions) (*Crew, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	c := &Crew{CrewOptions: options, instances: map[string]*instance{}, wake: make(chan struct{}, 1)}
	c.ctx, c.abort = context.WithCancel(context.Background())
	prefix := instancePrefix(c.Group)
	goals, err := store.ReadAll[goalRecord](c.Journal.Store, prefix, func(key string) bool { return strings.HasSuffix(key, "/goal") })
	if err != nil {
		return nil, fmt.Errorf("read the instances of group %s: %w", c.Group, err)
	}
	facts, err := store.ReadAll[Facts](c.Journal.Store, prefix, func(key string) bool { return strings.HasSuffix(key, "/facts") })
	if err != nil {
		return nil, fmt.Errorf("read the instances of group %s: %w", c.Group, err)
	}
	factsOf := make(map[string]*store.Document[Facts], len(facts))
	for _, f := range facts {
		factsOf[strings.TrimSuffix(f.Key, "/facts")] = f
	}
	for _, goal := range goals {
		key := strings.TrimSuffix(goal.Key, "/goal")
		code := strings.TrimPrefix(key, prefix)
		if f := factsOf[key]; f != nil {
			c.instances[code] = &instance{code: code, goal: goal, facts: f}
		}
	}
	return c, nil
}

// Wake delivers a token when an instance may be ready for its next step without
// a new look at the cloud: a job ended, or a wait is over.
func (c *Crew) Wake() <-chan struct{} { return c.wake }

func (c *Crew) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close lets the steps under way end, until ctx ends; then it breaks them off.
func (c *Crew) Close(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	for _, in := range c.sorted() {
		in.mu.Lock()
		if in.wake != nil {
			in.wake.Stop()
		}
		in.mu.Unlock()
	}
	done := make(chan struct{})
	go func() { c.jobs.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	c.abort()
	<-done
}

func (c *Crew) sorted() []*instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]*instance, 0, len(c.instances))
	for _, in := range c.instances {
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b *instance) int { return cmp.Compare(a.code, b.code) })
	return list
}

// phase is the instance's phase now. in.mu must be held.
func (c *Crew) phase(in *instance) Phase {
	return phaseOf(&in.facts.Value, &in.seen, circumstances{
		mark:         Mark(c.Installation, c.Group, in.code),
		preparations: c.Machines.Preparations(),
		pools:        len(c.Balancers),
		drain:        c.Drain,
		stopTimeout:  c.StopTimeout,
		staleRead:    c.StaleRead,
		absenceAfter: c.AbsenceAfter,
		probed:       in.probes >= c.ProbeCount,
		now:          c.Now(),
	})
}

// Observe takes over a newer look at the account: it updates what is seen of each
// instance, adopts machines that carry our mark, and drops the records of those
// that are gone.
func (c *Crew) Observe(snapshot *cloud.Snapshot) error {
	if err := c.adoptMarked(snapshot); err != nil {
		return err
	}
	for _, in := range c.sorted() {
		machine, listed := snapshot.Machines[in.code]
		in.mu.Lock()
		in.absorb(snapshot, machine, listed, c.poolsWith(snapshot, in.facts.Value.Address))
		var err error
		if in.learn(c.Now()) {
			err = c.Journal.Write(in.facts)
		}
		gone := c.phase(in) == Gone && !in.working
		goal := in.goal.Value.Goal
		in.mu.Unlock()
		if err == nil && gone {
			err = c.forget(in, goal)
		}
		if err != nil {
			return fmt.Errorf("record what is seen of %s: %w", in.code, err)
		}
	}
	return nil
}

// poolsWith counts the pools that the address is a node of; -1 when the snapshot
// lacks one of them.
func (c *Crew) poolsWith(snapshot *cloud.Snapshot, address netip.Addr) int {
	n := 0
	for _, b := range c.Balancers {
		nodes, read := snapshot.Pools[b.Name()]
		if !read {
			return -1
		}
		if hasNode(nodes, netip.AddrPortFrom(address, b.Port())) {
			n++
		}
	}
	return n
}

func hasNode(nodes []cloud.Node, address netip.AddrPort) bool {
	return slices.ContainsFunc(nodes, func(n cloud.Node) bool { return n.Address == address })
}

// adoptMarked takes on record the machines that carry our mark and have no record:
// those of a lost store, and those that a person marked.
func (c *Crew) adoptMarked(snapshot *cloud.Snapshot) error {
	for code, machine := range snapshot.Machines {
		group, ok := markedGroup(machine.Label, c.Installation, code)
		c.mu.Lock()
		_, known := c.instances[code]
		c.mu.Unlock()
		if !ok || group != c.Group || known || machine.Ending() || machine.Contract != cloud.ContractInService || code == c.Template.Source {
			continue
		}
		now := c.Now()
		facts := Facts{Proof: ProofMark, Since: now, Labelled: now}
		goal := policy.Standby
		if machine.Power == cloud.PowerOn || machine.Power == cloud.PowerStarting {
			goal = policy.InService
			facts.Prepared = map[string]time.Time{}
			for _, p := range c.Machines.Preparations() {
				facts.Prepared[p.Name] = now // it runs, so somebody prepared it
			}
		}
		if err := c.Journal.Write(c.add(code, goal, facts)...); err != nil {
			return fmt.Errorf("adopt %s, which carries our mark: %w", code, err)
		}
		c.Log.Info("adopted a machine that carries our mark", zap.String("instance", code), zap.String("goal", string(goal)))
	}
	return nil
}

// add makes an instance and returns its documents, which the caller must write.
func (c *Crew) add(code string, goal policy.Goal, facts Facts) []store.Writable {
	in := &instance{
		code:  code,
		goal:  &store.Document[goalRecord]{Key: goalKey(c.Group, code), Value: goalRecord{goal, facts.Since}},
		facts: &store.Document[Facts]{Key: factsKey(c.Group, code), Value: facts},
	}
	c.mu.Lock()
	c.instances[code] = in
	c.mu.Unlock()
	return []store.Writable{in.goal, in.facts}
}

func (c *Crew) forget(in *instance, goal policy.Goal) error {
	if err := c.Journal.Forget(in.goal.Key, in.facts.Key); err != nil {
		return err
	}
	c.mu.Lock()
	delete(c.instances, in.code)
	c.mu.Unlock()
	if goal == policy.Released {
		c.Log.Info("a released machine is gone", zap.String("instance", in.code))
	} else {
		c.Log.Warn("a machine is gone without our doing; its record is dropped", zap.String("instance", in.code), zap.String("goal", string(goal)))
	}
	return nil
}

// Assign sets goals, together with the caller's own documents. Only fleet calls it.
// It refuses goals that would let the group exceed max plus surge.
func (c *Crew) Assign(assignments []policy.Assignment, with ...store.Writable) error {
	documents := with
	now := c.Now()
	active := c.active()
	var touched []*instance
	defer func() {
		for _, in := range touched {
			in.mu.Unlock()
		}
	}()
	type undo struct {
		in    *instance
		goal  goalRecord
		facts Facts
	}
	var undos []undo
	for _, a := range assignments {
		c.mu.Lock()
		in := c.instances[a.Code]
		c.mu.Unlock()
		if in == nil {
			continue
		}
		in.mu.Lock()
		touched = append(touched, in)
		undos = append(undos, undo{in, in.goal.Value, in.facts.Value})
		if a.Goal == policy.InService {
			if active++; active > c.Max+c.Surge {
				continue
			}
			in.facts.Value.Left, in.facts.Value.StopAsked = time.Time{}, time.Time{}
		}
		in.goal.Value = goalRecord{a.Goal, now}
		in.retryAt = time.Time{} // the newest decision does not wait for the old one's pause
		documents = append(documents, in.goal, in.facts)
	}
	if len(documents) == 0 {
		return nil
	}
	if err := c.Journal.Write(documents...); err != nil {
		for _, u := range undos {
			u.in.goal.Value, u.in.facts.Value = u.goal, u.facts
		}
		return fmt.Errorf("set goals in group %s: %w", c.Group, err)
	}
	return nil
}

// active is the number of instances that serve or are becoming, as to their goal.
func (c *Crew) active() int {
	n := 0
	for _, in := range c.sorted() {
		in.mu.Lock()
		if in.goal.Value.Goal == policy.InService {
			n++
		}
		in.mu.Unlock()
	}
	return n
}

// Order buys count machines for the group, in the background. It returns at once;
// the account says what became of it.
func (c *Crew) Order(count int) {
	c.Account.order(c, count)
}

// LiftQuarantines lets every quarantined instance move again, and gives it a new
// launch deadline.
func (c *Crew) LiftQuarantines() (int, error) {
	lifted := 0
	for _, in := range c.sorted() {
		in.mu.Lock()
		var err error
		if in.facts.Value.Quarantine != nil {
			in.facts.Value.Quarantine, in.goal.Value.Since = nil, c.Now()
			in.failures, in.retryAt = 0, time.Time{}
			err = c.Journal.Write(in.facts, in.goal)
			lifted++
		}
		in.mu.Unlock()
		if err != nil {
			return lifted, fmt.Errorf("lift the quarantine of %s: %w", in.code, err)
		}
	}
	return lifted, nil
}

// Instances describes every instance, in the order of their codes.
func (c *Crew) Instances() []InstanceStatus {
	var list []InstanceStatus
	for _, in := range c.sorted() {
		in.mu.Lock()
		f, phase := &in.facts.Value, c.phase(in)
		status := InstanceStatus{
			Code: in.code, Goal: in.goal.Value.Goal, Phase: phase, Step: Next(in.goal.Value.Goal, phase), Proof: f.Proof,
			Since: f.Since, GoalSince: in.goal.Value.Since, Joined: f.Joined, LastDay: f.LastDay, Trouble: in.trouble,
		}
		if in.working {
			status.Step = in.step
		}
		if f.Address.IsValid() {
			status.Address = f.Address.String()
		}
		if f.Quarantine != nil {
			status.Quarantine = f.Quarantine.Why
		}
		in.mu.Unlock()
		list = append(list, status)
	}
	return list
}

// Moving says that an instance is not where it should end, or an order is not
// settled, so that the cloud is worth looking at often.
func (c *Crew) Moving() bool {
	for _, in := range c.sorted() {
		in.mu.Lock()
		moving := in.facts.Value.Quarantine == nil && !atGoal(in.goal.Value.Goal, c.phase(in))
		in.mu.Unlock()
		if moving {
			return true
		}
	}
	return c.Account.Pending(c.Group) > 0
}

func (c *Crew) has(code string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instances[code] != nil
}

// drop takes back what add did.
func (c *Crew) drop(codes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, code := range codes {
		delete(c.instances, code)
	}
}
