package actions

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// watchServing probes every instance that serves, when the interval since the last
// round is over, and says when the next round is due. Rounds are common to all, so
// that a large group does not wake for each of its instances.
func (c *Crew) watchServing() (due time.Time) {
	if c.HealthInterval <= 0 {
		return time.Time{}
	}
	now := c.Now()
	c.mu.Lock()
	if next := c.watchedAt.Add(c.HealthInterval); now.Before(next) || c.closing {
		c.mu.Unlock()
		return next
	}
	c.watchedAt = now
	c.mu.Unlock()
	for _, in := range c.sorted() {
		in.mu.Lock()
		watch := !in.watching && in.goal.Value.Goal == policy.InService && c.phase(in) == InPool
		in.watching = in.watching || watch
		in.mu.Unlock()
		if watch && !c.inBackground(func() { c.watch(in) }) {
			break
		}
	}
	return now.Add(c.HealthInterval)
}

// Noticing is how long it takes to notice that an instance fails, at most.
func (c *Crew) Noticing() time.Duration {
	return max(time.Duration(c.HealthFailures)*c.HealthInterval, c.StaleRead) + c.HealthInterval
}

// answers says that the instance answered its probe of late, if it is probed at all.
// in.mu must be held.
func (c *Crew) answers(in *instance) bool {
	return c.HealthInterval <= 0 || c.Now().Sub(in.answeredAt) <= 2*c.HealthInterval
}

// watch probes an instance once, and notes when it begins to fail and when it does
// no more. Before it counts as failing there is a look at the machine: one that was
// turned off needs no replacement, but a start.
func (c *Crew) watch(in *instance) {
	ctx, cancel := context.WithTimeout(c.ctx, c.CallTimeout)
	defer cancel()
	in.mu.Lock()
	address := in.facts.Value.Address
	in.mu.Unlock()
	err := c.Probe(ctx, address)
	if c.missed(in, err) {
		if _, lookErr := c.lookAt(ctx, in); lookErr != nil {
			c.Log.Debug("look at an instance whose service does not answer", zap.String("instance", in.code), zap.Error(lookErr))
		}
	}
	c.judgeHealth(in, err)
}

// missed counts the outcome of a probe, and says whether the instance is about to
// count as failing: after so many failures in a row, and for so long that reads cannot
// lag behind what became of the machine.
func (c *Crew) missed(in *instance, err error) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case err == nil:
		in.misses, in.hits, in.answeredAt = 0, in.hits+1, c.Now()
		return false
	case in.misses == 0:
		in.missedAt = c.Now()
	}
	in.misses, in.hits = in.misses+1, 0
	return in.facts.Value.Failing.IsZero() && c.missesLong(in)
}

func (c *Crew) missesLong(in *instance) bool {
	return in.misses >= c.HealthFailures && !c.Now().Before(in.missedAt.Add(c.StaleRead))
}

// judgeHealth notes that an instance begins to fail, or fails no more.
func (c *Crew) judgeHealth(in *instance, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.watching = false
	if c.ctx.Err() != nil || c.phase(in) != InPool {
		in.misses = 0
		return
	}
	before, failing := in.facts.Value, !in.facts.Value.Failing.IsZero()
	switch {
	case !failing && c.missesLong(in):
		in.facts.Value.Failing = c.Now()
	case failing && in.hits >= c.ProbeCount:
		in.facts.Value.Failing = time.Time{}
	default:
		return
	}
	if writeErr := c.write(in, before); writeErr != nil {
		c.Log.Error("health not written", zap.String("instance", in.code), zap.Error(writeErr))
		return
	}
	if failing {
		in.trouble = ""
		c.Log.Info("its service answers again", zap.String("instance", in.code))
	} else {
		in.trouble = err.Error()
		c.Log.Warn("its service does not answer any more", zap.String("instance", in.code), zap.Int("probes", in.misses), zap.Error(err))
	}
}
