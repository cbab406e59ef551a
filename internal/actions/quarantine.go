package actions

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// late says that the instance did not come to serve in time, or did not come back
// to it, or cannot even be finished to stand by. One whose contract ends or ended is expected to do neither. in.mu must be held.
func (c *Crew) late(in *instance) bool {
	f, v, goal := &in.facts.Value, &in.seen, in.goal.Value
	if in.waiting && c.phase(in) == Unfit {
		return false // for its template: nothing is wrong with the instance
	}
	ends := !f.LastDay.IsZero() || v.machine.Ending() || !f.Seen.IsZero() && v.absences > 0
	if ends || f.serves() {
		return false
	}
	switch phase := c.phase(in); goal.Goal {
	case policy.InService:
		if phase == InPool {
			return false
		}
	case policy.Ready:
		if phase == Ready || phase == InPool {
			return false
		}
	case policy.Standby:
		if phase != Unlabelled && phase != Unprepared {
			return false
		}
	default:
		return false
	}
	return !c.Now().Before(latest(latest(goal.Since, f.Fell), f.Made).Add(c.LaunchTimeout))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// quarantineIfLate sets a late instance aside. in.mu must be held.
func (c *Crew) quarantineIfLate(in *instance) {
	if f := &in.facts.Value; f.Quarantine != nil || c.ignored(f) || !c.late(in) {
		return
	}
	failed := "serve"
	if in.goal.Value.Goal == policy.Ready {
		failed = "become ready"
	}
	why := fmt.Sprintf("did not %s within %v, and is %s", failed, c.LaunchTimeout, c.phase(in))
	if in.trouble != "" {
		why += ": " + in.trouble
	}
	c.quarantine(in, why)
}

// quarantine sets the instance aside. in.mu must be held.
func (c *Crew) quarantine(in *instance, why string) {
	before := in.facts.Value
	in.facts.Value.Quarantine = &Quarantine{Since: c.Now(), Why: why}
	if err := c.write(in, before); err != nil {
		c.Log.Error("quarantine not written", zap.String("instance", in.code), zap.Error(err))
		return
	}
	c.Metrics.quarantines.WithLabelValues(c.Group).Inc()
	c.Log.Error("quarantined: look at the machine, then `autoscaled resume "+c.Group+"`", zap.String("instance", in.code), zap.String("why", why))
}

// LiftQuarantines lets every quarantined instance move again, and gives it and
// those that became late meanwhile a new launch deadline. Hooks that abandoned a launch are
// asked again.
func (c *Crew) LiftQuarantines() error {
	return c.renew(func(in *instance) bool { return in.facts.Value.Quarantine != nil || c.late(in) || c.hookOverdue(in) })
}

// ExcuseLate gives a new launch deadline to the instances that became late while
// nobody moved them, because autoscaled did not run or could not write. Call it
// after a look at the cloud and before Advance. Hooks that were not heard meanwhile get a
// new deadline, too.
func (c *Crew) ExcuseLate() error {
	return c.renew(func(in *instance) bool { return in.facts.Value.Quarantine == nil && (c.late(in) || c.hookOverdue(in)) })
}

func (c *Crew) renew(whom func(*instance) bool) error {
	for _, in := range c.sorted() {
		if err := c.renewIf(in, whom); err != nil {
			return fmt.Errorf("give %s a new launch deadline: %w", in.code, err)
		}
	}
	return nil
}

func (c *Crew) renewIf(in *instance, whom func(*instance) bool) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !whom(in) {
		return nil
	}
	goal, facts := in.goal.Value, in.facts.Value
	in.goal.Value.Since, in.facts.Value.Quarantine = c.Now(), nil
	in.facts.Value.Hooks = c.renewCalls(facts.Hooks)
	if err := c.Journal.Write(in.goal, in.facts); err != nil {
		in.goal.Value, in.facts.Value = goal, facts
		return err
	}
	in.failures, in.last, in.retryAt = 0, failure{}, time.Time{}
	return nil
}
