package main

import (
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// groupText configures a group that leaves out whatever has a default.
const groupText = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS_KEY, secret_key: env:SECRET_KEY}
groups:
  web:
    provider: gio
    min: 1
    max: 400 # ten times what the peak needs: no bound
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80}}]
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 70%}}]
`

// defaultGroup is that group, with the defaults that the daemon gives it.
func defaultGroup() (config.Group, error) {
	c, err := config.Parse("the group of the benchmark", []byte(groupText), config.Env{SkipSecrets: true})
	if err != nil {
		return config.Group{}, err
	}
	return c.Groups["web"], nil
}

// specOf is the group's spec with a target for one of the signals. What a group does about
// machines that fail, stand by or are outdated is left out: there are none.
func specOf(group *config.Group, signal string, share float64) *policy.Spec {
	target := group.Policies[0].Target
	return &policy.Spec{
		Min: group.Min, Max: group.Max, Interval: group.Interval, Gap: group.Gap(),
		Out:      policy.Direction{Stabilization: group.ScaleOut.Stabilization, Cooldown: group.ScaleOut.Cooldown},
		In:       policy.Direction{Stabilization: group.ScaleIn.Stabilization, Cooldown: group.ScaleIn.Cooldown},
		LoadLoss: policy.LoadLoss(group.ScaleIn.LoadLoss), MinLife: group.ScaleIn.MinLife, OrderMax: group.ScaleOut.BatchMax,
		Policies: policy.Targets(policy.Target{
			Name: "target/" + signal, Signal: signal, Value: share, Quorum: group.Signals[0].Quorum,
			ToleranceOut: target.ToleranceOut, ToleranceIn: target.ToleranceIn,
		}),
	}
}
