package store

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// DamagedError is the error for a state file whose content cannot be believed. What
// it held is the only record of some purchases, so going on without it is a
// person's decision. The file is left as it was.
type DamagedError struct {
	Path string
	Err  error // what is wrong with it
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the state file %s is damaged: %v", e.Path, e.Err)
}

// Unwrap returns what is wrong with the file.
func (e *DamagedError) Unwrap() error { return e.Err }

var errNotRegular = errors.New("it is not a regular file")

// refused is the error for a file that cannot be used, for the given reason: a
// DamagedError, unless the reason lies around the file.
func refused(path string, why error) error {
	var system syscall.Errno
	var version versionError
	remedy := "check the disk"
	switch {
	case errors.Is(why, os.ErrPermission):
		remedy = "let this user read and write it"
	case errors.Is(why, errNotRegular):
		remedy = "move it away"
	case errors.Is(why, bolterrors.ErrTimeout):
		remedy = "another program has it open: end that"
	case errors.Is(why, os.ErrNotExist):
		remedy = "it was there a moment ago, or is a link that leads nowhere"
	case errors.As(why, &version):
		remedy = "this one leaves it alone"
	case errors.As(why, &system):
	default:
		return &DamagedError{path, why}
	}
	return fmt.Errorf("open the state file %s: %w; %s", path, why, remedy)
}

// guarded turns a panic of f, and a fault on memory that is mapped from a file, into
// an error: so bbolt answers a file that changes under its hands.
func guarded(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("reading it failed: %v", panicked)
		}
	}()
	return f()
}
