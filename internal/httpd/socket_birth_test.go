package httpd_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// Whoever connects between the socket's getting its name and its getting its mode
// would be served later on.
func TestTheSocketIsNeverOpenToOthersNotEvenAtItsBirth(t *testing.T) {
	umask := syscall.Umask(0)
	defer syscall.Umask(umask)
	directory := filepath.Dir(socketPath(t))
	for i := range 200 {
		path := filepath.Join(directory, strconv.Itoa(i))
		first := make(chan os.FileMode)
		go func() {
			for {
				if info, err := os.Lstat(path); err == nil {
					first <- info.Mode().Perm()
					return
				}
			}
		}()
		_ = listenSocket(t, path).Close()
		listener := listenSocket(t, path) // stays, for a watcher that missed the first one
		if mode := <-first; mode != 0o660 {
			t.Fatalf("the socket was seen with mode %o", mode)
		}
		_ = listener.Close()
	}
}

func TestASocketThatIsTooBusyToAnswerIsLeftToItsOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(filepath.Dir(filepath.Dir(socketPath(t))), "busy.sock")
	busy, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(busy)
	if err := syscall.Bind(busy, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(busy, 0); err != nil {
		t.Fatal(err)
	}
	for { // until no connection more fits into its queue
		waiting, err := net.Dial("unix", path)
		if err != nil {
			break
		}
		defer waiting.Close()
	}
	_, err = httpd.ListenSocket(path)
	if err == nil || !strings.Contains(err.Error(), "another autoscaled answers") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the busy daemon's socket is gone: %v", err)
	}
}
