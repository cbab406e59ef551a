package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/rules"
)

// account is what the groups of one provider share while they are built.
type account struct {
	provider config.Provider
	reader   *gpapi.Reader
	client   *gpapi.Client    // nil unless a group acts
	orders   *actions.Account // nil unless a group acts
	observer *fleet.Observer
	log      *zap.Logger
}

func (d *Daemon) buildAccount(provider config.Provider) error {
	groups := d.groupsOf(provider)
	if len(groups) == 0 {
		d.options.Log.Warn("no group uses this provider", zap.String("provider", provider.Name))
		return nil
	}
	a := account{provider: provider, log: d.options.Log.With(zap.String("account", provider.Name))}
	if err := d.connect(&a, slices.ContainsFunc(groups, d.acts)); err != nil {
		return err
	}
	a.observer = fleet.NewObserver(fleet.ObserverOptions{
		Account:    provider.Name,
		Machines:   gp.NewReader(a.reader, gp.Options{GpServiceCode: provider.GpServiceCode, PaidPeriod: gp.PaidPeriod(provider.PaidPeriod), NoticeDays: provider.NoticeDays}),
		Pools:      poolReaders(a.reader, provider, groups),
		PollMoving: provider.PollMoving,
		PollIdle:   provider.PollIdle,
		Timeout:    provider.CallTimeout,
		Settle:     a.settle(),
		Now:        d.options.Now,
		Log:        a.log,
		Metrics:    d.groups,
	})
	d.Fleet.Observers = append(d.Fleet.Observers, a.observer)
	for _, group := range groups {
		if err := d.buildGroup(&a, group); err != nil {
			return err
		}
	}
	return nil
}

func (d *Daemon) groupsOf(provider config.Provider) []config.Group {
	var groups []config.Group
	for _, group := range d.options.Config.Groups {
		if group.Provider == provider.Name {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b config.Group) int { return cmp.Compare(a.Name, b.Name) })
	return groups
}

// connect makes the client of the account: one that can write only if a group acts.
func (d *Daemon) connect(a *account, acting bool) error {
	options := gpapi.Options{
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
		Skew: a.tellSkew(d.metrics.clockAhead.WithLabelValues(a.provider.Name)),
	}
	if !acting {
		reader, err := gpapi.NewReader(options)
		a.reader = reader
		return err
	}
	client, err := gpapi.New(options)
	if err != nil {
		return err
	}
	a.client, a.reader = client, client.Reader
	a.orders, err = actions.NewAccount(actions.AccountOptions{
		Name:         a.provider.Name,
		Journal:      d.journal,
		SettleWindow: a.provider.SettleWindow,
		OrderTimeout: 5 * a.provider.CallTimeout, // the looks before it, and the call
		MachinesMax:  a.provider.MachinesMax,
		Now:          d.options.Now,
		Jitter:       jitter,
		Log:          a.log,
		Metrics:      d.actions,
	})
	if err == nil {
		d.Fleet.Accounts = append(d.Fleet.Accounts, a.orders)
	}
	return err
}

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

