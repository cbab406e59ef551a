package traffic

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

const (
	least = 2 // min
	most  = 8 // and max
)

// configuration is the group, with every time made short.
func configuration(p place, c *cloud, load *page, on terms) string {
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
    call_timeout: 30s
    poll_moving: 200ms
    poll_idle: 500ms
    stale_read: 100ms
    settle_window: 5s
    absence_after: 5s
groups:
  web:
    provider: gio
    mode: act
    min: %[6]d
    max: %[7]d
    interval: 100ms
    template: {source: %[8]s, type: V40, ssh_public_key: "file:%[2]s/id.pub"}
    balancers: [{gp: {gl_service_code: %[9]s, pool: %[10]s, port: %[11]d}}]
    ready: {http: {path: %[12]s}, consecutive: 1, interval: 100ms, timeout: 2s}
    signals: {load: {scrape: {url: "%[13]s", metric: app_load}}}
    policies: [target: {signal: load, per_instance: %[14]d, tolerance_out: 2%%, tolerance_in: 2%%}]
    scale_out: {warm_up: 0s}
    scale_in: {stabilization: 200ms, cooldown: 0s, drain: %[15]s, watch: 0s, standby: %[7]d, release_before: 100ms, load_loss: {release: 0s}}
`, installation, p.folder, p.host, c.endpoint, gpCode, least, most, template, glCode, pool, c.appPort, on.probe, load.url, perInstance, on.drain)
}

// daemon is `autoscaled run` on one configuration, of which there is one process
// after the other.
type daemon struct {
	t       *testing.T
	file    string
	control *httpd.Client
	said    output

	command *exec.Cmd
	ended   chan struct{} // closed once the process has ended
}

func newDaemon(p place, configuration string) *daemon {
	p.t.Helper()
	p.write("access-key", accessKey)
	p.write("secret-key", secretKey)
	p.write("id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC traffic")
	d := &daemon{t: p.t, file: p.write("autoscaled.yaml", configuration), control: httpd.NewClient(p.path("run/autoscaled.sock"))}
	p.t.Cleanup(d.clear)
	d.start()
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	d.command = exec.Command(autoscaled, "run", "--config", d.file, "--log-format", "text")
	d.command.Env = append(os.Environ(), "GORACE=halt_on_error=1")
	d.command.Stdout, d.command.Stderr = &d.said, &d.said
	must(d.t, d.command.Start())
	ended := make(chan struct{})
	go func() {
		_ = d.command.Wait()
		close(ended)
	}()
	d.ended = ended
}

// kill ends the process as a power cut does.
func (d *daemon) kill() {
	_ = d.command.Process.Kill() // one that has ended has nothing to hear
	<-d.ended
}

func (d *daemon) clear() {
	d.kill()
	if strings.Contains(d.said.String(), "DATA RACE") {
		d.t.Error("the program has a data race")
	}
	if strings.Contains(d.said.String(), secretKey) {
		d.t.Error("the daemon's log shows the secret key of its account")
	}
	if d.t.Failed() {
		d.t.Logf("the program said:\n%s", d.said.String())
	}
}

// group asks for the state of the group.
func (d *daemon) group() (fleet.GroupStatus, error) {
	select {
	case <-d.ended:
		d.t.Fatalf("the program has ended by itself: %v", d.command.ProcessState)
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	status, err := d.control.Status(ctx)
	if err != nil {
		return fleet.GroupStatus{}, err
	}
	if len(status.Groups) != 1 {
		return fleet.GroupStatus{}, fmt.Errorf("the program shows %d groups", len(status.Groups))
	}
	return status.Groups[0], nil
}

// until waits for a state of the group.
func (d *daemon) until(what string, check func(fleet.GroupStatus) error) {
	d.t.Helper()
	eventually(d.t, what, func() error {
		state, err := d.group()
		if err != nil {
			return err
		}
		return check(state)
	})
}

// output collects what processes print.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
