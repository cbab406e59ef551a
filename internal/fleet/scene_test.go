package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/store"
)

// The fixture of every scene: a stopped template, two machines of ours that serve,
// and a foreign machine in the same pool.
const (
	installation = "test"
	groupName    = "web"
	gpCode       = "gp00000001"
	glCode       = "gl00000001"
	poolName     = "web"
	poolPort     = 80
	machineType  = "V40"
	accessKey    = "AKTEST"

	template = "gc00000001"
	first    = "gc00000002"
	second   = "gc00000003"
	foreign  = "gc00000004"
)

// setting is what a story is told in. The zero value of each field means what
// withDefaults says.
type setting struct {
	min, max, standby int // 2, 6, 0
	orderMax          int // 10
	more              int // 0, further machines of ours that serve at first
	machinesMax       int // 0: no limit, of the account
	nodesMax          int // 0: no limit, of the pool
	delays            gpsim.Delays
	interval          time.Duration // 10s, between decisions
	slot              time.Duration // the interval's end
	shadow            *fleet.Shadow // none
	rules             []policy.Rule // one instance for each hundred of load
	past              fleet.Past    // none
	record            record.Sink   // none, of the group's decisions
	moving            time.Duration // 10s, between looks while something moves
	idle              time.Duration // 1m, between looks otherwise
	glance            time.Duration // 2s, between what the story looks at
	stabilization     time.Duration // 1m, of scaling in
	cooldown          time.Duration // 0, of either direction
	outStabilization  time.Duration // 0
	releaseBefore     time.Duration // 30m
	dayLeft           time.Duration // 15h, until the paid day ends
	settleWindow      time.Duration // 10m
	launchTimeout     time.Duration // 1h
	source, version   string        // of the template: gc00000001, none
	bake              time.Duration // 0
	watch             time.Duration // 0
	warmUp            time.Duration // 20s
	standbyAge        time.Duration // 0
	pick              []policy.PickRule
	drift             map[actions.DriftKind]actions.DriftPolicy
	hooks             []actions.Hook // none
	calls             float64        // 50 per second
	recommend         bool           // the group only recommends
	unbalanced        bool           // the group has no pools
	cloudJumps        bool           // the cloud's wall time is as wrong as the process's
}

