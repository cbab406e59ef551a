package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// plan gathers the configured signals into as few requests as possible.
type plan struct {
	options     Options
	pages       *prom.Pages // nil until one is read
	ofInstances []*source
	ofGroup     []*source
	agents      map[agentKey]*agentSource
	targets     map[targetKey]*targetSource
	inboxes     map[string]*inbox // by the signal's name; nil until one is pushed
}

// agentKey is what agents must have in common to be asked in one PDU.
type agentKey struct {
	address       netip.Addr
	port          uint16
	timeout       time.Duration
	retries       int
	version       string
	community     string
	user, context string
	auth, privacy [2]string // protocol and passphrase
}

func agentKeyOf(c config.SNMP) agentKey {
	return agentKey{
		c.Address, c.Port, c.Timeout, c.Retries, c.Version, c.Community.Reveal(), c.User, c.Context,
		[2]string{c.Auth.Protocol, c.Auth.Passphrase.Reveal()},
		[2]string{c.Privacy.Protocol, c.Privacy.Passphrase.Reveal()},
	}
}

// targetKey is what pages must have in common to be fetched once.
type targetKey struct {
	url     string
	port    uint16
	path    string
	timeout time.Duration
	secure  bool // by https; of an instance's page
	fetcher *prom.Fetcher
}

// agentSource is what agents are asked. It outlives the plan, so it keeps no more than it
// needs to meet one.
type agentSource struct {
	source
	index      int
	address    netip.Addr // of the one agent; the zero Addr: each instance's
	client     *snmp.Client
	quantities []snmp.Quantity
	question   *snmp.Question // made of these two, once all signals are known; nil until then
}

// agent is the one at the address.
func (a *agentSource) agent(address netip.Addr) *snmp.Agent {
	if a.question == nil {
		a.question = a.client.Question(slices.Clone(a.quantities))
		a.client, a.quantities = nil, nil
	}
	if a.address.IsValid() {
		address = a.address
	}
	return a.question.Agent(address)
}

type targetSource struct {
	*source
	index     int
	selectors []prom.Selector
}

func newPlan(options Options) *plan {
	return &plan{
		options: options,
		agents:  map[agentKey]*agentSource{},
		targets: map[targetKey]*targetSource{},
	}
}

// add gives the signal its slot in a source, an existing one where it fits. One that
// is made of others has none.
func (p *plan) add(c config.Signal) (signal, error) {
	statistic, ok := policy.ParseStatistic(cmp.Or(c.Statistic, "avg"))
	if !ok {
		return signal{}, fmt.Errorf("statistic %q is unknown: use avg, max, median, min, sum, or p50 to p99", c.Statistic)
	}
	s := signal{name: c.Name, statistic: statistic, ceiling: c.Ceiling, check: c.Check}
	if c.Derived() {
		return s, nil
	}
	rules, err := rulesOf(c, p.options.Group)
	if err != nil {
		return signal{}, err
	}
	if err := p.addSource(&s, c); err != nil {
		return signal{}, err
	}
	p.sourceOf(s).rules[s.position] = rules
	return s, nil
}

func (p *plan) sourceOf(s signal) *source {
	if s.perInstance {
		return p.ofInstances[s.source]
	}
	return p.ofGroup[s.source]
}

// addSource finds or makes the source that the signal names.
func (p *plan) addSource(s *signal, c config.Signal) (err error) {
	switch {
	case c.SNMP != nil:
		s.perInstance = !c.SNMP.Address.IsValid()
		s.slot, s.ceiling, err = p.addAgent(c)
	case c.Scrape != nil:
		s.perInstance = c.Scrape.URL == ""
		s.slot, err = p.addTarget(c)
	case c.PromQL != "":
		s.slot, err = p.addQuestion(c, &query{question: prom.Question{PromQL: c.PromQL, Range: c.Range}})
	case c.Query != "":
		s.slot, err = p.addQuery(c)
	case c.Push != nil:
		s.slot = p.addInbox(c.Name, c.Push.Format)
	default:
		err = errors.New("no source: give one of snmp, scrape, promql, query, push, first_of, formula")
	}
	return err
}

func (p *plan) addAgent(c config.Signal) (slot, float64, error) {
	quantity, err := snmp.NewQuantity(*c.SNMP)
	if err != nil {
		return slot{}, 0, err
	}
	key := agentKeyOf(*c.SNMP)
	agent, ok := p.agents[key]
	if !ok {
		if agent, err = p.newAgent(*c.SNMP); err != nil {
			return slot{}, 0, err
		}
		p.agents[key] = agent
	}
	agent.quantities = append(agent.quantities, quantity)
	return slot{agent.index, agent.answer()}, quantity.Ceiling, nil
}

