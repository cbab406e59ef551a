package policy_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestRecommendationsCombine(t *testing.T) {
	t.Parallel()
	const current = 5
	want := func(count int) policy.Recommendation {
		return policy.Recommendation{Verdict: policy.Want, Count: count}
	}
	abstain, unknown := policy.Recommendation{Verdict: policy.Abstain}, policy.Recommendation{Verdict: policy.Unknown}
	for name, c := range map[string]struct {
		said    []policy.Recommendation
		count   int
		verdict policy.Verdict
	}{
		"nobody asked":                              {nil, current, policy.Abstain},
		"all abstain":                               {[]policy.Recommendation{abstain, abstain}, current, policy.Abstain},
		"all unknown":                               {[]policy.Recommendation{unknown, unknown}, current, policy.Unknown},
		"the largest counts when growing":           {[]policy.Recommendation{want(7), want(9)}, 9, policy.Want},
		"the largest counts when shrinking":         {[]policy.Recommendation{want(3), want(1)}, 3, policy.Want},
		"one that grows beats one that shrinks":     {[]policy.Recommendation{want(2), want(6)}, 6, policy.Want},
		"one that keeps beats one that shrinks":     {[]policy.Recommendation{want(2), want(current)}, current, policy.Want},
		"nothing is wanted":                         {[]policy.Recommendation{want(0)}, 0, policy.Want},
		"an abstention does not forbid shrinking":   {[]policy.Recommendation{abstain, want(3)}, 3, policy.Want},
		"an abstention does not forbid growing":     {[]policy.Recommendation{want(8), abstain}, 8, policy.Want},
		"one that does not know forbids shrinking":  {[]policy.Recommendation{want(3), unknown}, current, policy.Unknown},
		"one that does not know lets others grow":   {[]policy.Recommendation{unknown, want(8)}, 8, policy.Want},
		"one that does not know, another keeps":     {[]policy.Recommendation{unknown, want(current)}, current, policy.Unknown},
		"one that does not know beats an abstainer": {[]policy.Recommendation{unknown, abstain}, current, policy.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if count, verdict := policy.Combine(c.said, current); count != c.count || verdict != c.verdict {
				t.Errorf("got %d (%v), want %d (%v)", count, verdict, c.count, c.verdict)
			}
		})
	}
}

func TestDecisionSaysWhyTheSizeIsWhatItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		current int
		signal  policy.Signal
		count   int
		reason  policy.Reason
	}{
		"wanted more":                     {5, load(8), 8, policy.ReasonWant},
		"wanted less":                     {5, load(3), 3, policy.ReasonWant},
		"wanted as it is":                 {5, load(5), 5, policy.ReasonSteady},
		"wanted just max":                 {5, load(20), 20, policy.ReasonWant},
		"wanted more than max":            {5, load(30), 20, policy.ReasonAtMax},
		"wanted just min":                 {5, load(2), 2, policy.ReasonWant},
		"wanted less than min":            {5, load(1), 2, policy.ReasonAtMin},
		"not known":                       {5, noLoad(), 5, policy.ReasonUnknown},
		"below min":                       {1, load(1), 2, policy.ReasonAtMin},
		"below min, and more is wanted":   {1, load(6), 6, policy.ReasonWant},
		"below min, wanted more than max": {1, load(30), 20, policy.ReasonAtMax},
		"below min, and nothing is known": {0, noLoad(), 2, policy.ReasonAtMin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Min, spec.Max = 2, 20
			decision := begin(t, spec, c.current).evaluate(c.signal)
			expect(t, decision, c.count, c.reason)
			if decision.Change() != c.count-c.current {
				t.Errorf("the change is %d, want %d", decision.Change(), c.count-c.current)
			}
		})
	}
}

func TestGroupWithoutPoliciesStaysAsItIs(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Policies = nil
	expect(t, begin(t, spec, 5).evaluate(load(1)), 5, policy.ReasonAbstained)
}

func TestDecisionIsForTheTypeOfTheSpec(t *testing.T) {
	t.Parallel()
	group := begin(t, unlimited(), 3)
	group.Size.Type = "V20"
	decision := group.evaluate(load(4))
	if want := (policy.Size{Count: 4, Type: "V40"}); decision.Desired != want {
		t.Errorf("desired %+v, want %+v", decision.Desired, want)
	}
	if want := (policy.Size{Count: 3, Type: "V20"}); decision.Current != want {
		t.Errorf("current %+v, want %+v", decision.Current, want)
	}
}

func TestEveryReasonIsListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[policy.Reason]bool{}
	for _, reason := range policy.Reasons() {
		if seen[reason] || reason == "" {
			t.Errorf("reason %q is empty or listed twice", reason)
		}
		seen[reason] = true
	}
}

func TestGroupBelowMinGrowsWhateverElseHolds(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Min = 4
	spec.Out = policy.Direction{Stabilization: time.Hour, Cooldown: time.Hour}
	group := begin(t, spec, 4)
	group.evaluate(load(4))
	group.wait(time.Second)
	group.LastServing, group.Becoming, group.Size.Count = group.now, 1, 3
	expect(t, group.evaluate(noLoad()), 4, policy.ReasonAtMin)
}

func TestShrinkingStopsAtTheHighestWantOfItsSpan(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization = 10 * time.Minute
	spec.Gap = time.Hour
	group := begin(t, spec, 10)
	group.evaluate(load(10))
	group.wait(time.Minute)
	group.evaluate(load(9))
	group.wait(9*time.Minute - 1)
	expect(t, group.evaluate(load(7)), 10, policy.ReasonStabilizingIn) // the want of 10 is a nanosecond short of 10 minutes old
	group.wait(1)
	expect(t, group.evaluate(load(7)), 9, policy.ReasonStabilizingIn)
	group.wait(time.Minute)
	expect(t, group.evaluate(load(7)), 7, policy.ReasonWant)
}

func TestGrowthStopsAtTheLowestWantOfItsSpan(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Out.Stabilization = 3 * time.Minute
	spec.Gap = time.Hour
	group := begin(t, spec, 2)
	group.evaluate(load(2))
	group.wait(time.Minute)
	group.evaluate(load(3))
	group.wait(2*time.Minute - 1)
	expect(t, group.evaluate(load(7)), 2, policy.ReasonStabilizingOut)
	group.wait(1)
	expect(t, group.evaluate(load(7)), 3, policy.ReasonStabilizingOut)
	group.wait(time.Minute)
	expect(t, group.evaluate(load(7)), 7, policy.ReasonWant)
}

func TestShortDipDoesNotShrinkAndShortPeakDoesNotGrow(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization, spec.Out.Stabilization = 10*time.Minute, time.Minute
	group := begin(t, spec, 5)
	group.repeat(10*time.Minute, load(5))
	for range 30 {
		group.repeat(40*time.Second, load(9))
		group.repeat(5*time.Minute, load(1))
		if group.Size.Count != 5 {
			t.Fatalf("at %v the size is %d, want 5 throughout", group.now, group.Size.Count)
		}
	}
}

func TestShrinkingWaitsAfterEveryKindOfChange(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Cooldown = 5 * time.Minute
	for name, change := range map[string]func(*timeline){
		"a growth":                   func(g *timeline) { g.evaluate(load(12)) },
		"a shrinking":                func(g *timeline) { g.evaluate(load(8)) },
		"an instance began to serve": func(g *timeline) { g.LastServing = g.now; g.evaluate(load(10)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, spec, 10)
			change(group)
			changed := group.Size.Count
			group.wait(5*time.Minute - 1)
			expect(t, group.evaluate(load(3)), changed, policy.ReasonCooldownIn)
			group.wait(1)
			expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
		})
	}
}

func TestGrowthWaitsUntilTheLastOneHasServedForItsCooldown(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Out.Cooldown = 2 * time.Minute
	group := begin(t, spec, 3)
	expect(t, group.evaluate(load(5)), 5, policy.ReasonWant)

	group.wait(time.Hour)
	group.Becoming = 2
	expect(t, group.evaluate(load(9)), 5, policy.ReasonCooldownOut)

	group.Becoming, group.LastServing = 0, group.now
	group.wait(2*time.Minute - 1)
	expect(t, group.evaluate(load(9)), 5, policy.ReasonCooldownOut)
	group.wait(1)
	expect(t, group.evaluate(load(9)), 9, policy.ReasonWant)
	group.wait(time.Second)
	expect(t, group.evaluate(load(10)), 9, policy.ReasonCooldownOut) // nothing has begun to become an instance yet
}

func TestGrowthWithoutCooldownWaitsForNothing(t *testing.T) {
	t.Parallel()
	group := begin(t, unlimited(), 3)
	group.Becoming, group.LastServing = 2, group.now
	expect(t, group.evaluate(load(9)), 9, policy.ReasonWant)
}

