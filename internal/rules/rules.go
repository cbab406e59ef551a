// Package rules makes of a configured group what package policy decides by: neither of
// the two knows the other. The daemon and capacity planning use it, so that both decide
// by the same.
package rules

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Surge is how many machines a group may have above max while one is replaced or
// the twin of a lost order is dealt with.
const Surge = 1

// Of is a group's configuration as policy wants it. The error names the policy at fault.
func Of(group config.Group) (policy.Spec, error) {
	s := policy.Spec{
		Min:      group.Min,
		Max:      group.Max,
		Type:     group.Template.Type,
		OutOnly:  group.Mode == config.ModeOutOnly,
		Interval: group.Interval,
		Gap:      group.Gap(),
		Out: policy.Direction{
			Stabilization: group.ScaleOut.Stabilization, Cooldown: group.ScaleOut.Cooldown,
			Rates: rates(group.ScaleOut.Rates), RateLeast: group.ScaleOut.RateLeast,
		},
		In: policy.Direction{
			Stabilization: group.ScaleIn.Stabilization, Cooldown: group.ScaleIn.Cooldown,
			Rates: rates(group.ScaleIn.Rates), RateLeast: group.ScaleIn.RateLeast,
		},
		LoadLoss:          policy.LoadLoss(group.ScaleIn.LoadLoss),
		MinLife:           group.ScaleIn.MinLife,
		Standby:           group.ScaleIn.Standby,
		StandbyAge:        group.ScaleIn.StandbyAge,
		ReleaseBefore:     group.ScaleIn.ReleaseBefore,
		OrderMax:          group.ScaleOut.BatchMax,
		Surge:             Surge,
		LaunchFailuresMax: group.Launch.FailuresMax,
		HealBudget:        group.Health.Budget,
		Brake:             group.Health.Brake,
		Bake:              group.Rollout.Bake,
	}
	for _, rule := range group.ScaleIn.Pick {
		s.Pick = append(s.Pick, policy.PickRule(rule))
	}
	quorums := map[string]float64{}
	for _, signal := range group.Signals {
		quorums[signal.Name] = signal.Quorum
	}
	for _, p := range group.Policies {
		rule, err := rule(p, quorums)
		if err != nil {
			return policy.Spec{}, fmt.Errorf("policy %s: %w", p.Name, err)
		}
		s.Policies = append(s.Policies, rule)
	}
	return s, nil
}

func rates(configured []config.Rate) []policy.Rate {
	var rates []policy.Rate
	for _, rate := range configured {
		rates = append(rates, policy.Rate(rate))
	}
	return rates
}

// rule is a policy as package policy wants it; quorums are those of the group's signals.
func rule(p config.Policy, quorums map[string]float64) (policy.Rule, error) {
	rule := policy.Rule{Name: p.Name, Only: policy.Way(p.Only)}
	var err error
	switch {
	case p.Target != nil:
		rule.Target = &policy.Target{
			Name: p.Name, Signal: p.Target.Signal, Quorum: quorums[p.Target.Signal], Value: p.Target.Value, Each: p.Target.Each,
			ToleranceOut: p.Target.ToleranceOut, ToleranceIn: p.Target.ToleranceIn,
		}
	case p.Step != nil:
		rule.Step = &policy.Step{
			Signal: p.Step.Signal, Quorum: quorums[p.Step.Signal], Above: bands(p.Step.Above), Below: bands(p.Step.Below),
		}
	case p.Threshold != nil:
		rule.Threshold = threshold(*p.Threshold, quorums)
	case p.Schedule != nil:
		rule.Schedule, err = policy.NewSchedule(p.Schedule.When, p.Schedule.Min, p.Schedule.Max)
	case p.Size != "":
		rule.Size = &policy.SizeOf{Signal: p.Size}
	case p.Webhook != "":
		rule.Webhook = &policy.Webhook{Signal: p.Webhook}
	case p.Forecast != nil:
		rule.Forecast = forecast(*p.Forecast, quorums)
	}
	return rule, err
}

func forecast(f config.Forecast, quorums map[string]float64) *policy.Forecast {
	return &policy.Forecast{
		Signal: f.Signal, Value: f.Value, Each: f.Each, Quorum: quorums[f.Signal], Budget: f.Budget, Quantile: f.Quantile,
		Fallback: f.Fallback, TimeToServe: f.TimeToServe, TimeToReturn: f.TimeToReturn,
	}
}

func bands(configured []config.Band) []policy.Band {
	var bands []policy.Band
	for _, band := range configured {
		bands = append(bands, policy.Band{Bound: band.Bound, Change: policy.Change(band.Change)})
	}
	return bands
}

func threshold(t config.Threshold, quorums map[string]float64) *policy.Threshold {
	threshold := &policy.Threshold{Change: policy.Change(t.Change), Size: t.Size, Hits: t.Hits.Count, Of: t.Hits.Of}
	for _, condition := range t.When {
		threshold.When = append(threshold.When, policy.Condition{
			Signal: condition.Signal, Quorum: quorums[condition.Signal], Above: condition.Above, Below: condition.Below,
		})
	}
	return threshold
}
