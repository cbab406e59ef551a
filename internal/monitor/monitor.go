// Package monitor turns the sources of one group into signals, each with its
// quality: SNMP agents and exposition pages of the instances, agents, pages and PromQL
// results of the group, what others push, and arithmetic over these.
//
// It promises one signal for each configured one, in the order of the file, and
// in a per-instance signal one entry for each target, in the order given. What
// could not be read is a sample that says why, never a number and never left
// out. All sources are read at the same time, each under its own deadline, so
// that a dead one delays nobody by more than its own timeout; one that is silent poll
// after poll is asked less often. A read that fails
// leaves the value before it standing until that is stale; an answer without a
// value does not.
//
// It believes no source more than it must. A value that stands still, left its
// range or its unit, is dated wrongly, or is not borne out by a second source is
// missing, or may at most make the group grow; Faults says which and what to check.
//
// Sources that share an address and settings are asked once for all their
// signals. Counters and windows are kept per instance, by code and address, and
// forgotten when the target is no longer given. None of that is on disk: after a
// restart it has to be seen again, which delays shrinking and never hastens it.
//
// Fleet calls it. It calls its own snmp, prom and reading, and policy, config, formula.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/formula"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Options says what a Monitor watches.
type Options struct {
	Group      config.Group
	Queries    map[string]config.Query
	Prometheus *prom.Server // shared by the monitors of all groups; needed by signals with promql or query

	// Observe, when set, is told of every request to a source: its kind (snmp,
	// scrape, promql, push), Present or the first reason why one of its signals had no
	// value, and how long it took. It is called by several goroutines at once.
	Observe func(kind string, outcome policy.Absence, took time.Duration)

	// Dropped, when set, is told why a datagram of an SNMP agent was not believed: one
	// of snmp.DropReasons. It is called by several goroutines at once.
	Dropped func(reason string)
}

// Target is one instance that counts as capacity, serving or becoming.
type Target struct {
	Code    string     // the provider's
	Address netip.Addr // where its sources are; the zero Addr while unknown

	// Warming is set while the instance does not serve yet, or not for long
	// enough to be believed. Its samples are missing for that reason; its
	// sources are read all the same, so that its counters have a baseline.
	Warming bool
}

// Monitor reads the signals of one group. It is for one caller at a time.
//
// There can be thousands, most of them with a single signal. So of the configuration it
// keeps what it needs, and it makes nothing that it may never use.
type Monitor struct {
	name      string // the group's
	interval  time.Duration
	observe   func(kind string, outcome policy.Absence, took time.Duration)
	signals   []signal
	order     []int       // of the signals, each behind those that it uses
	group     places      // of the group's own sources
	sources   []*source   // of each instance
	pages     *prom.Pages // nil: none is read
	inboxes   map[string]*inbox
	instances map[instanceKey]places
	readAt    time.Time // when the last reading began that was no extra one
	faults    []Fault
	disputes  disputes
}

// signal is a configured signal and where its readings are found.
type signal struct {
	name      string
	statistic policy.Statistic
	ceiling   float64
	slot
	perInstance bool
	made        maker              // of a signal that is made of others; else nil
	check       *config.CrossCheck // nil: there is nothing to check it against
}

type instanceKey struct {
	code    string
	address netip.Addr
}

// New prepares reading and sends nothing yet. The error names the signal at fault.
// Close the monitor after use.
func New(options Options) (*Monitor, error) {
	if options.Observe == nil {
		options.Observe = func(string, policy.Absence, time.Duration) {}
	}
	group, plan := options.Group, newPlan(options)
	m := &Monitor{name: group.Name, interval: group.Interval, observe: options.Observe, signals: make([]signal, len(group.Signals))}
	for i, c := range group.Signals {
		var err error
		if m.signals[i], err = plan.add(c); err != nil {
			return nil, fmt.Errorf("group %s, signal %s: %w", group.Name, c.Name, err)
		}
	}
	if err := m.join(group.Signals); err != nil {
		return nil, fmt.Errorf("group %s, %w", group.Name, err)
	}
	m.sources, m.pages, m.inboxes = plan.ofInstances, plan.pages, plan.inboxes
	m.group = open(plan.ofGroup, netip.Addr{}, group.Interval)
	return m, nil
}

// Close closes idle connections to pages.
func (m *Monitor) Close() {
	if m.pages != nil {
		m.pages.Close()
	}
}

// Read reads all sources once and returns the signals. Now is the instant at
// which PromQL is evaluated; ages are taken on the process's own clock, which no
// change of the wall clock moves. It takes no longer than the longest timeout,
// times its attempts, of the sources.
func (m *Monitor) Read(ctx context.Context, now time.Time, targets []Target) []policy.Signal {
	m.keep(targets)
	if started := time.Now(); !m.readAt.IsZero() && started.Sub(m.readAt) < early(m.interval) {
		ctx = context.WithValue(ctx, extra{}, true)
	} else {
		m.readAt = started
	}
	m.poll(ctx, now)
	return m.report(time.Now(), targets)
}

// extra marks a reading ahead of its time: whoever asked for it wants to know what is now.
type extra struct{}

func isExtra(ctx context.Context) bool { return ctx.Value(extra{}) != nil }

