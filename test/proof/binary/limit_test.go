package binary

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

// limitVariable makes these tests' own program set a limit and become another one.
const limitVariable = "AUTOSCALED_PROOF_FILE_BYTES"

// becomeLimited runs a program in the place of this one, whose files may have so many
// bytes. It returns only if that fails.
func becomeLimited(limit string, args []string) error {
	bytes, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	if err := limitFiles(os.Getpid(), bytes); err != nil {
		return err
	}
	if err := os.Unsetenv(limitVariable); err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", args[0], syscall.Exec(args[0], args, os.Environ()))
}

const (
	resourceFileBytes = 1 // RLIMIT_FSIZE
	unlimited         = ^uint64(0)
)

// limitFiles sets how many bytes a file may have that the process writes, until it is
// set again. From inside, this looks like a full disk.
func limitFiles(pid int, bytes uint64) error {
	var limit struct{ soft, hard uint64 }
	if err := prlimit(pid, nil, unsafe.Pointer(&limit)); err != nil {
		return err
	}
	limit.soft = min(bytes, limit.hard)
	return prlimit(pid, unsafe.Pointer(&limit), nil)
}

func prlimit(pid int, set, get unsafe.Pointer) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), resourceFileBytes, uintptr(set), uintptr(get), 0, 0)
	if errno != 0 {
		return fmt.Errorf("limit the files of process %d: %w", pid, errno)
	}
	return nil
}

// thisProgram is the path of these tests' own program.
func thisProgram(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
