package policy_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// guarded follows the signal load as a group usually does, with the guard as it is by default.
func guarded() policy.Spec {
	spec := unlimited()
	target := followLoad()
	target.ToleranceOut, target.ToleranceIn = 0.1, 0.1
	spec.Min, spec.Max, spec.Policies = 1, 200, policy.Targets(target)
	spec.In = policy.Direction{Stabilization: 5 * time.Minute, Cooldown: 5 * time.Minute}
	spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: 30 * time.Minute}
	return spec
}

// carrying is the signal load with the value, in instances.
func carrying(value float64) policy.Signal { return ofGroup("load", policy.ValueAt(value, noon)) }

// sine is the load of a day after so long: from 6 to 30 instances.
func sine(after time.Duration) float64 { return 18 - 12*math.Cos(2*math.Pi*after.Hours()/24) }

// outage cuts the load off, at once or as far as a window of measuring blurs it.
type outage struct {
	begins, lasts, blur time.Duration
	left                float64 // share of the load that comes through
}

func drawOutage(random *rand.Rand, blur time.Duration) outage {
	return outage{
		begins: time.Duration(random.Int64N(int64(23*time.Hour))) + 10*time.Minute,
		lasts:  time.Minute + time.Duration(random.Int64N(int64(29*time.Minute))),
		left:   0.35 * random.Float64(),
		blur:   blur,
	}
}

func (o outage) is(after time.Duration) bool { return after >= o.begins && after < o.begins+o.lasts }

// of is the load that is seen of a load.
func (o outage) of(load float64, after time.Duration) float64 {
	if !o.is(after) {
		return load
	}
	gone := min(1, float64(after-o.begins+1)/float64(o.blur+1))
	return load * (1 - gone*(1-o.left))
}

// day plays a day with an outage and some noise.
func (o outage) day(t *testing.T, random *rand.Rand, inside func(after time.Duration, got policy.Decision)) {
	group := begin(t, guarded(), 10)
	for after := time.Duration(0); after < 25*time.Hour; after += 10 * time.Second {
		got := group.evaluate(carrying(max(0, o.of(sine(after)+random.NormFloat64(), after))))
		if o.is(after) {
			inside(after, got)
		}
		group.wait(10 * time.Second)
	}
}

func TestNobodyIsSentAwayDuringAnOutage(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0))
		o := drawOutage(random, 0)
		o.day(t, random, func(after time.Duration, got policy.Decision) {
			if got.Change() < 0 {
				t.Fatalf("seed %d: %d are sent away %v into %+v", seed, -got.Change(), after-o.begins, o)
			}
		})
	}
}

// A rate over five minutes shows within five minutes that the load is gone. Until then the
// group may shrink as the load before allows.
func TestGroupIsLargeEnoughAfterAnOutageThatIsSeenLittleByLittle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		o := drawOutage(random, time.Duration(1+seed%5)*time.Minute)
		o.day(t, random, func(after time.Duration, got policy.Decision) {
			if needed := int(0.9 * min(sine(o.begins), sine(after))); got.Desired.Count < needed {
				t.Fatalf("seed %d: %d are left %v into %+v, and the load needs %d", seed, got.Desired.Count, after-o.begins, o, needed)
			}
		})
	}
}

// decline is a genuine evening: from one level to another, within some time, in some form.
func decline(random *rand.Rand) func(time.Duration) float64 {
	high, low := 8+30*random.Float64(), 0.05+0.5*random.Float64()
	lasts := 45*time.Minute + time.Duration(random.Int64N(int64(5*time.Hour)))
	form := random.IntN(3)
	return func(after time.Duration) float64 {
		done := min(1, max(0, (after-time.Hour).Seconds()/lasts.Seconds()))
		switch form {
		case 1: // an S
			done = (1 - math.Cos(math.Pi*done)) / 2
		case 2: // exponential
			return high * math.Pow(low, done)
		}
		return high * (1 - done*(1-low))
	}
}

func TestEveningsAreNoOutages(t *testing.T) {
	t.Parallel()
	outages := 0
	for seed := range uint64(90) {
		random := rand.New(rand.NewPCG(seed, 1))
		group, level := begin(t, guarded(), 10), decline(random)
		held := false
		for after := time.Duration(0); after < 8*time.Hour; after += 10 * time.Second {
			group.evaluate(carrying(level(after) * (1 + 0.08*random.NormFloat64())))
			held = held || !group.memory.Load.Since.IsZero()
			group.wait(10 * time.Second)
		}
		if held {
			t.Logf("seed %d: held", seed)
			outages++
		}
	}
	if outages > 1 {
		t.Errorf("%d of 90 evenings count as outages", outages)
	}
}

func TestGenuineFallIsReleased(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	lost := group.now.Add(10 * time.Second)
	group.wait(10 * time.Second)
	expect(t, group.repeat(30*time.Minute-10*time.Second, load(1)), 10, policy.ReasonLoadLost)
	group.now = lost.Add(30*time.Minute - 1)
	expect(t, group.evaluate(load(1)), 10, policy.ReasonLoadLost)
	group.wait(1)
	expect(t, group.evaluate(load(1)), 1, policy.ReasonWant)
}

func TestLoadIsLostWhenItFallsByTheShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after float64
		lost          bool
	}{
		{10, 4.01, false}, {10, 4, true}, {10, 0, true}, {2, 0.8, true},
		{1.99, 0, false}, // of so little nobody can tell
	} {
		group := begin(t, guarded(), 10)
		group.repeat(time.Hour, carrying(c.before))
		group.wait(10 * time.Second)
		group.evaluate(carrying(c.after))
		if lost := !group.memory.Load.Since.IsZero(); lost != c.lost {
			t.Errorf("from %g to %g: lost is %v", c.before, c.after, lost)
		}
	}
}

func TestLoadIsBackWhenHalfOfWhatWasLostIs(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	for _, c := range []struct {
		load   float64
		reason policy.Reason
	}{{1, policy.ReasonLoadLost}, {4.5, policy.ReasonLoadLost}, {7, policy.ReasonLoadLost}, {7.01, policy.ReasonWant}} {
		group.wait(6 * time.Minute)
		group.spec.Gap, group.spec.In.Stabilization, group.Size.Count = time.Hour, 0, 10
		if got := group.evaluate(carrying(c.load)); got.Reason != c.reason {
			t.Errorf("at %g: %s, want %s", c.load, got.Reason, c.reason)
		}
	}
}

func TestSingleSpikeIsNoLoad(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	group.wait(10 * time.Second)
	group.evaluate(load(40))
	group.wait(10 * time.Second)
	group.evaluate(load(10))
	if !group.memory.Load.Since.IsZero() {
		t.Error("the load counts as lost after one reading that was too high")
	}
}

// evening lets nine tenths of the load of ten instances vanish within ten seconds, and says for how long
// nobody was sent away. Then a night and a day pass.
func evening(group *timeline) time.Duration {
	group.repeat(time.Hour, load(10))
	begun := group.now
	for group.Size.Count == 10 {
		group.wait(10 * time.Second)
		group.evaluate(load(1))
	}
	waited := group.now.Sub(begun).Round(time.Minute)
	group.repeat(10*time.Hour, load(1))
	group.wait(13*time.Hour - waited)
	return waited
}

func TestLoadThatFallsFarEveryEveningDelaysShrinkingOnce(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	for day := range 60 {
		waited, want := evening(group), 5*time.Minute
		if day == 0 {
			want = 30 * time.Minute
		}
		if waited != want {
			t.Fatalf("on day %d nobody is sent away for %v, want %v", day, waited, want)
		}
	}
}

// An outage that was waited out is not to make the next one ordinary.
func TestLoadThatVanishesAltogetherIsHeldEachTime(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	for day := range 3 {
		group.repeat(time.Hour, load(10))
		group.wait(10 * time.Second)
		expect(t, group.repeat(25*time.Minute, load(0)), 10, policy.ReasonLoadLost)
		group.repeat(time.Hour, load(0))
		if group.Size.Count > group.spec.Min {
			t.Fatalf("on day %d it still has %d after the release", day, group.Size.Count)
		}
		group.wait(21 * time.Hour)
	}
}

func TestLoadOfHoursAgoIsNotComparedWith(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	group.wait(8 * time.Hour)
	if group.evaluate(load(3)); !group.memory.Load.Since.IsZero() {
		t.Errorf("the night's load counts as lost: %+v", group.memory.Load)
	}
}

func TestFallThatGoesOnAfterItsReleaseIsNotWaitedForAgain(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 20)
	group.repeat(time.Hour, load(20))
	group.wait(10 * time.Second)
	group.repeat(30*time.Minute, load(8))
	group.wait(10 * time.Second)
	if group.evaluate(load(5)); !group.memory.Load.Since.IsZero() {
		t.Errorf("it is lost again: %+v", group.memory.Load)
	}
}

func TestLostLoadIsReleasedInTimeWhenWallTimeJumps(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		group := begin(t, guarded(), 10)
		group.repeat(time.Hour, load(10))
		group.wait(10 * time.Second)
		group.repeat(10*time.Minute, load(1))
		group.wait(by)
		group.memory.Jump(group.now, by)
		group.wait(10 * time.Second)
		expect(t, group.repeat(20*time.Minute-20*time.Second, load(1)), 10, policy.ReasonLoadLost)
		group.wait(10 * time.Second)
		expect(t, group.evaluate(load(1)), 1, policy.ReasonWant)
	}
}

func TestWhatWasLearnedOfFallsFades(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		days int
		want time.Duration
	}{{1, 5 * time.Minute}, {2, 5 * time.Minute}, {4, 30 * time.Minute}, {60, 30 * time.Minute}} {
		group := begin(t, guarded(), 10)
		evening(group)
		for range c.days - 1 {
			group.repeat(time.Hour, load(10))
			group.wait(23 * time.Hour)
		}
		if got := evening(group); got != c.want {
			t.Errorf("%d days later nobody is sent away for %v, want %v", c.days, got, c.want)
		}
	}
}

