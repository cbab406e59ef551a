package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// ordered is a group of the size, between 2 and 20, about which an operator gave an order
// for an hour.
func ordered(t *testing.T, size int, kind policy.OverrideKind, count int) *timeline {
	spec := unlimited()
	spec.Min, spec.Max = 2, 20
	group := begin(t, spec, size)
	group.memory.Override = &policy.Override{Kind: kind, Count: count, Since: noon, Until: noon.Add(time.Hour), By: "kim"}
	return group
}

func TestOperatorsOrderIsStrongerThanWhatIsWanted(t *testing.T) {
	t.Parallel()
	const size = 8
	for name, c := range map[string]struct {
		kind   policy.OverrideKind
		count  int
		load   policy.Signal
		want   int
		reason policy.Reason
	}{
		"pause, more wanted":            {policy.PauseAll, 0, load(12), 8, policy.ReasonPaused},
		"pause, less wanted":            {policy.PauseAll, 0, load(4), 8, policy.ReasonPaused},
		"pause out, more wanted":        {policy.PauseOut, 0, load(12), 8, policy.ReasonPaused},
		"pause out, less wanted":        {policy.PauseOut, 0, load(4), 4, policy.ReasonWant},
		"pause in, less wanted":         {policy.PauseIn, 0, load(4), 8, policy.ReasonPaused},
		"pause in, more wanted":         {policy.PauseIn, 0, load(12), 12, policy.ReasonWant},
		"pause in, the same wanted":     {policy.PauseIn, 0, load(8), 8, policy.ReasonSteady},
		"hold at more":                  {policy.HoldAt, 12, load(4), 12, policy.ReasonHeld},
		"hold at less":                  {policy.HoldAt, 4, load(12), 4, policy.ReasonHeld},
		"hold without data":             {policy.HoldAt, 4, noLoad(), 4, policy.ReasonHeld},
		"hold below min":                {policy.HoldAt, 1, load(4), 2, policy.ReasonHeld},
		"hold above max":                {policy.HoldAt, 30, load(4), 20, policy.ReasonHeld},
		"at least, less wanted":         {policy.AtLeast, 6, load(4), 6, policy.ReasonAtFloor},
		"at least, more wanted":         {policy.AtLeast, 6, load(12), 12, policy.ReasonWant},
		"at least more than there are":  {policy.AtLeast, 10, load(4), 10, policy.ReasonAtFloor},
		"at least so many without data": {policy.AtLeast, 10, noLoad(), 10, policy.ReasonAtFloor},
		"at least above max":            {policy.AtLeast, 30, load(4), 20, policy.ReasonAtFloor},
		"at least below min":            {policy.AtLeast, 1, load(1), 2, policy.ReasonAtMin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, ordered(t, size, c.kind, c.count).evaluate(c.load), c.want, c.reason)
		})
	}
}

func TestPausedDirectionIsPausedWhateverItIsFor(t *testing.T) {
	t.Parallel()
	t.Run("in, max was lowered", func(t *testing.T) {
		t.Parallel()
		for _, wanted := range []policy.Signal{load(4), load(8), load(12)} {
			group := ordered(t, 8, policy.PauseIn, 0)
			group.spec.Max = 5
			expect(t, group.evaluate(wanted), 8, policy.ReasonPaused)
		}
	})
	t.Run("in, a schedule's ceiling", func(t *testing.T) {
		t.Parallel()
		group := ordered(t, 8, policy.PauseIn, 0)
		group.spec.Policies = append(group.spec.Policies, bounded(t, always, 0, 5))
		expect(t, group.evaluate(load(8)), 8, policy.ReasonPaused)
	})
	t.Run("out, a schedule's floor", func(t *testing.T) {
		t.Parallel()
		group := ordered(t, 8, policy.PauseOut, 0)
		group.spec.Policies = append(group.spec.Policies, bounded(t, always, 10, 0))
		expect(t, group.evaluate(load(4)), 8, policy.ReasonPaused)
	})
	t.Run("out, below min", func(t *testing.T) {
		t.Parallel()
		expect(t, ordered(t, 1, policy.PauseOut, 0).evaluate(load(4)), 1, policy.ReasonPaused)
	})
}

func TestOrdersGoTogetherWithEveryOtherGuard(t *testing.T) {
	t.Parallel()
	guards := map[string]func(*timeline){
		"cooldowns": func(g *timeline) {
			g.spec.In.Cooldown, g.spec.Out.Cooldown, g.LastServing = time.Hour, time.Hour, g.now
		},
		"stabilizations": func(g *timeline) { g.spec.In.Stabilization, g.spec.Out.Stabilization = time.Hour, time.Hour },
		"becoming":       func(g *timeline) { g.Becoming = 1 },
		"a jump":         func(g *timeline) { g.memory.Jump(g.now, 0) },
		"out only":       func(g *timeline) { g.spec.OutOnly = true },
		"rates": func(g *timeline) {
			g.spec.In.Rates, g.spec.Out.Rates = []policy.Rate{{Count: 1, Period: time.Hour}}, []policy.Rate{{Count: 1, Period: time.Hour}}
		},
		"lost load": func(g *timeline) {
			g.spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: time.Hour}
			g.memory.Load = policy.LoadMemory{Usual: 100, At: g.now, Since: g.now}
		},
	}
	for name, guard := range guards {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				kind        policy.OverrideKind
				count, want int
			}{{policy.HoldAt, 4, 4}, {policy.HoldAt, 12, 12}, {policy.AtLeast, 12, 12}, {policy.PauseAll, 0, 8}} {
				group := ordered(t, 8, c.kind, c.count)
				guard(group)
				if got := group.evaluate(load(2)); got.Desired.Count != c.want {
					t.Errorf("%s %d: got %d (%s), want %d", c.kind, c.count, got.Desired.Count, got.Reason, c.want)
				}
			}
			for _, c := range []struct {
				kind policy.OverrideKind
				load int
			}{{policy.PauseIn, 2}, {policy.PauseOut, 15}} {
				group := ordered(t, 8, c.kind, 0)
				guard(group)
				expect(t, group.evaluate(load(c.load)), 8, policy.ReasonPaused)
			}
		})
	}
}

