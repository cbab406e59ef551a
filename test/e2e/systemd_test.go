package e2e

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// systemd is the side of sd_notify(3) that listens.
type systemd struct {
	socket string

	mu     sync.Mutex
	states []string // in the order in which they came
}

func (s *scene) systemd() *systemd {
	s.t.Helper()
	path := s.path("notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = socket.Close() })
	m := &systemd{socket: path}
	go m.listen(socket)
	return m
}

func (m *systemd) listen(socket *net.UnixConn) {
	datagram := make([]byte, 4096)
	for {
		n, err := socket.Read(datagram)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.states = append(m.states, strings.Split(strings.TrimSpace(string(datagram[:n])), "\n")...)
		m.mu.Unlock()
	}
}

// heard returns nil once it was told the state so often.
func (m *systemd) heard(state string, times int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, s := range m.states {
		if s == state {
			n++
		}
	}
	if n < times {
		return fmt.Errorf("%s came %d times", state, n)
	}
	return nil
}

func (m *systemd) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.states)
}

func TestSystemdIsToldOfReadinessHealthAndTheEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	manager := s.systemd()
	d := s.runWith([]string{"NOTIFY_SOCKET=" + manager.socket, "WATCHDOG_USEC=600000"},
		s.configuration(sim.endpoint(), s.servePage().signal(), loadPolicy))
	eventually(t, soon, "pings of the watchdog", func() error {
		return errors.Join(d.running(), manager.heard("READY=1", 1), manager.heard("WATCHDOG=1", 5))
	})
	d.signal(syscall.SIGTERM)
	d.status(soon)
	eventually(t, soon, "word of the end", func() error { return manager.heard("STOPPING=1", 1) })
	if states := manager.all(); states[0] != "READY=1" || states[len(states)-1] != "STOPPING=1" {
		t.Errorf("states came in the order %v", states)
	}
}
