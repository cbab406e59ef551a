package actions

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Retry lets one quarantined instance move again, with a new launch deadline, and says
// whether it is on record.
func (c *Crew) Retry(code, by string) (bool, error) {
	in := c.instance(code)
	if in == nil {
		return false, nil
	}
	lifted := ""
	err := c.renewIf(in, func(in *instance) bool {
		if q := in.facts.Value.Quarantine; q != nil {
			lifted = q.Why
		}
		return lifted != ""
	})
	switch {
	case err != nil:
		return true, fmt.Errorf("lift the quarantine of %s: %w", code, err)
	case lifted == "":
		return true, refuse("%s is not quarantined: there is nothing to try again", code)
	}
	c.Log.Warn("a person lets a quarantined instance move again", zap.String("instance", code), zap.String("by", by), zap.String("quarantine", lifted))
	return true, nil
}

// Release gives an instance that is quarantined or left alone the goal released: its
// contract is ended by the usual steps, after the usual proofs. It says whether the instance
// is on record, and refuses one that is not proved to be ours.
func (c *Crew) Release(ctx context.Context, code, by string) (bool, error) {
	in := c.instance(code)
	if in == nil {
		return false, nil
	}
	label, lastDay, err := c.Machines.Label(ctx, code)
	switch {
	case cloud.ClassOf(err) == cloud.ClassNotFound:
		return true, refuse("the account has no machine %s any more: its record goes by itself, or by `autoscaled disown %s`", code, code)
	case err != nil:
		return true, fmt.Errorf("read the label of %s before its contract is ended: %w", code, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := c.releasable(in, label, lastDay); err != nil {
		return true, err
	}
	goal, facts := in.goal.Value, in.facts.Value
	in.goal.Value, in.facts.Value.Quarantine = goalRecord{policy.Released, c.Now()}, nil
	if err := c.Journal.Write(in.goal, in.facts); err != nil {
		in.goal.Value, in.facts.Value = goal, facts
		return true, fmt.Errorf("record that %s is to be released: %w", code, err)
	}
	in.failures, in.last, in.retryAt = 0, failure{}, time.Time{}
	c.Log.Warn("a person has the contract of an instance ended", zap.String("instance", code), zap.String("by", by))
	return true, nil
}

// releasable says why the contract of an instance that carries the label is not to be
// ended by a person's word; nil if it may be. in.mu must be held.
func (c *Crew) releasable(in *instance, label string, lastDay time.Time) error {
	f, phase := &in.facts.Value, c.phase(in)
	set := f.Quarantine != nil || phase == Disputed || c.ignored(f) && phase != InPool
	switch {
	case in.dropped:
		return refuse("%s is on record no more", in.code)
	case in.working:
		return refuse("a step of %s is under way: ask again in a moment", in.code)
	case !f.LastDay.IsZero() || !lastDay.IsZero():
		return refuse("the contract of %s ends already", in.code)
	case in.goal.Value.Goal == policy.Released && f.Quarantine == nil:
		return refuse("%s is to be released already: see `autoscaled status`", in.code)
	case !set:
		return refuse("%s is neither quarantined nor left alone: the group itself decides what becomes of it; `autoscaled scale` makes the group smaller", in.code)
	case f.Protected != nil:
		return refuse("%s is protected by %s: `autoscaled unprotect %s` ends that", in.code, f.Protected.By, in.code)
	case !f.Labelled.IsZero() && label != in.mark:
		return refuse("%s carries the label %q, which is not our mark: label it %q if it is ours, or `autoscaled disown %s`", in.code, label, in.mark, in.code)
	case f.Labelled.IsZero() && f.Proof == ProofInferred:
		return refuse("that %s is ours is only inferred: label it %q if it is, or `autoscaled disown %s`", in.code, in.mark, in.code)
	}
	return nil
}
