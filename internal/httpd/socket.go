package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ListenSocket listens on a unix socket that this user can open, and this group unless the
// umask keeps it out; nobody else, whatever the umask. A socket that a dead process left is
// replaced; one that answers, or another kind of file, is not.
func ListenSocket(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the control socket: %w; set `socket:` to a path that can be written", err)
	}
	config := net.ListenConfig{Control: notForOthers}
	listener, err := config.Listen(context.Background(), "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if mayAnswer(path) {
			return nil, fmt.Errorf("listen on %s: another autoscaled answers there; stop it, or set `socket:` to another path", path)
		}
		if err := removeSocket(path); err != nil {
			return nil, fmt.Errorf("replace the control socket that a dead process left: %w; set `socket:` to another path", err)
		}
		listener, err = config.Listen(context.Background(), "unix", path)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on the control socket: %w; set `socket:` to a path that can be written", err)
	}
	return listener, nil
}

// notForOthers gives a socket, before it gets its name, the mode that its file will
// have: on Linux that of the socket itself, less the umask. After a chmod of the
// file it would be too late for whoever connected before.
func notForOthers(_, _ string, socket syscall.RawConn) error {
	var err error
	if controlErr := socket.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o660) }); controlErr != nil {
		return controlErr
	}
	return err
}

func removeSocket(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is not a socket", path)
	}
	return os.Remove(path)
}

// mayAnswer says whether somebody may listen on the socket. Only a refusal proves
// that nobody does: a daemon that is too busy, or is another user's, gives other
// errors.
func mayAnswer(path string) bool {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "unix", path)
	if err == nil {
		_ = connection.Close()
	}
	return !errors.Is(err, syscall.ECONNREFUSED)
}

// ListenTCP listens on the address of the open face.
func ListenTCP(address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program uses this port; stop it, or set `listen:` to another one", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; set `listen:` to an address of this machine", address, err)
	}
	return listener, nil
}
