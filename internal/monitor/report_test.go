package monitor

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// mostAllocations are those of a reading of any number of instances without room: the lists
// that it returns, and now and then what work is done in, which is collected.
const mostAllocations = 20

func TestAReadingTakesNoMemoryForEachInstance(t *testing.T) {
	for _, instances := range []int{1, 300} {
		all := newManyInstances(t, 1, instances)
		if n := testing.AllocsPerRun(100, func() { all.read(0) }); n > mostAllocations {
			t.Errorf("%v allocations for %d instances", n, instances)
		}
	}
}

func TestAReadingOfMadeSignalsTakesNoMemoryForEachInstance(t *testing.T) {
	in, out := ofEach("in"), with(ofEach("out"), func(s *config.Signal) { s.Over, s.Window = "p90", 6*interval })
	watch := newScripted(t, groupOf(10*time.Minute, in, out, formulaOf("max(in, out) / (in + out)"), with(firstOfThem("in", "out"), func(s *config.Signal) { s.Name = "any" })), 100)
	defer watch.Close()
	now := tick(0)
	n := testing.AllocsPerRun(100, func() {
		now = now.Add(interval)
		watch.keep(watch.targets)
		for _, place := range watch.instances {
			both := [2]reading.Reading{reading.Of(1, now), reading.Of(2, now)}
			place.take(both[:], now, now, false)
		}
		if made := watch.report(now, watch.targets, nil)[2].Instances[99].Sample; made.Why() != policy.Present {
			t.Fatal(made.Why())
		}
	})
	if n > mostAllocations {
		t.Errorf("%v allocations", n)
	}
}

// TestAReadingInItsOwnRoomTakesNoMemory is not parallel: allocations are counted.
func TestAReadingInItsOwnRoomTakesNoMemory(t *testing.T) {
	if raced.Enabled {
		t.Skip("the race detector lets what could be used again go, by chance")
	}
	watch := newScripted(t, groupOf(10*time.Minute, ofEach("in"), ofEach("out"), formulaOf("max(in, out)")), 100)
	defer watch.Close()
	watch.keep(watch.targets)
	now := tick(0)
	var room []policy.Signal
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(interval)
		for _, place := range watch.instances {
			both := [2]reading.Reading{reading.Of(1, now), reading.Of(2, now)}
			place.take(both[:], now, now, false)
		}
		room = watch.report(now, watch.targets, room)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if last := room[2].Instances[99]; last.Instance != watch.targets[99].Code || last.Sample.Why() != policy.Present {
		t.Errorf("it shows %+v", last)
	}
}

// TestAReadingIsTheSameInWhateverRoom reads in that of groups of other signals and instances.
func TestAReadingIsTheSameInWhateverRoom(t *testing.T) {
	t.Parallel()
	watch := newScripted(t, groupOf(10*time.Minute, ofEach("in"), ofEach("out"), formulaOf("max(in, out)")), 12)
	defer watch.Close()
	watch.keep(watch.targets)
	now := tick(0)
	for _, place := range watch.instances[:7] {
		both := [2]reading.Reading{reading.Of(1, now), reading.Of(2, now)}
		place.take(both[:], now, now, false)
	}
	want := watch.report(now, watch.targets, nil)
	rapid.Check(t, func(t *rapid.T) {
		room := make([]policy.Signal, rapid.IntRange(0, 20).Draw(t, "signals"))
		instances := 0
		for i := range room {
			room[i] = policy.Signal{Name: "of another", Ceiling: 7, Group: policy.ValueAt(1, now), Instances: make([]policy.InstanceSample, rapid.IntRange(0, 60).Draw(t, "instances"))}
			for k := range room[i].Instances {
				room[i].Instances[k] = policy.InstanceSample{Instance: "of another", Sample: policy.ValueAt(9, now)}
			}
		}
		got := watch.report(now, watch.targets, room[:rapid.IntRange(0, len(room)).Draw(t, "of them")])
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for _, signal := range got[:cap(got)] {
			instances += cap(signal.Instances)
		}
		if cap(got) > 4*len(got) || instances > 4*len(got)*len(watch.targets) {
			t.Fatalf("it keeps room for %d signals and %d of their instances", cap(got), instances)
		}
	})
}

