package actions

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// Advance starts a job for every instance that has a step to take and none under way.
func (c *Crew) Advance() {
	for _, in := range c.sorted() {
		in.mu.Lock()
		c.quarantineIfLate(in)
		phase := c.phase(in)
		due := !in.working && in.facts.Value.Quarantine == nil && !c.Now().Before(in.retryAt)
		if due && Next(in.goal.Value.Goal, phase) != StepNone {
			c.start(in)
		} else if due && phase == Draining {
			c.wakeAt(in, in.facts.Value.Left.Add(c.Drain))
		}
		in.mu.Unlock()
	}
}

// start starts the instance's job. in.mu must be held.
func (c *Crew) start(in *instance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	in.working = true
	c.jobs.Go(func() { c.move(in) })
}

// move takes steps until there is none to take, one fails, or one has to wait.
func (c *Crew) move(in *instance) {
	defer c.nudge()
	for {
		in.mu.Lock()
		phase, goal := c.phase(in), in.goal.Value.Goal
		step := Next(goal, phase)
		in.step, in.detail = step, ""
		if step == StepNone || c.isClosing() {
			in.working = false
			in.mu.Unlock()
			return
		}
		in.mu.Unlock()

		began := time.Now()
		ctx, cancel := context.WithTimeoutCause(c.ctx, c.CallTimeout, errors.New("the step took longer than its timeout"))
		pause, acted, err := c.take(ctx, in, step)
		cancel()

		in.mu.Lock()
		c.account(in, step, phase, acted, time.Since(began), err)
		if err != nil {
			pause = c.failed(in, err)
		}
		if pause > 0 {
			in.retryAt = c.Now().Add(pause)
			c.wakeAt(in, in.retryAt)
			in.working = false
			in.mu.Unlock()
			return
		}
		in.mu.Unlock()
	}
}

func (c *Crew) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// wakeAt asks for a token at t. in.mu must be held.
func (c *Crew) wakeAt(in *instance, t time.Time) {
	if in.wake != nil {
		in.wake.Stop()
	}
	in.wake = time.AfterFunc(max(t.Sub(c.Now()), time.Millisecond), c.nudge)
}

// account counts and logs a step that did something or failed. in.mu must be held.
func (c *Crew) account(in *instance, step Step, phase Phase, acted bool, took time.Duration, err error) {
	if err == nil && !acted {
		return
	}
	c.Metrics.step(c.Group, step, cloud.ClassOf(err), took)
	if err != nil {
		return
	}
	in.failures, in.trouble = 0, ""
	name := string(step)
	if in.detail != "" {
		name += ":" + in.detail
	}
	c.Log.Info("step", zap.String("instance", in.code), zap.String("step", name), zap.String("phase", string(phase)),
		zap.Duration("took", took.Round(time.Millisecond)))
}

// failed notes a failure and says how long to wait. in.mu must be held.
func (c *Crew) failed(in *instance, err error) time.Duration {
	in.failures++
	pause := backoff(cloud.ClassOf(err), cloud.AfterOf(err), in.failures, c.Jitter())
	log := c.Log.Debug
	if trouble := err.Error(); trouble != in.trouble { // the same trouble again is no news
		in.trouble = trouble
		log = c.Log.Warn
	}
	log("step failed", zap.String("instance", in.code), zap.String("step", string(in.step)),
		zap.Stringer("class", cloud.ClassOf(err)), zap.Duration("retry_in", pause.Round(time.Millisecond)), zap.Error(err))
	return pause
}

// quarantineIfLate sets aside an instance that did not come to serve in time. in.mu
// must be held.
func (c *Crew) quarantineIfLate(in *instance) {
	phase := c.phase(in)
	waiting := in.goal.Value.Goal == policy.InService && phase != InPool && phase != Ending && phase != Gone
	if !waiting || in.facts.Value.Quarantine != nil || in.facts.Value.Joined.After(in.goal.Value.Since) ||
		c.Now().Before(in.goal.Value.Since.Add(c.LaunchTimeout)) {
		return
	}
	why := fmt.Sprintf("did not serve within %v, and is %s", c.LaunchTimeout, phase)
	if in.trouble != "" {
		why += ": " + in.trouble
	}
	c.quarantine(in, why)
}