func (p *plan) newAgent(c config.SNMP) (*agentSource, error) {
	client, err := snmp.NewClient(snmp.Options{
		Port: c.Port, Timeout: c.Timeout, Retries: c.Retries,
		Version: c.Version, Community: c.Community,
		User: c.User, Auth: c.Auth, Privacy: c.Privacy, Context: c.Context,
		Dropped: p.options.Dropped,
	})
	if err != nil {
		return nil, err
	}
	sources := &p.ofInstances
	if c.Address.IsValid() {
		sources = &p.ofGroup
	}
	agent := &agentSource{index: len(*sources), address: c.Address, client: client}
	agent.source = source{kind: "snmp", meet: agent.agent}
	*sources = append(*sources, &agent.source)
	return agent, nil
}

func (p *plan) addTarget(c config.Signal) (slot, error) {
	if c.Scrape.Metric == "" {
		return slot{}, errors.New("scrape: metric is empty: name the series to read")
	}
	if c.Scrape.Timeout <= 0 {
		return slot{}, fmt.Errorf("scrape: timeout %s: it must be more than 0", c.Scrape.Timeout)
	}
	if p.pages == nil {
		p.pages = prom.NewPages()
	}
	fetcher, err := p.pages.Via(c.Scrape.Access)
	if err != nil {
		return slot{}, fmt.Errorf("scrape: %w", err)
	}
	key := targetKey{c.Scrape.URL, c.Scrape.Port, c.Scrape.Path, c.Scrape.Timeout, c.Scrape.Access.TLS != nil, fetcher}
	target, ok := p.targets[key]
	if !ok {
		target = p.newTarget(key)
		p.targets[key] = target
	}
	target.selectors = append(target.selectors, prom.Selector{
		Metric: c.Scrape.Metric, Labels: c.Scrape.Labels, Counter: c.Scrape.Counter, Scale: c.Scrape.Scale,
	})
	return slot{target.index, target.answer()}, nil
}

func (p *plan) newTarget(key targetKey) *targetSource {
	sources := &p.ofInstances
	if key.url != "" {
		sources = &p.ofGroup
	}
	target := &targetSource{index: len(*sources)}
	target.source = &source{kind: "scrape", open: func(address netip.Addr) probe {
		opened := prom.NewTarget(key.fetcher, key.at(address), target.selectors)
		return func(ctx context.Context, _ time.Time) []reading.Reading {
			ctx, cancel := context.WithTimeout(ctx, key.timeout)
			defer cancel()
			return opened.Read(ctx)
		}
	}}
	*sources = append(*sources, target.source)
	return target
}

// at is the page's URL; that of an instance is made of its address.
func (k targetKey) at(address netip.Addr) string {
	if k.url != "" {
		return k.url
	}
	scheme := "http://"
	if k.secure {
		scheme = "https://"
	}
	return scheme + netip.AddrPortFrom(address, k.port).String() + "/" + strings.TrimPrefix(k.path, "/")
}

func (p *plan) addQuery(c config.Signal) (slot, error) {
	shared, ok := p.options.Queries[c.Query]
	if !ok {
		return slot{}, fmt.Errorf("query %q is not defined: add it to queries", c.Query)
	}
	return p.addQuestion(c, &query{
		question: prom.Question{PromQL: shared.PromQL, Range: shared.Range}, label: shared.GroupLabel, group: p.options.Group.Name,
	})
}

// addQuestion makes a source of the query, of which it fills in what all have.
func (p *plan) addQuestion(c config.Signal, q *query) (slot, error) {
	if p.options.Prometheus == nil {
		return slot{}, errors.New("it needs a Prometheus server, and none is configured: add prometheus.url")
	}
	if err := q.question.Check(); err != nil {
		return slot{}, err
	}
	q.server, q.question.Lookback, q.offset, q.interval = p.options.Prometheus, c.Staleness, c.Offset, p.options.Group.Interval
	added := &source{kind: "promql", open: func(netip.Addr) probe { return q.read }}
	p.ofGroup = append(p.ofGroup, added)
	return slot{len(p.ofGroup) - 1, added.answer()}, nil
}

// addInbox makes a source of what is pushed.
func (p *plan) addInbox(signal string, format config.PushFormat) slot {
	box := &inbox{group: p.options.Group.Name, signal: signal, format: format}
	if p.inboxes == nil {
		p.inboxes = map[string]*inbox{}
	}
	p.inboxes[signal] = box
	added := &source{kind: "push", open: func(netip.Addr) probe {
		return func(context.Context, time.Time) []reading.Reading { return []reading.Reading{box.read()} }
	}}
	p.ofGroup = append(p.ofGroup, added)
	return slot{len(p.ofGroup) - 1, added.answer()}
}

// answer makes the source answer one more signal, and returns its position.
func (s *source) answer() int {
	s.rules = append(s.rules, rules{})
	return len(s.rules) - 1
}

// finish tells the sources how often they are read, and gives back their room for further
// signals.
func (p *plan) finish() {
	for _, source := range slices.Concat(p.ofInstances, p.ofGroup) {
		source.interval, source.rules = p.options.Group.Interval, slices.Clone(source.rules)
	}
}
