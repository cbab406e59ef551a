package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// GuardWeight is what one guard of a spec cost and prevented: how the figures would be
// without it, all others in force.
type GuardWeight struct {
	Guard   string // as in the configuration, such as scale_in.cooldown
	Setting string // its value, for people
	With    *Result
	Without *Result
}

// Cost is by how much there is more with the guard than without it.
func (w GuardWeight) Cost() Difference { return w.With.Over(w.Without) }

// guard is one that can be left out.
type guard struct {
	name    string
	setting func(*Scenario) string // empty: it is not set
	without func(*Scenario)        // leaves it out of a scenario that owns its spec
}

// ofSpec is a guard that is one setting of the spec.
func ofSpec(name string, setting func(*policy.Spec) string, without func(*policy.Spec)) guard {
	return guard{name, func(s *Scenario) string { return setting(s.Spec) }, func(s *Scenario) { without(s.Spec) }}
}

// guards are those that can be left out. That a group never shrinks so far that it would
// grow again at once cannot be: it is no setting.
var guards = []guard{
	ofSpec("scale_out.stabilization", func(s *policy.Spec) string { return unlessZero(s.Out.Stabilization) }, func(s *policy.Spec) { s.Out.Stabilization = 0 }),
	ofSpec("scale_out.cooldown", func(s *policy.Spec) string { return unlessZero(s.Out.Cooldown) }, func(s *policy.Spec) { s.Out.Cooldown = 0 }),
	ofSpec("scale_out.rates", func(s *policy.Spec) string { return ratesText(s.Out) }, func(s *policy.Spec) { s.Out.Rates = nil }),
	ofSpec("scale_in.stabilization", func(s *policy.Spec) string { return unlessZero(s.In.Stabilization) }, func(s *policy.Spec) { s.In.Stabilization = 0 }),
	ofSpec("scale_in.cooldown", func(s *policy.Spec) string { return unlessZero(s.In.Cooldown) }, func(s *policy.Spec) { s.In.Cooldown = 0 }),
	ofSpec("scale_in.rates", func(s *policy.Spec) string { return ratesText(s.In) }, func(s *policy.Spec) { s.In.Rates = nil }),
	ofSpec("scale_in.load_loss", loadLossText, func(s *policy.Spec) { s.LoadLoss = policy.LoadLoss{} }),
	ofSpec("scale_in.min_life", func(s *policy.Spec) string { return unlessZero(s.MinLife) }, func(s *policy.Spec) { s.MinLife = 0 }),
	ofSpec("scale_in.standby", func(s *policy.Spec) string { return unlessZero(s.Standby) }, func(s *policy.Spec) { s.Standby = 0 }),
	ofSpec("tolerance", toleranceText, withoutTolerance),
	ofSpec("mode: out_only", func(s *policy.Spec) string {
		if !s.OutOnly {
			return ""
		}
		return "never shrinks"
	}, func(s *policy.Spec) { s.OutOnly = false }),
	{"flapping", func(s *Scenario) string {
		if s.Spec.In.Stabilization == 0 {
			return ""
		}
		return "widens the stabilization of a group that goes to and fro"
	}, func(s *Scenario) { s.withoutTurns = true }},
	{"warm_up", func(s *Scenario) string { return unlessZero(s.WarmUp) }, func(s *Scenario) { s.WarmUp = 0 }},
}

// WeighGuards replays the scenario once with all guards, and once without each that is set.
// It uses no record: with and without are both modelled.
func WeighGuards(ctx context.Context, s *Scenario, parallel int, progress func(done, total int)) ([]GuardWeight, error) {
	if s.Spec == nil {
		return nil, errors.New("weigh the guards: a classic scaler has none; give a spec")
	}
	var weights []GuardWeight
	var others []Scenario
	for _, g := range guards {
		setting := g.setting(s)
		if setting == "" {
			continue
		}
		other := *s
		other.Name, other.Spec = s.Name+" without "+g.name, ownSpec(s.Spec)
		g.without(&other)
		others, weights = append(others, other), append(weights, GuardWeight{Guard: g.name, Setting: setting})
	}
	with, without, err := variants(ctx, s, others, parallel, progress)
	if err != nil {
		return nil, fmt.Errorf("weigh the guards: %w", err)
	}
	for i := range weights {
		weights[i].With, weights[i].Without = with, without[i]
	}
	return weights, nil
}

// ownSpec is a copy whose settings, and whose targets, may be changed.
func ownSpec(spec *policy.Spec) *policy.Spec {
	own := *spec
	own.Policies = slices.Clone(spec.Policies)
	for i, rule := range own.Policies {
		if rule.Target != nil {
			target := *rule.Target
			own.Policies[i].Target = &target
		}
	}
	return &own
}

// unlessZero is a setting in words; empty for none.
func unlessZero[T comparable](value T) string {
	var zero T
	if value == zero {
		return ""
	}
	if span, ok := any(value).(time.Duration); ok {
		return words.Span(span)
	}
	return fmt.Sprint(value)
}

func ratesText(d policy.Direction) string {
	texts := make([]string, len(d.Rates))
	for i, rate := range d.Rates {
		texts[i] = fmt.Sprintf("%d in %s", rate.Count, words.Span(rate.Period))
		if rate.Share > 0 {
			texts[i] = fmt.Sprintf("%g %% in %s", 100*rate.Share, words.Span(rate.Period))
		}
	}
	joint := " or "
	if d.RateLeast {
		joint = " and "
	}
	return strings.Join(texts, joint)
}

func loadLossText(s *policy.Spec) string {
	if s.LoadLoss.Release == 0 {
		return ""
	}
	return fmt.Sprintf("falls by %g %%, for %s", 100*s.LoadLoss.Fall, words.Span(s.LoadLoss.Release))
}

func toleranceText(s *policy.Spec) string {
	var texts []string
	for _, rule := range s.Policies {
		if t := rule.Target; t != nil && (t.ToleranceOut > 0 || t.ToleranceIn > 0) {
			texts = append(texts, fmt.Sprintf("%s: −%g %% to +%g %%", rule.Name, 100*t.ToleranceIn, 100*t.ToleranceOut))
		}
	}
	return strings.Join(texts, ", ")
}

func withoutTolerance(s *policy.Spec) {
	for _, rule := range s.Policies {
		if rule.Target != nil {
			rule.Target.ToleranceIn, rule.Target.ToleranceOut = 0, 0
		}
	}
}
