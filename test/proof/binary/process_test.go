package binary

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that a test runs. It is killed when the test ends, and
// what it printed is shown if the test failed.
type process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	said    output
	ended   chan struct{} // closed once it has ended
}

// start starts a program with variables added to the test's environment.
func start(t *testing.T, name string, variables []string, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, command: exec.Command(program, args...), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), variables...)
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.WaitDelay = 5 * time.Second // for children that keep its output open
	if err := p.command.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.clear)
	return p
}

func (p *process) clear() {
	p.kill()
	if strings.Contains(p.said.String(), "DATA RACE") {
		p.t.Errorf("%s has a data race", p.name)
	}
	if p.name == "daemon" && strings.Contains(p.said.String(), secretKey) {
		p.t.Error("the daemon's log shows the secret key of its account")
	}
	if p.t.Failed() {
		p.t.Logf("%s (%v) said at last:\n%s", p.name, p.command.ProcessState, p.said.end(40))
	}
}

// kill ends the process as a power cut does, and returns when it has ended.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

func (p *process) signal(signal syscall.Signal) {
	_ = p.command.Process.Signal(signal) // one that has ended has nothing to hear
}

func (p *process) running() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended: %v", p.name, p.command.ProcessState)
	default:
		return nil
	}
}

// status waits for the end and returns the exit status.
func (p *process) status(bound time.Duration) int {
	p.t.Helper()
	eventually(p.t, bound, "end of "+p.name, func() error {
		if p.running() == nil {
			return errors.New("it runs")
		}
		return nil
	})
	return p.command.ProcessState.ExitCode()
}

// says returns nil once the process has printed the text.
func (p *process) says(text string) error {
	if !strings.Contains(p.said.String(), text) {
		return fmt.Errorf("%s has not said %q", p.name, text)
	}
	return nil
}

// output collects what a process prints.
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

// end is the last lines, as many as are asked for.
func (o *output) end(count int) string {
	lines := slices.Collect(strings.Lines(o.String()))
	return strings.Join(lines[max(0, len(lines)-count):], "")
}
