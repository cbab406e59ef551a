package guest

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Options say what every machine of a World is like.
type Options struct {
	SNMPPort  uint16 // UDP port of the SNMP agent, 1 to 65535; unprivileged from 1024
	AppPort   uint16 // TCP port of the application, likewise
	Community string // that the agent answers, 1 to 255 octets

	ServiceTime      time.Duration // processor time that one request costs, > 0
	Backlog          int           // requests that may wait behind the one in service, >= 0
	BootHealthyAfter time.Duration // from power on until the application serves, >= 0

	// Failed is told of a machine that could not be started, or whose sockets
	// failed while it was on. It may be called from any goroutine, and must not
	// call the World. Nil drops the message.
	Failed func(code string, err error)
}

func (o Options) validate() error {
	switch {
	case o.SNMPPort == 0 || o.AppPort == 0:
		return errors.New("simulated machines: SNMPPort and AppPort must be set: every machine uses the same ones")
	case o.Community == "" || len(o.Community) > 255:
		return fmt.Errorf("simulated machines: Community has %d octets: give 1 to 255", len(o.Community))
	case o.ServiceTime <= 0:
		return fmt.Errorf("simulated machines: ServiceTime is %v: give more than 0", o.ServiceTime)
	case o.Backlog < 0 || o.BootHealthyAfter < 0:
		return fmt.Errorf("simulated machines: Backlog is %d and BootHealthyAfter %v: neither can be negative", o.Backlog, o.BootHealthyAfter)
	}
	return nil
}

// World is the machines of one simulated cloud that are on. Its methods may be
// called at the same time.
type World struct {
	options Options

	mu       sync.Mutex
	machines map[string]*machine // by code; nil once closed
}

// NewWorld returns a world in which every machine is off.
func NewWorld(options Options) (*World, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	if options.Failed == nil {
		options.Failed = func(string, error) {}
	}
	return &World{options: options, machines: map[string]*machine{}}, nil
}

// Power turns the machine on at its address, or off; doing so twice is doing it
// once. A machine listens before Power returns from turning it on, and answers
// nothing more once Power has returned from turning it off. One that cannot be
// turned on stays off, and Options.Failed is told why.
func (w *World) Power(code string, address netip.Addr, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	running, isOn := w.machines[code]
	switch {
	case isOn && !on:
		delete(w.machines, code)
		running.stop()
	case !isOn && on:
		if w.machines == nil {
			w.options.Failed(code, fmt.Errorf("start machine %s: the world is closed", code))
			return
		}
		started, err := startMachine(w.options, code, address)
		if err != nil {
			w.options.Failed(code, err)
			return
		}
		w.machines[code] = started
	}
}

// CPURatio is the share of about the last second, 0 to 1, for which the machine's
// processor was busy; 0 for a machine that is off.
func (w *World) CPURatio(code string) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m, on := w.machines[code]; on {
		return m.cpuRatio()
	}
	return 0
}

// Close turns every machine off, for good, and returns when all that they ran has ended.
func (w *World) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.machines {
		m.stop()
	}
	w.machines = nil
}
