package binary

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// configuration is a group on the simulated cloud, with every time made short. What it
// has too much it gives back in the second half of Japan's day, the earliest that a
// configuration can ask for.
func (s *scene) configuration(endpoint, signals string) string {
	return fmt.Sprintf(`installation: %[1]s
state: %[2]s/state
socket: %[2]s/run/autoscaled.sock
listen: %[3]s:%[4]d
providers:
  gio:
    type: gp
    endpoint: %[5]s
    gp_service_code: %[6]s
    access_key: file:%[2]s/access-key
    secret_key: file:%[2]s/secret-key
    calls_per_second: 50
    call_timeout: 60s
    poll_moving: 100ms
    poll_idle: 300ms
    stale_read: 300ms
    settle_window: 3s
    absence_after: 5s
groups:
  web:
    provider: gio
    mode: act
    min: %[7]d
    max: %[8]d
    interval: 100ms
    template: {source: %[9]s, type: V40, ssh_public_key: "file:%[2]s/id.pub"}
    balancers: [{gp: {gl_service_code: %[10]s, pool: %[11]s, port: %[12]d}}]
    ready: {http: {path: /healthz}, consecutive: 2, interval: 100ms, timeout: 5s}
    signals: {%[13]s}
    policies: [%[14]s]
    scale_out: {warm_up: 0s}
    scale_in: {stabilization: 0s, cooldown: 0s, drain: 200ms, watch: 0s, standby: %[15]d, release_before: 24h, load_loss: {release: 0s}}
`, installation, s.folder, s.host, s.openPort, endpoint, gpServiceCode, least, most, template, glServiceCode, pool, s.appPort, signals, loadPolicy, standby)
}

// daemon is a running `autoscaled run`.
type daemon struct {
	*process
	control *httpd.Client
}

// run starts the daemon on a configuration. It may not have come up yet.
func (s *scene) run(configuration string, variables ...string) *daemon {
	s.t.Helper()
	file := s.write("autoscaled.yaml", configuration)
	p := start(s.t, "daemon", variables, autoscaled, "run", "--config", file, "--log-format", "text")
	return &daemon{p, httpd.NewClient(s.socket())}
}

func (s *scene) socket() string { return s.path("run/autoscaled.sock") }

func (d *daemon) freeze() { d.signal(syscall.SIGSTOP) }
func (d *daemon) thaw()   { d.signal(syscall.SIGCONT) }

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

// restsAt waits until the group is decided to be of a size, and is, with nothing on
// the move.
func (d *daemon) restsAt(size int) {
	d.t.Helper()
	d.until(late, fmt.Sprintf("group at rest with %d", size), func(g fleet.GroupStatus) error { return atRest(g, size) })
}

func atRest(g fleet.GroupStatus, size int) error {
	if g.Desired != size || g.Serving != size || g.Becoming != 0 {
		return fmt.Errorf("it wants %d, %d serve and %d are becoming (%s; %v; %s)", g.Desired, g.Serving, g.Becoming, g.Decision.Reason, g.Signals, g.Trouble)
	}
	for _, in := range g.Instances {
		rests := in.Phase == actions.Ending || in.Phase == actions.Off && in.Goal == policy.Standby
		if in.Goal != policy.InService && !rests {
			return fmt.Errorf("%s is %s and its goal is %s", in.Code, in.Phase, in.Goal)
		}
	}
	return nil
}

// statusOfProgram is the group's state as the program shows it.
func (s *scene) statusOfProgram() fleet.GroupStatus {
	s.t.Helper()
	code, said := s.command("status", "--json", "--socket", s.socket())
	var status fleet.Status
	if err := json.Unmarshal([]byte(said), &status); code != 0 || err != nil || len(status.Groups) != 1 {
		s.t.Fatalf("status ended with %d, %v: %s", code, err, said)
	}
	return status.Groups[0]
}

// command runs the program to its end, and returns its exit status and what it printed.
func (s *scene) command(args ...string) (status int, said string) {
	s.t.Helper()
	p := start(s.t, "autoscaled "+args[0], nil, autoscaled, args...)
	status = p.status(soon)
	return status, p.said.String()
}
