package fleet

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Scale sets a group's size once, as by says; its policies go on from there. It counts as a
// change of its direction, so that cooldowns and rates reckon with it. It is refused outside
// of min and max, against an override in force, and where the group must not shrink.
func (f *Fleet) Scale(ctx context.Context, group string, count int, by, why string) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.command(ctx, func() error { return g.scale(count, by, why) })
}

func (g *Group) scale(count int, by, why string) error {
	instances, pending, _ := g.roster()
	current := g.observation(nil, instances, pending).Size
	if err := g.scalable(current.Count, count); err != nil || count == current.Count {
		return err
	}
	before, next, now := g.state.Value, g.state.Value.clone(), g.Now().Round(0)
	next.Desired = policy.Size{Count: count, Type: g.Spec.Type}
	remember(&next.Memory, policy.PastChange{At: now, By: count - current.Count}, g.Spec)
	g.state.Value = next
	if err := g.journal.Write(g.state); err != nil {
		g.state.Value = before
		return fmt.Errorf("record the size of group %s: %w", g.Name, err)
	}
	g.mu.Lock()
	g.desired = next.Desired
	g.mu.Unlock()
	g.Metrics.change(g.Name, func(m *groupMetrics) { m.desired = float64(count) })
	g.Log.Info("scaled by a person", zap.Int("from", current.Count), zap.Int("to", count), zap.String("by", by), zap.String("why", why))
	g.Recorder.NoteScaled(now, current.Count, count, signed(by, why))
	g.rewake()
	return nil
}

// remember notes a person's change of the size as one that was decided.
func remember(m *policy.Memory, change policy.PastChange, spec *policy.Spec) {
	if change.By > 0 {
		m.LastOut = change.At
	} else {
		m.LastIn = change.At
	}
	if len(spec.Out.Rates)+len(spec.In.Rates) > 0 {
		m.Changes = append(m.Changes, change)
	}
}

// scalable says why a group of so many must not be given the size; nil if it may.
func (g *Group) scalable(current, count int) error {
	refuse := func(format string, args ...any) error {
		return RefusedError{Why: fmt.Sprintf("group %s is not scaled to %d: ", g.Name, count) + fmt.Sprintf(format, args...)}
	}
	if count < g.Spec.Min || count > g.Spec.Max {
		return refuse("it has %d to %d instances: name a number within, or change min or max", g.Spec.Min, g.Spec.Max)
	}
	if !g.looked.Load() || g.state.Revision == 0 {
		return refuse("it has decided nothing yet: wait a minute")
	}
	override := g.state.Value.Memory.Override
	if override != nil && !override.Until.IsZero() && !g.Now().Before(override.Until) {
		override = nil // it is over, and the next decision says so
	}
	if opposes(override, current, count) {
		return refuse("an override is in force (%s), which would undo it: `autoscaled resume %s` ends that", override, g.Name)
	}
	switch doubt := g.doubt(); {
	case count < current && g.Spec.OutOnly:
		return refuse("its mode is out_only, so it never shrinks")
	case count < current && doubt != actions.DoubtNone:
		return refuse("its account cannot be trusted just now, and nobody is sent away while that lasts: see `autoscaled status`")
	}
	return nil
}

// opposes says that the override would not let a group of so many have the size.
func opposes(override *policy.Override, current, count int) bool {
	if override == nil {
		return false
	}
	switch override.Kind {
	case policy.PauseOut:
		return count > current
	case policy.PauseIn:
		return count < current
	case policy.HoldAt:
		return count != override.Count
	case policy.AtLeast:
		return count < override.Count
	}
	return true
}