func TestHeldGroupShrinksOnlyOnACloudThatCanBeTrusted(t *testing.T) {
	t.Parallel()
	group := ordered(t, 8, policy.HoldAt, 4)
	group.Doubtful = true
	expect(t, group.evaluate(load(4)), 8, policy.ReasonDoubt)
	group.memory.Override.Count = 12
	expect(t, group.evaluate(load(4)), 12, policy.ReasonHeld)
	group.memory.Override.Count, group.Doubtful = 4, false
	expect(t, group.evaluate(load(4)), 4, policy.ReasonHeld)
}

func TestOrderEndsWhenItSays(t *testing.T) {
	t.Parallel()
	group := ordered(t, 8, policy.PauseAll, 0)
	group.now = noon.Add(time.Hour - 1)
	expect(t, group.evaluate(load(4)), 8, policy.ReasonPaused)
	group.wait(1)
	expect(t, group.evaluate(load(4)), 4, policy.ReasonWant)
	if group.memory.Override != nil {
		t.Errorf("%+v is still kept", group.memory.Override)
	}
	unending := ordered(t, 8, policy.PauseAll, 0)
	unending.memory.Override.Until = time.Time{}
	unending.wait(10_000 * time.Hour)
	expect(t, unending.evaluate(load(4)), 8, policy.ReasonPaused)
}

func TestNewerOrderTakesThePlaceOfTheOneBeforeWithoutAGap(t *testing.T) {
	t.Parallel()
	group := ordered(t, 8, policy.HoldAt, 10)
	expect(t, group.evaluate(load(2)), 10, policy.ReasonHeld)
	group.now = noon.Add(time.Hour) // the instant at which the first one ends
	group.memory.Override = &policy.Override{Kind: policy.AtLeast, Count: 9, Since: group.now, By: "lee"}
	expect(t, group.evaluate(load(2)), 9, policy.ReasonAtFloor)
}

func TestOrderLastsAsLongAsItSaysWhenWallTimeJumps(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		group := ordered(t, 8, policy.HoldAt, 8)
		group.wait(30 * time.Minute)
		group.evaluate(load(4))
		group.wait(by)
		group.memory.Jump(group.now, by)
		group.wait(30*time.Minute - 1)
		expect(t, group.evaluate(load(4)), 8, policy.ReasonHeld)
		group.wait(1)
		if expect(t, group.evaluate(load(4)), 4, policy.ReasonWant); !group.memory.Jumped.Equal(noon.Add(30*time.Minute + by)) {
			t.Errorf("the jump is noted at %v", group.memory.Jumped)
		}
	}
}

func TestOrderIsKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	for _, kind := range policy.OverrideKinds() {
		group := ordered(t, 8, kind, 9)
		want := *group.memory.Override
		written, err := json.Marshal(group.memory)
		group.memory = policy.Memory{}
		if err != nil || json.Unmarshal(written, &group.memory) != nil || *group.memory.Override != want {
			t.Errorf("wrote %s (%v), and read %+v", written, err, group.memory.Override)
		}
		if kind.Counts() != (kind == policy.HoldAt || kind == policy.AtLeast) {
			t.Errorf("%s counts: %v", kind, kind.Counts())
		}
	}
}

func TestSchedulesAndOrdersTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		least, most int // of the schedule
		kind        policy.OverrideKind
		count       int
		load        int
		want        int
		reason      policy.Reason
	}{
		"at least more than the floor":    {6, 0, policy.AtLeast, 10, 4, 10, policy.ReasonAtFloor},
		"at least less than the floor":    {6, 0, policy.AtLeast, 5, 4, 6, policy.ReasonAtFloor},
		"at least more than the ceiling":  {0, 6, policy.AtLeast, 10, 4, 10, policy.ReasonAtFloor},
		"and more is wanted":              {0, 6, policy.AtLeast, 10, 15, 10, policy.ReasonAtCeiling},
		"hold above the ceiling":          {0, 6, policy.HoldAt, 10, 4, 10, policy.ReasonHeld},
		"hold below the floor":            {6, 0, policy.HoldAt, 3, 9, 3, policy.ReasonHeld},
		"pause while a floor is too high": {12, 0, policy.PauseAll, 0, 9, 8, policy.ReasonPaused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := ordered(t, 8, c.kind, c.count)
			group.spec.Policies = append(group.spec.Policies, bounded(t, always, c.least, c.most))
			expect(t, group.evaluate(load(c.load)), c.want, c.reason)
		})
	}
}
