package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// machine is one simulated machine that is on, from startMachine to stop.
type machine struct {
	options Options
	code    string
	booted  time.Time

	mu  sync.Mutex
	cpu *cpu // guarded by mu

	traffic traffic
	agent   *net.UDPConn
	server  *http.Server
	off     context.CancelFunc // ends the requests in service
	loops   sync.WaitGroup     // the agent, and the acceptor of connections
	conns   sync.WaitGroup     // one for each connection
}

// startMachine boots a machine at its address. It returns once both sockets listen.
func startMachine(options Options, code string, address netip.Addr) (*machine, error) {
	agent, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, options.SNMPPort)))
	if err != nil {
		return nil, fmt.Errorf("start machine %s: its SNMP agent: %w; free the port or choose another", code, err)
	}
	app, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, options.AppPort)))
	if err != nil {
		return nil, errors.Join(
			fmt.Errorf("start machine %s: its application: %w; free the port or choose another", code, err),
			agent.Close())
	}
	running, off := context.WithCancel(context.Background())
	now := time.Now()
	m := &machine{
		options: options,
		code:    code,
		booted:  now,
		cpu:     newCPU(options.ServiceTime, options.Backlog, now),
		agent:   agent,
		off:     off,
	}
	m.server = &http.Server{
		Handler:           newApp(m),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return running },
		ConnState:         countConns(&m.conns),
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	m.loops.Go(m.serveSNMP)
	m.loops.Go(func() {
		if err := m.server.Serve(meteredListener{app, &m.traffic}); !errors.Is(err, http.ErrServerClosed) {
			m.options.Failed(m.code, fmt.Errorf("machine %s: its application: %w", m.code, err))
		}
	})
	return m, nil
}

// stop pulls the plug: sockets are closed, connections cut, and requests in service
// end without an answer.
func (m *machine) stop() {
	_ = m.server.Close()
	_ = m.agent.Close()
	m.loops.Wait()
	_ = m.server.Close() // cuts what was accepted while the first call ran
	m.off()
	m.conns.Wait()
}

func (m *machine) serveSNMP() {
	datagram := make([]byte, maxMessage)
	for {
		n, from, err := m.agent.ReadFromUDPAddrPort(datagram)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			m.options.Failed(m.code, fmt.Errorf("machine %s: its SNMP agent: %w", m.code, err))
			return
		}
		m.traffic.in.Add(uint64(n))
		if answer := respond(datagram[:n], m.options.Community, m.read); answer != nil {
			sent, _ := m.agent.WriteToUDPAddrPort(answer, from) // a lost answer is the asker's to notice
			m.traffic.out.Add(uint64(sent))
		}
	}
}

// read takes the machine's reading of this moment.
func (m *machine) read() reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	return reading{
		name:        m.code,
		uptime:      now.Sub(m.booted),
		minuteRatio: m.cpu.ratio(now, markHistory),
		busy:        m.cpu.busy(now),
		load:        m.cpu.load,
		inBytes:     m.traffic.in.Load(),
		outBytes:    m.traffic.out.Load(),
	}
}

// admit puts one more request into the processor's queue; see cpu.admit.
func (m *machine) admit() (done time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cpu.admit(time.Now())
}

func (m *machine) cpuRatio() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cpu.ratio(time.Now(), time.Second)
}

func (m *machine) busySeconds() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cpu.busy(time.Now()).Seconds()
}

// waiting is how many requests wait behind the one in service.
func (m *machine) waiting() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return float64(max(0, m.cpu.requests(time.Now())-1))
}

func (m *machine) ready() bool { return time.Since(m.booted) >= m.options.BootHealthyAfter }

// countConns is a ConnState hook that keeps running at the number of connections.
func countConns(running *sync.WaitGroup) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			running.Add(1)
		case http.StateClosed, http.StateHijacked:
			running.Done()
		}
	}
}
