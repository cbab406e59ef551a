package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/rules"
)

// works is what is built of the configuration in force: what a reload compares with, and
// has to take down. It is for one reload at a time.
type works struct {
	server   *prom.Server // nil without PromQL
	asked    digest       // of how the server is asked
	accounts map[string]*account
	groups   map[string]built
}

// built is a group as it was built. There may be ten thousand: their configuration is not
// kept.
type built struct {
	account string
	acts    bool
	digest  digest // of everything that it depends on, but its account
	monitor *monitor.Monitor
}

// close closes what reads signals.
func (w *works) close() {
	for _, group := range w.groups {
		group.monitor.Close()
	}
	if w.server != nil {
		w.server.Close()
	}
}

// draft is what is to be built of a configuration.
type draft struct {
	*Daemon
	config   *config.Config
	prices   prices
	server   *prom.Server // that is asked; nil without PromQL
	asked    digest
	order    []string // the names of all groups, sorted
	accounts map[string]*account
	planned  []*plan // groups to be built
}

// plan is a group that is to be built: whatever can go wrong with its configuration was tried.
type plan struct {
	built
	name    string
	account *account
	rules   fleet.Rules
	inboxes map[string]httpd.Inbox
	traps   []config.TrapRule
	// put builds the group on what its predecessor left on disk, and lets it run. It may be
	// called again after an error.
	put func() error
}

// draft begins a draft without accounts and groups. text is that of the configuration.
func (d *Daemon) draft(c *config.Config, text []byte) (*draft, error) {
	prices, err := readPrices(c, text)
	if err != nil {
		return nil, err
	}
	next := &draft{Daemon: d, config: c, prices: prices, server: d.works.server, asked: digestOf(c.Prometheus), order: slices.Sorted(maps.Keys(c.Groups)), accounts: map[string]*account{}}
	switch {
	case next.asked == d.works.asked:
		return next, nil
	case c.Prometheus == nil:
		next.server = nil
		return next, nil
	}
	next.server, err = prom.NewServer(*c.Prometheus)
	return next, err
}

// buildFirst builds everything that the configuration says, as long as nothing runs yet.
func (d *Daemon) buildFirst() error {
	d.works = works{asked: digestOf((*config.Prometheus)(nil)), accounts: map[string]*account{}, groups: map[string]built{}}
	next, err := d.draft(d.options.Config, d.options.Text)
	if err != nil {
		return err
	}
	d.works.server, d.works.asked = next.server, next.asked
	for _, name := range slices.Sorted(maps.Keys(next.config.Providers)) {
		if err := next.buildFirstAccount(next.config.Providers[name]); err != nil {
			return err
		}
	}
	d.pushed.Store(&map[string]httpd.Inbox{})
	d.trapRules.Store(&map[string][]config.TrapRule{})
	d.exchange(nil, next.planned)
	d.keepInForce(next.config, next.prices, d.options.Text)
	d.options.Config, d.options.Text = d.Configuration(), nil
	return nil
}

// buildFirstAccount builds the account of a provider with its groups.
func (next *draft) buildFirstAccount(provider config.Provider) error {
	d, groups := next.Daemon, groupsOf(next.config, provider)
	if len(groups) == 0 {
		d.options.Log.Warn("no group uses this provider", zap.String("provider", provider.Name))
		return nil
	}
	a, err := d.newAccount(provider)
	if err != nil {
		return err
	}
	d.works.accounts[provider.Name] = a
	if err := d.openAccount(a, groups); err != nil {
		return err
	}
	for _, group := range groups {
		p, err := next.plan(a, group)
		if err != nil {
			return err
		}
		d.works.groups[p.name] = p.built
		if err := p.put(); err != nil {
			return fmt.Errorf("group %s: %w", p.name, err)
		}
	}
	return nil
}

// openAccount makes the account part of the fleet, for the given groups.
func (d *Daemon) openAccount(a *account, groups []config.Group) error {
	d.metrics.clockAhead.WithLabelValues(a.provider.Name)
	d.metrics.callsLimit.WithLabelValues(a.provider.Name).Set(a.provider.CallsPerSecond)
	a.observer.Watch(poolReaders(a.reader, a.provider, groups))
	if slices.ContainsFunc(groups, d.acts) {
		if err := d.openOrders(a); err != nil {
			return err
		}
	}
	return d.Fleet.PutObserver(a.observer)
}

// exchange makes the inboxes and trap rules of the planned groups those that are asked, in
// place of those that they had, and forgets those of groups that are gone.
func (d *Daemon) exchange(gone []string, plans []*plan) {
	inboxes, traps := maps.Clone(*d.pushed.Load()), maps.Clone(*d.trapRules.Load())
	left := map[string]bool{}
	for _, name := range gone {
		left[name] = true
	}
	for _, p := range plans {
		left[p.name] = true
	}
	maps.DeleteFunc(inboxes, func(key string, _ httpd.Inbox) bool {
		group, _, _ := strings.Cut(key, "/")
		return left[group]
	})
	maps.DeleteFunc(traps, func(group string, _ []config.TrapRule) bool { return left[group] })
	for _, p := range plans {
		maps.Copy(inboxes, p.inboxes)
		if len(p.traps) > 0 {
			traps[p.name] = p.traps
		}
	}
	d.pushed.Store(&inboxes)
	d.trapRules.Store(&traps)
}

// identifyAgain finds the name of the installation when the first group that acts has come.
func (next *reloading) identifyAgain() error {
	if next.installation != "" {
		return nil
	}
	return next.identify()
}

