package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
	"github.com/autoscaled/autoscaled/internal/store/storetest"
)

func open(t testing.TB, path string) *store.Bolt {
	t.Helper()
	opened, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func claim(t testing.TB, s store.Store) store.Epoch {
	t.Helper()
	epoch, err := s.Claim()
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

func TestBolt(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
	storetest.RunDurable(t, func(t *testing.T, directory string) store.Store {
		return open(t, filepath.Join(directory, "state.db"))
	})
}

func TestOpenMakesFileAndDirectoryForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "state", "state.db")
	open(t, path)
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): os.ModeDir | 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v: %v", name, info.Mode(), want, err)
		}
	}
	if left, err := filepath.Glob(path + "?*"); err != nil || left != nil {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestSecondOpenerIsToldThatAnotherRuns(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	first := open(t, filepath.Join(directory, "state.db"))
	_, err := store.Open(filepath.Join(directory, "state.db"))
	want := "another autoscaled already runs on this state directory (" + directory + ")"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want %s", err, want)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Join(directory, "state.db"))
}

func TestSuccessorWaitsForItsPredecessorToEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, path)
	waiting := make(chan error)
	go func() {
		second, err := store.Open(path)
		if err == nil {
			err = second.Close()
		}
		waiting <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

func TestForeignFilesAreRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "state.db")
	if err := open(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, foreign := range map[string][]byte{
		"empty":     {},
		"text":      []byte(strings.Repeat("not a database\n", 5000)),
		"zeros":     make([]byte, 1<<16),
		"half":      content[:len(content)/2],
		"one short": content[:4*os.Getpagesize()],
		"head only": content[:100],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state.db")
			if err := os.WriteFile(path, foreign, 0o600); err != nil {
				t.Fatal(err)
			}
			wantDamaged(t, path)
			if after, err := os.ReadFile(path); err != nil || string(after) != string(foreign) {
				t.Errorf("the refused file was changed: %v", err)
			}
		})
	}
}

func TestADirectoryInPlaceOfTheFileIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}

// What kill -9 leaves behind is the file as it is in the page cache: a copy of it
// taken between commits must open with exactly what was committed so far.
func TestCopyTakenAfterEachCommitHoldsAllCommitsSoFar(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	living := open(t, path)
	epoch := claim(t, living)
	for i := range 60 {
		txn := store.Txn{Puts: []store.Put{{Key: fmt.Sprint("k", i%17), Value: make([]byte, i*i)}}}
		if i%5 == 4 {
			txn.Deletes = []string{fmt.Sprint("k", (i+3)%17)}
		}
		if _, err := living.Commit(epoch, txn); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			t.Fatal(err)
		}
		wantSameItems(t, open(t, copied), living)
	}
}

func wantSameItems(t testing.TB, got, want store.Store) {
	t.Helper()
	gotItems, err := got.Scan("")
	if err != nil {
		t.Fatal(err)
	}
	wantItems, err := want.Scan("")
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(gotItems) != fmt.Sprint(wantItems) {
		t.Errorf("got %v, want %v", gotItems, wantItems)
	}
}
