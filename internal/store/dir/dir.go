// Package dir does with directories what files that must survive need: it makes
// names in them durable, and lets one process at a time use them.
//
// The store and its history call it; it calls nobody.
package dir

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// ErrInUse is the error for a directory that another process has locked.
var ErrInUse = errors.New("another process uses the directory")

const lockPause = 20 * time.Millisecond

// Lock makes the calling process the only user of a directory until the returned file is
// given to Unlock or the process ends, however it ends. While another has it, it tries
// again for so long, and then fails with ErrInUse.
func Lock(path string, wait time.Duration) (*os.File, error) {
	handle, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(lockPause) {
		err := syscall.Flock(int(handle.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return handle, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(os.NewSyscallError("flock", err), handle.Close())
		case !time.Now().Before(deadline):
			return nil, errors.Join(ErrInUse, handle.Close())
		}
	}
}

// Unlock does more than close the file: a process that is being started by this one
// holds it open as well for a moment.
func Unlock(lock *os.File) error {
	return errors.Join(syscall.Flock(int(lock.Fd()), syscall.LOCK_UN), lock.Close())
}

// Sync makes names created in, renamed into or removed from a directory durable.
func Sync(path string) error {
	handle, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(handle.Sync(), handle.Close())
}
