package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
)

const fullDiskChild = "STORE_TEST_FULL_DISK"

// A limit on the size of files stands for a full disk. It holds for a whole process,
// so the test runs itself as another one.
func TestFullDiskLosesNothingAndIsSurvived(t *testing.T) {
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
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	epoch := claim(t, s)
	for i := range 20 {
		if _, err := s.Commit(epoch, store.Txn{Puts: []store.Put{{Key: fmt.Sprint("k", i), Value: make([]byte, 1000)}}}); err != nil {
			t.Fatal(err)
		}
	}
	before := contentOf(t, s)
	large := store.Txn{Puts: []store.Put{{Key: "large", Value: make([]byte, store.MaxValueBytes)}}, Deletes: []string{"k0"}}

	var free syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []uint64{0, 1 << 12, 1 << 15, 1 << 16, 1 << 17, 1 << 20} {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: free.Max}); err != nil {
			t.Fatal(err)
		}
		_, err := s.Commit(epoch, large)
		if err == nil || errors.Is(err, store.ErrUnknownOutcome) || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("limit %d: got %v", limit, err)
		}
		if after := contentOf(t, s); after != before {
			t.Errorf("limit %d: the failed commit changed something", limit)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &free); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(epoch, large); err != nil {
		t.Fatalf("space is back: %v", err)
	}
	after := contentOf(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if contentOf(t, open(t, path)) != after {
		t.Error("another content after opening again")
	}
	fmt.Println("survived a full disk")
}