func TestWhatIsLeavingIsPutBackAtOnceWhenMoreIsWanted(t *testing.T) {
	t.Parallel()
	cooling := func(g *timeline) { g.spec.Out.Cooldown, g.LastServing = time.Hour, g.now }
	becoming := func(g *timeline) { g.spec.Out.Cooldown, g.Becoming = time.Second, 1 }
	stabilizing := func(g *timeline) { g.spec.Out.Stabilization = time.Hour }
	rising := func(g *timeline) { // 6 was wanted throughout the span
		g.spec.Out.Stabilization = time.Minute
		g.memory = policy.Memory{LastWant: g.now, Troughs: []policy.PastWant{{At: g.now, Count: 6}}}
	}
	for name, c := range map[string]struct {
		held    func(*timeline)
		leaving int
		wanted  int
		count   int
		reason  policy.Reason
	}{
		"during the cooldown":                       {cooling, 2, 9, 7, policy.ReasonPutBack},
		"while an instance is becoming one":         {becoming, 2, 9, 7, policy.ReasonPutBack},
		"before more was wanted for long":           {stabilizing, 2, 9, 7, policy.ReasonPutBack},
		"no more than is wanted":                    {cooling, 4, 6, 6, policy.ReasonPutBack},
		"none is leaving":                           {cooling, 0, 9, 5, policy.ReasonCooldownOut},
		"none is leaving, and it was just wanted":   {stabilizing, 0, 9, 5, policy.ReasonStabilizingOut},
		"no more than max":                          {cooling, 90, 1200, 1000, policy.ReasonAtMax},
		"fewer than were wanted throughout":         {rising, 0, 9, 6, policy.ReasonStabilizingOut},
		"as many as were wanted throughout":         {rising, 1, 9, 6, policy.ReasonPutBack},
		"more than were wanted throughout":          {rising, 2, 9, 7, policy.ReasonPutBack},
		"nothing is held: all that is wanted":       {func(*timeline) {}, 2, 9, 9, policy.ReasonWant},
		"nothing more is wanted: they go on":        {cooling, 2, 5, 5, policy.ReasonSteady},
		"after a jump of the clock nothing changes": {func(g *timeline) { g.memory.Jump(g.now, 0) }, 2, 9, 5, policy.ReasonClock},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, unlimited(), 5)
			if c.wanted > 1000 {
				group.Size.Count = 950
			}
			c.held(group)
			group.Leaving = c.leaving
			expect(t, group.evaluate(load(c.wanted)), c.count, c.reason)
		})
	}
}

func TestGroupDoesNotShrinkWhileTheCloudCannotBeTrusted(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Cooldown = time.Minute
	for name, prepare := range map[string]func(*timeline){
		"by itself":                         func(*timeline) {},
		"while an instance is becoming one": func(g *timeline) { g.Becoming = 1 },
		"during the cooldown":               func(g *timeline) { g.LastServing = g.now },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, spec, 10)
			prepare(group)
			group.Doubtful = true
			expect(t, group.evaluate(load(3)), 10, policy.ReasonDoubt)
			expect(t, group.evaluate(load(10)), 10, policy.ReasonSteady)
			group.spec.Max = 4
			expect(t, group.evaluate(load(10)), 10, policy.ReasonDoubt)
			group.spec.Max = 20
			expect(t, group.evaluate(load(12)), 12, policy.ReasonWant)
		})
	}
	t.Run("and does again when it can", func(t *testing.T) {
		t.Parallel()
		group := begin(t, spec, 10)
		group.Doubtful = true
		group.evaluate(load(3))
		group.Doubtful = false
		expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
	})
}

