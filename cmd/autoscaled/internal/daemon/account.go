package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// account is what the groups of one provider share.
type account struct {
	provider config.Provider
	digest   digest
	reader   *gpapi.Reader
	orders   *actions.Account // nil unless a group acts
	observer *fleet.Observer
	log      *zap.Logger
}

// newAccount makes the account of a provider, which asks nobody anything yet.
func (d *Daemon) newAccount(provider config.Provider) (*account, error) {
	a := &account{provider: provider, digest: digestOfProvider(provider), log: d.options.Log.With(zap.String("account", provider.Name))}
	if err := d.connect(a); err != nil {
		return nil, fmt.Errorf("provider %s: %w", provider.Name, err)
	}
	a.observer = fleet.NewObserver(fleet.ObserverOptions{
		Account:    provider.Name,
		Machines:   gp.NewReader(a.reader, gp.Options{GpServiceCode: provider.GpServiceCode, PaidPeriod: gp.PaidPeriod(provider.PaidPeriod), NoticeDays: provider.NoticeDays}),
		PollMoving: provider.PollMoving,
		PollIdle:   provider.PollIdle,
		Timeout:    provider.CallTimeout,
		Now:        d.options.Now,
		Log:        d.options.Log, // it says which account
		Metrics:    d.groups,
	})
	return a, nil
}

// groupsOf are the groups of a provider, in the order of their names.
func groupsOf(c *config.Config, provider config.Provider) []config.Group {
	var groups []config.Group
	for _, group := range c.Groups {
		if group.Provider == provider.Name {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b config.Group) int { return cmp.Compare(a.Name, b.Name) })
	return groups
}

// connect makes the client of the account, which can only read.
func (d *Daemon) connect(a *account) (err error) {
	a.reader, err = gpapi.NewReader(gpapi.Options{
		Endpoint:       a.provider.Endpoint,
		AccessKey:      a.provider.AccessKey,
		SecretKey:      a.provider.SecretKey,
		CallsPerSecond: a.provider.CallsPerSecond,
		CallTimeout:    a.provider.CallTimeout,
		Transport:      d.options.Transport,
		Now:            d.options.Now,
		Jitter:         jitter,
		Observe: func(action string, class cloud.Class, took time.Duration) {
			d.metrics.call(a.provider.Name, action, class, took)
		},
		Skew: func(ahead time.Duration) { a.tellSkew(d.metrics.clockAhead.WithLabelValues(a.provider.Name))(ahead) },
	})
	return err
}

// openOrders makes the account one that can order. What it has on disk must be nobody else's
// any more.
func (d *Daemon) openOrders(a *account) (err error) {
	a.orders, err = actions.NewAccount(actions.AccountOptions{
		Name:         a.provider.Name,
		Journal:      d.journal(),
		SettleWindow: a.provider.SettleWindow,
		OrderTimeout: 5 * a.provider.CallTimeout, // the looks before it, and the call
		MachinesMax:  a.provider.MachinesMax,
		Now:          d.options.Now,
		Jitter:       jitter,
		Log:          a.log,
		Metrics:      d.actions,
	})
	if err != nil {
		return fmt.Errorf("provider %s: %w", a.provider.Name, err)
	}
	a.observer.SettleBy(a.orders.Settle)
	d.Fleet.PutOrders(a.orders)
	return nil
}

// client is the account's, sharing its budget; only groups that act are given it.
func (a *account) client() *gpapi.Client { return &gpapi.Client{Reader: a.reader} }

// tellSkew tells of a clock that differs from the provider's: signatures are valid by
// the clock, and so are the dates with which contracts end.
func (a *account) tellSkew(gauge prometheus.Gauge) func(time.Duration) {
	return func(ahead time.Duration) {
		gauge.Set(ahead.Seconds())
		if ahead == 0 {
			a.log.Info("this machine's clock agrees with the provider's again")
			return
		}
		a.log.Warn("this machine's clock differs from the provider's: set it right (is a time service running?)", zap.Duration("ahead", ahead))
	}
}

func poolReaders(api *gpapi.Reader, provider config.Provider, groups []config.Group) []cloud.BalancerReader {
	var pools []cloud.BalancerReader
	for _, group := range groups {
		for _, balancer := range group.Balancers {
			pools = append(pools, gp.NewPoolReader(api, poolOptions(provider, balancer)))
		}
	}
	return pools
}

func poolOptions(provider config.Provider, balancer config.Balancer) gp.PoolOptions {
	return gp.PoolOptions{
		GpServiceCode: provider.GpServiceCode, GlServiceCode: balancer.GlServiceCode, Pool: balancer.Pool, Port: balancer.Port, NodesMax: balancer.NodesMax,
	}
}

// drift is what a group does about changes by somebody else.
func drift(group config.Group) map[actions.DriftKind]actions.DriftPolicy {
	policies := map[actions.DriftKind]actions.DriftPolicy{}
	for kind, what := range group.Drift {
		policies[actions.DriftKind(kind)] = actions.DriftPolicy(what)
	}
	return policies
}
