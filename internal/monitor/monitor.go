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
type Monitor struct {
	options   Options
	signals   []signal
	sources   []*source // of each instance
	pages     *prom.Pages
	group     *instance // the group's own sources
	instances map[instanceKey]*instance
	order     []int          // of the signals, each behind those that it uses
	byName    map[string]int // places of the signals
	inboxes   map[string]*inbox
	readAt    time.Time // when the last reading began that was no extra one
	faults    []Fault
	disputes  disputes
}

// signal is a configured signal and where its readings are found.
type signal struct {
	config    config.Signal
	statistic policy.Statistic
	ceiling   float64
	slot
	perInstance bool
	made        maker // of a signal that is made of others; else nil
}

type instanceKey struct {
	code    string
	address netip.Addr
}

// instance holds the state of everything read at one address, or of the group.
type instance struct{ places []*place }

// New prepares reading and sends nothing yet. The error names the signal at fault.
// Close the monitor after use.
func New(options Options) (*Monitor, error) {
	if options.Observe == nil {
		options.Observe = func(string, policy.Absence, time.Duration) {}
	}
	m := &Monitor{options: options, pages: prom.NewPages(), instances: map[instanceKey]*instance{}}
	plan := newPlan(options, m.pages)
	for _, c := range options.Group.Signals {
		s, err := plan.add(c)
		if err != nil {
			m.Close()
			return nil, fmt.Errorf("group %s, signal %s: %w", options.Group.Name, c.Name, err)
		}
		m.signals = append(m.signals, s)
	}
	if err := m.join(); err != nil {
		m.Close()
		return nil, fmt.Errorf("group %s, %w", options.Group.Name, err)
	}
	m.sources, m.inboxes = plan.ofInstances, plan.inboxes
	m.group = open(plan.ofGroup, netip.Addr{}, options.Group.Interval)
	return m, nil
}

// Close closes idle connections to pages.
func (m *Monitor) Close() { m.pages.Close() }

// Read reads all sources once and returns the signals. Now is the instant at
// which PromQL is evaluated; ages are taken on the process's own clock, which no
// change of the wall clock moves. It takes no longer than the longest timeout,
// times its attempts, of the sources.
func (m *Monitor) Read(ctx context.Context, now time.Time, targets []Target) []policy.Signal {
	m.keep(targets)
	if started := time.Now(); !m.readAt.IsZero() && started.Sub(m.readAt) < early(m.options.Group.Interval) {
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
	kept := make(map[instanceKey]*instance, len(targets))
	for _, target := range targets {
		if !target.Address.IsValid() {
			continue
		}
		key := instanceKey{target.Code, target.Address}
		kept[key] = m.instances[key]
		if kept[key] == nil {
			kept[key] = open(m.sources, target.Address, m.options.Group.Interval)
		}
		kept[key].setWarming(target.Warming)
	}
	m.instances = kept
}

// poll polls all places at the same time, the last of them by itself: most groups with a
// signal of the group have no other.
func (m *Monitor) poll(ctx context.Context, now time.Time) {
	places := slices.Clone(m.group.places)
	for _, instance := range m.instances {
		places = append(places, instance.places...)
	}
	if len(places) == 0 {
		return
	}
	// Where nobody answers there is nobody to spare the wait, and the first to come back
	// is to be noticed.
	must := isExtra(ctx) || !slices.ContainsFunc(places, func(p *place) bool { return p.backoff.silent == 0 })
	last := len(places) - 1
	var polls sync.WaitGroup
	for _, place := range places[:last] {
		polls.Go(func() { place.poll(ctx, now, must, m.options.Observe) })
	}
	places[last].poll(ctx, now, must, m.options.Observe)
	polls.Wait()
}

// join finds what each signal is made of, and in which order they are made.
func (m *Monitor) join() error {
	configs := make([]config.Signal, len(m.signals))
	m.byName = make(map[string]int, len(m.signals))
	for i, s := range m.signals {
		configs[i], m.byName[s.config.Name] = s.config, i
	}
	order, circle := config.InOrder(configs)
	if circle != nil {
		return fmt.Errorf("signals use each other in a circle (%s): of two only one can use the other", strings.Join(circle, " → "))
	}
	m.order = order
	for _, i := range order {
		s := &m.signals[i]
		for _, name := range s.config.Uses() {
			if _, known := m.byName[name]; !known {
				return fmt.Errorf("signal %s: it uses %s, which is none of the group's signals", s.config.Name, name)
			}
		}
		if err := m.derive(s); err != nil {
			return fmt.Errorf("signal %s: %w", s.config.Name, err)
		}
	}
	return nil
}

// derive finds how a signal that is made of others is made.
func (m *Monitor) derive(s *signal) error {
	var parts []string
	switch {
	case len(s.config.FirstOf) > 0:
		parts, s.made = s.config.FirstOf, firstOf(s.config.FirstOf)
	case s.config.Formula != "":
		parsed, err := formula.Parse(s.config.Formula)
		if err != nil {
			return err
		}
		parts, s.made = parsed.Names(), computed(parsed, s.config.Ceiling)
	}
	for _, name := range parts {
		part := m.signals[m.byName[name]]
		if len(s.config.FirstOf) > 0 && part.perInstance != m.signals[m.byName[parts[0]]].perInstance {
			return errors.New("first_of: some are about each instance and others about the group: one cannot stand in for the other")
		}
		s.perInstance = s.perInstance || part.perInstance
	}
	return nil
}

func (m *Monitor) report(now time.Time, targets []Target) []policy.Signal {
	found := make([]answers, len(m.signals))
	lasting := disputes{}
	for _, i := range m.order {
		s := m.signals[i]
		found[i] = m.answers(s, found, targets, now)
		if s.config.Check != nil {
			j := m.byName[s.config.Check.Signal]
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
		Name:        s.config.Name,
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
	of := func(i int) answer {
		return s.made(func(name string) answer { return found[m.byName[name]].at(i) }, now)
	}
	if !s.perInstance {
		if s.made != nil {
			return answers{group: of(0)}
		}
		return answers{group: m.group.places[s.source].answer(s.position, now)}
	}
	instances := make([]answer, len(targets))
	for i, target := range targets {
		if s.made != nil {
			instances[i] = of(i)
		} else {
			instances[i] = m.answerOf(s, target, now)
		}
	}
	return answers{instances: instances}
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
	return at.places[s.source].answer(s.position, now)
}
