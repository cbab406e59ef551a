package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
)

// storeWith makes a store with one value and closes it.
func storeWith(t *testing.T, path, value string) {
	t.Helper()
	s := open(t, path)
	if _, err := s.Commit(claim(t, s), store.Txn{Puts: []store.Put{{Key: "old", Value: []byte(value)}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func damage(t *testing.T, path string) (content []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[os.Getpagesize()+20] ^= 1 // of the second head
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return content
}

func note(key, value string) *store.Document[string] {
	return &store.Document[string]{Key: key, Value: value}
}

func TestADamagedFileIsReplacedAndKeptAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	was := damage(t, path)
	wantDamaged(t, path)
	if kept, err := store.Renew(path, path+".aside", false, note("installation", "tokyo"), note("group/web/state", "paused")); err != nil || !kept {
		t.Fatal(kept, err)
	}
	if kept, err := os.ReadFile(path + ".aside"); err != nil || string(kept) != string(was) {
		t.Errorf("what was kept aside is not what was there: %v", err)
	}
	if err := store.Check(path); err != nil {
		t.Error(err)
	}
	renewed := open(t, path)
	for key, want := range map[string]string{"installation": "tokyo", "group/web/state": "paused", "old": ""} {
		if got, err := store.Read[string](renewed, key); err != nil || got.Value != want || got.Revision == 0 != (want == "") {
			t.Errorf("%s is %+v, %v", key, got, err)
		}
	}
	journal := store.Journal{Store: renewed, Epoch: claim(t, renewed)}
	if err := journal.Write(note("new", "value")); err != nil {
		t.Errorf("it takes no commit: %v", err)
	}
	if err := renewed.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 2 {
		t.Errorf("the directory holds %v, %v", left, err)
	}
}

func TestWhereThereIsNoFileOneIsMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "state.db")
	if err := store.Check(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("checked: %v", err)
	}
	if kept, err := store.Renew(path, path+".aside", false, note("installation", "tokyo")); err != nil || kept {
		t.Fatal(kept, err)
	}
	if got, err := store.Read[string](open(t, path), "installation"); err != nil || got.Value != "tokyo" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := os.Lstat(path + ".aside"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something lies aside: %v", err)
	}
}

func TestAWholeFileIsReplacedOnlyByForce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	if kept, err := store.Renew(path, path+".aside", false, note("new", "")); !errors.Is(err, store.ErrWhole) || kept {
		t.Errorf("got %v, %v", kept, err)
	}
	if got, err := open(t, path).Get("old"); err != nil || string(got.Value) != "first" {
		t.Errorf("it holds %+v, %v", got, err)
	}
}

func TestForceKeepsAWholeFileAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	if kept, err := store.Renew(path, path+".aside", true, note("new", "value")); err != nil || !kept {
		t.Fatal(kept, err)
	}
	if got, err := open(t, path).Get("old"); err != nil || got.Revision != 0 {
		t.Errorf("it still holds %+v, %v", got, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "state.db")
	if err := os.Rename(path+".aside", elsewhere); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, elsewhere).Get("old"); err != nil || string(got.Value) != "first" {
		t.Errorf("what was kept aside holds %+v, %v", got, err)
	}
}

func TestNothingIsReplacedWhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		want    string
	}{
		"another runs":            {func(t *testing.T, path string) { open(t, path) }, "another autoscaled already runs"},
		"the name aside is taken": {func(t *testing.T, path string) { storeWith(t, path, ""); damage(t, path); taken(t, path+".aside") }, "file exists"},
		"a directory is in place": {func(t *testing.T, path string) { mkdir(t, path) }, "not a regular file"},
	} {
		for _, force := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "state.db")
				c.prepare(t, path)
				before, _ := os.ReadFile(path)
				kept, err := store.Renew(path, path+".aside", force)
				if err == nil || kept || !strings.Contains(err.Error(), c.want) && !force {
					t.Errorf("got %v", err)
				}
				if after, _ := os.ReadFile(path); string(after) != string(before) {
					t.Error("the file was changed")
				}
				if content, err := os.ReadFile(path + ".aside"); err == nil && string(content) != "taken" {
					t.Error("what lay aside was overwritten")
				}
			})
		}
	}
}

func taken(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("taken"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// A daemon that starts in a gap would begin with an empty store.
func TestThereIsAFileAtEveryInstantOfAReplacement(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	stop, missed := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				missed <- n
				return
			default:
				if _, err := os.Lstat(path); err != nil {
					n++
				}
			}
		}
	}()
	for range 30 {
		aside := filepath.Join(t.TempDir(), "aside")
		if _, err := store.Renew(path, aside, true, note("new", "value")); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	if n := <-missed; n > 0 {
		t.Errorf("it was missing %d times", n)
	}
}

// What root repairs, the daemon's own user must be able to open.
func TestAFileThatRootMakesBelongsToTheOwnerOfItsDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const owner = 54321
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	if err := os.Chown(filepath.Dir(path), owner, owner); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Renew(path, path+".aside", true, note("new", "value")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t); got.Uid != owner || got.Gid != owner || info.Mode() != 0o600 {
		t.Errorf("it belongs to %d:%d and has mode %v", got.Uid, got.Gid, info.Mode())
	}
}

func TestChecksChangeNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	storeWith(t, path, "first")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Check(path); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
	living := open(t, path)
	if err := store.Check(path); !errors.Is(err, store.ErrInUse) {
		t.Errorf("while it is open: %v", err)
	}
	if err := living.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, path)
	var damaged *store.DamagedError
	if err := store.Check(path); !errors.As(err, &damaged) {
		t.Errorf("damaged: %v", err)
	}
}
