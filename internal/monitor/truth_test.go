package monitor

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/raced"
)

var (
	truthSeries = flag.Int("truth.series", 100_000, "generated series of lies")
	truthSeed   = flag.Uint64("truth.seed", 0, "seed of the first series; 0: by chance")
	truthOnly   = flag.Int("truth.only", -1, "the one series to play, with what happens in it")
)

// lie is a way in which a source does not tell the truth.
type lie uint8

const (
	lieAbsent    lie = iota // answers that there is nothing
	lieFailed               // does not answer
	lieNaN                  // answers NaN
	lieInfinite             // answers an infinity
	lieNegative             // answers -1, which is to mean that it does not know
	lieStale                // answers with what it said at the beginning, dated so
	lieFrozen               // answers with what it said at the beginning as if it were new; a counter stands still
	lieUnit                 // answers in a hundredth
	lieUnitUp               // answers a hundredfold
	lieAhead                // dates a low value in the future
	lieBehind               // dates low values ten minutes back
	lieNearAhead            // dates the truth a little ahead
	lieWrap                 // a counter starts again
	lieLow                  // answers a tenth of the truth; only what is checked can be found out
	lieOtherLow             // the other source does
	lieSilence              // nobody answers
	lieRestart              // is no lie: the daemon starts again in between
	lies
)

// kind is what a series' signals are.
type kind struct {
	group        config.Group
	ofEach       bool
	countsUp     bool
	quorum       float64
	target       float64 // what each instance is to show
	largest      float64 // value of one instance
	stabilizes   time.Duration
	decided      string        // the signal that the policy is about
	slack        float64       // share by which what is believed may be below the truth
	span         time.Duration // how far back lies what the decision rests on
	sources      []string      // of the signals that are read; the first is the one that lies
	interruption time.Duration // of the daemon, by a restart
}

func pick[T any](chance *rand.Rand, of ...T) T { return of[chance.IntN(len(of))] }

// drawKind makes up what is watched and how it is decided.
func drawKind(chance *rand.Rand) kind {
	k := kind{
		ofEach: chance.IntN(3) > 0, countsUp: chance.IntN(3) == 0, quorum: 1, decided: "load", sources: []string{"load"}, slack: 1,
		stabilizes: pick(chance, 0, 30*time.Second, 2*time.Minute, 5*time.Minute), interruption: pick(chance, 0, time.Minute, 10*time.Minute),
	}
	signal := ofAll("load")
	if k.ofEach {
		signal = ofEach("load")
	}
	signal.Window = pick(chance, 0, 0, 30*time.Second, time.Minute)
	if signal.Window > 0 {
		signal.Over = pick(chance, "avg", "max", "min", "last", "ewma", "p50", "p90")
	}
	k.span = max(signal.Window, signal.Staleness) + signal.Staleness + maxSkew
	k.largest, k.target = 1000, 400
	switch {
	case k.countsUp:
		signal = counterOf(signal, pick(chance, 30*time.Second, time.Minute, 5*time.Minute))
	case chance.IntN(2) == 0:
		signal.Ceiling = pick(chance, 1.0, 100)
		k.largest, k.target = signal.Ceiling, 0.6*signal.Ceiling
		k.quorum = pick(chance, 1, 0.8, 0.5)
	}
	if !k.countsUp && chance.IntN(2) == 0 {
		signal.FrozenAfter = pick(chance, 20*time.Second, 40*time.Second)
		k.span += signal.FrozenAfter
	}
	if k.ofEach {
		signal.Statistic = pick(chance, "avg", "max", "sum", "min", "median", "p50", "p90", "p99")
	}
	other := signal
	other.Name = "other"
	other.Scrape = ofAll("other").Scrape
	if k.ofEach {
		other.Scrape = signal.Scrape
	}
	signals := []config.Signal{signal}
	switch chance.IntN(5) {
	case 0: // nobody to ask
	case 1:
		signals[0].Check = &config.CrossCheck{Signal: "other", Within: 0.2}
		k.slack = 0.7 // 20 % apart, from another that is itself a little off
		signals, k.sources = append(signals, other), append(k.sources, "other")
	case 2:
		k.decided, k.slack = "best", 0.9
		signals, k.sources = append(signals, other), append(k.sources, "other")
		signals = append(signals, config.Signal{Name: "best", FirstOf: []string{"load", "other"}, Statistic: signal.Statistic, Ceiling: signal.Ceiling})
	case 3:
		k.decided, k.slack = "both", 0.9
		signals, k.sources = append(signals, other), append(k.sources, "other")
		signals = append(signals, config.Signal{Name: "both", Formula: pick(chance, "(load + other) / 2", "max(load, other)", "min(load, other)", "load * 2 - load"), Statistic: signal.Statistic, Ceiling: signal.Ceiling})
	case 4:
		k.decided, k.slack = "same", 1
		signals = append(signals, config.Signal{Name: "same", Formula: "load", Statistic: signal.Statistic, Ceiling: signal.Ceiling})
	}
	if k.decided == "both" && signals[2].Formula == "load * 2 - load" {
		k.slack = 1
	}
	k.group = groupOf(k.stabilizes, signals...)
	return k
}

