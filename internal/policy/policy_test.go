package policy_test

import (
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
		"wanted more than max":            {5, load(30), 20, policy.ReasonAtMax},
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

func TestGroupDoesNotShrinkWhileAnInstanceIsBecomingOne(t *testing.T) {
	t.Parallel()
	group := begin(t, unlimited(), 10)
	group.Becoming = 1
	expect(t, group.repeat(time.Hour, load(2)), 10, policy.ReasonWarming)
	group.Becoming = 0
	expect(t, group.evaluate(load(2)), 2, policy.ReasonWant)
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
	t.Run("though more is wanted all the time", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(load(12)), 6, policy.ReasonAtMax)
	})
	t.Run("though the present size is wanted all the time", func(t *testing.T) {
		t.Parallel()
		expect(t, lowered(t).evaluate(load(10)), 6, policy.ReasonAtMax)
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
			group.memory.Paused = &policy.Pause{Since: noon, By: "operator"}
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
	group.memory.Paused = &policy.Pause{Since: noon, By: "operator"}
	group.repeat(10*time.Minute, load(2))
	group.memory.Paused = nil
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
