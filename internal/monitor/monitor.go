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
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/formula"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Options says what a Monitor watches.
type Options struct {
	Group      config.Group
	Queries    map[string]config.Query
	Prometheus *prom.Server // shared by the monitors of all groups; needed by signals with promql or query
	Poller     *snmp.Poller // likewise, of SNMP agents; nil: each is asked by itself

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
	poller    *snmp.Poller
	inboxes   map[string]*inbox
	watched   []instanceKey   // the targets of the last reading
	instances places          // of one after the other; nil where its address is unknown, and where it is given again
	readAt    reading.Instant // when the last reading began that was no extra one; 0: none
	extra     bool            // the newest is one
	faults    []Fault
	disputes  disputes
}

// signal is a configured signal and where its readings are found.
type signal struct {
	name        string
	ceiling     float64
	statistic   policy.Statistic
	perInstance bool
	slot
	made  *made              // nil: it is not made of others
	check *config.CrossCheck // nil: there is nothing to check it against
}

// instanceKey is what an instance is remembered by.
type instanceKey struct {
	code    string
	address netip.Addr
}

func keyOf(t Target) instanceKey { return instanceKey{t.Code, t.Address} }

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
	plan.finish()
	m.sources, m.pages, m.poller, m.inboxes = plan.ofInstances, plan.pages, options.Poller, plan.inboxes
	m.group = open(plan.ofGroup, netip.Addr{})
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
// times its attempts, of the sources. What it returns is the caller's, and is made in room
// if that fits: signals that nobody needs any more, or nil.
func (m *Monitor) Read(ctx context.Context, now time.Time, targets []Target, room []policy.Signal) []policy.Signal {
	m.keep(targets)
	if started := time.Now(); m.readAt != 0 && m.readAt.Until(started) < early(m.interval) {
		m.extra, ctx = true, context.WithValue(ctx, extra{}, true)
	} else {
		m.extra, m.readAt = false, reading.InstantOf(started)
	}
	m.poll(ctx, now)
	return m.report(time.Now(), targets, room)
}

// extra marks a reading ahead of its time: whoever asked for it wants to know what is now.
type extra struct{}

func isExtra(ctx context.Context) bool { return ctx.Value(extra{}) != nil }

// keep opens the sources of new targets and forgets those of vanished ones.
func (m *Monitor) keep(targets []Target) {
	if len(m.sources) == 0 {
		return
	}
	if !slices.EqualFunc(m.watched, targets, func(key instanceKey, t Target) bool { return key == keyOf(t) }) {
		m.exchange(targets)
	}
	for i, target := range targets {
		m.placesOf(i).setWarming(target.Warming)
	}
}

// exchange watches the targets in place of those of the last reading; what is among both
// goes on.
func (m *Monitor) exchange(targets []Target) {
	known := make(map[instanceKey]places, len(m.watched))
	for i, key := range m.watched {
		if at := m.placesOf(i); at[0] != nil {
			known[key] = at
		}
	}
	m.watched, m.instances = make([]instanceKey, len(targets)), make(places, len(targets)*len(m.sources))
	for i, target := range targets {
		key := keyOf(target)
		m.watched[i] = key
		at, ok := known[key]
		if !ok && target.Address.IsValid() {
			at = open(m.sources, target.Address)
		}
		copy(m.placesOf(i), at)
		known[key] = nil // of one that is given twice the first is polled
	}
}

// placesOf are those of the ith of the watched targets, one for each source.
func (m *Monitor) placesOf(i int) places {
	return m.instances[i*len(m.sources) : (i+1)*len(m.sources)]
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
	var names []string
	var by maker
	switch {
	case len(c.FirstOf) > 0:
		names, by = c.FirstOf, firstOf(c.FirstOf)
	case c.Formula != "":
		parsed, err := formula.Parse(c.Formula)
		if err != nil {
			return err
		}
		names, by = parsed.Names(), computed(parsed, c.Ceiling)
	default:
		return nil
	}
	s.made = &made{by: by}
	for _, name := range names {
		s.made.of = append(s.made.of, m.find(name))
		part, first := &m.signals[m.find(name)], &m.signals[s.made.of[0]]
		if len(c.FirstOf) > 0 && part.perInstance != first.perInstance {
			return errors.New("first_of: some are about each instance and others about the group: one cannot stand in for the other")
		}
		s.perInstance = s.perInstance || part.perInstance
	}
	return nil
}
