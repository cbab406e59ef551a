package actions

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// model is a cloud that does at once what it is asked for, as far as the machine's
// state allows, and has one pool.
type model struct {
	mu       sync.Mutex
	machines map[string]*cloud.Machine
	done     map[string]bool // preparations, by "code name"
	pool     []netip.AddrPort
	calls    []string             // changing ones, as "action code"
	failing  map[string]error     // what an action answers, by its name; it has its effect all the same. Also of "access"
	ignoring map[string]bool      // actions without effect
	slow     time.Duration        // that each changing action takes
	lies     func(*cloud.Machine) // what listings show instead of the truth; nil: they do not lie
	capacity int                  // of the pool
	crossing crossing             // what every changing action passes; nil: nothing
}

var (
	_ cloud.Writer   = (*model)(nil)
	_ cloud.Balancer = (*model)(nil)
)

func newModel() *model {
	return &model{
		machines: map[string]*cloud.Machine{"template": {Code: "template", Contract: cloud.ContractInService, Power: cloud.PowerOff, Label: "template"}},
		done:     map[string]bool{}, failing: map[string]error{}, ignoring: map[string]bool{},
	}
}

// change carries out a changing action.
func (m *model) change(action, code string, possible bool, effect func()) error {
	if m.crossing == nil {
		return m.carryOut(action, code, possible, effect)
	}
	return m.crossing(action, func() error { return m.carryOut(action, code, possible, effect) })
}

func (m *model) carryOut(action, code string, possible bool, effect func()) error {
	time.Sleep(m.slow)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, action+" "+code)
	if !possible {
		return cloud.Errorf(cloud.ClassInvalid, "%s %s: the machine's state does not allow it", action, code)
	}
	if !m.ignoring[action] {
		effect()
	}
	return m.failing[action]
}

func (m *model) get(code string) cloud.Machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	if machine := m.machines[code]; machine != nil {
		return *machine
	}
	return cloud.Machine{}
}

func (m *model) count(call string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, c := range m.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (m *model) Access(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failing["access"]
}

func (m *model) List(context.Context) ([]cloud.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []cloud.Machine
	for _, machine := range m.machines {
		shown := *machine
		shown.Address, shown.Location = netip.Addr{}, ""
		if m.lies != nil {
			m.lies(&shown)
		}
		list = append(list, shown)
	}
	slices.SortFunc(list, func(a, b cloud.Machine) int { return cmp.Compare(a.Code, b.Code) })
	return list, nil
}

func (m *model) Describe(_ context.Context, code string) (cloud.Machine, error) {
	machine := m.get(code)
	if machine.Code == "" {
		return machine, cloud.Errorf(cloud.ClassNotFound, "there is no %s", code)
	}
	machine.Label, machine.Stop = "", time.Time{}
	if machine.Power != cloud.PowerOn {
		machine.Address, machine.Location = netip.Addr{}, ""
	}
	return machine, nil
}

func (m *model) Type(_ context.Context, code string) (string, error) { return m.get(code).Type, nil }

func (m *model) Label(_ context.Context, code string) (string, time.Time, error) {
	machine := m.get(code)
	return machine.Label, machine.Stop, nil
}

func (m *model) Billing(now time.Time) cloud.Billing {
	day := now.Truncate(24 * time.Hour)
	return cloud.Billing{PeriodEnd: day.Add(24 * time.Hour), LastDay: day}
}

func (m *model) Preparations() []cloud.Preparation {
	return []cloud.Preparation{{Name: "attach", Repeat: cloud.RepeatSafe}, {Name: "key", Repeat: cloud.RepeatSafe, OnDisk: true}}
}

func (m *model) Order(_ context.Context, template cloud.Template, count int) (codes []string, err error) {
	return codes, m.change("order", template.Source, true, func() {
		for range count {
			code := fmt.Sprintf("new%d", len(m.machines))
			m.machines[code] = &cloud.Machine{
				Code: code, Label: "template", Contract: cloud.ContractInService, Power: cloud.PowerBlank, Start: time.Now(),
				Address: addressOf(len(m.machines)), Location: [...]string{"L", "R"}[len(m.machines)%2],
			}
			codes = append(codes, code)
		}
	})
}

func addressOf(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 20, 0, byte(i)}) }

func (m *model) SetLabel(_ context.Context, code, label string) error {
	return m.change("label", code, true, func() { m.machines[code].Label = label })
}

func (m *model) Prepare(_ context.Context, code, preparation string) (bool, error) {
	machine := m.get(code)
	off := machine.Power == cloud.PowerOff || machine.Power == cloud.PowerBlank
	attached := preparation == "attach" && m.done[code+" attach"]
	return false, m.change(preparation, code, off && !attached, func() {
		m.done[code+" "+preparation] = true
		if preparation == "key" {
			m.machines[code].Power = cloud.PowerOff
		}
	})
}

func (m *model) Start(_ context.Context, code string) error {
	return m.change("start", code, m.get(code).Power == cloud.PowerOff, func() { m.machines[code].Power = cloud.PowerOn })
}

func (m *model) Stop(_ context.Context, code string, force bool) error {
	action := "stop"
	if force {
		action = "force"
	}
	return m.change(action, code, m.get(code).Power != cloud.PowerOff, func() { m.machines[code].Power = cloud.PowerOff })
}