// quarantine sets the instance aside. in.mu must be held.
func (c *Crew) quarantine(in *instance, why string) {
	in.facts.Value.Quarantine = &Quarantine{Since: c.Now(), Why: why}
	if err := c.Journal.Write(in.facts); err != nil {
		in.facts.Value.Quarantine = nil
		c.Log.Error("quarantine not written", zap.String("instance", in.code), zap.Error(err))
		return
	}
	c.Metrics.quarantines.WithLabelValues(c.Group).Inc()
	c.Log.Error("quarantined: look at the machine, then `autoscaled resume "+c.Group+"`", zap.String("instance", in.code), zap.String("why", why))
}

// note changes facts and writes them.
func (c *Crew) note(in *instance, change func(*Facts)) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	before := in.facts.Value
	change(&in.facts.Value)
	if err := c.Journal.Write(in.facts); err != nil {
		in.facts.Value = before
		return err
	}
	return nil
}

// take carries out one step. acted says that something was changed, or learned,
// that is worth a line; pause asks to come back later.
func (c *Crew) take(ctx context.Context, in *instance, step Step) (pause time.Duration, acted bool, err error) {
	switch step {
	case StepLabel:
		acted, err = c.label(ctx, in)
	case StepPrepare:
		acted, err = c.prepare(ctx, in)
	case StepStart:
		acted, err = c.turnOn(ctx, in)
	case StepDescribe:
		acted, err = c.describe(ctx, in)
	case StepProbe:
		return c.probe(ctx, in)
	case StepJoin:
		acted, err = c.join(ctx, in)
	case StepLeave:
		return c.leave(ctx, in)
	case StepStop:
		return c.stop(ctx, in)
	case StepRelease:
		acted, err = c.release(ctx, in)
	default:
		err = cloud.Errorf(cloud.ClassInvalid, "step %q cannot be taken", step)
	}
	return 0, acted, err
}

