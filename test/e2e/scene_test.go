package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scene is where one test plays: a loopback network and a folder of its own.
type scene struct {
	t        *testing.T
	network  netip.Prefix
	host     string // address of what is no machine: the API, sources, the daemon's port
	folder   string
	snmpPort uint16 // of the simulated machines' own agents
	appPort  uint16
}

func newScene(t *testing.T) *scene {
	t.Helper()
	network := claimNetwork(t)
	bytes := network.Addr().As4()
	s := &scene{t: t, network: network, host: fmt.Sprintf("127.%d.255.1", bytes[1]), folder: shortFolder(t)}
	s.snmpPort, s.appPort = s.freePort("udp"), s.freePort("tcp")
	for name, content := range map[string]string{
		"access-key": accessKey, "secret-key": secretKey,
		"id.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC e2e",
	} {
		s.write(name, content)
	}
	return s
}

// claimPort is where a claimed network is held, so that nobody else claims it.
const claimPort = 47001

// claimNetwork finds a /16 in 127.0.0.0/8 and keeps it until the test ends, also
// from other runs of these tests on the same machine.
func claimNetwork(t *testing.T) netip.Prefix {
	t.Helper()
	var err error
	for second := byte(100); second < 250; second++ {
		holder := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, second, 255, 254}), claimPort)
		var listener net.Listener
		if listener, err = net.Listen("tcp", holder.String()); err == nil {
			t.Cleanup(func() { _ = listener.Close() })
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, second, 0, 0}), 16)
		}
	}
	t.Fatalf("find a free network on loopback: %v", err)
	return netip.Prefix{}
}

// shortFolder is a temporary folder whose path leaves room for a unix socket's name.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// freePort finds a port of the scene's host that nobody uses. The network is the
// scene's own, so it stays free.
func (s *scene) freePort(network string) uint16 {
	s.t.Helper()
	if network == "udp" {
		socket, err := net.ListenPacket("udp", net.JoinHostPort(s.host, "0"))
		if err != nil {
			s.t.Fatal(err)
		}
		defer socket.Close()
		return uint16(socket.LocalAddr().(*net.UDPAddr).Port)
	}
	socket, err := net.Listen("tcp", net.JoinHostPort(s.host, "0"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer socket.Close()
	return uint16(socket.Addr().(*net.TCPAddr).Port)
}

// freeAddress is host:port of a TCP port that nobody uses.
func (s *scene) freeAddress() string {
	return fmt.Sprintf("%s:%d", s.host, s.freePort("tcp"))
}

func (s *scene) path(name string) string { return filepath.Join(s.folder, name) }

// write replaces a file as a whole, as whoever reads it meanwhile expects.
func (s *scene) write(name, content string) string {
	s.t.Helper()
	path := s.path(name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// with is a text with a part replaced, which must be there once.
func with(t *testing.T, text, part, instead string) string {
	t.Helper()
	if strings.Count(text, part) != 1 {
		t.Fatalf("%q occurs %d times in:\n%s", part, strings.Count(text, part), text)
	}
	return strings.Replace(text, part, instead, 1)
}

func (s *scene) read(name string) string {
	s.t.Helper()
	content, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}