func or[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

func (s setting) withDefaults() setting {
	or(&s.min, 2)
	or(&s.max, 6)
	or(&s.orderMax, 10)
	or(&s.delays, gpsim.RealDelays())
	or(&s.interval, 10*time.Second)
	or(&s.moving, 10*time.Second)
	or(&s.idle, time.Minute)
	or(&s.glance, 2*time.Second)
	or(&s.stabilization, time.Minute)
	or(&s.releaseBefore, 30*time.Minute)
	or(&s.dayLeft, 15*time.Hour)
	or(&s.settleWindow, 10*time.Minute)
	or(&s.launchTimeout, time.Hour)
	or(&s.warmUp, 20*time.Second)
	or(&s.source, template)
	or(&s.calls, 50)
	return s
}

// How the group works in every scene.
const (
	drain          = 30 * time.Second
	stopTimeout    = 10 * time.Minute
	probeInterval  = 2 * time.Second
	healthInterval = 10 * time.Second
	callTimeout    = 200 * time.Second
	staleRead      = 2 * time.Minute
)

// world is what outlives a process of autoscaled: the cloud, the disk, the load.
type world struct {
	setting

	t    *testing.T
	sim  *gpsim.Sim
	disk *store.Memory
	fuse fuse
	load load
	log  *zap.Logger

	mu         sync.Mutex // guards the rest of this block
	on         map[netip.Addr]bool
	sick       map[netip.Addr]bool // never answers its probe
	pool       []netip.AddrPort
	ours       map[netip.Addr]bool // whose serving is watched
	sent       []sentCall
	violations []string
	rotten     map[string]bool // contents with which no machine's service answers
	clipped    map[string]bool // machines that listings lack
	broken     int             // HTTP status with which changing calls fail; 0: they do not

	breaking sync.Mutex   // held while a call is broken, so that its fault hits no other
	wallJump atomic.Int64 // nanoseconds by which the process's wall time is wrong
	person   bool         // somebody else changes things, too
	drifts   float64      // that the processes so far told of

	*process // the living one; nil: none
}

// process is one life of autoscaled.
type process struct {
	fleet    *fleet.Fleet
	group    *fleet.Group // nil in mode recommend
	account  *actions.Account
	registry *prometheus.Registry
	build    func() *fleet.Group // from what is on the disk; nil in mode recommend
	stop     func()
}

// tell runs a story in virtual time. The world has a running process when it begins.
func tell(t *testing.T, s setting, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	if raced.Passes(3) {
		t.Skip("one of three under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		w.start()
		story(t, w)
		w.end()
	})
}

func newWorld(t *testing.T, s setting) *world {
	t.Helper()
	w := &world{
		setting: s.withDefaults(), t: t, disk: store.NewMemory(), log: zap.NewNop(),
		on: map[netip.Addr]bool{}, sick: map[netip.Addr]bool{}, ours: map[netip.Addr]bool{}, rotten: map[string]bool{},
	}
	t.Cleanup(w.kill)
	w.load.set(200)
	var err error
	w.sim, err = gpsim.New(gpsim.Options{
		Accounts: []gpsim.Account{{AccessKey: accessKey, SecretKey: secret.New("s3cret"), GpServiceCode: gpCode}},
		Delays:   w.delays, Now: w.simNow, Hooks: gpsim.Hooks{Power: w.powerTurned, Pool: w.poolChanged},
	})
	must(t, err)
	w.seed(template, "template", gpsim.StatusStopped)
	nodes := []netip.AddrPort{w.seed(foreign, "somebody else's", gpsim.StatusRunning)}
	for _, code := range append([]string{first, second}, w.others()...) {
		node := w.seed(code, actions.Mark(installation, groupName, code), gpsim.StatusRunning)
		nodes, w.ours[node.Addr()] = append(nodes, node), true
	}
	must(t, w.sim.AddFwLb(glCode, map[string][]netip.AddrPort{poolName: nodes}))
	return w
}

// others lists the codes of the further machines that serve at first.
func (w *world) others() []string {
	codes := make([]string, w.more)
	for i := range codes {
		codes[i] = fmt.Sprintf("gc000003%02d", i)
	}
	return codes
}

// seed adds a machine and returns where it would serve.
func (w *world) seed(code, label, status string) netip.AddrPort {
	w.t.Helper()
	_, address, err := w.sim.AddMachine(gpsim.MachineSpec{Code: code, Label: label, Status: status, Type: machineType})
	must(w.t, err)
	return w.node(address)
}

// node is where the machine at the address serves.
func (w *world) node(address netip.Addr) netip.AddrPort { return netip.AddrPortFrom(address, poolPort) }

// end ends the living process, if there is one, and judges what was watched.
func (w *world) end() {
	w.t.Helper()
	w.kill()
	for _, violation := range w.violations {
		w.t.Error(violation)
	}
	if w.drifts > 0 && !w.person {
		w.t.Errorf("%v drifts were told of, and nobody else changed anything", w.drifts)
	}
	if calls := w.sim.Books().MutatingCallsNaming(foreign); len(calls) > 0 {
		w.t.Errorf("the foreign machine was named in %v", calls)
	}
	if calls := w.sim.Books().MutatingCallsNaming(w.machine(foreign).Address.String()); len(calls) > 0 {
		w.t.Errorf("the foreign machine's node was named in %v", calls)
	}
}

// kill ends the living process.
func (w *world) kill() {
	if w.process != nil {
		w.stop()
		w.drifts += total(w.t, w.registry, "autoscaled_drifts_total")
		w.process = nil
	}
}

// loseDisk makes the next process begin with an empty disk.
func (w *world) loseDisk() { w.disk = store.NewMemory() }

// disown lets the story do to a machine what we must not: it is not watched any more.
func (w *world) disown(code string) {
	address := w.machine(code).Address
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ours, address)
}

// cloudNow is wall time: the paid day ends, in Japan, when the setting's dayLeft is over.
func (w *world) cloudNow() time.Time { return time.Now().Add(15*time.Hour - w.dayLeft) }

