package daemon

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

const (
	spreadGroups   = 1000
	spreadInterval = 10 * time.Second
	spreadTrip     = 30 * time.Millisecond // from asking the agents to their answers
)

// spread counts when agents are polled.
type spread struct {
	mu    sync.Mutex
	start time.Time
	polls map[int]int // by second
}

// spreadGroup stands in for the signals of a group of so many agents, whose load is too
// much from the breach on.
type spreadGroup struct {
	*spread
	agents    int
	breach    time.Time
	breached  bool // the newest reading shows it
	evaluated time.Time
}

func (g *spreadGroup) Read(_ context.Context, _ time.Time, _ []monitor.Target, _ []policy.Signal) []policy.Signal {
	asked := time.Now()
	g.mu.Lock()
	g.polls[int(asked.Sub(g.start)/time.Second)] += g.agents
	g.mu.Unlock()
	time.Sleep(spreadTrip)
	load := 90.0
	if g.breached = !asked.Before(g.breach); g.breached {
		load = 900
	}
	return []policy.Signal{{Name: "load", Group: policy.ValueAt(load, time.Now())}}
}

func (g *spreadGroup) Faults() []monitor.Fault { return nil }

// decided is told of each decision.
func (g *spreadGroup) decided(time.Time, byte, []byte) bool {
	if g.breached && g.evaluated.IsZero() {
		g.evaluated = time.Now()
	}
	return true
}

// noInstances is a pool that nobody is in.
type noInstances struct{ cloud.BalancerReader }

func (noInstances) Name() string                                { return "web" }
func (noInstances) Nodes(context.Context) ([]cloud.Node, error) { return nil, nil }

type noMachines struct{ cloud.Reader }

func (noMachines) List(context.Context) ([]cloud.Machine, error) { return nil, nil }

func TestTenThousandAgentsArePolledEvenlyAndWhatTheyShowIsEvaluatedInTime(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	synctest.Test(t, func(t *testing.T) {
		const rounds = 6
		ctx, cancel := context.WithCancel(t.Context())
		all := &spread{start: time.Now(), polls: map[int]int{}}
		metrics := fleet.NewMetrics(prometheus.NewRegistry())
		observer := fleet.NewObserver(fleet.ObserverOptions{
			Account: "gio", Machines: noMachines{}, Pools: []cloud.BalancerReader{noInstances{}}, PollMoving: time.Hour, PollIdle: time.Hour,
			Timeout: time.Minute, Now: time.Now, Log: zap.NewNop(), Metrics: metrics,
		})
		var running sync.WaitGroup
		running.Go(func() { _ = observer.Run(ctx) })
		groups := make([]*spreadGroup, spreadGroups)
		advisors := make([]*fleet.Advisor, spreadGroups)
		for i := range groups {
			g := &spreadGroup{spread: all, agents: 1 + chance.IntN(19)}
			g.breach = all.start.Add(spreadInterval + time.Duration(chance.Int64N(int64(2*spreadInterval))))
			spec := policy.Spec{
				Min: 1, Max: 99, Type: "small", Interval: spreadInterval, Gap: time.Minute, OrderMax: 10,
				Policies: policy.Targets(policy.Target{Name: "target/load", Signal: "load", Value: 100, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1}),
			}
			recorder, err := record.NewRecorder(&spec, g.decided)
			if err != nil {
				t.Fatal(err)
			}
			groups[i] = g
			advisors[i] = fleet.NewAdvisor(fleet.DeciderOptions{
				Name: "web", Account: "gio", Spec: &spec, Interval: spreadInterval, Slot: slot(i, spreadGroups, spreadInterval), Signals: g,
				Observer: observer, Pools: []string{"web"}, Now: time.Now, Log: zap.NewNop(), Metrics: metrics, Recorder: recorder,
			})
			advisors[i].Start(ctx)
		}
		time.Sleep(rounds * spreadInterval)
		for _, advisor := range advisors {
			advisor.Stop()
		}
		cancel()
		running.Wait()
		all.check(t, rounds)
		for i, g := range groups {
			if late := g.evaluated.Sub(g.breach); g.evaluated.IsZero() || late > spreadInterval+spreadTrip {
				t.Errorf("group %d: what was there at %s was evaluated %s later", i, g.breach.Sub(all.start), late)
			}
		}
	})
}

// check wants the busiest second to have a fifth more polls than one has on average, at
// most, once all groups take their turns.
func (s *spread) check(t *testing.T, rounds int) {
	t.Helper()
	from, to := int(spreadInterval/time.Second), rounds*int(spreadInterval/time.Second)
	busiest, sum := 0, 0
	for second := from; second < to; second++ {
		busiest, sum = max(busiest, s.polls[second]), sum+s.polls[second]
	}
	mean := float64(sum) / float64(to-from)
	t.Logf("%.0f polls in a second, %d in the busiest", mean, busiest)
	if float64(busiest) > 1.2*mean {
		t.Errorf("%d polls in the busiest second, %.0f on average", busiest, mean)
	}
}
