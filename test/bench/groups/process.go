package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs until it is stopped.
type process struct {
	name    string
	said    string // the file of what it prints
	command *exec.Cmd
	ended   chan struct{} // closed once it has ended
}

// start starts a program in a directory, with variables added to the environment.
func start(ctx context.Context, name, directory string, variables []string, program string, args ...string) (*process, error) {
	p := &process{name: name, said: filepath.Join(directory, name+".log"), ended: make(chan struct{})}
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

// stop lets the process end, and ends it if it does not.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// lastWords is the end of what it printed.
func (p *process) lastWords() string {
	said, _ := os.ReadFile(p.said)
	return fmt.Sprintf("%s ended: %s", p.name, bytes.TrimSpace(said[max(0, len(said)-1000):]))
}

// hertz is in what the kernel tells processor time to programs, on every machine that
// Go runs on.
const hertz = 100

// processorTime is what it has used so far, on behalf of itself and in the kernel.
func (p *process) processorTime() (time.Duration, error) {
	stat, err := os.ReadFile(p.kernelFile("stat"))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(stat), ") ") // behind its name, which may hold anything
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %q is too short", p.kernelFile("stat"), stat)
	}
	user, errUser := strconv.Atoi(fields[11])
	kernel, errKernel := strconv.Atoi(fields[12])
	return time.Duration(user+kernel) * time.Second / hertz, errors.Join(errUser, errKernel)
}

func (p *process) kernelFile(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.command.Process.Pid, name)
}

// memory is what a process has in memory, in bytes.
type memory struct {
	resident  int // all of it
	anonymous int // what no file backs
	peak      int // the most that was resident since the start
}

func (p *process) memory() (m memory, err error) {
	rollup, err := kilobytes(p.kernelFile("smaps_rollup"))
	if err != nil {
		return m, err
	}
	status, err := kilobytes(p.kernelFile("status"))
	return memory{rollup["Rss"], rollup["Anonymous"], status["VmHWM"]}, err
}

// kilobytes reads the lines of the form "Key: 12 kB", in bytes.
func kilobytes(file string) (map[string]int, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if count, ok := strings.CutSuffix(value, " kB"); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(count)); err == nil {
				found[key] = n * 1024
			}
		}
	}
	return found, lines.Err()
}
