package dir_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneAtATimeHasADirectory(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	lock, err := dir.Lock(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Lock(path, 0); !errors.Is(err, dir.ErrInUse) {
		t.Errorf("a second lock: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		second, err := dir.Lock(path, time.Hour)
		ended <- errors.Join(err, dir.Unlock(second))
	}()
	if err := dir.Unlock(lock); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("a successor that waits: %v", err)
	}
}

func TestADirectoryThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none")
	_, lockErr := dir.Lock(path, 0)
	for what, err := range map[string]error{"lock": lockErr, "sync": dir.Sync(path)} {
		var pathErr *fs.PathError
		if !errors.As(err, &pathErr) || pathErr.Path != path {
			t.Errorf("%s: %v", what, err)
		}
	}
}