func TestWhatIsKeptOfASignalIsSmall(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(kept{}); size > 64 {
		t.Errorf("%d bytes for each signal of each instance", size)
	}
	if size := unsafe.Sizeof(place{}); size > 64 {
		t.Errorf("%d bytes for each source of each instance", size)
	}
}

// TestReadingsStayAsTheyWere reads as a group does: somebody looks at the last reading while
// the next is under way, and may keep it for long.
func TestReadingsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := watching(&field{probes: map[netip.Addr]probe{addressA: rising(), addressB: rising()}})
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var shown []policy.Signal
		var onlookers sync.WaitGroup
		onlookers.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				for _, signal := range shown {
					signal.Summary(time.Now())
				}
				mu.Unlock()
				time.Sleep(time.Second / 3)
			}
		})
		var kept, copied [][]policy.Signal
		for range 10 {
			signals := m.Read(ctx, time.Now(), []Target{targetA, targetB}, nil)
			mu.Lock()
			shown = signals
			mu.Unlock()
			kept = append(kept, signals)
			copied = append(copied, slices.Clone(signals))
			last := copied[len(copied)-1]
			last[0].Instances = slices.Clone(last[0].Instances)
			time.Sleep(time.Second)
		}
		cancel()
		onlookers.Wait()
		if !reflect.DeepEqual(kept, copied) {
			t.Error("a later reading changed an earlier one")
		}
	})
}

// TestInstancesAreRememberedByCodeAndAddress has targets come, go, change places and be
// given twice. The value of each is how often in a row it was among them.
func TestInstancesAreRememberedByCodeAndAddress(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := watching(&field{})
		m.sources[0].rules = []rules{{most: 1, staleness: time.Hour}}
		row, polled := map[instanceKey]float64{}, map[*place]float64{}
		for n := range rapid.IntRange(1, 12).Draw(t, "readings") {
			now := tick(n)
			targets := rapid.SliceOfN(rapid.Custom(drawTarget), 0, 5).Draw(t, "targets")
			before := row
			row = map[instanceKey]float64{}
			m.keep(targets)
			for _, place := range m.instances {
				if place != nil {
					polled[place]++
					place.take([]reading.Reading{reading.Of(polled[place], now)}, now, now, false)
				}
			}
			for i, got := range m.report(now, targets, nil)[0].Instances {
				key := keyOf(targets[i])
				row[key] = before[key] + 1
				value, ok := got.Sample.Value()
				if got.Instance != key.code || ok != key.address.IsValid() || ok && value != row[key] {
					t.Fatalf("reading %d, target %d: %v, want %v of %v", n, i, got, row[key], key)
				}
			}
		}
	})
}

func drawTarget(t *rapid.T) Target {
	addresses := []netip.Addr{{}, addressA, addressB}
	return Target{Code: fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "code")), Address: rapid.SampledFrom(addresses).Draw(t, "address")}
}

func TestAReadingOfTheSameTargetsOpensAndForgetsNothing(t *testing.T) {
	t.Parallel()
	f := &field{probes: map[netip.Addr]probe{addressA: rising(), addressB: rising()}}
	m := watching(f)
	for warming := range 4 {
		m.keep([]Target{{Code: "a", Address: addressA, Warming: warming%2 == 0}, targetB})
		if m.instances[0].backoff.warming != (warming%2 == 0) {
			t.Errorf("reading %d: warming is %v", warming, m.instances[0].backoff.warming)
		}
	}
	if f.opened != 2 {
		t.Errorf("opened %d times", f.opened)
	}
}

func TestErrorsTakeNoMemoryOnceTheyAreOver(t *testing.T) {
	t.Parallel()
	w := window{&rules{most: 1, staleness: time.Minute}, &kept{}}
	w.hear(reading.None(policy.Absent, tick(0), reading.ErrFirst), false, tick(0))
	if got := w.answer(tick(0)); got.err == nil {
		t.Error("nothing is wrong with a first reading")
	}
	w.hear(says(1, tick(1)), false, tick(1))
	if got := w.answer(tick(1)); got.err != nil || w.rare != nil {
		t.Errorf("%v, and it keeps %v", got.err, w.rare)
	}
}