// fits says that the lie can be told by the kind of source, and found out: a gauge that
// stands still lies only where the file says that it must move, and what nobody can hold
// against something else is the truth.
func (k kind) fits(l lie) bool {
	signal := k.group.Signals[0]
	checked := signal.Check != nil
	switch l {
	case lieFrozen:
		return k.countsUp || signal.FrozenAfter > 0
	case lieUnit, lieUnitUp:
		return signal.Ceiling > 0
	case lieWrap:
		return k.countsUp
	case lieLow:
		return checked
	case lieOtherLow:
		return checked
	}
	return true
}

// alike says that both sources of one quantity would tell the same lie, or a gauge would
// go back to where it stood before, which nobody can find out.
func (s *series) alike(l lie) bool {
	return slices.ContainsFunc(s.lies, func(t told) bool {
		if l == lieFrozen && t.lie == lieFrozen {
			return !s.countsUp
		}
		return t.lie != l && min(t.lie, l) == lieLow && max(t.lie, l) == lieOtherLow
	})
}

// told is one lie of a series.
type told struct {
	lie         lie
	from, until int // ticks
	by          []bool
}

// series is one story: what is true, and what is said.
type series struct {
	kind
	instances int
	ticks     int
	truth     [][]float64 // by tick and instance
	lies      []told
}

func drawSeries(chance *rand.Rand) series {
	s := series{kind: drawKind(chance), instances: 1, ticks: 8 + chance.IntN(20)}
	if s.ofEach {
		s.instances = 1 + chance.IntN(4)
	}
	s.draw(chance)
	for range 1 + chance.IntN(2) {
		l := lie(chance.IntN(int(lies)))
		for !s.fits(l) || s.alike(l) {
			l = lie(chance.IntN(int(lies)))
		}
		from := chance.IntN(s.ticks)
		one := told{lie: l, from: from, until: from + 1 + chance.IntN(s.ticks-from), by: make([]bool, s.instances)}
		for i := range one.by {
			one.by[i] = l == lieSilence || chance.IntN(2) == 0
		}
		one.by[chance.IntN(s.instances)] = true
		s.lies = append(s.lies, one)
	}
	if !s.countsUp { // a gauge that stands still does so until it moves, whatever else is said
		slices.SortStableFunc(s.lies, func(a, b told) int { return rank(a.lie) - rank(b.lie) })
	}
	return s
}

func rank(l lie) int {
	if l == lieFrozen {
		return 1
	}
	return 0
}

// draw makes up the load: each instance's goes its way by up to a fifth a tick, mostly
// above the target, between a fortieth and the whole of what can be.
func (s *series) draw(chance *rand.Rand) {
	s.truth = make([][]float64, s.ticks)
	for n := range s.truth {
		s.truth[n] = make([]float64, s.instances)
		for i := range s.truth[n] {
			if n == 0 {
				s.truth[n][i] = s.largest * (0.05 + 0.95*chance.Float64())
				continue
			}
			drift := 0.83 + 0.37*chance.Float64()
			s.truth[n][i] = min(max(s.truth[n-1][i]*drift, s.largest/40), s.largest)
		}
	}
}

// plain is what an honest source says.
func (s *series) plain(name string, n, i int) reading.Reading {
	value := s.truth[n][i]
	if name == "other" {
		value *= 1 - 0.05*float64(n%3)/2 // a little off
	}
	return says(value, tick(n))
}

