package main

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/rules"
)

// agentsEach is how many agents a group has.
const agentsEach = 10

// flatOut is the interval, for each agent that there is, of groups that take their next turn as soon as it is
// theirs again: less than a poll takes.
const flatOut = time.Microsecond

// groupText is a group as in a configuration file. Its policies are fulfilled by what its agents
// show, so that its size stays.
func groupText(i int, signals, policies string) string {
	return fmt.Sprintf("  %s: {provider: gio, min: 1, max: 99, interval: 10s, template: {source: gc00000001, type: V40}, "+
		"balancers: [{gp: {gl_service_code: %s, pool: web, port: 80}}], signals: {%s}, policies: [%s]}\n",
		groupName(i), balancerCode(i), signals, policies)
}

func groupName(i int) string { return fmt.Sprintf("g%05d", i) }

func balancerCode(i int) string { return fmt.Sprintf("gl%08d", i+1) }

const provider = "providers:\n  gio: {type: gp, endpoint: \"http://127.0.0.1:%s/json\", gp_service_code: gp00000001, " +
	"access_key: env:BENCH_ACCESS, secret_key: env:BENCH_SECRET, calls_per_second: 50, call_timeout: 10m, poll_idle: 10m}\n"

// environment are the secrets that the configuration names.
var environment = map[string]string{
	"BENCH_SECRET": "simulated-secret-key", "BENCH_ACCESS": "SIMULATEDACCESSKEY01",
	"BENCH_AUTH": authPassphrase, "BENCH_PRIVACY": privacyPassphrase,
}

// agentSignals are three signals that one request for sixteen objects answers.
func agentSignals(port uint16, secure bool) string {
	how := fmt.Sprintf("port: %d", port)
	if secure {
		how += fmt.Sprintf(", version: v3, user: %s, auth: {protocol: sha256, passphrase: env:BENCH_AUTH}, privacy: {protocol: aes, passphrase: env:BENCH_PRIVACY}", user)
	}
	var signals []string
	for _, what := range []string{"cpu: {snmp: {profile: cpu_busy, %s}}", "memory: {snmp: {profile: memory_used, %s}}", "swap: {snmp: {profile: swap_used, %s}}"} {
		signals = append(signals, fmt.Sprintf(what, how))
	}
	return strings.Join(signals, ", ")
}

const agentPolicies = "{target: {signal: cpu, value: 45%}}, {target: {signal: memory, value: 50%}}, {target: {signal: swap, value: 8%}}"

// pollByMonitor polls as run does: groups in mode recommend, with ten agents each, read their
// signals and decide, one turn after the other, by the same code. Their rules are evaluated,
// and their decisions encoded for the history, of which nothing is written.
func pollByMonitor(ctx context.Context, j job) (*poller, error) {
	group, err := parseGroup(groupText(0, agentSignals(j.Port, j.Secure), agentPolicies))
	if err != nil {
		return nil, err
	}
	w, err := newWorld(j, group)
	if err != nil {
		return nil, err
	}
	return w.start(ctx)
}

// parseGroup is the configured group, as the file's reader makes it.
func parseGroup(text string) (config.Group, error) {
	c, err := parseConfig(fmt.Sprintf(provider, "1") + "groups:\n" + text)
	if err != nil {
		return config.Group{}, err
	}
	return c.Groups[groupName(0)], nil
}

func parseConfig(text string) (*config.Config, error) {
	return config.Parse("the configuration", []byte(text), config.Env{LookupEnv: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}})
}

// world is what groups share in one process.
type world struct {
	job
	groups   []*fleet.Advisor
	monitors []*monitor.Monitor
	shared   *shared
	observer *fleet.Observer
	metrics  *fleet.Metrics
	rest     time.Duration // between the readings of those that do nothing else
	turns    chan struct{} // holds one for each group that may read at this time

	polls, lacking atomic.Uint64
}

