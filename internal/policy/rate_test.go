package policy_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func growingBy(least bool, rates ...policy.Rate) policy.Spec {
	spec := unlimited()
	spec.Out.Rates, spec.Out.RateLeast = rates, least
	return spec
}

func shrinkingBy(least bool, rates ...policy.Rate) policy.Spec {
	spec := unlimited()
	spec.In.Rates, spec.In.RateLeast = rates, least
	return spec
}

func TestOfSeveralRatesOneCounts(t *testing.T) {
	t.Parallel()
	few, tenth := policy.Rate{Count: 4, Period: time.Minute}, policy.Rate{Share: 0.1, Period: time.Minute}
	for _, c := range []struct {
		spec          policy.Spec
		current, load int
		want          int
	}{
		{growingBy(false, few, tenth), 10, 500, 14},
		{growingBy(false, few, tenth), 100, 500, 110},
		{growingBy(false, tenth, few), 100, 500, 110},
		{growingBy(true, few, tenth), 10, 500, 11},
		{growingBy(true, few, tenth), 100, 500, 104},
		{growingBy(true, tenth, few), 100, 500, 104},
		{shrinkingBy(false, few, tenth), 10, 0, 6},
		{shrinkingBy(false, few, tenth), 100, 0, 90},
		{shrinkingBy(false, tenth, few), 100, 0, 90},
		{shrinkingBy(true, few, tenth), 10, 0, 9},
		{shrinkingBy(true, few, tenth), 100, 0, 96},
		{shrinkingBy(true, tenth, few), 100, 0, 96},
	} {
		if got := begin(t, c.spec, c.current).evaluate(load(c.load)); got.Desired.Count != c.want {
			t.Errorf("%+v, from %d: got %d (%s), want %d", c.spec, c.current, got.Desired.Count, got.Reason, c.want)
		}
	}
}

func TestSharesAreRoundedSoThatSmallGroupsChangeToo(t *testing.T) {
	t.Parallel()
	third := policy.Rate{Share: 0.07, Period: time.Minute}
	for _, c := range []struct{ current, out, in int }{{1, 2, 0}, {14, 15, 13}, {15, 17, 13}, {100, 107, 93}} {
		if got := begin(t, growingBy(false, third), c.current).evaluate(load(900)); got.Desired.Count != c.out {
			t.Errorf("from %d: grows to %d, want %d", c.current, got.Desired.Count, c.out)
		}
		if got := begin(t, shrinkingBy(false, third), c.current).evaluate(load(0)); got.Desired.Count != c.in {
			t.Errorf("from %d: shrinks to %d, want %d", c.current, got.Desired.Count, c.in)
		}
	}
}

func TestRateCountsFromTheSizeAtTheBeginningOfItsPeriod(t *testing.T) {
	t.Parallel()
	group := begin(t, growingBy(false, policy.Rate{Count: 5, Period: time.Minute}), 10)
	for i, c := range []struct {
		after      time.Duration
		load, want int
	}{
		{0, 12, 12},
		{20 * time.Second, 11, 11}, // one less leaves room for one more
		{10 * time.Second, 99, 15},
		{29 * time.Second, 99, 15},
		{time.Second, 99, 17},      // the first two are a minute old
		{19 * time.Second, 99, 17}, // 12 a minute ago
		{time.Second, 99, 17},      // 11 a minute ago, and that one less is just over
		{10 * time.Second, 99, 20}, // 15 a minute ago
	} {
		group.wait(c.after)
		if got := group.evaluate(load(c.load)); got.Desired.Count != c.want {
			t.Errorf("evaluation %d, from %d: got %d (%s), want %d", i, got.Current.Count, got.Desired.Count, got.Reason, c.want)
		}
	}
}

func TestEachRateCountsFromTheBeginningOfItsOwnPeriod(t *testing.T) {
	t.Parallel()
	group := begin(t, growingBy(true, policy.Rate{Count: 5, Period: time.Minute}, policy.Rate{Count: 8, Period: time.Hour}), 10)
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 15}, {time.Minute - 1, 15}, {1, 18}, {58 * time.Minute, 18}, {time.Minute - 1, 18}, {1, 23}} {
		group.wait(c.after)
		if got := group.evaluate(load(99)); got.Desired.Count != c.want {
			t.Errorf("at %v: got %d (%s), want %d", group.now.Sub(noon), got.Desired.Count, got.Reason, c.want)
		}
	}
}

