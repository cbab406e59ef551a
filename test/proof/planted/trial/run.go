package trial

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Run is one way to run a compiled test. It hangs, and has failed, when it takes longer
// than Bound, or prints nothing (not even that another test begins) for longer than Silence.
type Run struct {
	Binary
	Tests   string   // -test.run
	Args    []string // flags of the test's own
	Env     []string // NAME=value, beside those of this process
	Bound   time.Duration
	Silence time.Duration
}

// Outcome is what came of a run.
type Outcome struct {
	Failed  bool
	By      string // the test that failed first, with its package
	Said    string // the first that it said, for a person
	Passed  int    // tests and subtests that passed
	Took    time.Duration
	Tests   map[string]time.Duration // what each test took that passed, with its subtests
	Silence time.Duration            // the longest time without a line
}

var errSilent = errors.New("it hangs")

// Do runs the test until one of its tests fails, in a copy of its folder, so that what
// it leaves there is of no consequence. An error says that it could not be run, or that
// ctx has ended.
func (r Run) Do(ctx context.Context) (Outcome, error) {
	around, err := os.MkdirTemp(filepath.Dir(r.path), "run-")
	if err != nil {
		return Outcome{}, err
	}
	var outcome Outcome
	folder, err := copyFolder(r.Dir, around)
	if err == nil {
		outcome, err = r.in(ctx, folder)
	}
	return outcome, errors.Join(err, os.RemoveAll(around))
}

// copyFolder copies the folder into around, and links what is beside it there.
func copyFolder(folder, around string) (string, error) {
	beside := filepath.Dir(folder)
	entries, err := os.ReadDir(beside)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.Name() == filepath.Base(folder) {
			continue
		}
		if err := os.Symlink(filepath.Join(beside, entry.Name()), filepath.Join(around, entry.Name())); err != nil {
			return "", err
		}
	}
	copied := filepath.Join(around, filepath.Base(folder))
	return copied, os.CopyFS(copied, os.DirFS(folder))
}

func (r Run) in(ctx context.Context, folder string) (Outcome, error) {
	began := time.Now()
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	silent := time.AfterFunc(r.Silence, func() { end(errSilent) })
	defer silent.Stop()

	args := append([]string{"-test.v=test2json", "-test.failfast", "-test.run=" + r.Tests, "-test.timeout=" + r.Bound.String()}, r.Args...)
	command := exec.CommandContext(running, r.path, args...) //nolint:gosec // a test that we compiled
	command.Dir = folder
	command.Env = append(append(os.Environ(), "AUTOSCALED_TRIAL=1"), r.Env...)
	command.WaitDelay = time.Second
	printed, err := command.StdoutPipe()
	if err != nil {
		return Outcome{}, err
	}
	command.Stderr = command.Stdout // both in one stream, as they come
	if err := command.Start(); err != nil {
		return Outcome{}, fmt.Errorf("run the tests of %s: %w", r.Name, err)
	}
	heard := listen(printed, func() { silent.Reset(r.Silence) })
	if heard.failed != "" {
		end(nil) // the rest does not matter any more
	}
	err = command.Wait()
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && running.Err() == nil {
		return Outcome{}, fmt.Errorf("run the tests of %s: %w", r.Name, err)
	}
	if errors.Is(context.Cause(running), errSilent) {
		heard.failed, heard.said = heard.current, errSilent.Error()
	}
	return Outcome{
		Failed:  err != nil || heard.failed != "",
		By:      strings.TrimSpace(path.Base(r.Name) + " " + heard.failed),
		Said:    heard.said,
		Passed:  heard.passed,
		Took:    time.Since(began),
		Tests:   heard.tests,
		Silence: heard.silence,
	}, nil
}

// heard is what a test's output tells.
type heard struct {
	failed  string // the first test that failed, or was running when the process broke
	said    string
	current string // the test that printed last
	passed  int
	tests   map[string]time.Duration // what each took that passed, with its subtests
	silence time.Duration            // the longest time without a line
}

// lineMax bounds what is kept of a line.
const lineMax = 64 << 10

// marker stands before a line of the testing package itself.
const marker = "\x16"

// listen reads the output of a test with -test.v=test2json until a test fails or the
// process ends. It calls heardLine after each line.
func listen(output io.Reader, heardLine func()) heard {
	h := heard{tests: map[string]time.Duration{}}
	words := map[string]string{} // the first words of each test that runs
	before, last := "", time.Now()
	lines := bufio.NewReaderSize(output, lineMax)
	for {
		line, err := lines.ReadSlice('\n')
		heardLine()
		h.silence, last = max(h.silence, time.Since(last)), time.Now()
		text := strings.TrimSpace(strings.TrimLeft(string(line), marker))
		kind, rest, _ := strings.Cut(text, ": ")
		name, _, _ := strings.Cut(rest, " ")
		switch {
		case strings.HasPrefix(text, "=== "):
			h.current = text[strings.LastIndexByte(text, ' ')+1:]
		case kind == "--- FAIL":
			h.failed, h.said = name, words[name]
			return h
		case kind == "--- PASS":
			h.pass(rest)
			delete(words, name)
		case h.said == "" && (kind == "panic" || kind == "fatal error" || kind == "goleak"):
			h.said = text
		case before == "running tests:":
			h.failed, _, _ = strings.Cut(text, " ")
		case strings.Contains(kind, ".go:") && words[h.current] == "":
			words[h.current] = text
		}
		before = text
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return h
		}
	}
}

// pass notes a test that passed, from its name and time such as "TestA/one (0.02s)".
func (h *heard) pass(text string) {
	h.passed++
	name, seconds, _ := strings.Cut(text, " (")
	name, _, _ = strings.Cut(name, "/")
	took, err := time.ParseDuration(strings.TrimSuffix(seconds, ")"))
	if err == nil {
		h.tests[name] += took
	}
}
