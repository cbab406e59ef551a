package daemon

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/record"
)

// costs knows what groups cost whose machines have prices. The zero costs knows nothing.
type costs struct {
	mu    sync.Mutex
	of    map[string]*spending  // by group
	shown map[string]httpd.Cost // by group, in the metrics; never changed in place
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

// The metrics of costs.
var (
	costTodayMetric    = prometheus.NewDesc("autoscaled_group_cost_today", "What the group cost since midnight, in its currency.", []string{"group", "currency"}, nil)
	costMonthMetric    = prometheus.NewDesc("autoscaled_group_cost_month", "What the group cost since the first of the month, in its currency.", []string{"group", "currency"}, nil)
	costExpectedMetric = prometheus.NewDesc("autoscaled_group_cost_month_expected", "What the group will have cost at the end of the month if it stays as it is, in its currency.", []string{"group", "currency"}, nil)
)

// Describe is part of [prometheus.Collector].
func (c *costs) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- costTodayMetric
	descriptions <- costMonthMetric
	descriptions <- costExpectedMetric
}

// Collect is part of [prometheus.Collector].
func (c *costs) Collect(series chan<- prometheus.Metric) {
	c.mu.Lock()
	shown := c.shown
	c.mu.Unlock()
	for group, cost := range shown {
		gauge := func(d *prometheus.Desc, value float64) {
			series <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, group, cost.Currency)
		}
		gauge(costTodayMetric, cost.Today)
		gauge(costMonthMetric, cost.Month)
		if cost.MonthExpected != nil {
			gauge(costExpectedMetric, *cost.MonthExpected)
		}
	}
}

const (
	showCostsFirst = 5 * time.Second // the pause before costs are shown again, which doubles
	showCostsEvery = 5 * time.Minute // up to this
)

// keepCosts keeps the metrics of costs up to date until ctx ends. Whoever reads them does not
// wait for the history.
func (d *Daemon) keepCosts(ctx context.Context) {
	for pause := showCostsFirst; ; pause = min(2*pause, showCostsEvery) {
		d.showCosts(ctx)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// showCosts shows what the groups cost that have prices and have seen their cloud: before, it
// would be as if they had no machines.
func (d *Daemon) showCosts(ctx context.Context) {
	shown := map[string]httpd.Cost{}
	if len(d.inForce.Load().prices) > 0 && d.history != nil {
		for _, group := range d.Fleet.Status().Groups {
			if group.Unseen {
				continue
			}
			if cost, err := d.Cost(ctx, group.Name); err == nil { // whoever asks for it is told the error
				shown[group.Name] = cost
			}
		}
	}
	d.costs.mu.Lock()
	d.costs.shown = shown
	d.costs.mu.Unlock()
}