// said is what the source says, which may be a lie. Of two at a time the later one
// counts; so a restart lets a lie pause for a moment.
func (s *series) said(name string, n, i int) reading.Reading {
	r := s.plain(name, n, i)
	for _, t := range s.lies { // the last one of several
		if n < t.from || n >= t.until || !t.by[i] {
			continue
		}
		liar := s.sources[0]
		if t.lie == lieOtherLow {
			liar = "other"
		}
		if name == liar || t.lie == lieSilence {
			r = s.twist(t, s.plain(name, n, i), name, n, i)
		}
	}
	return r
}

func (s *series) twist(t told, honest reading.Reading, name string, n, i int) reading.Reading {
	now := tick(n)
	value, _ := honest.Sample.Value()
	switch t.lie {
	case lieAbsent:
		return reading.None(policy.Absent, now, nil)
	case lieFailed, lieSilence:
		return silent(now)
	case lieNegative:
		return says(-1, now)
	case lieNaN:
		return says(math.NaN(), now)
	case lieInfinite:
		return says(math.Inf(n%2*2-1), now)
	case lieStale:
		return s.plain(name, t.from, i)
	case lieFrozen:
		if s.countsUp {
			return says(0, now)
		}
		return says(s.truth[t.from][i], now)
	case lieUnit:
		return says(value/100, now)
	case lieUnitUp:
		return says(value*100, now)
	case lieAhead:
		return says(value/10, now.Add(10*time.Minute))
	case lieBehind:
		return says(value/10, now.Add(-10*time.Minute))
	case lieNearAhead:
		return says(value, now.Add(20*time.Second))
	case lieWrap:
		return reading.None(policy.Absent, now, reading.ErrFirst)
	case lieLow, lieOtherLow:
		return says(value/10, now)
	}
	return honest
}

// lowest is the least that each instance truly showed within the span before a tick, as
// a signal that is believed.
func (s *series) lowest(n int, statistic policy.Statistic) policy.Signal {
	signal := policy.Signal{Name: s.decided, PerInstance: s.ofEach, Statistic: statistic}
	first := max(0, n-int(s.span/interval)-1)
	for i := range s.instances {
		least := s.truth[n][i]
		for m := first; m <= n; m++ {
			least = min(least, s.truth[m][i])
		}
		sample := policy.ValueAt(least*s.slack*(1-1e-9), tick(n))
		signal.Group = sample
		signal.Instances = append(signal.Instances, policy.InstanceSample{Instance: fmt.Sprint(i), Sample: sample})
	}
	if !s.ofEach {
		signal.Instances = nil
	}
	return signal
}

// play lets a group of a fixed size be decided on what is said, and returns how often it
// shrank, and where that was wrong.
func (s *series) play(t testing.TB, log func(string, ...any)) (shrinks int, wrong error) {
	size := 10
	if s.ofEach {
		size = s.instances
	}
	spec := policy.Spec{
		Max: 100_000, Gap: 3*interval + s.stabilizes/10, In: policy.Direction{Stabilization: s.stabilizes},
		Policies: policy.Targets(policy.Target{Name: "p", Signal: s.decided, Value: s.target, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: s.quorum}),
	}
	if !s.ofEach { // the group's value is shared out
		spec.Policies[0].Target.Value = s.target / float64(size)
	}
	bare := spec
	bare.In = policy.Direction{}
	watch := newScripted(t, s.group, s.instances)
	defer func() { watch.Close() }()
	var memory policy.Memory
	down := time.Duration(0)
	for n := range s.ticks {
		for _, one := range s.lies {
			if one.lie == lieRestart && one.from == n {
				watch.Close()
				watch = newScripted(t, s.group, s.instances)
				memory = fromDisk(t, memory)
				down = s.interruption
			}
		}
		if down > 0 {
			down -= interval
			continue
		}
		signals := watch.read(tick(n), func(name string, i int) reading.Reading { return s.said(name, n, i) })
		observed := policy.Observation{Size: policy.Size{Count: size}, Signals: signals}
		decision := policy.Evaluate(&spec, observed, tick(n), &memory)
		if log != nil {
			log("%s: truth %.4g, %+v, decided %d (%s), faults %v", tick(n).Sub(epoch), s.truth[n], signals, decision.Desired.Count, decision.Reason, watch.Faults())
		}
		if decision.Change() >= 0 {
			continue
		}
		shrinks++
		observed.Signals = []policy.Signal{s.lowest(n, named(signals, s.decided).Statistic)}
		allowed := policy.Evaluate(&bare, observed, tick(n), &policy.Memory{}).Desired.Count
		if decision.Desired.Count < allowed {
			return shrinks, fmt.Errorf("at %s it shrinks from %d to %d, and the truth of the last %s allows %d", tick(n).Sub(epoch), size, decision.Desired.Count, s.span, allowed)
		}
	}
	return shrinks, nil
}