// simNow is wall time as the simulated cloud reads it.
func (w *world) simNow() time.Time {
	if w.cloudJumps {
		return w.now()
	}
	return w.cloudNow()
}

// now is wall time as the process reads it.
func (w *world) now() time.Time { return jumped(w.cloudNow(), time.Duration(w.wallJump.Load())) }

// start starts a process on the world's disk.
func (w *world) start() {
	w.t.Helper()
	disk := fusedStore{w.disk, &w.fuse}
	epoch, err := disk.Claim()
	must(w.t, err)
	journal := store.Journal{Store: disk, Epoch: epoch}
	p := &process{registry: prometheus.NewRegistry(), fleet: &fleet.Fleet{}}
	client, err := gpapi.New(gpapi.Options{
		AccessKey: secret.New(accessKey), SecretKey: secret.New("s3cret"), CallsPerSecond: w.calls, CallTimeout: callTimeout,
		Transport: &watchedTransport{w, clippedTransport{w, gpsim.Transport(w.sim)}}, Now: w.now, Jitter: half,
	})
	must(w.t, err)
	poolOptions := gp.PoolOptions{GpServiceCode: gpCode, GlServiceCode: glCode, Pool: poolName, Port: poolPort, NodesMax: w.nodesMax}
	options := gp.Options{GpServiceCode: gpCode, SSHPublicKey: "ssh-ed25519 AAAA operator@example", FwLb: glCode}
	metrics, groups := actions.NewMetrics(p.registry), fleet.NewMetrics(p.registry)

	p.account, err = actions.NewAccount(actions.AccountOptions{
		Name: "gio", Journal: journal, SettleWindow: w.settleWindow, OrderTimeout: 3 * callTimeout, MachinesMax: w.machinesMax,
		Now: w.now, Jitter: half, Log: w.log, Metrics: metrics,
	})
	if w.fuse.isBlown() { // it died while starting: so another starts
		w.fuse.arm(0, false)
		w.start()
		return
	}
	must(w.t, err)
	observer := fleet.NewObserver(fleet.ObserverOptions{
		Account: "gio", Machines: gp.NewReader(client.Reader, options),
		Pools:      []cloud.BalancerReader{gp.NewPoolReader(client.Reader, poolOptions)},
		PollMoving: w.moving, PollIdle: w.idle, Timeout: callTimeout,
		Settle: p.account.Settle, Now: w.now, Log: w.log, Metrics: groups,
	})
	p.fleet.Observers = append(p.fleet.Observers, observer)
	spec := w.spec()
	decider := fleet.DeciderOptions{
		Name: groupName, Account: "gio", Spec: &spec, Interval: w.interval, Signals: &w.load, Observer: observer,
		Pools: []string{glCode + "/" + poolName}, Now: w.now, Log: w.log, Metrics: groups, Slot: w.slot, Past: w.past,
	}
	if w.record != nil {
		decider.Recorder, err = record.NewRecorder(&spec, w.record)
		must(w.t, err)
	}
	if w.recommend {
		if w.unbalanced {
			decider.Pools = nil
		}
		p.fleet.Advisors = append(p.fleet.Advisors, fleet.NewAdvisor(decider))
		w.run(p)
		return
	}
	p.fleet.Accounts = append(p.fleet.Accounts, p.account)
	writer := gp.NewWriter(client, options)
	crew := actions.CrewOptions{
		Group: groupName, Installation: installation, Account: p.account, Machines: writer,
		Balancers: []cloud.Balancer{gp.NewPool(client, poolOptions)}, Template: cloud.Template{Source: w.source, Type: machineType, Version: w.version},
		Journal: journal, Min: w.min, Max: w.max, Surge: 1,
		Probe: w.probe, ProbeInterval: probeInterval, ProbeCount: 2,
		HealthInterval: healthInterval, HealthFailures: 3, Drift: w.drift, Hooks: w.hooks,
		Drain: drain, Watch: w.watch, StopTimeout: stopTimeout, LaunchTimeout: w.launchTimeout, CallTimeout: 3 * callTimeout,
		StaleRead: staleRead, AbsenceAfter: 30 * time.Second, Now: w.now, Jitter: half, Log: w.log, Metrics: metrics,
	}
	if w.unbalanced {
		crew.Balancers = nil
	}
	metrics.Touch("gio", groupName)
	p.build = func() *fleet.Group {
		crew, err := actions.NewCrew(crew)
		must(w.t, err)
		p.account.Serve(crew)
		group, err := fleet.NewGroup(fleet.GroupOptions{
			DeciderOptions: decider, Crew: crew, Journal: journal, Billing: writer.Billing, WarmUp: w.warmUp, Shadow: w.shadowOf(),
		})
		must(w.t, err)
		return group
	}
	p.group = p.build()
	p.fleet.Groups = append(p.fleet.Groups, p.group)
	w.run(p)
}

