package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	lockTimeout = time.Second
	lockPause   = 20 * time.Millisecond
)

// ErrInUse is the error for a store that another process uses.
var ErrInUse = errors.New("another autoscaled already runs on this state directory")

// lockDirectory makes the calling process the only user of directory until the
// returned file is closed or the process ends, however it ends. It waits up to
// lockTimeout, so that a successor may start while its predecessor is still ending.
func lockDirectory(directory string) (*os.File, error) {
	handle, err := os.Open(directory)
	if err != nil {
		return nil, fmt.Errorf("open the state directory: %w; it must be a directory that this user may read and write", err)
	}
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(lockPause) {
		err := syscall.Flock(int(handle.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return handle, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(fmt.Errorf("lock the state directory %s: %w; it must be on a local file system", directory, err), handle.Close())
		case time.Now().After(deadline):
			return nil, errors.Join(fmt.Errorf("%w (%s): stop it, or give this one a directory of its own", ErrInUse, directory), handle.Close())
		}
	}
}

// syncDirectory makes names created in or renamed into directory durable.
func syncDirectory(directory string) error {
	handle, err := os.Open(directory)
	if err != nil {
		return err
	}
	return errors.Join(handle.Sync(), handle.Close())
}