func TestChangesWaitForOneSpanAfterAJumpOfTheClock(t *testing.T) {
	t.Parallel()
	const in, out, gap = 10 * time.Minute, 3 * time.Minute, time.Minute
	for name, c := range map[string]struct {
		in, out time.Duration
		max     int
		load    policy.Signal
		wait    time.Duration
		count   int // then
	}{
		"shrinking":                          {in, 0, 20, load(3), in, 3},
		"shrinking without a span":           {0, 0, 20, load(3), gap, 3},
		"growth":                             {0, out, 20, load(9), out, 9},
		"growth without a span":              {in, 0, 20, load(9), gap, 9},
		"coming down to a lowered max":       {in, 0, 4, load(5), in, 4},
		"the same when much more is wanted":  {in, out, 4, load(20), in, 4},
		"and the other span does not matter": {0, out, 4, load(20), gap, 4},
		"the same when nobody has a say":     {in, 0, 4, ofGroup("other", policy.ValueAt(1, noon)), in, 4},
		"the same when less is wanted":       {in, 0, 4, load(2), in, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Max, spec.Gap, spec.In.Stabilization, spec.Out.Stabilization = c.max, gap, c.in, c.out
			if c.load.Name == "other" {
				spec.Policies = nil
			}
			group := begin(t, spec, 5)
			group.memory.LastWant = group.now // watched without interruption
			group.memory.Jump(group.now, 0)
			for group.wait(c.wait % (10 * time.Second)); group.now.Before(noon.Add(c.wait)); group.wait(10 * time.Second) {
				if expect(t, group.evaluate(c.load), 5, policy.ReasonClock); t.Failed() {
					return
				}
			}
			group.now = noon.Add(c.wait - 1)
			expect(t, group.evaluate(c.load), 5, policy.ReasonClock)
			group.wait(1)
			if decision := group.evaluate(c.load); decision.Desired.Count != c.count {
				t.Errorf("got %d (%s), want %d", decision.Desired.Count, decision.Reason, c.count)
			}
		})
	}
}

func TestAJumpOfTheClockHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	jumped := func(t *testing.T) *timeline {
		spec := unlimited()
		spec.Min, spec.In.Stabilization = 2, time.Hour
		group := begin(t, spec, 5)
		group.memory.Jump(group.now, 0)
		return group
	}
	t.Run("a group stays steady", func(t *testing.T) {
		t.Parallel()
		expect(t, jumped(t).evaluate(load(5)), 5, policy.ReasonSteady)
	})
	t.Run("a group below min grows", func(t *testing.T) {
		t.Parallel()
		group := jumped(t)
		group.Size.Count = 1
		expect(t, group.evaluate(load(1)), 2, policy.ReasonAtMin)
	})
	t.Run("missing data is told", func(t *testing.T) {
		t.Parallel()
		expect(t, jumped(t).evaluate(noLoad()), 5, policy.ReasonUnknown)
	})
	t.Run("what was wanted is remembered", func(t *testing.T) {
		t.Parallel()
		group := jumped(t)
		group.evaluate(load(9))
		if len(group.memory.Peaks) != 1 || group.memory.Peaks[0].Count != 9 {
			t.Errorf("remembers %+v, want 9", group.memory.Peaks)
		}
	})
	t.Run("a jump that seems to lie ahead counts from now", func(t *testing.T) {
		t.Parallel()
		group := jumped(t)
		group.spec.In.Stabilization = 0
		group.wait(-24 * time.Hour)
		expect(t, group.evaluate(load(3)), 5, policy.ReasonClock)
		group.wait(time.Minute)
		expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
	})
	t.Run("it is kept on disk", func(t *testing.T) {
		t.Parallel()
		var memory, read policy.Memory
		memory.Jump(noon, 0)
		written, err := json.Marshal(memory)
		if err != nil || json.Unmarshal(written, &read) != nil || !read.Jumped.Equal(noon) {
			t.Errorf("wrote %s (%v), read %+v", written, err, read)
		}
	})
}

func TestGroupDoesNotShrinkWhileAnInstanceIsBecomingOne(t *testing.T) {
	t.Parallel()
	group := begin(t, unlimited(), 10)
	group.Becoming = 1
	expect(t, group.repeat(time.Hour, load(2)), 10, policy.ReasonWarming)
	group.Becoming = 0
	expect(t, group.evaluate(load(2)), 2, policy.ReasonWant)
}

func TestGroupDoesNotShrinkWhileAnInstanceWarmsUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples [][]policy.Sample
		count   int
		reason  policy.Reason
	}{
		"one of them warms up":        {[][]policy.Sample{readings(3, 0.1), missing(1, policy.Warming)}, 4, policy.ReasonWarming},
		"all have warmed up":          {[][]policy.Sample{readings(4, 0.1)}, 2, policy.ReasonWant},
		"one lacks a value otherwise": {[][]policy.Sample{readings(3, 0.1), missing(1, policy.Stale)}, 2, policy.ReasonWant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, unlimited(), 4)
			expect(t, group.evaluate(load(2), ofInstances(c.samples...)), c.count, c.reason)
		})
	}
}

