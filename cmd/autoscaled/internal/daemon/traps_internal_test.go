package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestTrapsAreReceivedAtAnAddress(t *testing.T) {
	t.Parallel()
	conn, err := listenTraps("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := listenTraps(conn.LocalAddr().String(), nil); err == nil || !strings.Contains(err.Error(), "traps.listen") {
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
	udp, err := net.ListenUDP("udp", nil) // at all addresses of v6 and v4, as the socket unit has it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	received := "at " + udp.LocalAddr().String()
	for _, c := range []struct{ name, sent, want string }{
		{"control", "", "is not one of UDP"},
		{"other", "", "FileDescriptorName=other"},
		{"traps", "first", "received first " + received},
		{"traps", "between two daemons", "received between two daemons " + received}, // none reads when it is sent
	} {
		if c.sent != "" {
			sendTo(t, udp, c.sent)
		}
		child := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run='^TestTrapsAreReceivedAtASocketOfSystemds$' -test.v`, os.Args[0])
		child.Env = append(os.Environ(), passed+"="+c.name, "LISTEN_FDS=2", "LISTEN_FDNAMES=control:traps")
		for _, socket := range []interface{ File() (*os.File, error) }{tcp, udp} {
			file, err := socket.File()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			child.ExtraFiles = append(child.ExtraFiles, file)
		}
		said, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(said), c.want) {
			t.Errorf("%s: %v, want %q of\n%s", c.name, err, c.want, said)
		}
	}
}

// sendTo sends a datagram to the socket, by v4.
func sendTo(t *testing.T, to *net.UDPConn, text string) {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to.LocalAddr().(*net.UDPAddr).Port})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// receivePassed is what the child does: it receives one datagram, and ends.
func receivePassed(t *testing.T) {
	conn, err := listenTraps("systemd:"+os.Getenv(passed), activation.Files(true))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buffer := make([]byte, 100)
	length, _, err := conn.ReadFrom(buffer)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("received", string(buffer[:length]), "at", conn.LocalAddr())
}

// socketsOf are files as systemd passes them on: UDP sockets of the names.
func socketsOf(t *testing.T, names ...string) (files []*os.File) {
	t.Helper()
	for _, name := range names {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		file, err := conn.File()
		_ = conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.Dup(int(file.Fd()))
		_ = file.Close()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, os.NewFile(uintptr(fd), name))
	}
	return files
}

func TestASocketOfSystemdsThatNobodyReadsIsToldOf(t *testing.T) {
	t.Parallel()
	const elsewhere = "127.0.0.1:0"
	for name, c := range map[string]struct {
		listen string // empty: nobody is to send notifications
		passed []string
		unused []string
		at     int // the socket that is read, of those passed on; -1: another one
	}{
		"the named one is read":                {"systemd:traps", []string{"other", "traps"}, []string{"other"}, 1},
		"of two of a name the first is read":   {"systemd:traps", []string{"traps", "traps"}, []string{"traps"}, 0},
		"the configuration's address wins":     {elsewhere, []string{"traps"}, []string{"traps"}, -1},
		"without the section none is read":     {"", []string{"traps"}, []string{"traps"}, -1},
		"nothing passed on is nothing to tell": {elsewhere, nil, nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, logged := logging()
			d.options.Config = &config.Config{}
			if c.listen != "" {
				d.options.Config.Traps = &config.Traps{Listen: c.listen, Senders: []config.TrapSender{{From: netip.MustParsePrefix("127.0.0.1/32"), Community: secret.New("public")}}}
			}
			files := socketsOf(t, c.passed...)
			var addresses []string
			for _, file := range files {
				addresses = append(addresses, localAddress(t, file))
			}
			if err := d.openTrapsWith(files); err != nil {
				t.Fatal(err)
			}
			for _, closer := range d.closers {
				defer closer()
			}
			var unused []string
			for _, entry := range logged.FilterMessageSnippet("that nothing reads").All() {
				unused = append(unused, entry.ContextMap()["socket"].(string))
			}
			if !slices.Equal(unused, c.unused) {
				t.Errorf("it tells of %q, want %q", unused, c.unused)
			}
			listening := logged.FilterMessage("listening for traps").All()
			if (len(listening) == 1) != (c.listen != "") {
				t.Fatalf("it listens %d times", len(listening))
			}
			if c.listen != "" {
				if at := slices.Index(addresses, listening[0].ContextMap()["at"].(string)); at != c.at {
					t.Errorf("it reads the socket %d of %q, want %d", at, addresses, c.at)
				}
			}
			for _, file := range files {
				if err := file.Close(); err == nil {
					t.Errorf("%s was left open", file.Name())
				}
			}
		})
	}
}

func localAddress(t *testing.T, file *os.File) string {
	t.Helper()
	conn, err := net.FilePacketConn(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().String()
}