// lookAt reads the machine afresh.
func (c *Crew) lookAt(ctx context.Context, in *instance) (cloud.Machine, error) {
	began := c.Now()
	machine, err := c.Machines.Describe(ctx, in.code)
	if err != nil {
		return machine, fmt.Errorf("look at %s: %w", in.code, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.look(machine, began)
	if in.learn(c.Now()) {
		if err := c.Journal.Write(in.facts); err != nil {
			return machine, err
		}
	}
	return machine, nil
}

// becomes notes what our own call made of the machine, until a look shows it.
func (c *Crew) becomes(in *instance, power cloud.Power) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen.machine.Power, in.seen.machineAt = power, c.Now()
}

// label sets our mark. An inferred machine must not carry a label of somebody else by now.
func (c *Crew) label(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || machine.Contract != cloud.ContractInService {
		return false, err
	}
	mark := Mark(c.Installation, c.Group, in.code)
	in.mu.Lock()
	inferred := in.facts.Value.Proof == ProofInferred
	in.mu.Unlock()
	if inferred {
		label, _, err := c.Machines.Label(ctx, in.code)
		if err != nil {
			return false, fmt.Errorf("read the label of %s: %w", in.code, err)
		}
		if label != "" && label != mark && label != c.Account.templateLabel(c.Template.Source) {
			in.mu.Lock()
			c.quarantine(in, fmt.Sprintf("it was taken for ours after a lost answer, and now carries the label %q", label))
			in.mu.Unlock()
			return false, cloud.Errorf(cloud.ClassDenied, "label %s: it carries the foreign label %q", in.code, label)
		}
	}
	if err := c.Machines.SetLabel(ctx, in.code, mark); err != nil {
		return false, fmt.Errorf("label %s: %w", in.code, err)
	}
	return true, c.note(in, func(f *Facts) { f.Labelled = c.Now() })
}

func (c *Crew) prepare(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || (machine.Power != cloud.PowerBlank && machine.Power != cloud.PowerOff) {
		return false, err
	}
	in.mu.Lock()
	name := missingPreparation(&in.facts.Value, c.Machines.Preparations())
	in.detail = name
	in.mu.Unlock()
	busy, err := c.Machines.Prepare(ctx, in.code, name)
	if err != nil {
		return false, fmt.Errorf("prepare %s (%s): %w", in.code, name, err)
	}
	if busy {
		c.becomes(in, cloud.PowerBusy)
	}
	return true, c.note(in, func(f *Facts) {
		prepared := map[string]time.Time{name: c.Now()}
		for other, at := range f.Prepared {
			prepared[other] = at
		}
		f.Prepared = prepared
		if busy {
			f.BusyUntil = c.Now().Add(c.StaleRead)
		}
	})
}

func (c *Crew) turnOn(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || machine.Power != cloud.PowerOff {
		return false, err
	}
	if err := c.Machines.Start(ctx, in.code); err != nil {
		return false, fmt.Errorf("start %s: %w", in.code, err)
	}
	c.becomes(in, cloud.PowerStarting)
	in.mu.Lock()
	in.probes = 0
	in.mu.Unlock()
	return true, c.note(in, func(f *Facts) { f.BusyUntil = c.Now().Add(c.StaleRead) })
}

func (c *Crew) describe(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || machine.Power != cloud.PowerOn {
		return false, err
	}
	if !machine.Address.IsValid() {
		return false, cloud.Errorf(cloud.ClassTransient, "describe %s: it runs, and shows no private address yet", in.code)
	}
	return true, nil
}

// probe asks the service once. Silence is warming, not failure.
func (c *Crew) probe(ctx context.Context, in *instance) (time.Duration, bool, error) {
	in.mu.Lock()
	address := in.facts.Value.Address
	in.mu.Unlock()
	err := c.Probe(ctx, address)
	in.mu.Lock()
	defer in.mu.Unlock()
	if err != nil {
		in.probes, in.trouble = 0, err.Error()
		return c.ProbeInterval, false, nil
	}
	if in.probes++; in.probes < c.ProbeCount {
		return c.ProbeInterval, false, nil
	}
	return 0, true, nil
}

func (c *Crew) join(ctx context.Context, in *instance) (bool, error) {
	for _, b := range c.Balancers {
		node, present, err := c.node(ctx, in, b)
		if err != nil {
			return false, err
		}
		if present {
			continue
		}
		if err := b.Attach(ctx, node); err != nil {
			return false, fmt.Errorf("add %s (%s) to pool %s: %w", node, in.code, b.Name(), err)
		}
	}
	c.inPools(in, len(c.Balancers))
	return true, c.note(in, func(f *Facts) { f.Joined, f.StopAsked = c.Now(), time.Time{} })
}

// node reads whether the instance is a node of the balancer's pool.
func (c *Crew) node(ctx context.Context, in *instance, b cloud.Balancer) (netip.AddrPort, bool, error) {
	in.mu.Lock()
	node := netip.AddrPortFrom(in.facts.Value.Address, b.Port())
	in.mu.Unlock()
	nodes, err := b.Nodes(ctx)
	if err != nil {
		return node, false, fmt.Errorf("read pool %s: %w", b.Name(), err)
	}
	return node, hasNode(nodes, node), nil
}

func (c *Crew) inPools(in *instance, pools int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen.pools, in.seen.poolsAt = pools, c.Now()
}

// leave takes the instance out of every pool, unless too few would be left serving.
func (c *Crew) leave(ctx context.Context, in *instance) (time.Duration, bool, error) {
	c.floor.Lock() // the others' leaving must be seen before this one's is weighed
	defer c.floor.Unlock()
	if others := c.servingBeside(in); others < c.Min && c.serves(in) {
		in.mu.Lock()
		in.trouble = fmt.Sprintf("kept in the pool: only %d others serve, and min is %d", others, c.Min)
		in.mu.Unlock()
		return c.ProbeInterval, false, nil
	}
	for _, b := range c.Balancers {
		node, present, err := c.node(ctx, in, b)
		if err != nil {
			return 0, false, err
		}
		if !present {
			continue
		}
		if err := b.Detach(ctx, node); err != nil {
			return 0, false, fmt.Errorf("remove %s (%s) from pool %s: %w", node, in.code, b.Name(), err)
		}
	}
	c.inPools(in, 0)
	err := c.note(in, func(f *Facts) {
		if in.goal.Value.Goal != policy.InService {
			f.Left = c.Now()
		}
	})
	return 0, true, err
}

func (c *Crew) serves(in *instance) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return c.phase(in) == InPool
}

