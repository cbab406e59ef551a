package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// still is a cloud in which nothing has to be done: what a group at rest calls must
// not go beyond these methods.
type still struct{ cloud.Writer }

func (still) Preparations() []cloud.Preparation { return nil }
func (still) Billing(now time.Time) cloud.Billing {
	return cloud.Billing{PeriodEnd: now.Add(time.Hour), LastDay: now}
}

// fullPool is a pool in which every instance is.
type fullPool struct{ cloud.Balancer }

func (fullPool) Name() string { return "pool" }
func (fullPool) Port() uint16 { return 80 }

// restingGroup is a group of many instances that all serve, with what it reads.
type restingGroup struct {
	*Group
	account  *actions.Account
	snapshot *cloud.Snapshot
	signals  []policy.Signal
}

func newRestingGroup(b *testing.B, count int) *restingGroup {
	b.Helper()
	disk := store.NewMemory()
	epoch, err := disk.Claim()
	mustBench(b, err)
	journal, registry := store.Journal{Store: disk, Epoch: epoch}, prometheus.NewRegistry()
	r := &restingGroup{snapshot: &cloud.Snapshot{Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}}
	r.fill(b, journal, count)

	half, acting, metrics := func() float64 { return 0.5 }, actions.NewMetrics(registry), NewMetrics(registry)
	r.account, err = actions.NewAccount(actions.AccountOptions{
		Name: "cloud", Journal: journal, SettleWindow: 10 * time.Minute, OrderTimeout: time.Minute,
		Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: acting,
	})
	mustBench(b, err)
	crew, err := actions.NewCrew(actions.CrewOptions{
		Group: "web", Installation: "test", Account: r.account, Machines: still{}, Balancers: []cloud.Balancer{fullPool{}},
		Template: cloud.Template{Source: "template", Type: "small"}, Journal: journal, Min: 1, Max: 2 * count, Surge: 1,
		Probe: func(context.Context, netip.Addr) error { return nil }, ProbeInterval: time.Second, ProbeCount: 2,
		HealthInterval: time.Hour, HealthFailures: 3,
		Drain: time.Minute, Watch: time.Minute, StopTimeout: 2 * time.Minute, LaunchTimeout: time.Hour, CallTimeout: time.Minute,
		StaleRead: time.Minute, AbsenceAfter: 30 * time.Second,
		Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: acting,
	})
	mustBench(b, err)
	r.account.Serve(crew)
	b.Cleanup(func() {
		crew.Close(context.Background())
		r.account.Close(context.Background())
	})
	observer := NewObserver(ObserverOptions{
		Account: "cloud", Machines: still{}, PollMoving: 5 * time.Second, PollIdle: time.Minute, Timeout: time.Minute,
		Settle: r.account.Settle, Now: time.Now, Log: zap.NewNop(), Metrics: metrics,
	})
	r.Group, err = NewGroup(GroupOptions{
		DeciderOptions: DeciderOptions{
			Name: "web", Account: "cloud", Interval: 10 * time.Second, Signals: noSignals{}, Observer: observer, Pools: []string{"pool"},
			Now: time.Now, Log: zap.NewNop(), Metrics: metrics,
			Spec: &policy.Spec{
				Min: 1, Max: 2 * count, Type: "small", Gap: time.Minute, OrderMax: 10, Surge: 1, LaunchFailuresMax: 3, HealBudget: 0.1, Brake: 0.45,
				Policies: policy.Targets(policy.Target{Name: "target/cpu", Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}),
				In:       policy.Direction{Stabilization: 10 * time.Minute}, Pick: []policy.PickRule{policy.PickLocation, policy.PickLeastBusy},
			},
		},
		Crew: crew, Journal: journal, Billing: still{}.Billing, WarmUp: time.Minute,
	})
	mustBench(b, err)
	return r
}

type noSignals struct{}

func (noSignals) Read(context.Context, time.Time, []monitor.Target, []policy.Signal) []policy.Signal {
	return nil
}
func (noSignals) Faults() []monitor.Fault { return nil }

// fill writes count instances that serve on record, and into what is read.
func (r *restingGroup) fill(b *testing.B, journal store.Journal, count int) {
	since := time.Now().Add(-24 * time.Hour)
	cpu := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 1}
	for i := range count {
		code, address := fmt.Sprintf("gc%08d", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		key := "group/web/instance/" + code
		mustBench(b, journal.Write(
			&store.Document[map[string]any]{Key: key + "/goal", Value: map[string]any{"goal": policy.InService, "since": since}},
			&store.Document[actions.Facts]{Key: key + "/facts", Value: actions.Facts{
				Proof: actions.ProofMark, Since: since, Seen: since, Labelled: since, Joined: since, Address: address, Location: "L", Template: "template",
			}},
		))
		r.snapshot.Machines[code] = cloud.Machine{
			Code: code, Label: actions.Mark("test", "web", code), Contract: cloud.ContractInService, Power: cloud.PowerOn, Start: since,
		}
		r.snapshot.Pools["pool"] = append(r.snapshot.Pools["pool"], cloud.Node{Address: netip.AddrPortFrom(address, 80)})
		cpu.Instances = append(cpu.Instances, policy.InstanceSample{Instance: code, Sample: policy.ValueAt(0.6, since)})
	}
	r.signals = []policy.Signal{cpu}
}

// look is a look at the cloud that shows everything as it was.
func (r *restingGroup) look(b *testing.B) {
	r.snapshot.Started = time.Now()
	r.snapshot.Finished = r.snapshot.Started
	mustBench(b, r.account.Settle(r.snapshot))
	r.observe(r.snapshot)
}

// cycle is all that a group does between two readings of its signals: it looks at the
// cloud, lists what is to be read, decides, writes that down, and takes the next steps.
func (r *restingGroup) cycle(b *testing.B) {
	r.look(b)
	r.advance()
	r.targets()
	r.decide(r.signals)
	r.advance()
}

// BenchmarkCycle is what a group costs whose instances all serve, in processor time: in
// all, and its parts.
func BenchmarkCycle(b *testing.B) {
	for _, count := range []int{10, 100, 1_000, 10_000} {
		r := newRestingGroup(b, count)
		r.cycle(b)
		if s := r.status(); s.Serving != count || s.Desired != count || s.Trouble != "" || r.Crew.Moving() {
			b.Fatalf("not at rest: %d serve of %d desired, %+v", s.Serving, s.Desired, s.Decision)
		}
		for _, part := range []struct {
			name string
			do   func()
		}{
			{"whole", func() { r.cycle(b) }},
			{"look", func() { r.look(b) }},
			{"targets", func() { r.targets() }},
			{"decide", func() { r.decide(r.signals) }},
			{"advance", r.advance},
		} {
			b.Run(fmt.Sprintf("%s/%d", part.name, count), func(b *testing.B) {
				b.ReportAllocs()
				begun := processorTime(b)
				for b.Loop() {
					part.do()
				}
				took := processorTime(b) - begun
				b.ReportMetric(float64(took)/float64(b.N*count), "cpu-ns/instance")
				b.ReportMetric(float64(took)/float64(b.N)/1e6, "cpu-ms/op")
			})
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	mustBench(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func mustBench(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