func TestRateThatWasExceededMakesNoGroupChangeTheOtherWay(t *testing.T) {
	t.Parallel()
	fell := begin(t, shrinkingBy(false, policy.Rate{Count: 1, Period: time.Minute}), 5)
	fell.memory.Changes = []policy.PastChange{{At: noon, By: -3}} // an operator's order waits for no rate
	expect(t, fell.evaluate(load(2)), 5, policy.ReasonRateIn)
	rose := begin(t, growingBy(false, policy.Rate{Count: 1, Period: time.Minute}), 5)
	rose.memory.Changes = []policy.PastChange{{At: noon, By: 3}}
	expect(t, rose.evaluate(load(9)), 5, policy.ReasonRateOut)
}

func TestGroupWasNeverSmallerThanNothing(t *testing.T) {
	t.Parallel()
	group := begin(t, growingBy(false, policy.Rate{Count: 5, Period: time.Minute}), 2)
	group.memory.Changes = []policy.PastChange{{At: noon, By: 10}} // somebody sent the rest away since
	expect(t, group.evaluate(load(99)), 5, policy.ReasonRateOut)
}

func TestRateIsKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	group := begin(t, growingBy(false, policy.Rate{Count: 5, Period: time.Minute}), 10)
	group.evaluate(load(99))
	group.wait(59 * time.Second)
	written, err := json.Marshal(group.memory)
	group.memory = policy.Memory{}
	if err != nil || json.Unmarshal(written, &group.memory) != nil {
		t.Fatalf("wrote %s (%v)", written, err)
	}
	expect(t, group.evaluate(load(99)), 15, policy.ReasonRateOut)
	group.wait(time.Second)
	expect(t, group.evaluate(load(99)), 20, policy.ReasonRateOut)
}

func TestRateDoesNotKeepAGroupBelowItsFloor(t *testing.T) {
	t.Parallel()
	spec := growingBy(false, policy.Rate{Count: 1, Period: time.Hour})
	spec.Min = 8
	expect(t, begin(t, spec, 3).evaluate(load(1)), 8, policy.ReasonAtMin)
	expect(t, begin(t, spec, 3).evaluate(load(50)), 8, policy.ReasonAtMin)
	spec.Min, spec.Policies = 0, append(spec.Policies, bounded(t, always, 8, 0))
	expect(t, begin(t, spec, 3).evaluate(load(1)), 8, policy.ReasonAtFloor)
}

// What is wanted beyond the floor is no more urgent for the group being below it.
func TestGroupBelowItsFloorGrowsNoFurtherThanItsGuardsAllow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guard policy.Direction
		want  int
	}{
		"none":          {policy.Direction{}, 50},
		"stabilization": {policy.Direction{Stabilization: time.Minute}, 8},
		"cooldown":      {policy.Direction{Cooldown: time.Minute}, 8},
		"a rate":        {policy.Direction{Rates: []policy.Rate{{Count: 10, Period: time.Minute}}}, 13},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Min, spec.Out = 8, c.guard
			group := begin(t, spec, 3)
			group.LastServing = group.now
			if got := group.evaluate(load(50)); got.Desired.Count != c.want {
				t.Errorf("got %d (%s), want %d", got.Desired.Count, got.Reason, c.want)
			}
		})
	}
}

func TestLoweredMaxAndScheduledCeilingObeyTheRate(t *testing.T) {
	t.Parallel()
	spec := shrinkingBy(false, policy.Rate{Count: 2, Period: time.Minute})
	spec.Max = 4
	expect(t, begin(t, spec, 10).evaluate(load(10)), 8, policy.ReasonRateIn)
	spec.Max, spec.Policies = 20, append(spec.Policies, bounded(t, always, 0, 4))
	expect(t, begin(t, spec, 10).evaluate(load(10)), 8, policy.ReasonRateIn)
}

func TestWhatIsLeavingIsPutBackBeyondTheRate(t *testing.T) {
	t.Parallel()
	for leaving, want := range map[int]int{1: 6, 3: 8} {
		group := begin(t, growingBy(false, policy.Rate{Count: 1, Period: time.Minute}), 5)
		group.Leaving = leaving
		expect(t, group.evaluate(load(20)), want, policy.ReasonPutBack)
	}
}