// rebuild builds the group anew beside what goes on, as a reload does.
func (w *world) rebuild() {
	w.t.Helper()
	w.fleet.Halt(groupName)
	w.fleet.AwaitOrder(w.t.Context(), groupName)
	w.fleet.Dismiss(groupName)
	w.group = w.build()
	must(w.t, w.fleet.Put(w.group))
}

// shadowOf is the shadow as a new process reads it from its file.
func (w *world) shadowOf() *fleet.Shadow {
	if w.shadow == nil {
		return nil
	}
	spec := w.spec()
	spec.Policies = slices.Clone(w.shadow.Spec.Policies)
	return &fleet.Shadow{Spec: spec, Past: w.shadow.Past}
}

func half() float64 { return 0.5 }

// run runs the process until its stop is called.
func (w *world) run(p *process) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- p.fleet.Run(ctx) }()
	p.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the process ended with %v", err)
		}
	}
	w.process = p
}

// spec has the setting's rules; without any, it wants one instance for each hundred of load.
func (w *world) spec() policy.Spec {
	rules := slices.Clone(w.rules)
	if rules == nil {
		rules = policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100})
	}
	return policy.Spec{
		Min: w.min, Max: w.max, Type: machineType, Interval: w.interval, Gap: 10 * time.Minute,
		Policies: rules,
		In:       policy.Direction{Stabilization: w.stabilization, Cooldown: w.cooldown},
		Out:      policy.Direction{Stabilization: w.outStabilization, Cooldown: w.cooldown},
		Standby:  w.standby, ReleaseBefore: w.releaseBefore, OrderMax: w.orderMax, Surge: 1,
		LaunchFailuresMax: 3, HealBudget: 0.1, Brake: 0.45, Bake: w.bake, StandbyAge: w.standbyAge, Pick: w.pick,
	}
}

// load is what the group's only policy looks at, set by the story, and how busy each
// instance is.
type load struct {
	mu      sync.Mutex
	value   float64
	curve   func(now time.Time) float64 // in place of the value; nil: none
	missing bool
	reads   int
	busy    map[string]float64 // by code; nil: nothing shows it
	first   bool               // how busy they are is shown before the load
	slow    time.Duration      // that a reading takes
	faults  []monitor.Fault
}

func (l *load) set(value float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value, l.missing = value, false
}

func (l *load) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missing = true
}

// change changes more than the value.
func (l *load) change(how func(*load)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how(l)
}

func (l *load) Read(_ context.Context, now time.Time, _ []monitor.Target, _ []policy.Signal) []policy.Signal {
	l.mu.Lock()
	slow := l.slow
	l.mu.Unlock()
	time.Sleep(slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.curve != nil {
		l.value = l.curve(now)
	}
	sample := policy.ValueAt(l.value, now)
	if l.missing {
		sample = policy.Missing(policy.Failed, now)
	}
	signals := []policy.Signal{{Name: "load", Group: sample}}
	if l.busy != nil {
		signals = append(signals, policy.Signal{Name: "busy", PerInstance: true, Instances: l.readings(now)})
	}
	if l.first {
		slices.Reverse(signals)
	}
	return signals
}

func (l *load) readings(now time.Time) []policy.InstanceSample {
	var readings []policy.InstanceSample
	for code, value := range l.busy {
		readings = append(readings, policy.InstanceSample{Instance: code, Sample: policy.ValueAt(value, now)})
	}
	return readings
}

// count is how often the signal was read.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

func (l *load) Faults() []monitor.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.faults
}

