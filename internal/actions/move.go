package actions

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// Advance starts the next step of every instance that has one to take and none
// under way. Each step that ends asks by Wake for Continue, so whoever stops calling
// them stops everything behind the steps under way.
func (c *Crew) Advance() {
	c.mu.Lock()
	c.ended, c.overdue = nil, false
	c.mu.Unlock()
	next := c.watchServing()
	for _, in := range c.sorted() {
		in.mu.Lock()
		c.quarantineIfAbandoned(in)
		c.quarantineIfLate(in)
		if due := c.advance(in); !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
		in.mu.Unlock()
	}
	c.wakeAt(next)
}

// Continue does what Advance does for the instances whose step ended, and for all
// when a wait is over.
func (c *Crew) Continue() {
	c.mu.Lock()
	ended, overdue, next := c.ended, c.overdue, c.wakesAt
	c.ended = nil
	c.mu.Unlock()
	if overdue {
		c.Advance()
		return
	}
	for _, in := range ended {
		in.mu.Lock()
		c.quarantineIfAbandoned(in)
		c.quarantineIfLate(in)
		if due := c.advance(in); !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
		in.mu.Unlock()
	}
	c.wakeAt(next)
}

// advance starts the instance's next step, or says when it is due: zero if the
// end of a step or a look at the cloud comes before that. in.mu must be held.
func (c *Crew) advance(in *instance) (due time.Time) {
	phase := c.phase(in)
	step := Next(in.goal.Value.Goal, phase)
	switch {
	case in.dropped || in.working || in.facts.Value.Quarantine != nil || c.leftAlone(in, phase, step):
		return time.Time{}
	case phase == Draining:
		return in.facts.Value.Left.Add(max(c.Drain, c.Watch))
	case step == StepNone:
		return time.Time{}
	case c.Now().Before(in.retryAt):
		return in.retryAt
	}
	if step == StepHook {
		if waits, due := c.hookWaits(in, phase); waits {
			return due
		}
	}
	if step.changes() {
		if open := c.Account.gate.wait(c.Now()); !open.IsZero() {
			return open
		}
	}
	c.start(in, step, phase)
	return time.Time{}
}

// leftAlone says that the step is not taken because somebody changed the instance. To
// look at it does no harm, and what is not on must not stay in a pool. in.mu must be
// held.
func (c *Crew) leftAlone(in *instance, phase Phase, step Step) bool {
	_, waits := c.adoption(in)
	return (waits || c.ignored(&in.facts.Value)) && !step.looks() && phase != Stray
}

// start starts the step. in.mu must be held.
func (c *Crew) start(in *instance, step Step, phase Phase) {
	in.working, in.step, in.detail = true, step, ""
	in.working = c.inBackground(func() { c.move(in, step, phase) })
}

// wakeAt asks for a token at t; zero: at no time.
func (c *Crew) wakeAt(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakesAt = t
	switch {
	case c.timer != nil && (t.IsZero() || c.closing):
		c.timer.Stop()
	case t.IsZero() || c.closing:
	case c.timer == nil:
		c.timer = time.AfterFunc(t.Sub(c.Now()), c.fire)
	default:
		c.timer.Reset(t.Sub(c.Now()))
	}
}

// fire notes that the next wait is over.
func (c *Crew) fire() {
	c.mu.Lock()
	c.overdue = true
	c.mu.Unlock()
	c.nudge()
}

// move takes one step. One that found nothing to do waits for the next look at the
// cloud, which shows why.
func (c *Crew) move(in *instance, step Step, phase Phase) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.CallTimeout, errors.New("the step took longer than its timeout"))
	defer cancel()
	began := time.Now()
	pause, acted, err := c.take(ctx, in, step)
	took := time.Since(began)
	if step.changes() {
		c.Account.gate.note(acted, err, c.Now(), c.Jitter())
	}

	in.mu.Lock()
	switch {
	case err != nil:
		pause = c.failed(in, err, took)
	case acted:
		c.succeeded(in, phase, took)
	}
	if pause > 0 {
		in.retryAt = c.Now().Add(pause)
	}
	in.working = false
	in.mu.Unlock()
	if acted || pause > 0 {
		c.mu.Lock()
		c.ended = append(c.ended, in)
		c.mu.Unlock()
		c.nudge()
	}
}

// succeeded counts and logs a step that did something. in.mu must be held.
func (c *Crew) succeeded(in *instance, phase Phase, took time.Duration) {
	c.Metrics.step(c.Group, in.step, cloud.ClassNone, took)
	in.failures, in.last, in.trouble = 0, failure{}, ""
	name := string(in.step)
	if in.detail != "" {
		name += ":" + in.detail
	}
	c.Log.Info("step", zap.String("instance", in.code), zap.String("step", name), zap.String("phase", string(phase)),
		zap.Duration("took", took.Round(time.Millisecond)))
}

// failed notes a failure and says how long to wait. in.mu must be held.
func (c *Crew) failed(in *instance, err error, took time.Duration) time.Duration {
	class := cloud.ClassOf(err)
	c.Metrics.step(c.Group, in.step, class, took)
	in.failures++
	pause := c.untilDeadline(in, backoff(class, cloud.AfterOf(err), in.failures, c.Jitter()))
	in.trouble = err.Error()
	log := c.Log.Debug
	if this := (failure{in.step, class}); this != in.last { // the same again is no news
		in.last = this
		log = c.Log.Warn
	}
	log("step failed", zap.String("instance", in.code), zap.String("step", string(in.step)),
		zap.Stringer("class", class), zap.Duration("retry_in", pause.Round(time.Millisecond)), zap.Error(err))
	return pause
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
	case StepHook:
		acted, err = c.ask(ctx, in)
	case StepProbe:
		return c.probe(ctx, in)
	case StepJoin:
		acted, err = c.join(ctx, in)
	case StepLeave:
		return c.leave(ctx, in)
	case StepStop:
		acted, err = c.turnOff(ctx, in)
	case StepRefresh:
		return c.refresh(ctx, in)
	case StepRelease:
		acted, err = c.release(ctx, in)
	default:
		err = cloud.Errorf(cloud.ClassInvalid, "step %q cannot be taken", step)
	}
	return 0, acted, err
}

// still says that the step is what the instance needs, after what was looked up
// and decided since it began.
func (c *Crew) still(in *instance, step Step) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return Next(in.goal.Value.Goal, c.phase(in)) == step && in.facts.Value.Quarantine == nil
}
