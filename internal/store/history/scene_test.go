package history_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
	seed = flag.Uint64("seed", 0, "of chance; 0: another one each time")
	ever time.Time // no bound
)

// seeded is chance whose seed a failing test tells.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", chosen)
	return rand.New(rand.NewPCG(chosen, 0))
}

// scene is a history with a clock of its own, and what it said of its troubles.
type scene struct {
	*history.History
	options  history.Options
	now      time.Time
	troubles []error
}

// open opens the history in directory, on a full segment every few entries.
func open(t testing.TB, directory string, change ...func(*history.Options)) *scene {
	t.Helper()
	s := &scene{now: noon}
	s.options = history.Options{
		Directory: directory, SegmentBytes: 400,
		Now:     func() time.Time { return s.now },
		Trouble: func(err error) { s.troubles = append(s.troubles, err) },
	}
	for _, c := range change {
		c(&s.options)
	}
	opened, err := history.Open(s.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	s.History = opened
	return s
}

func (s *scene) flush(t testing.TB) {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// write appends entries to a stream, numbered on from first, and flushes after each.
func (s *scene) write(t testing.TB, stream string, first, count int) (written []string) {
	t.Helper()
	for i := first; i < first+count; i++ {
		s.now = s.now.Add(10 * time.Second)
		payload := fmt.Sprintf("%s/%d/%s", stream, i, strings.Repeat("x", i%40))
		if !s.Append(stream, s.now, byte(i), []byte(payload)) {
			t.Fatalf("entry %d was dropped", i)
		}
		s.flush(t)
		written = append(written, payload)
	}
	return written
}

// payloads reads a stream that must be without damage.
func payloads(t testing.TB, directory, stream string) (found []string) {
	t.Helper()
	for e, err := range history.Read(directory, stream, ever, ever) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, string(e.Payload))
	}
	return found
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: got %d entries, want %d, and from %d on %.60q, want %.60q", what, len(got), len(want), at, got[at:min(at+3, len(got))], want[at:min(at+3, len(want))])
}

func verify(t testing.TB, directory string) history.Report {
	t.Helper()
	report, err := history.Verify(directory, "")
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func mustBeSound(t testing.TB, directory string) {
	t.Helper()
	if report := verify(t, directory); len(report.Damage) > 0 {
		t.Errorf("damage: %v", report.Damage)
	}
}

// files lists the names in directory.
func files(t testing.TB, directory string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// newestLog is the path of the log that grows.
func newestLog(t testing.TB, directory string) string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(directory, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log in %s: %v", directory, err)
	}
	return slices.Max(logs)
}

// copied is a copy of a directory, as it is after a crash at this moment.
func copied(t testing.TB, directory string) string {
	t.Helper()
	after := t.TempDir()
	if err := os.CopyFS(after, os.DirFS(directory)); err != nil {
		t.Fatal(err)
	}
	return after
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func replace(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func damaged(err error) bool {
	var damage *history.DamagedError
	return errors.As(err, &damage)
}
