package main

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/rules"
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

// defaults are what the daemon gives that group.
type defaults struct {
	spec   policy.Spec
	warmUp time.Duration
}

func defaultGroup() (*defaults, error) {
	c, err := config.Parse("the group of the benchmark", []byte(groupText), config.Env{SkipSecrets: true})
	if err != nil {
		return nil, err
	}
	spec, err := rules.Of(c.Groups["web"])
	return &defaults{spec, c.Groups["web"].ScaleOut.WarmUp}, err
}

// at is the group's spec with its target for a signal, at a share.
func (d *defaults) at(signal string, share float64) *policy.Spec {
	spec, target := d.spec, *d.spec.Policies[0].Target
	target.Name, target.Signal, target.Value = "target/"+signal, signal, share
	spec.Policies = policy.Targets(target)
	return &spec
}
