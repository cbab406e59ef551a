package main

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/rules"
)

// groupsText configures groups that leave out whatever has a default: one that aims at a
// target, and one that forecasts.
const groupsText = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS_KEY, secret_key: env:SECRET_KEY}
groups:
  web:
    provider: gio
    min: 1
    max: 1000 # no bound
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80}}]
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 70%}}]
  ahead:
    provider: gio
    min: 1
    max: 1000
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: ahead, port: 80}}]
    signals: {load: {scrape: {port: 9100, path: /metrics, metric: load}}}
    policies: [{forecast: {signal: load, value: 1}}]
`

// defaults are what the daemon gives such a group.
type defaults struct {
	spec   policy.Spec
	warmUp time.Duration
}

func defaultGroup() (*defaults, error) { return defaultsOf("web") }

// forecastingGroup is the group that forecasts, with what the daemon gives it.
func forecastingGroup() (*defaults, error) { return defaultsOf("ahead") }

func defaultsOf(group string) (*defaults, error) {
	c, err := config.Parse("the groups of the benchmark", []byte(groupsText), config.Env{SkipSecrets: true})
	if err != nil {
		return nil, err
	}
	spec, err := rules.Of(c.Groups[group])
	return &defaults{spec, c.Groups[group].ScaleOut.WarmUp}, err
}

// at is the group's spec with its target for a signal, at a share.
func (d *defaults) at(signal string, share float64) *policy.Spec {
	spec, target := d.spec, *d.spec.Policies[0].Target
	target.Name, target.Signal, target.Value = "target/"+signal, signal, share
	spec.Policies = policy.Targets(target)
	return &spec
}

// within is the spec of the group that forecasts, with a budget.
func (d *defaults) within(budget float64) *policy.Spec {
	spec, rule := d.spec, d.spec.Policies[0]
	ahead := *rule.Forecast
	ahead.Budget, rule.Forecast = budget, &ahead
	spec.Policies = []policy.Rule{rule}
	return &spec
}
