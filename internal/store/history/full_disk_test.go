package history_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

const fullDiskChild = "HISTORY_TEST_FULL_DISK"

// A limit on the size of files stands for a full disk. It holds for a whole process,
// so the test runs itself as another one.
func TestAFullDiskIsToldOnceAndCostsOnlyWhatDoesNotFit(t *testing.T) {
	if os.Getenv(fullDiskChild) != "" {
		fillDisk(t)
		return
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), fullDiskChild+"=1")
	if output, err := child.CombinedOutput(); err != nil || !strings.Contains(string(output), "survived a full disk") {
		t.Fatalf("%v\n%s", err, output)
	}
}

func fillDisk(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.SegmentBytes, o.BufferBytes = 3000, 2000 })
	var free syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
		t.Fatal(err)
	}
	limit := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: free.Max}); err != nil {
			t.Fatal(err)
		}
	}
	var written []string
	dropped := uint64(0)
	for round := range 20 {
		limit(uint64(round * 150)) // into a header, a head, a body
		failed := 0
		for i := range 60 {
			payload := fmt.Sprintf("%d/%d/%s", round, i, strings.Repeat("x", 50))
			if s.Append("web", s.now, 0, []byte(payload)) {
				written = append(written, payload)
			} else {
				dropped++
			}
			if i%10 == 9 && s.Flush() != nil {
				failed++
			}
		}
		stats := s.Stats()
		if round == 0 && (failed != 6 || stats.Trouble == nil || stats.Waiting == 0) {
			t.Errorf("%d flushes failed: %+v", failed, stats)
		}
		if failed > 0 && (len(s.troubles) != 1 || !strings.Contains(s.troubles[0].Error(), "free space")) {
			t.Errorf("round %d: told %v", round, s.troubles)
		}
		limit(free.Cur)
		s.flush(t)
		s.flush(t)
		equal(t, fmt.Sprint("round ", round), payloads(t, directory, "web"), written)
		mustBeSound(t, directory)
		if stats := s.Stats(); stats.Waiting != 0 || stats.Dropped != dropped {
			t.Errorf("round %d: %+v", round, stats)
		}
		s.troubles = nil
	}
	if dropped == 0 {
		t.Error("nothing was dropped: the bound is not tested")
	}
	limit(0)
	for range 10 {
		s.Append("web", s.now, 0, nil)
	}
	if err := s.Close(); err == nil || s.Stats().Dropped != dropped+10 {
		t.Errorf("closed with %v: %+v", err, s.Stats())
	}
	limit(free.Cur)
	equal(t, "at the end", payloads(t, directory, "web"), written)
	again := open(t, directory)
	again.flush(t)
	equal(t, "opened again", payloads(t, directory, "web"), written)
	mustBeSound(t, directory)
	fmt.Println("survived a full disk")
}