func (a *account) settle() func(*cloud.Snapshot) error {
	if a.orders == nil {
		return nil
	}
	return a.orders.Settle
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

func (d *Daemon) buildGroup(a *account, group config.Group) error {
	name := group.Name // all that stays of the configured group in what is called later
	watch, err := monitor.New(monitor.Options{
		Group: group, Queries: d.options.Config.Queries, Prometheus: d.server,
		Observe: func(kind string, outcome policy.Absence, took time.Duration) {
			d.metrics.read(name, kind, outcome, took)
		},
		Dropped: d.metrics.dropped(group),
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, watch.Close)
	for _, signal := range group.Signals {
		if signal.Push != nil {
			d.inboxes[group.Name+"/"+signal.Name] = httpd.Inbox{Token: signal.Push.Token, Push: func(value float64, at time.Time) (bool, error) {
				return watch.Push(signal.Name, value, at)
			}}
		}
	}
	place, _ := slices.BinarySearch(d.order, name)
	decided, err := rules.Of(group)
	if err != nil {
		return fmt.Errorf("group %s: %w", group.Name, err)
	}
	decider := fleet.DeciderOptions{
		Name:     group.Name,
		Account:  a.provider.Name,
		Spec:     &decided,
		Interval: group.Interval,
		Slot:     slot(place, len(d.order), group.Interval),
		Signals:  watch,
		Observer: a.observer,
		Now:      d.options.Now,
		Log:      logs.With(d.options.Log, zap.String("group", name)),
		Metrics:  d.groups,
	}
	if decider.Recorder, err = d.recorder(group.Name, &decided); err != nil {
		return err
	}
	decider.Past = d.past(group, &decided, decider.Log)
	for _, balancer := range group.Balancers {
		decider.Pools = append(decider.Pools, gp.NewPoolReader(a.reader, poolOptions(a.provider, balancer)).Name())
	}
	if !d.acts(group) {
		if group.Shadow != nil {
			decider.Log.Warn("the shadow decides only while the group acts: try its policies as those of the group")
		}
		d.Fleet.Advisors = append(d.Fleet.Advisors, fleet.NewAdvisor(decider))
		return nil
	}
	return d.buildActing(a, group, decider)
}

func (d *Daemon) buildActing(a *account, group config.Group, decider fleet.DeciderOptions) error {
	machines := gp.NewWriter(a.client, gp.Options{
		GpServiceCode: a.provider.GpServiceCode,
		SSHPublicKey:  group.Template.SSHPublicKey.Reveal(),
		FwLb:          group.Template.FwLb,
		PaidPeriod:    gp.PaidPeriod(a.provider.PaidPeriod),
		NoticeDays:    a.provider.NoticeDays,
	})
	balancers := make([]cloud.Balancer, len(group.Balancers))
	for i, balancer := range group.Balancers {
		balancers[i] = gp.NewPool(a.client, poolOptions(a.provider, balancer))
	}
	probe := actions.HTTPProbe(group.Ready.Port, group.Ready.Path, group.Ready.Timeout)
	crew, err := actions.NewCrew(actions.CrewOptions{
		Group:          group.Name,
		Installation:   d.installation,
		Account:        a.orders,
		Machines:       machines,
		Balancers:      balancers,
		Template:       cloud.Template{Source: group.Template.Source, Type: group.Template.Type, Version: group.Template.Version},
		Journal:        d.journal,
		Min:            group.Min,
		Max:            group.Max,
		Surge:          rules.Surge,
		Probe:          probe,
		ProbeInterval:  group.Ready.Interval,
		ProbeCount:     group.Ready.Consecutive,
		HealthInterval: group.Health.Interval,
		HealthFailures: group.Health.Failures,
		Drift:          drift(group),
		Drain:          group.ScaleIn.Drain,
		Watch:          group.ScaleIn.Watch,
		StopTimeout:    group.ScaleIn.StopTimeout,
		LaunchTimeout:  group.Launch.Timeout,
		CallTimeout:    3 * a.provider.CallTimeout, // a step is a look or two, and a call
		StaleRead:      a.provider.StaleRead,
		AbsenceAfter:   a.provider.AbsenceAfter,
		Now:            d.options.Now,
		Jitter:         jitter,
		Log:            decider.Log,
		Metrics:        d.actions,
	})
	if err != nil {
		return fmt.Errorf("group %s: %w", group.Name, err)
	}
	a.orders.Serve(crew)
	d.actions.Touch(a.provider.Name, group.Name)
	shadow, err := d.shadow(group, decider.Log)
	if err != nil {
		return err
	}
	acting, err := fleet.NewGroup(fleet.GroupOptions{
		DeciderOptions: decider, Crew: crew, Journal: d.journal, Billing: machines.Billing, WarmUp: group.ScaleOut.WarmUp, Shadow: shadow,
	})
	if err != nil {
		return err
	}
	d.Fleet.Groups = append(d.Fleet.Groups, acting)
	return nil
}

// drift is what a group does about changes by somebody else.
func drift(group config.Group) map[actions.DriftKind]actions.DriftPolicy {
	policies := map[actions.DriftKind]actions.DriftPolicy{}
	for kind, what := range group.Drift {
		policies[actions.DriftKind(kind)] = actions.DriftPolicy(what)
	}
	return policies
}
