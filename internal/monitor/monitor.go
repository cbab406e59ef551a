// Package monitor turns the sources of one group into signals, each with its
// quality: SNMP agents and exposition pages of the instances, pages and PromQL
// results of the group.
//
// It promises one signal for each configured one, in the order of the file, and
// in a per-instance signal one entry for each target, in the order given. What
// could not be read is a sample that says why, never a number and never left
// out. All sources are read at the same time, each under its own deadline, so
// that a dead one delays nobody by more than its own timeout. A read that fails
// leaves the value before it standing until that is stale; an answer without a
// value does not.
//
// Sources that share an address and settings are asked once for all their
// signals. Counters and windows are kept per instance, by code and address, and
// forgotten when the target is no longer given.
//
// Fleet calls it. It calls its own snmp, prom and reading, and policy, config.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Options says what a Monitor watches.
type Options struct {
	Group      config.Group
	Queries    map[string]config.Query
	Prometheus *prom.Server // shared by the monitors of all groups; needed by signals with promql or query

	// Observe, when set, is told of every request to a source: its kind (snmp,
	// scrape, promql), Present or the first reason why one of its signals had no
	// value, and how long it took. It is called by several goroutines at once.
	Observe func(kind string, outcome policy.Absence, took time.Duration)
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
	faults    []Fault
}

// signal is a configured signal and where its readings are found.
type signal struct {
	config    config.Signal
	statistic policy.Statistic
	ceiling   float64
	slot
	perInstance bool
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
	m.sources = plan.ofInstances
	m.group = open(plan.ofGroup, netip.Addr{})
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
	m.poll(ctx, now)
	return m.report(time.Now(), targets)
}

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
			kept[key] = open(m.sources, target.Address)
		}
		kept[key].setWarming(target.Warming)
	}
	m.instances = kept
}

func (m *Monitor) poll(ctx context.Context, now time.Time) {
	var polls sync.WaitGroup
	start := func(i *instance) {
		for _, place := range i.places {
			polls.Go(func() { place.poll(ctx, now, m.options.Observe) })
		}
	}
	start(m.group)
	for _, instance := range m.instances {
		start(instance)
	}
	polls.Wait()
}

func (m *Monitor) report(now time.Time, targets []Target) []policy.Signal {
	m.faults = nil
	signals := make([]policy.Signal, 0, len(m.signals))
	for _, s := range m.signals {
		signal := policy.Signal{
			Name:        s.config.Name,
			PerInstance: s.perInstance,
			Statistic:   s.statistic,
			Ceiling:     s.ceiling,
		}
		if !s.perInstance {
			signal.Group = m.sample(s, "", m.group, now)
		} else {
			for _, target := range targets {
				signal.Instances = append(signal.Instances, policy.InstanceSample{
					Instance: target.Code,
					Sample:   m.sampleOf(s, target, now),
				})
			}
		}
		signals = append(signals, signal)
	}
	return signals
}

var errNoAddress = errors.New("its private address is not known: it is read once the provider describes it")

func (m *Monitor) sampleOf(s signal, target Target, now time.Time) policy.Sample {
	switch {
	case target.Warming:
		return policy.Missing(policy.Warming, now)
	case !target.Address.IsValid():
		m.faults = append(m.faults, Fault{s.config.Name, target.Code, policy.Failed, errNoAddress})
		return policy.Missing(policy.Failed, now)
	default:
		return m.sample(s, target.Code, m.instances[instanceKey{target.Code, target.Address}], now)
	}
}

func (m *Monitor) sample(s signal, code string, from *instance, now time.Time) policy.Sample {
	place := from.places[s.source]
	sample := place.windows[s.position].read(now)
	if err := place.fault(s.position, sample); err != nil {
		m.faults = append(m.faults, Fault{s.config.Name, code, sample.Why(), err})
	}
	return sample
}
