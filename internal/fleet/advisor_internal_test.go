package fleet

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/raced"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// advising is a group in mode recommend that takes its turns when it is told to.
type advising struct {
	*Advisor
	steps   atomic.Int64 // of 10 s, since dawn
	entries []history.Entry
}

func (g *advising) time() time.Time {
	return dawn.Add(time.Duration(g.steps.Load()) * 10 * time.Second)
}

// newAdvising is the nth group: of ten instances, of which it would have n more.
func newAdvising(tb testing.TB, n int, metrics *Metrics) *advising {
	tb.Helper()
	g := &advising{}
	rules, signals := ofItsInstances(10)
	g.Advisor = newAdvisorOf(tb, advisorSetting{
		name: fmt.Sprint("web", n), rules: rules, signals: signals, nodes: 10, least: 10 + n, metrics: metrics, now: g.time,
		sink: func(at time.Time, kind byte, payload []byte) bool {
			g.entries = append(g.entries, history.Entry{Stream: "web", Number: uint64(len(g.entries) + 1), At: at, Kind: kind, Payload: append([]byte(nil), payload...)})
			return true
		},
	})
	return g
}

func (g *advising) turns(t *testing.T, count int) {
	for range count {
		g.steps.Add(1)
		g.turn(t.Context(), time.Now())
	}
}

// verified counts the recorded decisions, which have to be those that were made.
func (g *advising) verified(t *testing.T) (count int) {
	t.Helper()
	for item, err := range record.Read(func(yield func(history.Entry, error) bool) {
		for _, entry := range g.entries {
			if !yield(entry, nil) {
				return
			}
		}
	}) {
		if err != nil || item.State != record.Verified {
			t.Fatalf("%s: the decision of %s is %q: %v", g.Name, item.At, item.State, err)
		}
		count++
	}
	return count
}

func TestGroupsThatRecommendAreAskedWhileTheyDecide(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	turns := raced.Sample(2_000, 4)
	var groups []*advising
	for n := range 3 {
		groups = append(groups, newAdvising(t, n, metrics))
	}
	var deciding, asking sync.WaitGroup
	over := make(chan struct{})
	for _, g := range groups {
		deciding.Go(func() { g.turns(t, turns) })
		asking.Go(func() {
			for rules := (Rules{Spec: g.Spec}); ; {
				select {
				case <-over:
					return
				default:
					g.ask(t, registry, rules)
				}
			}
		})
	}
	deciding.Wait()
	close(over)
	asking.Wait()
	for n, g := range groups {
		if s := g.status(); s.Desired != 10+n || !s.Decision.At.Equal(g.time()) || g.verified(t) != turns {
			t.Errorf("%s: it says %+v after %d turns", g.Name, s.Decision, turns)
		}
	}
}

// ask asks all that somebody may ask at any time.
func (g *advising) ask(t *testing.T, registry *prometheus.Registry, rules Rules) {
	for _, signal := range g.status().Signals {
		if signal.Measured != 10 || signal.Value == nil || *signal.Value < 0.46 || *signal.Value > 0.5 {
			t.Errorf("%s shows %+v", g.Name, signal)
		}
	}
	for _, signal := range g.reportSignals().Signals {
		if signal.Measured != 10 || len(signal.Instances) != 10 {
			t.Errorf("%s reports %+v", g.Name, signal)
		}
	}
	if p, read := g.preview(rules); read && p.Before.Desired != p.After.Desired {
		t.Errorf("%s: by the same rules %+v and %+v", g.Name, p.Before, p.After)
	}
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}

// TestATurnThatChangesNothingAllocatesNothing is not parallel: allocations are counted.
func TestATurnThatChangesNothingAllocatesNothing(t *testing.T) {
	if raced.Enabled {
		t.Skip("the race detector lets what could be used again go, by chance")
	}
	g := newAdvising(t, 0, NewMetrics(prometheus.NewRegistry()))
	keep := func(time.Time, byte, []byte) bool { return true }
	recorder, err := record.NewRecorder(g.Spec, keep)
	if err != nil {
		t.Fatal(err)
	}
	g.Recorder = recorder
	g.turns(t, 100)
	if made := testing.AllocsPerRun(100, func() { g.turns(t, 1) }); made != 0 {
		t.Errorf("a turn makes %v allocations", made)
	}
}

// TestWhatAReplacedGroupShowsStaysAsItWas lets a group that was replaced, of which somebody may
// still hold on, be shown after its successor has taken turns.
func TestWhatAReplacedGroupShowsStaysAsItWas(t *testing.T) {
	t.Parallel()
	metrics := NewMetrics(prometheus.NewRegistry())
	old, successor := newAdvising(t, 0, metrics), newAdvising(t, 0, metrics)
	old.turns(t, 3)
	status, signals := old.status(), fmt.Sprint(old.signals)
	successor.succeed(old.Advisor)
	if got := successor.status(); !reflect.DeepEqual(got, status) {
		t.Errorf("the successor begins with %+v, and not with %+v", got, status)
	}
	successor.steps.Store(old.steps.Load())
	successor.turns(t, 10)
	if got := old.status(); !reflect.DeepEqual(got, status) {
		t.Errorf("it shows %+v, and showed %+v", got, status)
	}
	if got := fmt.Sprint(old.signals); got != signals {
		t.Errorf("its signals are %s, and were %s", got, signals)
	}
}
