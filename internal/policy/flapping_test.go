package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// swings has the group go to and fro so often, as fast as its stabilization of ten minutes
// lets it, and leaves it large.
func swings(t *testing.T, times int) *timeline {
	spec := unlimited()
	spec.In.Stabilization, spec.Gap = 10*time.Minute, time.Minute
	group := begin(t, spec, 10)
	group.repeat(time.Minute, load(10))
	for range times {
		for before := group.Size.Count; group.Size.Count == before; group.wait(10 * time.Second) {
			group.evaluate(load(4))
		}
		group.evaluate(load(10))
		group.wait(10 * time.Second)
	}
	return group
}

// waits is how long the group takes to shrink.
func waits(group *timeline) time.Duration {
	begun := group.now
	for group.Size.Count == 10 {
		if group.wait(10 * time.Second); group.now.Sub(begun) > 24*time.Hour {
			break
		}
		group.evaluate(load(4))
	}
	return group.now.Sub(begun).Round(time.Minute)
}

func TestStabilizationWidensWhenTheGroupGoesToAndFro(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		swings int // two turns each, save that the very first change turns nothing round
		want   time.Duration
	}{{0, 10 * time.Minute}, {1, 10 * time.Minute}, {2, 20 * time.Minute}, {3, 80 * time.Minute}} {
		if got := waits(swings(t, c.swings)); got != c.want {
			t.Errorf("after %d swings it waits for %v, want %v", c.swings, got, c.want)
		}
	}
}

func TestTurnsCountForSoManyOfTheSpansThatTheyMake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ago  []int // minutes before the newest turn
		want time.Duration
	}{
		"two":                                 {[]int{1}, 10 * time.Minute},
		"three within an hour":                {[]int{59, 1}, 20 * time.Minute},
		"three beyond an hour":                {[]int{60, 1}, 10 * time.Minute},
		"four within two hours":               {[]int{119, 70, 1}, 40 * time.Minute},
		"four beyond two hours":               {[]int{120, 59, 1}, 20 * time.Minute},
		"five within four hours":              {[]int{239, 180, 130, 70}, 80 * time.Minute},
		"five beyond four hours, two of late": {[]int{240, 180, 130, 70}, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := swings(t, 0)
			group.repeat(80*time.Minute, load(10))
			for _, minutes := range append(c.ago, 0) {
				group.memory.Turns = append(group.memory.Turns, group.now.Add(-time.Duration(minutes)*time.Minute))
			}
			if got := waits(group); got != c.want {
				t.Errorf("it waits for %v, want %v", got, c.want)
			}
		})
	}
}

func TestGroupThatFlapsSaysSo(t *testing.T) {
	t.Parallel()
	group := swings(t, 2)
	group.repeat(9*time.Minute, load(4))
	expect(t, group.evaluate(load(4)), 10, policy.ReasonStabilizingIn)
	group.repeat(9*time.Minute, load(4))
	expect(t, group.evaluate(load(4)), 10, policy.ReasonFlapping)
}

func TestStabilizationNeverWidensMoreThanEightfold(t *testing.T) {
	t.Parallel()
	group := swings(t, 2)
	for i := range 6 { // faster than any stabilization allows
		group.memory.Turns = append(group.memory.Turns[:min(len(group.memory.Turns), 4)], group.now.Add(-time.Duration(6-i)*time.Second))
	}
	if got := waits(group); got != 80*time.Minute {
		t.Errorf("it waits for %v, want 80m", got)
	}
}

func TestStabilizationNarrowsAsTheTurnsBecomeOld(t *testing.T) {
	t.Parallel()
	group := swings(t, 3)
	group.repeat(12*time.Hour, load(10))
	early := *group
	early.memory = group.memory.Clone()
	if got := waits(&early); got != 80*time.Minute {
		t.Errorf("half a day later it waits for %v, want 80m", got)
	}
	group.repeat(12*time.Hour, load(10))
	if got := waits(group); got != 10*time.Minute {
		t.Errorf("a quiet day later it waits for %v, want 10m", got)
	}
}

func TestGroupTurnsRoundSeldomHoweverItsLoadSwings(t *testing.T) {
	t.Parallel()
	for _, period := range []time.Duration{2 * time.Minute, 12 * time.Minute, 25 * time.Minute, 45 * time.Minute} {
		spec := unlimited()
		spec.In.Stabilization, spec.Gap = 10*time.Minute, time.Minute
		group := begin(t, spec, 10)
		turns, last := 0, 0
		for at := time.Duration(0); at < 24*time.Hour; at += 10 * time.Second {
			wanted := 10
			if at%period > period/2 {
				wanted = 4
			}
			change := group.evaluate(load(wanted)).Change()
			if change*last < 0 {
				turns++
			}
			if change != 0 {
				last = change
			}
			group.wait(10 * time.Second)
		}
		if len(group.memory.Turns) > 5 {
			t.Errorf("%d turns are kept", len(group.memory.Turns))
		}
		if plain := int(2 * 24 * time.Hour / period); turns > 16 || turns > plain {
			t.Errorf("a load that swings every %v turns the group round %d times a day, and would %d times", period, turns, plain)
		}
	}
}

func TestNoiseDoesNotTurnAGroupRound(t *testing.T) {
	t.Parallel()
	for _, level := range []float64{9.5, 10, 10.5, 11} {
		for seed := range uint64(5) {
			random := rand.New(rand.NewPCG(seed, uint64(level*10)))
			spec := unlimited()
			target := followLoad()
			target.ToleranceOut, target.ToleranceIn = 0.1, 0.1
			spec.Policies = policy.Targets(target)
			spec.In = policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute}
			group, turns, last := begin(t, spec, 10), 0, 0
			for range 24 * 360 {
				change := group.evaluate(carrying(level * (1 + 0.04*random.NormFloat64()))).Change()
				if change*last < 0 {
					turns++
				}
				if change != 0 {
					last = change
				}
				group.wait(10 * time.Second)
			}
			if turns > 2 {
				t.Errorf("seed %d: a load of %g with some noise turns the group round %d times a day", seed, level, turns)
			}
		}
	}
}

func TestChangesOneWayAreNoTurns(t *testing.T) {
	t.Parallel()
	group := swings(t, 0)
	for _, way := range []int{1, -1} {
		for i := range 6 {
			group.evaluate(load(10 + way*(i+1)))
			group.repeat(10*time.Minute, load(10+way*(i+1)))
		}
		if turns := len(group.memory.Turns); turns > 1 {
			t.Errorf("six changes in a row make %d turns", turns)
		}
	}
}

func TestTwoTurnsADayAreNoFlapping(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.In.Stabilization, spec.Gap = 10*time.Minute, time.Minute
	group := begin(t, spec, 4)
	for range 5 {
		group.repeat(12*time.Hour, load(10))
		group.repeat(10*time.Minute+10*time.Second, load(4))
		if group.Size.Count != 4 {
			t.Fatalf("at %v the group has %d, want 4", group.now, group.Size.Count)
		}
		group.repeat(12*time.Hour, load(4))
	}
}