// servingBeside counts the other instances that serve.
func (c *Crew) servingBeside(in *instance) int {
	n := 0
	for _, other := range c.sorted() {
		if other != in && c.serves(other) {
			n++
		}
	}
	return n
}

func (c *Crew) stop(ctx context.Context, in *instance) (time.Duration, bool, error) {
	in.mu.Lock()
	asked := in.facts.Value.StopAsked
	in.mu.Unlock()
	wait := asked.Add(c.StopTimeout).Sub(c.Now())
	if !asked.IsZero() && wait > 0 {
		return wait, false, nil
	}
	present := 0
	for _, b := range c.Balancers {
		_, there, err := c.node(ctx, in, b)
		if err != nil {
			return 0, false, err
		}
		if there {
			present++
		}
	}
	if c.inPools(in, present); present > 0 {
		return 0, false, nil // somebody put it back: it leaves again first
	}
	machine, err := c.lookAt(ctx, in)
	if err != nil || (machine.Power != cloud.PowerOn && (asked.IsZero() || machine.Power != cloud.PowerStopping)) {
		return 0, false, err
	}
	if err := c.Machines.Stop(ctx, in.code, !asked.IsZero()); err != nil {
		return 0, false, fmt.Errorf("stop %s: %w", in.code, err)
	}
	c.becomes(in, cloud.PowerStopping)
	in.mu.Lock()
	in.probes = 0
	in.mu.Unlock()
	return 0, true, c.note(in, func(f *Facts) { f.StopAsked = c.Now() })
}

// release ends the contract with its paid period, after reading record and mark again.
func (c *Crew) release(ctx context.Context, in *instance) (bool, error) {
	record, err := store.Read[Facts](c.Journal.Store, factsKey(c.Group, in.code))
	if err != nil {
		return false, fmt.Errorf("read the record of %s before releasing it: %w", in.code, err)
	}
	if record.Revision == 0 || record.Value.Labelled.IsZero() {
		return false, cloud.Errorf(cloud.ClassDenied, "release %s: no record says that it was labelled by us", in.code)
	}
	mark := Mark(c.Installation, c.Group, in.code)
	label, stop, err := c.Machines.Label(ctx, in.code)
	if err != nil {
		return false, fmt.Errorf("read the label of %s before releasing it: %w", in.code, err)
	}
	if label != mark {
		in.mu.Lock()
		c.quarantine(in, fmt.Sprintf("not released: its label is %q and not %q", label, mark))
		in.mu.Unlock()
		return false, cloud.Errorf(cloud.ClassDenied, "release %s: it does not carry our mark", in.code)
	}
	if stop.IsZero() {
		machine, err := c.lookAt(ctx, in)
		if err != nil || (machine.Power != cloud.PowerOff && machine.Power != cloud.PowerBlank) {
			return false, err
		}
		stop = c.Machines.Billing(c.Now()).LastDay
		if err := c.Machines.Release(ctx, in.code, stop); err != nil {
			return false, fmt.Errorf("release %s with %s: %w", in.code, stop.Format(time.DateOnly), err)
		}
	}
	return true, c.note(in, func(f *Facts) { f.LastDay = stop })
}
