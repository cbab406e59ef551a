package httpd_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// It is not parallel, for the umask is the process's.
func TestTheGroupCanOpenTheSocketOnlyIfTheUmaskLetsItAndOthersNever(t *testing.T) {
	before := syscall.Umask(0)
	defer syscall.Umask(before)
	for umask, want := range map[int]os.FileMode{0: 0o660, 0o007: 0o660, 0o022: 0o640, 0o077: 0o600} { // to connect takes the right to write
		path := socketPath(t)
		syscall.Umask(umask)
		listener := listenSocket(t, path)
		for name, want := range map[string]os.FileMode{path: want, filepath.Dir(path): 0o700} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != want {
				t.Errorf("under umask %03o %s has mode %o, want %o", umask, name, info.Mode().Perm(), want)
			}
		}
		_ = listener.Close()
	}
}

func TestASocketOfADeadProcessIsReplaced(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	dead := listenSocket(t, path).(*net.UnixListener)
	dead.SetUnlinkOnClose(false) // as kill -9 leaves it
	_ = dead.Close()
	serve(t, listenSocket(t, path), face(&fakeFleet{}, access.Read))
	if _, err := httpd.NewClient(path).Status(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestASocketThatAnswersIsLeftToItsOwner(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	serve(t, listenSocket(t, path), face(&fakeFleet{}, access.Read))
	_, err := httpd.ListenSocket(path)
	if err == nil || !strings.Contains(err.Error(), "another autoscaled answers") {
		t.Errorf("error is %v", err)
	}
	if _, err := httpd.NewClient(path).Status(t.Context()); err != nil {
		t.Errorf("the owner's socket is broken: %v", err)
	}
}

func TestASocketInAPlaceThatCannotBeWrittenIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := httpd.ListenSocket(filepath.Join(file, "control.sock"))
	if err == nil || !strings.Contains(err.Error(), "set `socket:`") {
		t.Errorf("error is %v", err)
	}
}

func TestAFileInTheSocketsPlaceIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(file, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := httpd.ListenSocket(file)
	if err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("error is %v", err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "keep me" {
		t.Errorf("the file holds %q, %v", content, err)
	}
}
