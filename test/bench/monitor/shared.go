package main

import (
	"sync/atomic"

	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
)

// shared is what the monitors of all groups have in common, as in run.
type shared struct {
	poller            *snmp.Poller // nil: each agent is asked over a socket of its own
	fallbacks, strays atomic.Uint64
}

func newShared(j job) *shared {
	s := &shared{}
	if !j.OwnSockets {
		s.poller = snmp.NewPoller(snmp.PollerOptions{
			Fallback: func(string) { s.fallbacks.Add(1) },
			Stray:    func(string) { s.strays.Add(1) },
		})
	}
	return s
}

func (s *shared) options(o monitor.Options) monitor.Options {
	o.Poller = s.poller
	return o
}

func (s *shared) close() {
	if s.poller != nil {
		s.poller.Close()
	}
}
