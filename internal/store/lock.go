package store

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

// lockTimeout lets a successor start while its predecessor is still ending.
const lockTimeout = time.Second

// ErrInUse is the error for a store that another process uses.
var ErrInUse = errors.New("another autoscaled already runs on this state directory")

// lockDirectory makes the calling process the only user of the state directory until the
// returned file is closed or the process ends, however it ends.
func lockDirectory(path string) (*os.File, error) {
	lock, err := dir.Lock(path, lockTimeout)
	var absent *os.PathError
	switch {
	case errors.Is(err, dir.ErrInUse):
		return nil, fmt.Errorf("%w (%s): stop it, or give this one a directory of its own", ErrInUse, path)
	case errors.As(err, &absent):
		return nil, fmt.Errorf("open the state directory: %w; it must be a directory that this user may read and write", err)
	case err != nil:
		return nil, fmt.Errorf("lock the state directory %s: %w; it must be on a local file system", path, err)
	}
	return lock, nil
}