func TestEveryGuardOfAGrowthIsTold(t *testing.T) {
	t.Parallel()
	spec := growingBy(false, policy.Rate{Count: 1, Period: time.Minute})
	spec.Max, spec.Out.Stabilization = 9, time.Minute
	group := begin(t, spec, 5)
	group.memory = policy.Memory{LastWant: noon, Troughs: []policy.PastWant{{At: noon, Count: 8}}}
	group.Leaving = 2
	want := []policy.Effect{{policy.ReasonAtMax, 20, 9}, {policy.ReasonStabilizingOut, 9, 8}, {policy.ReasonPutBack, 8, 7}}
	if got := group.evaluate(load(20)); !slices.Equal(got.Effects, want) {
		t.Errorf("got %v, want %v", got.Effects, want)
	}
}

func TestEveryGuardOfAShrinkingIsTold(t *testing.T) {
	t.Parallel()
	spec := shrinking(stepFrom(60))
	spec.Min, spec.In = 2, policy.Direction{Stabilization: time.Minute, Rates: []policy.Rate{{Count: 5, Period: time.Minute}}}
	group := begin(t, spec, 10)
	group.memory = policy.Memory{LastWant: noon, Peaks: []policy.PastWant{{At: noon, Count: 4}}}
	want := []policy.Effect{{policy.ReasonAtMin, 1, 2}, {policy.ReasonStabilizingIn, 2, 4}, {policy.ReasonRateIn, 4, 5}, {policy.ReasonProjected, 5, 7}}
	if got := group.evaluate(load(1), ofInstances(readings(10, 40))); !slices.Equal(got.Effects, want) {
		t.Errorf("got %v, want %v", got.Effects, want)
	}
}

// The plain form of a rate keeps every change for ever. Old changes are kept coarsely: one
// may count for up to an eighth of its age longer, so the period is somewhat longer, too.
func TestRateAllowsWhatItsPlainFormDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := policy.Rate{Count: rapid.IntRange(1, 60).Draw(t, "count"), Period: time.Duration(rapid.IntRange(1, 3600).Draw(t, "period")) * time.Second}
		spec := growingBy(false, rate)
		spec.Max = 10_000
		var memory policy.Memory
		var changes []policy.PastChange
		size, now := 0, noon
		for range rapid.IntRange(1, 200).Draw(t, "evaluations") {
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
			wanted := rapid.IntRange(0, 3).Draw(t, "wanted")
			observed := policy.Observation{Size: policy.Size{Count: size}, Signals: []policy.Signal{load(size + wanted)}}
			grown := policy.Evaluate(&spec, observed, now, &memory).Desired.Count - size
			within := func(period time.Duration) (sum int) {
				for _, change := range changes {
					if now.Sub(change.At) < period {
						sum += change.By
					}
				}
				return sum
			}
			most, least := rate.Count-within(rate.Period), rate.Count-within(rate.Period*8/7)
			if grown > min(wanted, max(0, most)) || grown < min(wanted, max(0, least)) {
				t.Fatalf("at %v grows by %d, and the rate allows %d to %d; changes %v", now, grown, least, most, changes)
			}
			if grown > 0 {
				changes = append(changes, policy.PastChange{At: now, By: grown})
			}
			size += grown
		}
		if kept := len(memory.Changes); kept > 100 {
			t.Fatalf("%d changes are kept: %v", kept, memory.Changes)
		}
	})
}

func TestChangesOfADayAreKeptInLittleRoom(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Out.Rates = []policy.Rate{{Share: 1, Period: 24 * time.Hour}, {Count: 4, Period: 15 * time.Second}}
	group := begin(t, spec, 10)
	for i := range 20_000 {
		group.evaluate(load(10 + i%3))
		group.wait(10 * time.Second)
	}
	if n := len(group.memory.Changes); n > 110 {
		t.Errorf("%d changes are kept", n)
	}
	defer func() {
		group.wait(24 * time.Hour)
		if group.evaluate(load(group.Size.Count)); len(group.memory.Changes) > 0 {
			t.Errorf("a day later %v are kept", group.memory.Changes)
		}
	}()
	if !slices.IsSortedFunc(group.memory.Changes, func(a, b policy.PastChange) int { return a.At.Compare(b.At) }) {
		t.Errorf("changes are not in order: %v", group.memory.Changes)
	}
}