// A load that is lost little by little is not to make its own loss ordinary.
func TestOrdinaryFallsAreLearnedOnlyByWaitingForThem(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 20)
	group.memory.Load = policy.LoadMemory{Ordinary: 0.55, Learned: noon}
	group.repeat(time.Hour, load(20))
	for left := 20.0; left > 0; left -= 0.7 { // five minutes
		group.wait(10 * time.Second)
		group.evaluate(carrying(left))
	}
	if group.memory.Load.Since.IsZero() {
		t.Errorf("the load is gone and does not count as lost: %+v", group.memory.Load)
	}
}

func TestDeepestFallIsLearned(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	group.wait(10 * time.Second)
	group.repeat(20*time.Minute, carrying(1)) // 90%
	group.repeat(11*time.Minute, carrying(3))
	if got := group.memory.Load.Ordinary; math.Abs(got-0.9) > 0.01 {
		t.Errorf("learned a fall of %g, want 0.9", got)
	}
}

func TestTimeInWhichNobodyLookedMakesNoLossUsual(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string]func(*timeline){
		"down":         func(g *timeline) { g.wait(20 * time.Minute) },
		"without data": func(g *timeline) { g.wait(10 * time.Second); g.repeat(20*time.Minute, noLoad()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := begin(t, guarded(), 10)
			group.repeat(time.Hour, load(10))
			missing(group)
			group.evaluate(load(1))
			group.wait(10 * time.Second)
			expect(t, group.repeat(20*time.Minute, load(1)), 10, policy.ReasonLoadLost)
		})
	}
}

func TestLoadIsWatchedOnlyWhenAllCanTell(t *testing.T) {
	t.Parallel()
	spec := guarded()
	spec.Policies = append(spec.Policies, policy.Targets(policy.Target{Name: "rate", Signal: "rate", Value: 1, Quorum: 1})...)
	group := begin(t, spec, 3)
	rate := func(value float64) policy.Signal { return ofGroup("rate", policy.ValueAt(value, noon)) }
	group.repeat(time.Hour, load(3), rate(10))
	group.Size.Count = 3
	group.evaluate(load(4), ofGroup("rate", policy.Missing(policy.Failed, noon))) // it grows, on what there is
	if !group.memory.Load.Since.IsZero() {
		t.Error("a signal that cannot be read counts as lost load")
	}
	group.wait(10 * time.Second)
	group.evaluate(load(1), rate(1))
	if group.memory.Load.Since.IsZero() {
		t.Error("the load of all signals is gone, and does not count as lost")
	}
}

func TestUnreadableInstancesAreNoLostLoad(t *testing.T) {
	t.Parallel()
	spec := guarded()
	target := holdAt50()
	target.Quorum = 0.1
	spec.Policies = policy.Targets(target)
	group := begin(t, spec, 10)
	group.repeat(time.Hour, ofInstances(readings(10, 50)))
	group.wait(10 * time.Second)
	group.evaluate(ofInstances(readings(2, 50), missing(8, policy.Failed)))
	if !group.memory.Load.Since.IsZero() {
		t.Error("eight of ten that cannot be read count as lost load")
	}
	group.wait(10 * time.Second)
	group.evaluate(ofInstances(readings(2, 5), missing(8, policy.Failed)))
	if group.memory.Load.Since.IsZero() {
		t.Error("the load of those that can be read is gone, and does not count as lost")
	}
}

func TestInstancesOnTheirWayCarryNothing(t *testing.T) {
	t.Parallel()
	spec := guarded()
	spec.Policies = policy.Targets(holdAt50())
	group := begin(t, spec, 4)
	group.repeat(time.Minute, ofInstances(readings(4, 90)))
	for range 60 {
		group.Size.Count, group.Becoming = 12, 8
		group.evaluate(ofInstances(readings(4, 90), missing(8, policy.Warming)))
		group.wait(10 * time.Second)
	}
	group.Size.Count, group.Becoming = 12, 0
	group.wait(10 * time.Second)
	group.evaluate(ofInstances(readings(12, 30)))
	if !group.memory.Load.Since.IsZero() {
		t.Error("a load that twelve carry as four did before counts as lost")
	}
}

func TestGroupGrowsAlsoWhileItsLoadIsLost(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	group.wait(10 * time.Second)
	group.evaluate(load(1))
	group.Size.Count = 2
	group.wait(10 * time.Second)
	expect(t, group.evaluate(load(3)), 3, policy.ReasonWant)
}

func TestGuardThatIsSwitchedOffForgets(t *testing.T) {
	t.Parallel()
	group := begin(t, guarded(), 10)
	group.repeat(time.Hour, load(10))
	group.wait(10 * time.Second)
	expect(t, group.evaluate(load(1)), 10, policy.ReasonLoadLost)
	group.spec.LoadLoss.Release = 0
	group.wait(10 * time.Second)
	if got := group.evaluate(load(1)); got.Reason == policy.ReasonLoadLost || group.memory.Load != (policy.LoadMemory{}) {
		t.Errorf("got %s, and it remembers %+v", got.Reason, group.memory.Load)
	}
}