// keep opens the sources of new targets and forgets those of vanished ones.
func (m *Monitor) keep(targets []Target) {
	if len(m.sources) == 0 {
		return
	}
	kept := make(map[instanceKey]places, len(targets))
	for _, target := range targets {
		if !target.Address.IsValid() {
			continue
		}
		key := instanceKey{target.Code, target.Address}
		kept[key] = m.instances[key]
		if kept[key] == nil {
			kept[key] = open(m.sources, target.Address, m.interval)
		}
		kept[key].setWarming(target.Warming)
	}
	m.instances = kept
}

// poll polls all places at the same time, the last of them by itself: most groups with a
// signal of the group have no other.
func (m *Monitor) poll(ctx context.Context, now time.Time) {
	all := slices.Clip(m.group)
	for _, places := range m.instances {
		all = append(all, places...)
	}
	if len(all) == 0 {
		return
	}
	// Where nobody answers there is nobody to spare the wait, and the first to come back
	// is to be noticed.
	must := isExtra(ctx) || !slices.ContainsFunc(all, func(p *place) bool { return p.backoff.silent == 0 })
	last := len(all) - 1
	var polls sync.WaitGroup
	for _, place := range all[:last] {
		polls.Go(func() { place.poll(ctx, now, must, m.observe) })
	}
	all[last].poll(ctx, now, must, m.observe)
	polls.Wait()
}

// join finds what each signal is made of, and in which order they are made.
func (m *Monitor) join(configured []config.Signal) error {
	order, circle := config.InOrder(configured)
	if circle != nil {
		return fmt.Errorf("signals use each other in a circle (%s): of two only one can use the other", strings.Join(circle, " → "))
	}
	m.order = order
	for _, i := range order {
		c := configured[i]
		for _, name := range c.Uses() {
			if m.find(name) < 0 {
				return fmt.Errorf("signal %s: it uses %s, which is none of the group's signals", c.Name, name)
			}
		}
		if err := m.derive(&m.signals[i], c); err != nil {
			return fmt.Errorf("signal %s: %w", c.Name, err)
		}
	}
	return nil
}

// find is where among the signals the named one is; below 0 if it is none of them.
func (m *Monitor) find(name string) int {
	return slices.IndexFunc(m.signals, func(s signal) bool { return s.name == name })
}

// derive finds how a signal that is made of others is made.
func (m *Monitor) derive(s *signal, c config.Signal) error {
	var parts []string
	switch {
	case len(c.FirstOf) > 0:
		parts, s.made = c.FirstOf, firstOf(c.FirstOf)
	case c.Formula != "":
		parsed, err := formula.Parse(c.Formula)
		if err != nil {
			return err
		}
		parts, s.made = parsed.Names(), computed(parsed, c.Ceiling)
	}
	for _, name := range parts {
		part := m.signals[m.find(name)]
		if len(c.FirstOf) > 0 && part.perInstance != m.signals[m.find(parts[0])].perInstance {
			return errors.New("first_of: some are about each instance and others about the group: one cannot stand in for the other")
		}
		s.perInstance = s.perInstance || part.perInstance
	}
	return nil
}

func (m *Monitor) report(now time.Time, targets []Target) []policy.Signal {
	found := make([]answers, len(m.signals))
	var lasting disputes
	for _, i := range m.order {
		s := m.signals[i]
		found[i] = m.answers(s, found, targets, now)
		if s.check != nil {
			if lasting == nil {
				lasting = disputes{}
			}
			j := m.find(s.check.Signal)
			found[i] = m.check(s, found[i], m.signals[j], found[j], targets, now, lasting)
		}
	}
	m.faults, m.disputes = nil, lasting
	signals := make([]policy.Signal, len(m.signals))
	for i, s := range m.signals {
		signals[i] = s.of(found[i], targets)
		m.faults = append(m.faults, faultsOf(s, found[i], targets)...)
	}
	return signals
}

// of is the signal as policy wants it.
func (s signal) of(found answers, targets []Target) policy.Signal {
	signal := policy.Signal{
		Name:        s.name,
		PerInstance: s.perInstance,
		Statistic:   s.statistic,
		Ceiling:     s.ceiling,
		Group:       found.group.sample,
	}
	for i, a := range found.instances {
		signal.Instances = append(signal.Instances, policy.InstanceSample{Instance: targets[i].Code, Sample: a.sample})
	}
	return signal
}

// answers are what is known of one signal, given those that it is made of.
func (m *Monitor) answers(s signal, found []answers, targets []Target, now time.Time) answers {
	if !s.perInstance {
		if s.made != nil {
			return answers{group: m.made(s, found, 0, now)}
		}
		return answers{group: m.group[s.source].answer(s.position, now)}
	}
	instances := make([]answer, len(targets))
	for i, target := range targets {
		if s.made != nil {
			instances[i] = m.made(s, found, i, now)
		} else {
			instances[i] = m.answerOf(s, target, now)
		}
	}
	return answers{instances: instances}
}

// made is the answer of a signal that is made of others, at the ith instance.
func (m *Monitor) made(s signal, found []answers, i int, now time.Time) answer {
	return s.made(func(name string) answer { return found[m.find(name)].at(i) }, now)
}

var errNoAddress = errors.New("its private address is not known: it is read once the provider describes it")

func (m *Monitor) answerOf(s signal, target Target, now time.Time) answer {
	switch {
	case target.Warming:
		return answer{sample: policy.Missing(policy.Warming, now)}
	case !target.Address.IsValid():
		return answer{sample: policy.Missing(policy.Failed, now), err: errNoAddress}
	}
	at := m.instances[instanceKey{target.Code, target.Address}]
	return at[s.source].answer(s.position, now)
}
