package daemon

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestTrapsAreReceivedAtAnAddress(t *testing.T) {
	t.Parallel()
	conn, err := listenTraps("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := listenTraps(conn.LocalAddr().String()); err == nil || !strings.Contains(err.Error(), "traps.listen") {
		t.Errorf("at an address that is taken: %v", err)
	}
}

// passed are the sockets that a child of this process finds as if systemd had passed
// them on.
const passed = "AUTOSCALED_TEST_PASSED"

// TestTrapsAreReceivedAtASocketOfSystemds starts itself anew, as systemd starts a
// daemon: with sockets from descriptor 3 on, their names, and the process they are for.
func TestTrapsAreReceivedAtASocketOfSystemds(t *testing.T) {
	if os.Getenv(passed) != "" {
		receivePassed(t)
		return
	}
	t.Parallel()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	for name, want := range map[string]string{
		"traps": "received at " + udp.LocalAddr().String(), "control": "is not one of UDP", "other": "FileDescriptorName=other",
	} {
		child := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run='^TestTrapsAreReceivedAtASocketOfSystemds$' -test.v`, os.Args[0])
		child.Env = append(os.Environ(), passed+"="+name, "LISTEN_FDS=2", "LISTEN_FDNAMES=control:traps")
		for _, socket := range []interface{ File() (*os.File, error) }{tcp, udp} {
			file, err := socket.File()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			child.ExtraFiles = append(child.ExtraFiles, file)
		}
		said, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("%s: %v, want %q of\n%s", name, err, want, said)
		}
	}
}

// receivePassed is what the child does: it sends a datagram to itself.
func receivePassed(t *testing.T) {
	conn, err := listenTraps("systemd:" + os.Getenv(passed))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.WriteTo([]byte("trap"), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buffer := make([]byte, 100)
	length, _, err := conn.ReadFrom(buffer)
	if err != nil || string(buffer[:length]) != "trap" {
		t.Fatalf("%q, %v", buffer[:length], err)
	}
	fmt.Println("received at", conn.LocalAddr())
}
