package snmp

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// counted counts what a poller tells.
type counted struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counted) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[what]++
}

func (c *counted) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

func newTestPoller(t testing.TB) (*Poller, *counted) {
	told := &counted{}
	p := NewPoller(PollerOptions{
		Fallback: func(reason string) { told.count("fallback " + reason) },
		Stray:    func(reason string) { told.count("stray " + reason) },
		Refused:  func() { told.count("refused") },
	})
	t.Cleanup(func() {
		p.Close()
		if p.InFlight() != 0 || p.Calls() != 0 {
			t.Errorf("%d requests and %d calls are left", p.InFlight(), p.Calls())
		}
	})
	return p, told
}

// readAll reads all agents once, and returns all that was told of each.
func (p *Poller) readAll(ctx context.Context, agents ...*Agent) [][]reading.Reading {
	var mu sync.Mutex
	all := make([][]reading.Reading, len(agents))
	p.Read(ctx, agents, func(i int, readings []reading.Reading, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		all[i] = append(all[i], readings...)
	})
	return all
}

func quantities(t testing.TB, profiles ...string) (list []Quantity) {
	t.Helper()
	for _, profile := range profiles {
		q, err := NewQuantity(config.SNMP{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, q)
	}
	return list
}

// gauges are the objects as quantities that are what their agent says.
func gauges(t testing.TB, objects ...string) (list []Quantity) {
	t.Helper()
	for _, oid := range objects {
		list = append(list, quantity(t, config.SNMP{OID: oid, Scale: 1}))
	}
	return list
}

// readOne reads one agent once.
func (p *Poller) readOne(ctx context.Context, a *Agent) []reading.Reading {
	return p.readAll(ctx, a)[0]
}

func BenchmarkPollOf16ObjectsInV2c(b *testing.B) {
	at := agent(b, altered(func(*gosnmp.SnmpPacket) {}))
	c := client(b, Options{Port: at.Port(), Timeout: patient})
	q := c.Question(quantities(b, "cpu_busy", "memory_used", "swap_used"))
	p, told := newTestPoller(b)
	one := []*Agent{q.Agent(at.Addr())}
	tell := func(int, []reading.Reading, time.Duration) {}
	p.Read(b.Context(), one, tell)
	b.ReportAllocs()
	for b.Loop() {
		p.Read(b.Context(), one, tell)
	}
	b.StopTimer()
	b.Log(told.counts)
}