func (w *world) probe(_ context.Context, address netip.Addr) error {
	rotten := w.isRotten(address)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on[address] || w.sick[address] || rotten {
		return errors.New("connection refused")
	}
	return nil
}

// isRotten says that the machine at the address has a content with which no service answers.
func (w *world) isRotten(address netip.Addr) bool {
	w.mu.Lock()
	rotten := maps.Clone(w.rotten)
	w.mu.Unlock()
	if len(rotten) == 0 {
		return false
	}
	return slices.ContainsFunc(w.sim.Books().Machines, func(m gpsim.MachineRecord) bool { return m.Address == address && rotten[m.Content] })
}

// rot makes contents fail, and no others.
func (w *world) rot(contents ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.rotten)
	for _, content := range contents {
		w.rotten[content] = true
	}
}

// poolSize is how many nodes the pool has.
func (w *world) poolSize() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pool)
}

// powerTurned watches that no machine of ours goes off while it is in the pool.
func (w *world) powerTurned(code string, address netip.Addr, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on[address] = on
	if !on && w.ours[address] && slices.Contains(w.pool, netip.AddrPortFrom(address, poolPort)) {
		w.violations = append(w.violations, fmt.Sprintf("%v: %s went off while in the pool", time.Now(), code))
	}
}

// poolChanged watches that we never let fewer than min serve.
func (w *world) poolChanged(_, _ string, nodes []netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.servingIn(w.pool)
	w.pool = nodes
	if now := w.servingIn(nodes); now < before && now < w.min {
		w.violations = append(w.violations, fmt.Sprintf("%v: only %d of ours are left in the pool", time.Now(), now))
	}
}

func (w *world) servingIn(nodes []netip.AddrPort) int {
	n := 0
	for _, node := range nodes {
		if w.ours[node.Addr()] && w.on[node.Addr()] {
			n++
		}
	}
	return n
}

// sentCall is one call that left the process.
type sentCall struct {
	at     time.Time
	action string
	code   string // service code of the machine, or the node's address
}

// sentFor lists the actions that named the machine or its address, without
// repeats in a row.
func (w *world) sentFor(code string) []string {
	address := w.machine(code).Address.String()
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, call := range w.sent {
		if call.code == code || call.code == address {
			list = append(list, call.action)
		}
	}
	return slices.Compact(list)
}

// changes lists the calls that changed the machine, in order.
func (w *world) changes(code string) []string {
	var list []string
	books := w.sim.Books()
	address := w.machine(code).Address.String()
	for _, call := range books.Calls {
		if call.Effect && slices.ContainsFunc([]string{"GcServiceCode", "ServiceCode", "NodeIpAddress", "DestGcServiceCode"}, func(name string) bool {
			return call.Parameters[name] == code || call.Parameters[name] == address
		}) {
			list = append(list, call.Action)
		}
	}
	return list
}

// sentAt lists when the action was sent, whatever came of it.
func (w *world) sentAt(action string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []time.Time
	for _, call := range w.sent {
		if call.action == action {
			list = append(list, call.at)
		}
	}
	return list
}

// calledAt lists when calls of the action that had an effect were made.
func (w *world) calledAt(action string) []time.Time {
	var list []time.Time
	for _, call := range w.sim.Books().Calls {
		if call.Action == action && call.Effect {
			list = append(list, call.At)
		}
	}
	return list
}

// count is how many calls of the action had an effect.
func (w *world) count(action string) int {
	return len(w.calledAt(action))
}

func (w *world) machine(code string) gpsim.MachineRecord {
	for _, m := range w.sim.Books().Machines {
		if m.Code == code {
			return m
		}
	}
	w.t.Fatalf("the books have no machine %s", code)
	return gpsim.MachineRecord{}
}

