package probe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// GroupOptions say what of a group's configuration is asked, and where.
type GroupOptions struct {
	Config    *config.Config
	Group     string
	Signals   []string     // names; empty: all
	Instances []netip.Addr // where the signals of the instances are read
}

// Group is a group's configured signals, read as the daemon reads them.
type Group struct {
	group   config.Group
	names   []string // of the signals that were asked for
	targets []monitor.Target
	monitor *monitor.Monitor
	server  *prom.Server // nil without PromQL
	poller  *snmp.Poller

	mu   sync.Mutex // guards look while signals are read
	look GroupLook
}

// Request is one that the sources were asked with.
type Request struct {
	Kind    string  `json:"kind"`    // snmp, scrape, promql, push
	Outcome string  `json:"outcome"` // a policy.Absence: present, or the first reason why one of its signals had no value
	TookMs  float64 `json:"took_ms"`
}

// GroupLook is what a group's signals showed at one time.
type GroupLook struct {
	Group    string               `json:"group"`
	Requests []Request            `json:"requests"`
	Dropped  map[string]int       `json:"dropped,omitempty"` // datagrams that were not believed, by reason
	Signals  []fleet.SignalReport `json:"signals"`           // those asked for, in the order of the file
}

// NewGroup prepares reading the signals that are asked for, and those that they are
// made of. Close it after use.
func NewGroup(o GroupOptions) (*Group, error) {
	group, ok := o.Config.Groups[o.Group]
	if !ok {
		return nil, fmt.Errorf("%s has no group `%s`: %s", o.Config.File, words.Shown(o.Group), words.Suggest(o.Group, slices.Collect(maps.Keys(o.Config.Groups))))
	}
	g := &Group{group: group, names: o.Signals}
	if err := g.choose(); err != nil {
		return nil, fmt.Errorf("group %s of %s: %w", o.Group, o.Config.File, err)
	}
	for _, address := range o.Instances {
		g.targets = append(g.targets, monitor.Target{Code: address.String(), Address: address})
	}
	if err := g.connect(o.Config); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// choose leaves those signals of the group that are asked for, and that they use.
func (g *Group) choose() error {
	all := g.group.Signals
	byName := make(map[string]config.Signal, len(all))
	for _, signal := range all {
		byName[signal.Name] = signal
	}
	if len(g.names) == 0 {
		g.names = slices.Collect(maps.Keys(byName))
	}
	needed := map[string]bool{}
	for left := slices.Clone(g.names); len(left) > 0; left = left[1:] {
		signal, ok := byName[left[0]]
		if !ok {
			return fmt.Errorf("there is no signal `%s`: %s", words.Shown(left[0]), words.Suggest(left[0], slices.Collect(maps.Keys(byName))))
		}
		if !needed[signal.Name] {
			needed[signal.Name] = true
			left = append(left, signal.Uses()...)
		}
	}
	g.group.Signals = slices.DeleteFunc(slices.Clone(all), func(s config.Signal) bool { return !needed[s.Name] })
	return nil
}

func (g *Group) connect(c *config.Config) error {
	var err error
	if c.Prometheus != nil {
		if g.server, err = prom.NewServer(*c.Prometheus); err != nil {
			return err
		}
	}
	g.poller = snmp.NewPoller(snmp.PollerOptions{})
	g.monitor, err = monitor.New(monitor.Options{
		Group: g.group, Queries: c.Queries, Prometheus: g.server, Poller: g.poller,
		Observe: func(kind string, outcome policy.Absence, took time.Duration) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.look.Requests = append(g.look.Requests, Request{kind, outcome.String(), float64(took.Microseconds()) / 1000})
		},
		Dropped: func(reason string) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.look.Dropped[reason]++
		},
	})
	return err
}

// Close closes sockets and idle connections.
func (g *Group) Close() {
	if g.monitor != nil {
		g.monitor.Close()
	}
	if g.server != nil {
		g.server.Close()
	}
	if g.poller != nil {
		g.poller.Close()
	}
}

// Interval is that between the readings of a running daemon.
func (g *Group) Interval() time.Duration { return g.group.Interval }

// Look reads the signals, and while something in them is a counter without a rate, again
// after wait, as [Ask] does. Tell is told of each wait.
func (g *Group) Look(ctx context.Context, wait time.Duration, tell func(Step)) GroupLook {
	look, again := g.read(ctx, mayBeFirst)
	for n := 1; n < readingsMost && again; n++ {
		tell(Step{WaitSeconds: wait.Seconds(), StillNone: n > 1})
		if !sleep(ctx, wait) {
			break
		}
		look, again = g.read(ctx, isFirst)
	}
	return look
}

// read reads the signals once, and says whether one of the faults is that of a counter
// without a rate, as first judges them.
func (g *Group) read(ctx context.Context, first func(monitor.Fault, []policy.Signal) bool) (look GroupLook, again bool) {
	g.look = GroupLook{Group: g.group.Name, Requests: []Request{}, Dropped: map[string]int{}}
	signals := g.monitor.Read(ctx, time.Now(), g.targets, nil)
	faults := g.monitor.Faults()
	again = slices.ContainsFunc(faults, func(f monitor.Fault) bool { return first(f, signals) })
	g.look.Signals = slices.DeleteFunc(fleet.ReportSignals(signals, faults, time.Now()), func(s fleet.SignalReport) bool {
		return !slices.Contains(g.names, s.Name)
	})
	return g.look, again
}

// isFirst says whether the fault is that of a counter read for the first time.
func isFirst(f monitor.Fault, _ []policy.Signal) bool { return errors.Is(f.Err, reading.ErrFirst) }

// mayBeFirst says whether the fault is that of a counter read for the first time, or
// that of all instances, which tells of one of them only.
func mayBeFirst(f monitor.Fault, signals []policy.Signal) bool {
	if isFirst(f, signals) {
		return true
	}
	i := slices.IndexFunc(signals, func(s policy.Signal) bool { return s.Name == f.Signal })
	return f.Instance == "" && slices.ContainsFunc(signals[i].Instances, func(in policy.InstanceSample) bool { return in.Sample.Why() == policy.Absent })
}

// Quorum is the share of the instances that must have a value of the signal before the
// group may shrink; 0 when it is about the group.
func (g *Group) Quorum(signal string) float64 {
	for _, s := range g.group.Signals {
		if s.Name == signal && s.PerInstance() {
			return s.Quorum
		}
	}
	return 0
}
