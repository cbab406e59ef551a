package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const (
	least = 2 // min of every group here
	most  = 5 // and max
)

// configuration is a group on the simulated cloud, with every time made short.
// Signals and policies are YAML in one line each.
func (s *scene) configuration(endpoint, signals, policies string) string {
	return fmt.Sprintf(`installation: %[1]s
state: %[2]s/state
socket: %[2]s/run/autoscaled.sock
listen: %[3]s:0
providers:
  gio:
    type: gp
    endpoint: %[4]s
    gp_service_code: %[5]s
    access_key: file:%[2]s/access-key
    secret_key: file:%[2]s/secret-key
    calls_per_second: 50
    call_timeout: 60s
    poll_moving: 200ms
    poll_idle: 500ms
    stale_read: 500ms
    settle_window: 5s
    absence_after: 5s
groups:
  web:
    provider: gio
    mode: act
    min: %[6]d
    max: %[7]d
    interval: 200ms
    template: {source: %[8]s, type: V40, ssh_public_key: "file:%[2]s/id.pub"}
    balancers: [{gp: {gl_service_code: %[9]s, pool: %[10]s, port: %[11]d}}]
    ready: {http: {path: /healthz}, consecutive: 2, interval: 100ms, timeout: 2s}
    signals: {%[12]s}
    policies: [%[13]s]
    scale_out: {warm_up: 1s}
    scale_in: {stabilization: 1s, cooldown: 500ms, drain: 300ms, watch: 0s, standby: %[7]d, release_before: 100ms, load_loss: {release: 0s}}
`, installation, s.folder, s.host, endpoint, gpServiceCode, least, most, template, glServiceCode, pool, s.appPort, signals, policies)
}

// daemon is a running `autoscaled run`.
type daemon struct {
	*process
	control *httpd.Client
}

// run starts the daemon on a configuration. It may not have come up yet.
func (s *scene) run(configuration string, flags ...string) *daemon {
	s.t.Helper()
	return s.runWith(nil, configuration, flags...)
}

func (s *scene) runWith(variables []string, configuration string, flags ...string) *daemon {
	s.t.Helper()
	file := s.write("autoscaled.yaml", configuration)
	args := append([]string{"run", "--config", file, "--log-format", "text"}, flags...)
	return &daemon{start(s.t, "daemon", variables, autoscaled, args...), httpd.NewClient(s.socket())}
}

func (s *scene) socket() string { return s.path("run/autoscaled.sock") }

// group asks the daemon for the state of its group.
func (d *daemon) group() (fleet.GroupStatus, error) {
	if err := d.running(); err != nil {
		return fleet.GroupStatus{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	status, err := d.control.Status(ctx)
	if err != nil {
		return fleet.GroupStatus{}, err
	}
	if len(status.Groups) != 1 {
		return fleet.GroupStatus{}, fmt.Errorf("the daemon shows %d groups", len(status.Groups))
	}
	return status.Groups[0], nil
}

// until waits for a state of the group.
func (d *daemon) until(bound time.Duration, what string, check func(fleet.GroupStatus) error) {
	d.t.Helper()
	eventually(d.t, bound, what, func() error {
		group, err := d.group()
		if err != nil {
			return err
		}
		return check(group)
	})
}

// restsAt waits until the group is decided to be of a size, and is, with nothing on the move.
func (d *daemon) restsAt(size int) {
	d.t.Helper()
	d.until(late, fmt.Sprintf("group at rest with %d", size), func(g fleet.GroupStatus) error { return atRest(g, size) })
}

func atRest(g fleet.GroupStatus, size int) error {
	if g.Desired != size || g.Serving != size || g.Becoming != 0 {
		return fmt.Errorf("it wants %d, %d serve and %d are becoming (%s; %v)", g.Desired, g.Serving, g.Becoming, g.Decision.Reason, g.Signals)
	}
	for _, in := range g.Instances {
		if in.Goal != policy.InService && in.Phase != actions.Off {
			return fmt.Errorf("%s is %s", in.Code, in.Phase)
		}
	}
	return nil
}

// measures waits until the group's only signal has a value that check accepts.
func (d *daemon) measures(bound time.Duration, what string, check func(value float64) bool) {
	d.t.Helper()
	d.until(bound, what, func(g fleet.GroupStatus) error {
		if len(g.Signals) != 1 || g.Signals[0].Value == nil {
			return fmt.Errorf("no value: %+v", g.Signals)
		}
		if value := *g.Signals[0].Value; !check(value) {
			return fmt.Errorf("it shows %g", value)
		}
		return nil
	})
}

// decides waits until the group has been decided upon count more times.
func (d *daemon) decides(count int) {
	d.t.Helper()
	var last time.Time
	d.until(late, "decisions", func(g fleet.GroupStatus) error {
		if g.Decision.At.After(last) {
			last = g.Decision.At
			count--
		}
		if count > 0 {
			return errors.New("too few decisions so far")
		}
		return nil
	})
}

// once finds the only line that the daemon has said with the text, without its time.
func (d *daemon) once(text string) string {
	d.t.Helper()
	lines := d.lines(text)
	if len(lines) != 1 {
		d.t.Errorf("the daemon said %q %d times, want once: %q", text, len(lines), lines)
		return ""
	}
	_, line, _ := strings.Cut(lines[0], " ")
	return line
}