func TestGrowthToMaxWaitsForNothingThatShrinkingWaitsFor(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Max, spec.In = 20, policy.Direction{Stabilization: time.Hour, Cooldown: time.Hour}
	group := begin(t, spec, 5)
	group.Becoming, group.LastServing, group.Doubtful = 1, group.now, true
	expect(t, group.evaluate(load(30)), 20, policy.ReasonAtMax)
	expect(t, group.evaluate(load(30)), 20, policy.ReasonAtMax)
}

func TestLoweredMaxIsReachedByTheOrdinaryRules(t *testing.T) {
	t.Parallel()
	lowered := func(t *testing.T) *timeline {
		spec := unlimited()
		spec.Max = 6
		spec.In = policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute}
		return begin(t, spec, 10)
	}
	t.Run("not while an instance is becoming one", func(t *testing.T) {
		t.Parallel()
		group := lowered(t)
		group.Becoming = 1
		expect(t, group.evaluate(load(12)), 10, policy.ReasonWarming)
	})
	t.Run("not during the cooldown", func(t *testing.T) {
		t.Parallel()
		group := lowered(t)
		group.LastServing = group.now
		expect(t, group.evaluate(load(12)), 10, policy.ReasonCooldownIn)
	})
	t.Run("not without data", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(noLoad()), 10, policy.ReasonUnknown)
	})
	t.Run("not without some of the data, though more is wanted", func(t *testing.T) {
		t.Parallel()
		group := lowered(t)
		group.spec.Policies = append(group.spec.Policies, policy.Rule{Name: "size", Size: &policy.SizeOf{Signal: "size"}})
		expect(t, group.evaluate(load(12)), 10, policy.ReasonUnknown)
	})
	t.Run("though more is wanted all the time", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(load(12)), 6, policy.ReasonAtMax)
	})
	t.Run("though the present size is wanted all the time", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(load(10)), 6, policy.ReasonAtMax)
	})
	t.Run("and is wanted by then", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(load(6)), 6, policy.ReasonWant)
	})
	t.Run("though no policy has a say", func(t *testing.T) {
		t.Parallel()
		group := lowered(t)
		group.spec.Policies = nil
		expect(t, group.evaluate(), 6, policy.ReasonAtMax)
	})
	t.Run("and no further than the span allows", func(t *testing.T) {
		t.Parallel()
		group := lowered(t)
		expect(t, group.evaluate(load(2)), 6, policy.ReasonStabilizingIn)
		expect(t, group.repeat(10*time.Minute, load(2)), 2, policy.ReasonWant)
	})
}

func TestPausedGroupStaysAsItIs(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Min, spec.Max = 2, 20
	for name, current := range map[string]int{"within its bounds": 5, "below min": 1, "above max": 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, spec, current)
			group.memory.Override = &policy.Override{Kind: policy.PauseAll, Since: noon, By: "operator"}
			for _, signal := range []policy.Signal{load(15), load(0), noLoad()} {
				decision := group.evaluate(signal)
				expect(t, decision, current, policy.ReasonPaused)
				if len(decision.Recommendations) != 1 {
					t.Errorf("a paused group still says what its policies recommend; got %d of 1", len(decision.Recommendations))
				}
			}
		})
	}
}

func TestWatchingGoesOnDuringAPause(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization = 10 * time.Minute
	group := begin(t, spec, 5)
	group.memory.Override = &policy.Override{Kind: policy.PauseAll, Since: noon, By: "operator"}
	group.repeat(10*time.Minute, load(2))
	group.memory.Override = nil
	expect(t, group.evaluate(load(2)), 2, policy.ReasonWant)
}

func TestFirstEvaluationDelaysChanges(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization, spec.Out.Stabilization = 10*time.Minute, time.Minute
	expect(t, begin(t, spec, 5).evaluate(load(2)), 5, policy.ReasonStabilizingIn)
	expect(t, begin(t, spec, 5).evaluate(load(9)), 5, policy.ReasonStabilizingOut)
}

func TestInterruptedWatchingDelaysShrinking(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization = 10 * time.Minute
	spec.Gap = time.Minute
	watched := func(t *testing.T) *timeline {
		group := begin(t, spec, 10)
		group.repeat(10*time.Minute-10*time.Second, load(4)) // the next evaluation shrinks
		return group
	}
	for name, c := range map[string]struct {
		interrupt func(*timeline)
		count     int
		reason    policy.Reason
	}{
		"not by a gap that is allowed": {func(g *timeline) { g.wait(time.Minute) }, 4, policy.ReasonWant},
		"by a longer one":              {func(g *timeline) { g.wait(time.Minute + 1) }, 10, policy.ReasonStabilizingIn},
		"by one longer than the span":  {func(g *timeline) { g.wait(time.Hour) }, 10, policy.ReasonStabilizingIn},
		"by evaluations without data":  {func(g *timeline) { g.wait(10 * time.Second); g.repeat(2*time.Minute, noLoad()) }, 10, policy.ReasonStabilizingIn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := watched(t)
			c.interrupt(group)
			expect(t, group.evaluate(load(4)), c.count, c.reason)
			if group.repeat(10*time.Minute, load(4)); group.Size.Count != 4 {
				t.Errorf("after another whole span the size is %d, want 4", group.Size.Count)
			}
		})
	}
}

