package tune

import (
	"slices"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// ownSpec is a copy of which any number may be changed.
func ownSpec(spec *policy.Spec) *policy.Spec {
	own := *spec
	own.Out.Rates, own.In.Rates = slices.Clone(spec.Out.Rates), slices.Clone(spec.In.Rates)
	own.Policies = slices.Clone(spec.Policies)
	for i := range own.Policies {
		rule := &own.Policies[i]
		switch {
		case rule.Target != nil:
			rule.Target = copyOf(rule.Target)
		case rule.Step != nil:
			rule.Step = copyOf(rule.Step)
			rule.Step.Above, rule.Step.Below = slices.Clone(rule.Step.Above), slices.Clone(rule.Step.Below)
		case rule.Threshold != nil:
			rule.Threshold = copyOf(rule.Threshold)
			rule.Threshold.When = slices.Clone(rule.Threshold.When)
			for j := range rule.Threshold.When {
				when := &rule.Threshold.When[j]
				when.Above, when.Below = copyOf(when.Above), copyOf(when.Below)
			}
		}
	}
	return &own
}

func copyOf[T any](value *T) *T {
	if value == nil {
		return nil
	}
	own := *value
	return &own
}

// sound says whether the configuration would take the numbers of a spec together: each by
// itself is a sensible one.
func sound(s *plan.Scenario, spec *policy.Spec) bool {
	if spec.Min > spec.Max || spec.Standby > spec.Max {
		return false
	}
	for i := range spec.Policies {
		if !soundRule(s, spec, &spec.Policies[i]) {
			return false
		}
	}
	return true
}

func soundRule(s *plan.Scenario, spec *policy.Spec, rule *policy.Rule) bool {
	switch {
	case rule.Target != nil:
		ceiling := ceilingOf(s, rule.Target.Signal)
		return ceiling == 0 || !modelOf(s, rule.Target.Signal).PerInstance && !rule.Target.Each ||
			rule.Target.Value*(1+rule.Target.ToleranceOut) < ceiling // else it never grows
	case rule.Step != nil:
		return soundStep(rule.Step, ceilingOf(s, rule.Step.Signal))
	case rule.Threshold != nil:
		return soundThreshold(s, spec, rule.Threshold)
	case rule.Schedule != nil:
		return bears(spec, rule.Schedule.Min) && bears(spec, rule.Schedule.Max)
	}
	return true
}

// bears says whether a size that somebody demands, where he does, is one that the group may have.
func bears(spec *policy.Spec, size int) bool { return size == 0 || size >= spec.Min }

// ceilingOf is the largest value that the signal can have; 0: that is not known.
func ceilingOf(s *plan.Scenario, signal string) float64 {
	model := modelOf(s, signal)
	if model.Statistic == policy.Sum {
		return 0
	}
	return model.Ceiling
}

// soundStep wants the bounds to differ, those for growing to be above those for shrinking,
// and all of them to be reached.
func soundStep(step *policy.Step, ceiling float64) bool {
	beyond := func(band policy.Band) bool { return ceiling > 0 && band.Bound >= ceiling }
	if slices.ContainsFunc(slices.Concat(step.Above, step.Below), beyond) || twice(step.Above) || twice(step.Below) {
		return false
	}
	for _, above := range step.Above {
		if slices.ContainsFunc(step.Below, func(below policy.Band) bool { return above.Bound <= below.Bound }) {
			return false
		}
	}
	return true
}

func twice(bands []policy.Band) bool {
	for i, band := range bands {
		if slices.ContainsFunc(bands[:i], func(other policy.Band) bool { return other.Bound == band.Bound }) {
			return true
		}
	}
	return false
}

// soundThreshold wants its bounds to be reached, and all conditions to be possible at once.
func soundThreshold(s *plan.Scenario, spec *policy.Spec, threshold *policy.Threshold) bool {
	if threshold.Size != nil && *threshold.Size < spec.Min {
		return false
	}
	for _, condition := range threshold.When {
		ceiling := ceilingOf(s, condition.Signal)
		for _, bound := range []*float64{condition.Above, condition.Below} {
			if bound != nil && ceiling > 0 && *bound >= ceiling {
				return false
			}
		}
		for _, other := range threshold.When {
			if condition.Signal == other.Signal && condition.Above != nil && other.Below != nil && *condition.Above >= *other.Below {
				return false
			}
		}
	}
	return true
}