// Inboxes are those that take pushed values at this time, by group/signal. The map is not to
// be changed; a reload puts another in its place.
func (d *Daemon) Inboxes() map[string]httpd.Inbox { return *d.pushed.Load() }

// plan makes the group ready to be built on the account, and tries everything that can go
// wrong with its configuration. Nothing of it is part of the daemon before put.
func (next *draft) plan(a *account, group config.Group) (*plan, error) {
	d, name := next.Daemon, group.Name // all that stays of the configured group in what is called later
	watch, err := monitor.New(monitor.Options{
		Group: group, Queries: next.config.Queries, Prometheus: next.server, Poller: d.poller,
		Observe: func(kind string, outcome policy.Absence, took time.Duration) {
			d.metrics.read(name, kind, outcome, took)
		},
		Dropped: d.metrics.dropped(group),
	})
	if err != nil {
		return nil, err
	}
	p := &plan{name: name, account: a, inboxes: map[string]httpd.Inbox{}, traps: group.Traps}
	p.built = built{account: a.provider.Name, acts: d.acts(group), digest: next.digestOf(group), monitor: watch}
	next.planned = append(next.planned, p)
	for _, signal := range group.Signals {
		if signal.Push != nil {
			p.inboxes[name+"/"+signal.Name] = inboxOf(signal, watch)
		}
	}
	decided, err := rules.Of(group)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	p.rules.Spec = &decided
	place, _ := slices.BinarySearch(next.order, name)
	decider := fleet.DeciderOptions{
		Name:     name,
		Account:  a.provider.Name,
		Spec:     &decided,
		Interval: group.Interval,
		Slot:     slot(place, len(next.order), group.Interval),
		Signals:  watch,
		Observer: a.observer,
		Now:      d.options.Now,
		Log:      logs.With(d.options.Log, zap.String("group", name)),
		Metrics:  d.groups,
	}
	if decider.Recorder, err = d.recorder(name, &decided); err != nil {
		return nil, err
	}
	decider.Past, decider.PastTrouble = next.past(group, &decided, decider.Log)
	for _, balancer := range group.Balancers {
		decider.Pools = append(decider.Pools, gp.NewPoolReader(a.reader, poolOptions(a.provider, balancer)).Name())
	}
	if p.acts {
		return p, next.planActing(p, group, decider)
	}
	p.put = func() error {
		if group.Shadow != nil {
			decider.Log.Warn("the shadow decides only while the group acts: try its policies as those of the group")
		}
		return d.Fleet.PutAdvisor(fleet.NewAdvisor(decider))
	}
	return p, nil
}

// planActing goes on with plan for a group that acts.
func (next *draft) planActing(p *plan, group config.Group, decider fleet.DeciderOptions) error {
	d, a := next.Daemon, p.account
	machines := gp.NewWriter(a.client(), gp.Options{
		GpServiceCode: a.provider.GpServiceCode,
		SSHPublicKey:  group.Template.SSHPublicKey.Reveal(),
		FwLb:          group.Template.FwLb,
		PaidPeriod:    gp.PaidPeriod(a.provider.PaidPeriod),
		NoticeDays:    a.provider.NoticeDays,
	})
	balancers := make([]cloud.Balancer, len(group.Balancers))
	for i, balancer := range group.Balancers {
		balancers[i] = gp.NewPool(a.client(), poolOptions(a.provider, balancer))
	}
	shadow, err := next.shadow(group, decider.Log)
	if err != nil {
		return err
	}
	if shadow != nil {
		p.rules.Shadow = &shadow.Spec
	}
	crew := actions.CrewOptions{
		Group:          group.Name,
		Machines:       machines,
		Balancers:      balancers,
		Template:       cloud.Template{Source: group.Template.Source, Type: group.Template.Type, Version: group.Template.Version},
		Min:            group.Min,
		Max:            group.Max,
		Surge:          rules.Surge,
		Probe:          actions.HTTPProbe(group.Ready.Port, group.Ready.Path, group.Ready.Timeout),
		ProbeInterval:  group.Ready.Interval,
		ProbeCount:     group.Ready.Consecutive,
		HealthInterval: group.Health.Interval,
		HealthFailures: group.Health.Failures,
		Drift:          drift(group),
		Hooks:          actions.HTTPHooks(group.Hooks, next.config.Web.URL),
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
	}
	warmUp := group.ScaleOut.WarmUp
	p.put = func() error { return d.putActing(a, crew, decider, machines, warmUp, shadow) }
	return nil
}

// putActing takes over what is on record of a group that acts, and lets it run.
func (d *Daemon) putActing(a *account, options actions.CrewOptions, decider fleet.DeciderOptions, machines *gp.Writer, warmUp time.Duration, shadow *fleet.Shadow) error {
	options.Installation, options.Account, options.Journal = d.installation, a.orders, d.journal()
	crew, err := actions.NewCrew(options)
	if err != nil {
		return err
	}
	a.orders.Serve(crew)
	d.actions.Touch(a.provider.Name, decider.Name)
	spec := *decider.Spec // which the group may exchange with its shadow's
	decider.Spec = &spec
	if shadow != nil {
		copied := *shadow
		shadow = &copied
	}
	group, err := fleet.NewGroup(fleet.GroupOptions{
		DeciderOptions: decider, Crew: crew, Journal: d.journal(), Billing: machines.Billing, WarmUp: warmUp, Shadow: shadow,
	})
	if err != nil {
		return err
	}
	return d.Fleet.Put(group)
}
