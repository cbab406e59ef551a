package demo

import (
	"fmt"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
)

const installation = "demo"

// configuration is the demo's configuration file: that of a real group, with
// every time made short.
func configuration(endpoint, directory string, snmpPort, appPort uint16) string {
	return fmt.Sprintf(`installation: %[1]s
state: %[2]s/state
socket: %[2]s/autoscaled.sock
listen: 127.0.0.1:0
providers:
  gio:
    type: gp
    endpoint: %[3]s
    gp_service_code: %[4]s
    access_key: file:%[2]s/access-key
    secret_key: file:%[2]s/secret-key
    calls_per_second: 50
    call_timeout: 5s
    poll_moving: 300ms
    poll_idle: 2s
    stale_read: 1s
    absence_after: 2s
groups:
  web:
    provider: gio
    mode: act
    min: 2
    max: 10
    interval: 1s
    template: {source: %[5]s, type: %[6]s, ssh_public_key: "file:%[2]s/id.pub"}
    balancers: [{gp: {gl_service_code: %[7]s, pool: %[8]s, port: %[9]d}}]
    ready: {http: {port: %[9]d, path: /healthz}, consecutive: 2, interval: 300ms, timeout: 1s}
    signals:
      cpu: {snmp: {profile: cpu_busy, port: %[10]d, timeout: 500ms}, window: 3s}
      rate: {scrape: {port: %[9]d, metric: app_requests_total, kind: counter, timeout: 500ms}, window: 3s}
    policies:
      - target: {signal: cpu, value: 60%%}
      - target: {signal: rate, value: 30}
    scale_out: {warm_up: 2s}
    scale_in: {stabilization: 8s, cooldown: 3s, drain: 1500ms, watch: 1500ms, standby: 2, release: paid_period_end, release_before: 14s, load_loss: {release: 0s}}
`, installation, directory, endpoint, simcloud.GpServiceCode, simcloud.Template, simcloud.Type, simcloud.GlServiceCode, simcloud.Pool,
		appPort, snmpPort)
}