// fromDisk is the memory as the next process finds it.
func fromDisk(t testing.TB, memory policy.Memory) policy.Memory {
	written, err := json.Marshal(memory)
	if err != nil {
		t.Fatal(err)
	}
	var found policy.Memory
	if err := json.Unmarshal(written, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNoLieShrinksAGroup(t *testing.T) {
	t.Parallel()
	seed := *truthSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	play := func(i int, log func(string, ...any)) int {
		s := drawSeries(rand.New(rand.NewPCG(seed, uint64(i))))
		shrinks, wrong := s.play(t, log)
		if wrong != nil {
			t.Errorf("-truth.seed=%d -truth.only=%d: %v: %+v, lies %+v", seed, i, wrong, s.group.Signals, s.lies)
		}
		return shrinks
	}
	if *truthOnly >= 0 {
		play(*truthOnly, t.Logf)
		return
	}
	count := raced.Sample(*truthSeries, 10)
	if testing.Short() {
		count /= 20
	}
	t.Logf("%d series from -truth.seed=%d", count, seed)
	var shrinks, next atomic.Int64
	var players sync.WaitGroup
	for range 2 {
		players.Go(func() {
			for i := next.Add(1) - 1; i < int64(count) && !t.Failed(); i = next.Add(1) - 1 {
				shrinks.Add(int64(play(int(i), nil)))
			}
		})
	}
	players.Wait()
	t.Logf("%d times a group shrank, always as the truth would have it", shrinks.Load())
	if !t.Failed() && shrinks.Load() < int64(count)/20 {
		t.Errorf("only %d shrinkings in %d series: the test sees too few", shrinks.Load(), count)
	}
}

// TestOneLiarKeepsNoGroupFromGrowing lets all instances but one be far above the target,
// and that one tell every lie that there is.
func TestOneLiarKeepsNoGroupFromGrowing(t *testing.T) {
	t.Parallel()
	const busy, target, ticks = 90, 40, 12
	for l := range lies {
		if l == lieSilence || l == lieOtherLow { // not of one
			continue
		}
		for _, statistic := range []string{"avg", "max", "sum", "median", "p90"} {
			signal := with(ofEach("load"), func(s *config.Signal) {
				s.Statistic, s.Ceiling, s.Window, s.FrozenAfter = statistic, 100, 20*time.Second, 0
				s.Check = &config.CrossCheck{Signal: "other", Within: 0.2}
			})
			s := series{
				kind:      kind{group: groupOf(time.Minute, signal, ofEach("other")), ofEach: true, quorum: 1, decided: "load", sources: []string{"load", "other"}},
				instances: 8, ticks: ticks,
				lies: []told{{lie: l, from: 4, until: ticks, by: []bool{false, false, false, true, false, false, false, false}}},
			}
			for range ticks {
				s.truth = append(s.truth, slices.Repeat([]float64{busy}, s.instances))
			}
			spec := policy.Spec{Max: 100, Policies: policy.Targets(policy.Target{Signal: "load", Value: target, ToleranceOut: 0.1, ToleranceIn: 0.1, Quorum: 1})}
			watch := newScripted(t, s.group, s.instances)
			for n := range ticks {
				signals := watch.read(tick(n), func(name string, i int) reading.Reading { return s.said(name, n, i) })
				observed := policy.Observation{Size: policy.Size{Count: s.instances}, Signals: signals}
				if decision := policy.Evaluate(&spec, observed, tick(n), &policy.Memory{}); decision.Desired.Count < 7*busy/target {
					t.Errorf("lie %d, %s: at %s the group gets %d of %d (%s), faults %v", l, statistic, tick(n).Sub(epoch), decision.Desired.Count, 8*busy/target, decision.Reason, watch.Faults())
					break
				}
			}
			watch.Close()
		}
	}
}
