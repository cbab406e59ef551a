package actions

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// quarantineIfLate sets aside an instance that did not come to serve in time, or
// did not come back to it. in.mu must be held.
func (c *Crew) quarantineIfLate(in *instance) {
	f, goal, phase := &in.facts.Value, in.goal.Value, c.phase(in)
	if f.Quarantine != nil || goal.Goal != policy.InService || f.serves() || phase.Stage() == policy.Ending {
		return
	}
	begun := goal.Since
	if f.Fell.After(begun) {
		begun = f.Fell
	}
	if c.Now().Before(begun.Add(c.LaunchTimeout)) {
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
	before := in.facts.Value
	in.facts.Value.Quarantine = &Quarantine{Since: c.Now(), Why: why}
	if err := c.write(in, before); err != nil {
		c.Log.Error("quarantine not written", zap.String("instance", in.code), zap.Error(err))
		return
	}
	c.Metrics.quarantines.WithLabelValues(c.Group).Inc()
	c.Log.Error("quarantined: look at the machine, then `autoscaled resume "+c.Group+"`", zap.String("instance", in.code), zap.String("why", why))
}

// LiftQuarantines lets every quarantined instance move again, and gives it a new
// launch deadline.
func (c *Crew) LiftQuarantines() error {
	for _, in := range c.sorted() {
		if err := c.liftQuarantine(in); err != nil {
			return fmt.Errorf("lift the quarantine of %s: %w", in.code, err)
		}
	}
	return nil
}

func (c *Crew) liftQuarantine(in *instance) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.facts.Value.Quarantine == nil {
		return nil
	}
	goal, facts := in.goal.Value, in.facts.Value
	in.goal.Value.Since, in.facts.Value.Quarantine = c.Now(), nil
	if err := c.Journal.Write(in.goal, in.facts); err != nil {
		in.goal.Value, in.facts.Value = goal, facts
		return err
	}
	in.failures, in.last, in.retryAt = 0, failure{}, time.Time{}
	return nil
}
