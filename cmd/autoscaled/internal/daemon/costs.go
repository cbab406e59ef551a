package daemon

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/record"
)

// costs knows what groups cost, as far as somebody asked. The zero costs knows nothing.
type costs struct {
	mu sync.Mutex
	of map[string]*spending // by group
}

func (c *costs) group(name string) *spending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]*spending{}
	}
	if c.of[name] == nil {
		c.of[name] = &spending{}
	}
	return c.of[name]
}

// reckonEvery is for how long the costs of a group count as known: pages ask often, and
// they grow slowly.
const reckonEvery = 30 * time.Second

// Cost tells what a group costs, by the machines that it had according to the history, and has.
// It implements [httpd.Costs]: the error is an [httpd.Error] where no prices or no history are
// kept.
func (d *Daemon) Cost(ctx context.Context, group string) (httpd.Cost, error) {
	status, err := d.Fleet.Group(group)
	if err != nil {
		return httpd.Cost{}, err
	}
	now := d.inForce.Load()
	prices := now.prices[now.config.Providers[status.Account].Billing]
	switch {
	case prices == nil:
		return httpd.Cost{}, httpd.Error{Code: httpd.NotFound, Text: fmt.Sprintf("no prices are known for group %s: write billing at providers.%s, with the path of a file such as configs/billing/gp-gio.yaml", group, status.Account)}
	case d.history == nil:
		return httpd.Cost{}, httpd.Error{Code: httpd.NotFound, Text: fmt.Sprintf("nobody knows what group %s had: no history is kept; write history.retention: 840h, or see the log if it could not be opened", group)}
	}
	return d.costs.group(group).tell(ctx, d, status, prices)
}

// tell is Cost of the group by these prices.
func (s *spending) tell(ctx context.Context, d *Daemon, status fleet.GroupStatus, prices *billing.Model) (httpd.Cost, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := d.options.Now()
	if age := now.Sub(s.reckoned); s.by == prices && age >= 0 && age < reckonEvery {
		return s.cost, nil
	}
	if err := s.follow(ctx, prices.Zone, now, func(from time.Time) iter.Seq2[record.Item, error] {
		_ = d.history.Flush() // what cannot be written yet is not counted; it is told elsewhere
		return record.Skim(d.history.Read(status.Name, from, now))
	}); err != nil {
		return httpd.Cost{}, err
	}
	s.by, s.reckoned = prices, now
	s.cost = s.reckon(prices, status, now)
	return s.cost, nil
}
