package daemon

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSystemdIsToldWhenAReloadBegan starts itself anew, for the variable that names systemd's
// socket is the process's. With Type=notify-reload a time before that of the signal, or of another
// clock, would leave `systemctl reload` waiting.
func TestSystemdIsToldWhenAReloadBegan(t *testing.T) {
	const reloads = "AUTOSCALED_TEST_RELOADS"
	if os.Getenv(reloads) != "" {
		notifyReloading()
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = systemd.Close() }()
	child := exec.Command(os.Args[0], "-test.run=^TestSystemdIsToldWhenAReloadBegan$")
	child.Env = append(os.Environ(), reloads+"=1", "NOTIFY_SOCKET="+path)
	before := monotonic(t)
	if said, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	after := monotonic(t)
	_ = systemd.SetReadDeadline(time.Now().Add(10 * time.Second))
	datagram := make([]byte, 200)
	length, err := systemd.Read(datagram)
	if err != nil {
		t.Fatal(err)
	}
	text, found := strings.CutPrefix(string(datagram[:length]), "RELOADING=1\nMONOTONIC_USEC=")
	at, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || at < before || at > after {
		t.Errorf("it is told %q, want RELOADING=1 and MONOTONIC_USEC from %d to %d", datagram[:length], before, after)
	}
}

// monotonic is the clock that systemd goes by, in microseconds.
func monotonic(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() / 1000
}
