package planning

import (
	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/classic"
)

// usualTarget is the utilisation that classic scalers aim at where the subject has no target.
const usualTarget = 0.7

// targetOf is the utilisation that the subject's first target aims at, if it tells.
func targetOf(subject *Subject, list []plan.SignalModel) float64 {
	for _, p := range subject.Group.Policies {
		if p.Target == nil {
			continue
		}
		for _, model := range list {
			if _, capacity := telling([]plan.SignalModel{model}); model.Name == p.Target.Signal && capacity > 0 && p.Target.Value <= capacity {
				return p.Target.Value / capacity
			}
		}
	}
	return usualTarget
}

// classicsCount is how many these are.
const classicsCount = 7

// classics are the scalers that people know, at the utilisation that the scenario aims at.
// Loads are those of the scored steps, in instances.
func classics(of *plan.Scenario, target float64, loads []float64) []plan.Scenario {
	metric := classic.Saturating
	if !saturates(of.Signals) {
		metric = classic.Unbounded
	}
	var list []plan.Scenario
	for _, create := range []func() classic.Scaler{
		func() classic.Scaler { return classic.NewHPA(target, metric) },
		func() classic.Scaler { return classic.NewTargetTracking(target) },
		func() classic.Scaler { return classic.NewTargetValue(target) },
		func() classic.Scaler {
			step := classic.NewStep()
			step.Above, step.Below = target, target/2
			return step
		},
		func() classic.Scaler { return &classic.React{Target: target, Metric: metric} },
	} {
		s := classical(of, create)
		s.Min, s.Max = of.Spec.Min, of.Spec.Max
		list = append(list, s)
	}
	for _, static := range []*classic.Static{classic.Peak(loads), classic.Mean(loads)} {
		s := classical(of, func() classic.Scaler { return static })
		s.Cloud.Initial = static.Size
		list = append(list, s)
	}
	return list
}

func classical(of *plan.Scenario, create func() classic.Scaler) plan.Scenario {
	s := *of
	s.Name, s.Spec, s.Classic, s.Recorded = create().Name(), nil, create, nil
	return s
}

// saturates says that no signal tells how much load there is beyond what the instances carry.
func saturates(list []plan.SignalModel) bool {
	for _, model := range list {
		if model.Capacity > 0 && model.Ceiling == 0 {
			return false
		}
	}
	return true
}