func TestClockSetBackNeitherFreezesNorHastensAGroup(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*timeline){
		"the cooldown after a growth begins anew":                   func(g *timeline) { g.evaluate(load(12)) },
		"the cooldown after a shrinking begins anew":                func(g *timeline) { g.evaluate(load(8)) },
		"the cooldown after an instance began to serve begins anew": func(g *timeline) { g.LastServing = g.now; g.evaluate(load(10)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.In.Cooldown = 5 * time.Minute
			group := begin(t, spec, 10)
			change(group)
			changed := group.Size.Count
			group.wait(-24 * time.Hour)
			expect(t, group.evaluate(load(3)), changed, policy.ReasonCooldownIn)
			group.wait(5*time.Minute - 1)
			expect(t, group.evaluate(load(3)), changed, policy.ReasonCooldownIn)
			group.wait(1)
			expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
		})
	}
	t.Run("the span for growing begins anew", func(t *testing.T) {
		t.Parallel()
		spec := unlimited()
		spec.Out.Stabilization = time.Minute
		group := begin(t, spec, 3)
		group.evaluate(load(3))
		group.wait(-24 * time.Hour)
		expect(t, group.evaluate(load(9)), 3, policy.ReasonStabilizingOut)
		group.wait(time.Minute)
		expect(t, group.evaluate(load(9)), 9, policy.ReasonWant)
	})
	t.Run("an interruption is noticed nevertheless", func(t *testing.T) {
		t.Parallel()
		spec := unlimited()
		spec.In.Stabilization = 10 * time.Minute
		group := begin(t, spec, 10)
		group.evaluate(load(4))
		group.wait(-24 * time.Hour)
		group.repeat(10*time.Minute, noLoad())
		expect(t, group.evaluate(load(4)), 10, policy.ReasonStabilizingIn)
	})
	t.Run("the span for shrinking begins anew", func(t *testing.T) {
		t.Parallel()
		spec := unlimited()
		spec.In.Stabilization = 10 * time.Minute
		group := begin(t, spec, 10)
		group.repeat(5*time.Minute, load(9))
		group.wait(-24 * time.Hour)
		expect(t, group.evaluate(load(3)), 10, policy.ReasonStabilizingIn)
		expect(t, group.repeat(10*time.Minute-10*time.Second, load(3)), 10, policy.ReasonStabilizingIn)
		group.wait(10 * time.Second)
		expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
	})
	t.Run("an instance that is to serve in the future starts no cooldown", func(t *testing.T) {
		t.Parallel()
		spec := unlimited()
		spec.In.Cooldown, spec.Out.Cooldown = time.Hour, time.Hour
		group := begin(t, spec, 10)
		group.LastServing = group.now.Add(24 * time.Hour)
		expect(t, group.evaluate(load(12)), 12, policy.ReasonWant)
	})
}

func TestWhatIsRememberedStaysAsOldAsItIsWhenWallTimeJumps(t *testing.T) {
	t.Parallel()
	ago := func(now time.Time, d time.Duration) time.Time { return now.Add(-d) }
	remembered := func(now time.Time) policy.Memory {
		return policy.Memory{
			LastOut: ago(now, time.Minute), LastServing: ago(now, 2*time.Minute), LastWant: ago(now, 3*time.Minute),
			Peaks:   []policy.PastWant{{ago(now, 4*time.Minute), 5}, {ago(now, 5*time.Minute), 4}},
			Troughs: []policy.PastWant{{ago(now, 6*time.Minute), 1}},
		}
	}
	memory, want, by := remembered(noon), remembered(noon.Add(-time.Hour)), -time.Hour
	memory.Jump(noon.Add(by), by)
	want.Jumped = noon.Add(by)
	if !reflect.DeepEqual(memory, want) {
		t.Errorf("got %+v, want %+v", memory, want)
	}
}
