package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// rig is a daemon before a simulated cloud.
type rig struct {
	t         *testing.T
	directory string
	binary    string
	address   string // of the daemon
	daemon    *exec.Cmd
	log       *lines
}

// lines keeps what a process says, for when the test fails.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) last(bytes int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	return text[max(0, len(text)-bytes):]
}

// freePort is a TCP port that nobody uses just now.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

const token = "a-token-for-whoever-pushes-0123456789"

// newRig starts a simulated cloud, whose machines take seconds, and a daemon with a group
// that acts and some that recommend.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, directory: t.TempDir(), binary: os.Getenv("AUTOSCALED_BIN"), log: &lines{}}
	if r.binary == "" {
		t.Skip("AUTOSCALED_BIN names no autoscaled: run test/browser.sh")
	}
	app, snmp := freePort(t), freePort(t)
	cloud := &lines{}
	simulator := r.start(cloud, "simulator", "--speed", "100", "--seed", "1", "--listen", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "--proxy", fmt.Sprintf("127.0.0.1:%d", freePort(t)),
		"--addresses", fmt.Sprintf("127.%d.%d.0/24", 60+os.Getpid()%60, os.Getpid()%250), "--app-port", strconv.Itoa(app), "--snmp-port", strconv.Itoa(snmp), "-o", "json")
	t.Cleanup(func() { stop(simulator) })
	var said struct{ Endpoint, Template, Type string }
	eventually(t, "the simulator tells where it is", 10*time.Second, func() bool { return json.Unmarshal([]byte(cloud.last(1<<20)), &said) == nil })
	r.address = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	r.write("token", token)
	r.write("autoscaled.yaml", configuration(r.directory, r.address, said.Endpoint, said.Template, said.Type, app, snmp))
	t.Cleanup(func() {
		if r.daemon != nil {
			stop(r.daemon)
		}
		if t.Failed() {
			t.Logf("the daemon said at last:\n%s", r.log.last(4000))
		}
	})
	r.run()
	return r
}

func (r *rig) write(name, content string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.directory, name), []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start(out io.Writer, arguments ...string) *exec.Cmd {
	r.t.Helper()
	command := exec.Command(r.binary, arguments...)
	command.Stdout, command.Stderr = out, out
	command.Env = append(os.Environ(), "GP_ACCESS_KEY=SIMULATEDACCESSKEY01", "GP_SECRET_KEY=simulated-secret-key")
	if err := command.Start(); err != nil {
		r.t.Fatal(err)
	}
	return command
}

func stop(command *exec.Cmd) {
	_ = command.Process.Signal(syscall.SIGCONT)
	_ = command.Process.Kill()
	_ = command.Wait()
}

// run starts the daemon, and waits until it is ready.
func (r *rig) run() {
	r.t.Helper()
	r.daemon = r.start(r.log, "run", "--config", filepath.Join(r.directory, "autoscaled.yaml"))
	eventually(r.t, "the daemon is ready", 15*time.Second, func() bool {
		answer, err := http.Get(r.url("/readyz"))
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (r *rig) url(path string) string { return "http://" + r.address + path }

// push gives a signal a value.
func (r *rig) push(signal string, value float64) {
	r.t.Helper()
	request, err := http.NewRequest(http.MethodPost, r.url("/v1/push/"+signal), strings.NewReader(fmt.Sprintf(`{"value":%v}`, value)))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		r.t.Fatalf("push %s: %s: %s", signal, answer.Status, text)
	}
}

// group is what the API says of a group.
func (r *rig) group(name string) (g struct {
	Desired, Serving int
	Override         *struct{ Kind, By, Why string }
}) {
	r.t.Helper()
	answer, err := http.Get(r.url("/v1/groups/" + name))
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&g); err != nil {
		r.t.Fatal(err)
	}
	return g
}

func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come about within %v that %s", within, what)
		}
	}
}

func configuration(directory, address, endpoint, template, machine string, app, snmp int) string {
	text := fmt.Sprintf(`installation: rehearsal
state: %[1]s/state
socket: %[1]s/autoscaled.sock
listen: %[2]s
web: {anonymous: admin}
providers:
  gio:
    type: gp
    endpoint: %[3]s
    gp_service_code: gp00000001
    access_key: env:GP_ACCESS_KEY
    secret_key: env:GP_SECRET_KEY
    calls_per_second: 50
    poll_moving: 300ms
    poll_idle: 2s
    stale_read: 1s
    absence_after: 2s
    billing: gp-gio
groups:
  web:
    provider: gio
    mode: act
    interval: 1s
    min: 2
    max: 8
    template: {source: %[4]s, type: %[5]s}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: %[6]d}}]
    ready: {http: {port: %[6]d, path: /healthz}, consecutive: 2, interval: 300ms, timeout: 1s}
    signals:
      cpu: {snmp: {profile: cpu_busy, port: %[7]d, timeout: 500ms}, window: 3s}
      jobs: {push: {token: "file:%[1]s/token"}, staleness: 5m}
    policies:
      - target: {signal: jobs, per_instance: 10}
    scale_out: {warm_up: 1s}
    scale_in: {stabilization: 8s, cooldown: 3s, drain: 2s, watch: 2s, standby: 1, load_loss: {release: 0s}}
`, directory, address, endpoint, template, machine, app, snmp)
	for _, group := range []struct {
		name string
		max  int
	}{{"batch", 8}, {"mail", 6}, {"search", 5}} {
		text += fmt.Sprintf(`  %s:
    provider: gio
    interval: 1s
    min: 1
    max: %d
    template: {source: %s, type: %s}
    signals:
      backlog: {push: {token: "file:%s/token"}, staleness: 5m}
    policies:
      - target: {signal: backlog, per_instance: 100}
`, group.name, group.max, template, machine, directory)
	}
	return text
}