func newWorld(j job, group config.Group) (*world, error) {
	debug.SetGCPercent(25) // as run does
	w := &world{job: j, metrics: fleet.NewMetrics(prometheus.NewRegistry()), turns: make(chan struct{}, max(1, j.AtOnce)), shared: newShared(j)}
	w.rest, w.Interval = j.Interval, max(j.Interval, flatOut*time.Duration(j.Agents))
	spec, err := rules.Of(group)
	if err != nil {
		return nil, err
	}
	group.Interval = w.Interval
	var pools []cloud.BalancerReader
	for i := 0; i*agentsEach < j.Agents; i++ {
		pools = append(pools, pool{i, min(agentsEach, j.Agents-i*agentsEach)})
	}
	w.observer = fleet.NewObserver(fleet.ObserverOptions{
		Account: "gio", Machines: noMachines{}, Pools: pools, PollMoving: time.Hour, PollIdle: time.Hour, Timeout: time.Minute,
		Now: time.Now, Log: zap.NewNop(), Metrics: w.metrics,
	})
	for i, p := range pools {
		slot := w.Interval * time.Duration(i+1) / time.Duration(len(pools))
		if err := w.add(i, group, &spec, p.Name(), slot); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// add makes a group of the pool, whose first turn comes after the slot.
func (w *world) add(i int, group config.Group, spec *policy.Spec, pool string, slot time.Duration) error {
	group.Name = groupName(i)
	watch, err := monitor.New(w.shared.options(monitor.Options{Group: group, Observe: w.observe}))
	if err != nil {
		return err
	}
	w.monitors = append(w.monitors, watch)
	if w.ReadOnly {
		return nil
	}
	own := *spec
	recorder, err := record.NewRecorder(&own, func(time.Time, byte, []byte) bool { return true })
	if err != nil {
		return err
	}
	w.groups = append(w.groups, fleet.NewAdvisor(fleet.DeciderOptions{
		Name: group.Name, Account: "gio", Spec: &own, Interval: w.Interval, Slot: slot, Signals: inTurn{watch, w.turns}, Observer: w.observer,
		Pools: []string{pool}, Now: time.Now, Log: zap.NewNop(), Metrics: w.metrics, Recorder: recorder,
	}))
	return nil
}

func (w *world) observe(_ string, outcome policy.Absence, _ time.Duration) {
	w.polls.Add(1)
	if outcome != policy.Present {
		w.lacking.Add(1)
	}
}

// start lets the groups take their turns.
func (w *world) start(ctx context.Context) (*poller, error) {
	ctx, cancel := context.WithCancel(ctx)
	var others sync.WaitGroup
	if w.ReadOnly {
		w.read(ctx, &others)
	} else {
		others.Go(func() { _ = w.observer.Run(ctx) })
		for _, group := range w.groups {
			group.Start(ctx)
		}
	}
	stop := func() {
		cancel()
		for _, group := range w.groups {
			others.Go(group.Stop) // together: each waits for a turn that is under way
		}
		others.Wait()
		for _, watch := range w.monitors {
			watch.Close()
		}
		w.shared.close()
	}
	return &poller{done: func() (uint64, uint64) { return w.polls.Load(), w.lacking.Load() }, fallbacks: w.shared.fallbacks.Load, stop: stop}, nil
}

// read reads the groups' signals, so many groups at once, round after round, and decides nothing.
func (w *world) read(ctx context.Context, routines *sync.WaitGroup) {
	codes := codesOf(w.Agents)
	for first := range min(w.AtOnce, len(w.monitors)) {
		routines.Go(func() {
			var targets []monitor.Target
			var signals []policy.Signal
			for ctx.Err() == nil {
				for i := first; i < len(w.monitors); i += w.AtOnce {
					targets = appendTargets(targets[:0], i, codes)
					signals = w.monitors[i].Read(ctx, time.Now(), targets, signals)
				}
				if w.rest > 0 {
					_ = pause(ctx, w.rest) // the loop looks
				}
			}
		})
	}
}

const codeBytes = 8

// codesOf are the codes of so many instances, one behind the other.
func codesOf(agents int) string {
	var codes strings.Builder
	codes.Grow(agents * codeBytes)
	for k := range agents {
		fmt.Fprintf(&codes, "gc%0*d", codeBytes-2, k)
	}
	return codes.String()
}

// appendTargets appends the instances of the ith group. They are made for each reading, since
// what the benchmark itself keeps of an agent would count as ours.
func appendTargets(targets []monitor.Target, i int, codes string) []monitor.Target {
	for k := i * agentsEach; k < min(len(codes)/codeBytes, (i+1)*agentsEach); k++ {
		targets = append(targets, monitor.Target{Code: codes[k*codeBytes:][:codeBytes], Address: addressOf(k)})
	}
	return targets
}

// inTurn reads the signals of a group when it is its turn: as many groups as run's slots would
// have at once.
type inTurn struct {
	*monitor.Monitor
	turns chan struct{}
}

func (t inTurn) Read(ctx context.Context, now time.Time, targets []monitor.Target, room []policy.Signal) []policy.Signal {
	select {
	case t.turns <- struct{}{}:
		defer func() { <-t.turns }()
		return t.Monitor.Read(ctx, now, targets, room)
	case <-ctx.Done():
		return nil
	}
}

// noMachines is a cloud in which there is nothing but pools.
type noMachines struct{ cloud.Reader }

func (noMachines) List(context.Context) ([]cloud.Machine, error) { return nil, nil }

// pool is that of the ith group.
type pool struct{ group, count int }

func (p pool) Name() string  { return balancerCode(p.group) + "/web" }
func (p pool) Port() uint16  { return 80 }
func (p pool) Capacity() int { return 0 }

func (p pool) Nodes(context.Context) ([]cloud.Node, error) {
	var nodes []cloud.Node
	for i := range p.count {
		nodes = append(nodes, cloud.Node{Address: netip.AddrPortFrom(addressOf(p.group*agentsEach+i), 80)})
	}
	return nodes, nil
}
