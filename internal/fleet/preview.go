package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Rules are those by which a group would decide.
type Rules struct {
	Spec   *policy.Spec
	Shadow *policy.Spec    // those of its shadow, by which it decides where that is promoted; nil: none
	Unread map[string]bool // the signals that were not read yet as these rules have them
}

// Preview is what a group would decide now, by two sets of rules.
type Preview struct {
	Before, After policy.Decision
	Override      *policy.Override // in force, under both
}

// Preview says what the group would decide now on its signals as they were last read, by its
// own rules and by others, and changes nothing. It returns false where nothing was read yet.
func (f *Fleet) Preview(ctx context.Context, group string, rules Rules) (Preview, bool, error) {
	if g, err := f.group(group); err == nil {
		var p Preview
		var read bool
		return p, read, g.command(ctx, func() error {
			p, read = g.preview(rules)
			return nil
		})
	}
	advisors := f.members().advisors
	i := slices.IndexFunc(advisors, func(a *Advisor) bool { return a.Name == group })
	if i < 0 {
		_, err := f.decider(group)
		return Preview{}, false, err
	}
	p, read := advisors[i].preview(rules)
	return p, read, nil
}

func (g *Group) preview(rules Rules) (p Preview, read bool) {
	signals, read := g.lastRead()
	if !read {
		return p, false
	}
	spec, now, s := rules.Spec, g.Now().Round(0), &g.state.Value
	if rules.Shadow != nil && s.Shadow != nil && s.Shadow.Promoted && s.Shadow.Of == rulesOf(rules.Shadow) {
		promoted, other := *rules.Spec, *rules.Shadow
		exchange(&promoted, &other)
		spec = &promoted
	}
	instances, pending, _ := g.roster()
	decide := func(spec *policy.Spec, signals []policy.Signal) policy.Decision {
		observed, memory := g.observation(signals, instances, pending), s.Memory.Clone()
		inputs := observed.Inputs()
		inputs.Outlooks = g.outlooks
		return policy.Decide(spec, &inputs, now, &memory)
	}
	return Preview{decide(g.Spec, signals), decide(spec, rules.known(signals, now)), s.Memory.Override}, true
}

func (a *Advisor) preview(rules Rules) (p Preview, read bool) {
	a.deciding.Lock()
	defer a.deciding.Unlock()
	signals, read := a.lastRead()
	targets := a.targeted.Load()
	if !read || targets == nil {
		return p, false
	}
	now := a.Now().Round(0)
	decide := func(spec *policy.Spec, signals []policy.Signal) policy.Decision {
		v := virtual{virtualState: a.would.clone(), lead: a.would.lead}
		observed := v.observe(spec, signals, len(*targets), now, &rescaled{})
		inputs := observed.Inputs()
		inputs.Outlooks = a.outlooks
		return policy.Decide(spec, &inputs, now, &v.Memory)
	}
	return Preview{Before: decide(a.Spec, signals), After: decide(rules.Spec, rules.known(signals, now))}, true
}

// known are the signals as the rules know them.
func (r Rules) known(signals []policy.Signal, now time.Time) []policy.Signal {
	signals = slices.DeleteFunc(slices.Clone(signals), func(s policy.Signal) bool { return r.Unread[s.Name] })
	for name := range r.Unread {
		signals = append(signals, policy.Signal{Name: name, Group: policy.Missing(policy.Absent, now)})
	}
	return signals
}

// lastRead are the signals as they were last read; false before the first time.
func (d *decider) lastRead() ([]policy.Signal, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.signals, !d.readAt.IsZero()
}
