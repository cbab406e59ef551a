package actions

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// crowd is a crew of many, and a look at the cloud that shows all its machines serving.
type crowd struct {
	*Crew
	snapshot *cloud.Snapshot
}

// newCrowd makes a crew for count instances, which are on record if recorded is true.
func newCrowd(b *testing.B, count int, recorded bool) *crowd {
	b.Helper()
	disk, model := store.NewMemory(), newModel()
	epoch, err := disk.Claim()
	must(b, err)
	journal, metrics := store.Journal{Store: disk, Epoch: epoch}, NewMetrics(prometheus.NewRegistry())
	half := func() float64 { return 0.5 }
	account, err := NewAccount(AccountOptions{
		Name: "cloud", Journal: journal, SettleWindow: 10 * time.Minute, OrderTimeout: time.Minute,
		Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: metrics,
	})
	must(b, err)
	crew, err := NewCrew(CrewOptions{
		Group: "web", Installation: "test", Account: account, Machines: model, Balancers: []cloud.Balancer{model},
		Template: cloud.Template{Source: "template", Type: "small"}, Journal: journal, Min: count / 2, Max: count, Surge: 1,
		Probe: func(context.Context, netip.Addr) error { return nil }, ProbeInterval: time.Second, ProbeCount: 2,
		HealthInterval: time.Hour, HealthFailures: 3,
		Drain: time.Minute, Watch: time.Minute, StopTimeout: 2 * time.Minute, LaunchTimeout: time.Hour, CallTimeout: time.Minute,
		StaleRead: time.Minute, AbsenceAfter: 30 * time.Second,
		Now: time.Now, Jitter: half, Log: zap.NewNop(), Metrics: metrics,
	})
	must(b, err)
	account.Serve(crew)
	b.Cleanup(func() {
		crew.Close(context.Background())
		account.Close(context.Background())
	})

	c := &crowd{crew, &cloud.Snapshot{Machines: map[string]cloud.Machine{}, Pools: map[string][]cloud.Node{}}}
	since, newcomers := time.Now().Add(-24*time.Hour), make([]newcomer, count)
	for i := range count {
		code, address := fmt.Sprintf("gc%08d", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		c.snapshot.Machines[code] = cloud.Machine{
			Code: code, Label: Mark("test", "web", code), Contract: cloud.ContractInService, Power: cloud.PowerOn, Start: since,
		}
		c.snapshot.Pools["pool"] = append(c.snapshot.Pools["pool"], cloud.Node{Address: netip.AddrPortFrom(address, 80)})
		newcomers[i] = newcomer{code, policy.InService, Facts{
			Proof: ProofMark, Since: since, Seen: since, Labelled: since, Joined: since, Address: address, Template: "template",
			Prepared: map[string]time.Time{"attach": since, "key": since},
		}}
	}
	if recorded {
		must(b, crew.enlist(newcomers))
	}
	return c
}

// look is the look at the cloud, taken now.
func (c *crowd) look(b *testing.B) {
	c.snapshot.Started = time.Now()
	c.snapshot.Finished = c.snapshot.Started
	must(b, c.Account.Settle(c.snapshot))
	must(b, c.Observe(c.snapshot))
}

// perInstance reports what f costs for each of count instances, in processor time: other
// work on the machine does not count.
func perInstance(b *testing.B, count int, f func()) {
	b.Helper()
	b.ReportAllocs()
	begun := processorTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(processorTime(b)-begun)/float64(b.N*count), "cpu-ns/instance")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkAtRest is what a crew costs whose instances all serve: the whole cycle of a
// look and of what follows, and its parts.
func BenchmarkAtRest(b *testing.B) {
	for _, count := range []int{10, 100, 1_000, 10_000} {
		c := newCrowd(b, count, true)
		c.look(b)
		if c.Advance(); c.Moving() {
			b.Fatalf("not at rest: %+v", c.Instances()[0])
		}
		for _, part := range []struct {
			name string
			do   func()
		}{
			{"cycle", func() { c.look(b); c.Advance() }},
			{"observe", func() { c.look(b) }},
			{"advance", c.Advance},
			{"instances", func() { c.Instances() }},
			{"moving", func() { c.Moving() }},
		} {
			b.Run(fmt.Sprintf("%s/%d", part.name, count), func(b *testing.B) { perInstance(b, count, part.do) })
		}
	}
}

// BenchmarkAdopt is what it costs to take machines on record that carry our mark, as
// after the loss of the store.
func BenchmarkAdopt(b *testing.B) {
	for _, count := range []int{10, 100, 1_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c := newCrowd(b, count, false)
				b.StartTimer()
				c.look(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/instance")
		})
	}
}
