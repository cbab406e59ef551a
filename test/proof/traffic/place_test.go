package traffic

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// place is where one scene plays: a loopback network and a folder of its own.
type place struct {
	t       *testing.T
	network netip.Prefix
	host    string // address of what is no machine
	folder  string // with a path so short that a socket's name fits behind it
}

func newPlace(t *testing.T) place {
	t.Helper()
	folder, err := os.MkdirTemp("", "traffic-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	network := claimNetwork(t)
	return place{t: t, network: network, host: fmt.Sprintf("127.%d.255.1", network.Addr().As4()[1]), folder: folder}
}

// claimPort is where a claimed network is held; the end-to-end tests claim theirs
// in the same way.
const claimPort = 47001

// claimNetwork finds a /16 in 127.0.0.0/8 and keeps it until the test ends, also
// from other test programs on the same machine.
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

func (p place) path(name string) string { return filepath.Join(p.folder, name) }

func (p place) write(name, content string) string {
	p.t.Helper()
	must(p.t, os.WriteFile(p.path(name), []byte(content), 0o600))
	return p.path(name)
}

// listen opens a TCP port of the host that nobody uses.
func (p place) listen() net.Listener {
	p.t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(p.host, "0"))
	must(p.t, err)
	return listener
}

// serve serves HTTP until the test ends, and returns where: http://host:port.
func (p place) serve(handler http.Handler) string {
	p.t.Helper()
	listener := p.listen()
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	p.t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// freePort finds a TCP port that nobody uses. The network is the scene's own, so
// it stays free.
func (p place) freePort() uint16 {
	p.t.Helper()
	listener := p.listen()
	defer listener.Close()
	return uint16(listener.Addr().(*net.TCPAddr).Port)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