// Refresh leaves a machine that must be prepared again, as far as that is OnDisk.
func (m *model) Refresh(_ context.Context, code string, template cloud.Template) error {
	possible := m.get(code).Power == cloud.PowerOff && m.get(template.Source).Power == cloud.PowerOff && code != template.Source
	return m.change("refresh", code, possible, func() {
		m.machines[code].Power = cloud.PowerBlank
		delete(m.done, code+" key")
	})
}

func (m *model) Release(_ context.Context, code string, lastDay time.Time) error {
	return m.change("release", code, true, func() { m.machines[code].Stop = lastDay })
}

func (m *model) Name() string { return "pool" }
func (m *model) Port() uint16 { return 80 }

func (m *model) Capacity() int { return m.capacity }

func (m *model) Nodes(context.Context) ([]cloud.Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	nodes := make([]cloud.Node, len(m.pool))
	for i, node := range m.pool {
		nodes[i].Address = node
	}
	return nodes, nil
}

func (m *model) Attach(_ context.Context, node netip.AddrPort) error {
	return m.change("attach-node", node.Addr().String(), !m.pooled(node), func() { m.pool = append(m.pool, node) })
}

func (m *model) Detach(_ context.Context, node netip.AddrPort) error {
	return m.change("detach-node", node.Addr().String(), m.pooled(node), func() {
		m.pool = slices.DeleteFunc(m.pool, func(n netip.AddrPort) bool { return n == node })
	})
}

func (m *model) pooled(node netip.AddrPort) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.pool, node)
}

// crewScene is a crew on a model cloud, in virtual time.
type crewScene struct {
	*Crew
	model   *model
	account *Account
}

const sceneStaleRead = 20 * time.Second

func newScene(t *testing.T) *crewScene {
	t.Helper()
	return newSceneOn(t, store.NewMemory(), newModel())
}

// newSceneOn is a crew that finds the disk and the cloud as another left them.
func newSceneOn(t *testing.T, disk store.Store, cloudModel *model, hooks ...Hook) *crewScene {
	t.Helper()
	epoch, err := disk.Claim()
	must(t, err)
	s := &crewScene{model: cloudModel}
	journal := store.Journal{Store: disk, Epoch: epoch}
	metrics := NewMetrics(prometheus.NewRegistry())
	none := func() float64 { return 0 }
	s.account, err = NewAccount(AccountOptions{
		Name: "cloud", Journal: journal, SettleWindow: 10 * time.Minute, OrderTimeout: time.Minute,
		Now: time.Now, Jitter: none, Log: zap.NewNop(), Metrics: metrics,
	})
	must(t, err)
	s.Crew, err = NewCrew(CrewOptions{
		Group: "web", Installation: "test", Account: s.account, Machines: s.model, Balancers: []cloud.Balancer{s.model},
		Template: cloud.Template{Source: "template", Type: "small"}, Journal: journal, Max: 5, Surge: 1,
		Probe: func(context.Context, netip.Addr) error { return nil }, ProbeInterval: time.Second, ProbeCount: 2,
		Hooks: hooks, Drain: 10 * time.Second, StopTimeout: 2 * time.Minute, LaunchTimeout: time.Hour, CallTimeout: time.Minute,
		StaleRead: sceneStaleRead, AbsenceAfter: 30 * time.Second,
		Now: time.Now, Jitter: none, Log: zap.NewNop(), Metrics: metrics,
	})
	must(t, err)
	s.account.Serve(s.Crew)
	return s
}

// have puts a machine into the cloud, and on record with the given facts.
func (s *crewScene) have(t *testing.T, machine cloud.Machine, goal policy.Goal, facts Facts) {
	t.Helper()
	if facts.Since.IsZero() {
		facts.Since = time.Now()
	}
	s.model.machines[machine.Code] = &machine
	must(t, s.enlist([]newcomer{{machine.Code, goal, facts}}))
}

// look is one look at the cloud, and what follows at once.
func (s *crewScene) look(t *testing.T) {
	t.Helper()
	snapshot := &cloud.Snapshot{Started: time.Now(), Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}
	machines, _ := s.model.List(t.Context())
	for _, machine := range machines {
		snapshot.Machines[machine.Code] = machine
	}
	snapshot.Pools["pool"], _ = s.model.Nodes(t.Context())
	snapshot.Finished = time.Now()
	must(t, s.account.Settle(snapshot))
	must(t, s.Observe(snapshot))
	s.advanceAll()
}

func (s *crewScene) advanceAll() {
	s.Advance()
	for synctest.Wait(); len(s.Wake()) > 0; synctest.Wait() {
		<-s.Wake()
		s.Advance()
	}
}

// live looks every five seconds for so long.
func (s *crewScene) live(t *testing.T, during time.Duration) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < during; time.Sleep(time.Second) {
		if int(time.Since(begun).Seconds())%5 == 0 {
			s.look(t)
		} else {
			s.advanceAll()
		}
	}
}

func (s *crewScene) close(t *testing.T) {
	t.Helper()
	s.Close(t.Context())
	s.account.Close(t.Context())
}

// play runs a story in virtual time.
func play(t *testing.T, story func(t *testing.T, s *crewScene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer s.close(t)
		story(t, s)
	})
}

func must(t interface {
	Helper()
	Fatal(...any)
}, err error,
) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func addressPort(machine cloud.Machine) netip.AddrPort {
	return netip.AddrPortFrom(machine.Address, 80)
}
