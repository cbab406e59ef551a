package binary

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

const (
	installation = "proof"
	least        = 2 // min of the group
	most         = 6 // and its max
	standby      = 1 // stopped machines that it keeps
)

// scene is where one test plays: a loopback network and a folder of its own.
type scene struct {
	t        *testing.T
	network  netip.Prefix
	host     string // address of what is no machine: the API, sources, the daemon's port
	folder   string
	snmpPort uint16 // of the simulated machines' own agents
	appPort  uint16
	openPort uint16          // of the daemon's metrics
	ports    map[uint16]bool // given away already
}

func newScene(t *testing.T) *scene {
	t.Helper()
	network := claimNetwork(t)
	bytes := network.Addr().As4()
	s := &scene{t: t, network: network, host: fmt.Sprintf("127.%d.255.1", bytes[1]), folder: shortFolder(t), ports: map[uint16]bool{}}
	s.snmpPort, s.appPort, s.openPort = s.freePort("udp"), s.freePort("tcp"), s.freePort("tcp")
	for name, content := range map[string]string{
		"access-key": accessKey, "secret-key": secretKey,
		"id.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC proof",
	} {
		s.write(name, content)
	}
	return s
}

// claimPort is where a claimed network is held, so that nobody else claims it: here,
// in another run of these tests, or among the end-to-end tests.
const claimPort = 47001

// claimNetwork finds a /16 in 127.0.0.0/8 and keeps it until the test ends.
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
	folder, err := os.MkdirTemp("", "proof-")
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
	for {
		port := s.anyPort(network)
		if !s.ports[port] {
			s.ports[port] = true
			return port
		}
	}
}

func (s *scene) anyPort(network string) uint16 {
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
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// seeded is chance that a later run can repeat; part tells apart those that one run
// needs.
func seeded(t *testing.T, part uint64) *rand.Rand {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -proof.seed %d", *seed)
		}
	})
	return rand.New(rand.NewPCG(*seed, part))
}
