// Package process runs the programs that a benchmark measures, and reads from the kernel
// what processor time and memory they take: in /proc, so on Linux alone.
//
// A program runs until it is stopped, or until the context it was started with ends. What
// it prints goes to a file, of which an error has the end.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs until it is stopped.
type Process struct {
	Name    string
	said    string // the file of what it prints
	command *exec.Cmd
	ended   chan struct{} // closed once it has ended
}

// Start starts a program in a directory, with variables added to the environment.
func Start(ctx context.Context, name, directory string, variables []string, program string, args ...string) (*Process, error) {
	p := &Process{Name: name, said: filepath.Join(directory, name+".log"), ended: make(chan struct{})}
	out, err := os.Create(p.said)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	p.command = exec.CommandContext(ctx, program, args...) //nolint:gosec // the programs that the person names
	p.command.Dir, p.command.Env = directory, append(os.Environ(), variables...)
	p.command.Stdout, p.command.Stderr = out, out
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w; name a binary that can be run", name, err)
	}
	go func() {
		_ = p.command.Wait() // how it ended, its last words say
		close(p.ended)
	}()
	return p, nil
}

// Stop lets the process end, and ends it if it does not.
func (p *Process) Stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// LastWords is the end of what it printed.
func (p *Process) LastWords() string {
	said, _ := os.ReadFile(p.said)
	return fmt.Sprintf("%s ended: %s", p.Name, bytes.TrimSpace(said[max(0, len(said)-1000):]))
}

// Pause waits, unless the context or the process ends before.
func (p *Process) Pause(ctx context.Context, span time.Duration) error {
	select {
	case <-time.After(span):
		return nil
	case <-p.ended:
		return errors.New(p.LastWords())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Until asks every tenth of a second until the answer is yes.
func (p *Process) Until(ctx context.Context, bound time.Duration, yes func() bool) error {
	deadline := time.Now().Add(bound)
	for !yes() {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s was not ready in %s", p.Name, bound)
		}
		if err := p.Pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// Share is how much of one processor the process uses.
func (p *Process) Share(ctx context.Context, span time.Duration) (float64, error) {
	began := time.Now()
	before, err := p.ProcessorTime()
	if err != nil {
		return 0, err
	}
	if err := p.Pause(ctx, span); err != nil {
		return 0, err
	}
	after, err := p.ProcessorTime()
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

// hertz is in what the kernel tells processor time to programs, on every machine that
// Go runs on.
const hertz = 100

// ProcessorTime is what it has used so far, on behalf of itself and in the kernel.
func (p *Process) ProcessorTime() (time.Duration, error) {
	file := p.kernelFile("stat")
	stat, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(stat), ") ") // behind its name, which may hold anything
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %q is too short", file, stat)
	}
	user, errUser := strconv.Atoi(fields[11])
	kernel, errKernel := strconv.Atoi(fields[12])
	return time.Duration(user+kernel) * time.Second / hertz, errors.Join(errUser, errKernel)
}

func (p *Process) kernelFile(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.command.Process.Pid, name)
}

// FreePorts are ports that nobody uses just now, on TCP.
func FreePorts(count int) ([]string, error) {
	var ports []string
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens at once
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }() // once all are found, so that they differ
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}

// WriteFiles writes files, by name, to a directory, and makes it if there is none.
func WriteFiles(directory string, files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Client has a deadline for every request, and keeps no connection.
var Client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// Answers says whether a page can be read.
func Answers(url string) bool {
	request, err := http.NewRequest(http.MethodGet, url, nil) //nolint:noctx // the client has a deadline
	if err != nil {
		return false
	}
	response, err := Client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