// bought lists the codes of all machines that were ever ordered.
func (w *world) bought() []string {
	var codes []string
	for _, m := range w.sim.Books().Machines {
		if m.OrderedBy == accessKey {
			codes = append(codes, m.Code)
		}
	}
	return codes
}

// changesTotal is how many calls changed anything at all.
func (w *world) changesTotal() int { return len(w.sim.Books().Calls) }

func (w *world) status() fleet.GroupStatus { return w.fleet.Status().Groups[0] }

func (w *world) instance(code string) actions.InstanceStatus {
	for _, in := range w.status().Instances {
		if in.Code == code {
			return in
		}
	}
	return actions.InstanceStatus{}
}

// serving is how many instances serve, as the process sees it.
func (w *world) serving() int { return w.status().Serving }

// atRest says that the group has the given numbers of serving and standing-by
// instances, and nothing else is on record.
func (w *world) atRest(serving, standby int) func() bool {
	return func() bool {
		s := w.status()
		return s.Serving == serving && s.Standby == standby && len(s.Instances) == serving+standby
	}
}

// until waits for something to become true, for so long at most.
func (w *world) until(what string, limit time.Duration, holds func() bool) {
	w.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(w.glance) {
		w.watchCeiling()
		if time.Since(begun) > limit {
			w.t.Fatalf("%v passed without: %s\nstatus: %s", limit, what, w.describe())
		}
	}
}

// always watches, at every decision, that something stays true for the time given.
func (w *world) always(what string, during time.Duration, holds func() bool) {
	w.t.Helper()
	for begun := time.Now(); time.Since(begun) < during; time.Sleep(w.interval) {
		if !holds() {
			w.t.Fatalf("after %v no longer: %s\nstatus: %s", time.Since(begun), what, w.describe())
		}
	}
}

// watchCeiling watches that never more than max and one are meant to serve.
func (w *world) watchCeiling() {
	if w.recommend {
		return
	}
	active := w.meantToServe()
	w.mu.Lock()
	defer w.mu.Unlock()
	if active > w.max+1 {
		w.violations = append(w.violations, fmt.Sprintf("%v: %d are to serve, and max is %d", time.Now(), active, w.max))
	}
}

// meantToServe counts the instances whose goal is to serve, or to be able to.
func (w *world) meantToServe() int {
	active := 0
	for _, in := range w.group.Crew.Instances() {
		if in.Goal == policy.InService || in.Goal == policy.Ready {
			active++
		}
	}
	return active
}

func (w *world) describe() string {
	var text strings.Builder
	status := w.fleet.Status()
	fmt.Fprintf(&text, "%+v\n", status.Accounts)
	for _, g := range status.Groups {
		fmt.Fprintf(&text, "%s: desired %d, %+v\n", g.Name, g.Desired, g.Decision)
		for _, in := range g.Instances {
			fmt.Fprintf(&text, "  %+v\n", in)
		}
	}
	for _, call := range w.sim.Books().Calls {
		fmt.Fprintf(&text, "  %s %s %v effect=%v\n", call.At.Format(time.TimeOnly), call.Action, slices.Sorted(maps.Values(call.Parameters)), call.Effect)
	}
	return text.String()
}

func (w *world) inject(fault gpsim.Fault) {
	w.t.Helper()
	must(w.t, w.sim.Inject(fault))
}

// byHand is a client with which the story does what a person would do.
func (w *world) byHand() (*gp.Writer, *gp.Pool) {
	w.t.Helper()
	w.person = true
	client, err := gpapi.New(gpapi.Options{
		AccessKey: secret.New(accessKey), SecretKey: secret.New("s3cret"), CallsPerSecond: 50, CallTimeout: callTimeout,
		Transport: gpsim.Transport(w.sim), Now: w.cloudNow, Jitter: half,
	})
	must(w.t, err)
	return gp.NewWriter(client, gp.Options{GpServiceCode: gpCode, FwLb: glCode, SSHPublicKey: "ssh-ed25519 BBBB person@example"}),
		gp.NewPool(client, gp.PoolOptions{GpServiceCode: gpCode, GlServiceCode: glCode, Pool: poolName, Port: poolPort})
}

// total is the sum of all series of a counter.
func total(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	sum := 0.0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
