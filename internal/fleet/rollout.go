package fleet

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// configureRollout takes over the configured template.
func (g *Group) configureRollout() {
	rollout := &g.state.Value.Rollout
	if rollout.Configure(g.Crew.Template.ID(), g.Now().Round(0)) && rollout.State == policy.RolloutUnderWay {
		g.Log.Info("the template was changed: standby machines are refreshed, and those that serve are replaced",
			zap.String("template", rollout.Configured), zap.String("before", rollout.Previous))
	}
	g.useTemplate()
}

// useTemplate makes the crew use the template that the rollout says is in force.
// Where a template was given up whose source is that of the one before, there is no
// old content to go back to: what is made from either stays as it is.
func (g *Group) useTemplate() {
	rollout := &g.state.Value.Rollout
	previous := templateOf(rollout.Previous, g.Crew.Template.Type)
	switch {
	case rollout.State != policy.RolloutGivenUp:
		g.Crew.Use(g.Crew.Template, "")
	case previous.Source == g.Crew.Template.Source:
		g.Crew.Use(g.Crew.Template, rollout.Previous)
	default:
		g.Crew.Use(previous, "")
	}
	g.Metrics.change(g.Name, func(m *groupMetrics) { m.rolloutGivenUp = truth(rollout.State == policy.RolloutGivenUp) })
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rollout = *rollout
}

// templateOf is the template with the given ID.
func templateOf(id, machineType string) cloud.Template {
	source, version, _ := strings.Cut(id, "@")
	return cloud.Template{Source: source, Version: version, Type: machineType}
}

// judge ends the rollout in next when the instances show how it turned out, and says
// whether it did.
func (g *Group) judge(next *state, instances []actions.InstanceStatus, choices []policy.Instance) bool {
	if slices.Contains(g.held, policy.HoldBrake) {
		return false // what fails then is not the template
	}
	made := make([]policy.Made, len(instances))
	for i, in := range instances {
		made[i] = policy.Made{Instance: choices[i], Template: in.Template, At: in.Made}
	}
	return next.Rollout.Judge(made, g.Spec.Bake+g.Crew.Noticing(), g.Now().Round(0))
}

// tellRollout says how a rollout ended.
func (g *Group) tellRollout() {
	rollout := g.state.Value.Rollout
	fields := []zap.Field{zap.String("template", rollout.Configured), zap.String("before", rollout.Previous)}
	if rollout.State == policy.RolloutGivenUp {
		g.Log.Error("the changed template is given up: correct it and name a new version", append(fields, zap.String("why", rollout.Why))...)
		return
	}
	g.Log.Info("every instance that serves is made from the changed template", fields...)
}
