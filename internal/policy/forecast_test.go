package policy_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// ahead is a group without guards that forecasts the signal load, of which an instance is to
// carry one at most. While the outlook abstains, it reacts at a half.
func ahead(beside ...policy.Rule) policy.Spec {
	spec := unlimited()
	spec.Min, spec.Max, spec.Type = 1, 40, "V40"
	spec.Policies = append([]policy.Rule{{Name: "forecast", Forecast: &policy.Forecast{
		Signal: "load", Value: 1, Quorum: 1, Budget: 0.01, Fallback: 0.5, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
	}}}, beside...)
	return spec
}

// outlook says that so many will be needed in ten minutes.
func outlook(count int) policy.Outlook {
	return policy.Outlook{
		Policy: "forecast", Count: count, Within: 10 * time.Minute, Load: 7.25, Expected: 9.8, Low: 7.9, High: 11.6, By: "the last readings", Error: 0.04,
		Short: 0.008, Costs: []policy.Cost{{Short: 0.05, Ratio: 1.5}, {Short: 0.01, Ratio: 2.55}},
	}
}

// silent is an outlook that abstains.
func silent(why policy.Silence) policy.Outlook {
	return policy.Outlook{Policy: "forecast", Abstains: why, Within: 10 * time.Minute}
}

// decideWith decides at noon, with the outlooks, for a group without a past.
func decideWith(spec policy.Spec, observed policy.Observation, outlooks ...policy.Outlook) policy.Decision {
	in := observed.Inputs()
	in.Outlooks = outlooks
	return policy.Decide(&spec, &in, noon, &policy.Memory{})
}

func TestAForecastHasWhatWillBeNeededInTime(t *testing.T) {
	t.Parallel()
	near := func(count, soon int) policy.Outlook {
		o := outlook(count)
		o.Soon, o.Back = soon, 3*time.Minute
		return o
	}
	morning := func(begin string) policy.Rule {
		return bounded(t, schedule.Spec{Cron: begin, Zone: "UTC", For: time.Hour}, 9, 0)
	}
	for name, c := range map[string]struct {
		load    int
		standby int
		beside  []policy.Rule
		outlook policy.Outlook
		want    int
	}{
		"more than now":                                 {5, 0, nil, outlook(8), 8},
		"less than now":                                 {5, 0, nil, outlook(3), 5},
		"fewer than there are":                          {3, 0, nil, outlook(4), 4},
		"those that stand by come back sooner":          {3, 2, nil, near(8, 4), 6},
		"but are needed soon":                           {3, 6, nil, near(8, 5), 5},
		"nobody says how soon they are":                 {3, 2, nil, outlook(8), 8},
		"a schedule begins before an order serves":      {3, 0, []policy.Rule{morning("10 12 * * *")}, outlook(4), 9},
		"a schedule begins later":                       {3, 0, []policy.Rule{morning("11 12 * * *")}, outlook(4), 4},
		"a schedule that those who stand by are for":    {3, 2, []policy.Rule{morning("10 12 * * *")}, near(4, 4), 7},
		"a schedule begins before those are back":       {3, 2, []policy.Rule{morning("3 12 * * *")}, near(4, 4), 9},
		"a schedule ends and begins anew meanwhile":     {3, 0, []policy.Rule{bounded(t, schedule.Spec{Zone: "UTC", Dates: []string{"2026-04-01 11:00/2026-04-01 12:02", "2026-04-01 12:05/2026-04-01 13:00"}}, 9, 0)}, outlook(4), 9},
		"a schedule that holds already is its own rule": {3, 0, []policy.Rule{morning("30 11 * * *")}, outlook(4), 9},
		"a ceiling begins, and is no reason for more":   {3, 0, []policy.Rule{bounded(t, schedule.Spec{Cron: "5 12 * * *", Zone: "UTC", For: time.Hour}, 0, 20)}, outlook(4), 4},
		"a floor above max":                             {3, 0, []policy.Rule{bounded(t, schedule.Spec{Cron: "5 12 * * *", Zone: "UTC", For: time.Hour}, 400, 0)}, outlook(4), 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := policy.Observation{Size: policy.Size{Count: 5}, Standby: c.standby, Signals: []policy.Signal{load(c.load)}}
			if got := decideWith(ahead(c.beside...), observed, c.outlook); got.Desired.Count != c.want {
				t.Errorf("it gets %d, want %d: %s", got.Desired.Count, c.want, got.Recommendations[0])
			}
		})
	}
}

func TestAForecastThatAbstainsReactsOrIsSilent(t *testing.T) {
	t.Parallel()
	mute := ahead()
	mute.Policies[0].Forecast.Fallback = 0
	beside := ahead(policy.Targets(followLoad())...)
	beside.Policies[0].Forecast.Fallback = 0
	for name, c := range map[string]struct {
		spec     policy.Spec
		outlooks []policy.Outlook
		verdict  policy.Verdict
		want     int
	}{
		"it reacts":                      {ahead(), []policy.Outlook{silent(policy.SilenceRecord)}, policy.Want, 8},
		"it reacts, nothing is foreseen": {ahead(), nil, policy.Want, 8},
		"it is silent":                   {mute, []policy.Outlook{silent(policy.SilenceYoung)}, policy.Abstain, 6},
		"it is silent beside another":    {beside, []policy.Outlook{silent(policy.SilenceBlind)}, policy.Abstain, 4},
		"the outlook is another rule's":  {mute, []policy.Outlook{{Policy: "other", Count: 9}}, policy.Abstain, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := policy.Observation{Size: policy.Size{Count: 6}, Signals: []policy.Signal{load(4)}}
			got := decideWith(c.spec, observed, c.outlooks...)
			if r := got.Recommendations[0]; r.Verdict != c.verdict || got.Desired.Count != c.want {
				t.Errorf("it gets %d, want %d: %s %s, want %s", got.Desired.Count, c.want, r.Verdict, r, c.verdict)
			}
		})
	}
}

func TestAForecastWithoutDataGrowsAGroupAndNeverShrinksIt(t *testing.T) {
	t.Parallel()
	few := ofInstances(readings(3, 0.1), missing(5, policy.Failed))
	few.Name = "load"
	for name, signal := range map[string]policy.Signal{"nothing is known": noLoad(), "too few are": few, "it is doubted": ofGroup("load", policy.Doubted(2, policy.Frozen, noon))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := policy.Observation{Size: policy.Size{Count: 8}, Signals: []policy.Signal{signal}}
			expect(t, decideWith(ahead(), observed, outlook(11)), 11, policy.ReasonWant)
			expect(t, decideWith(ahead(), observed, outlook(2)), 8, policy.ReasonUnknown)
			expect(t, decideWith(ahead(), observed, silent(policy.SilenceBlind)), 8, policy.ReasonUnknown)
		})
	}
}

func TestInstancesOnTheirWayCarryNothingThatAForecastMisses(t *testing.T) {
	t.Parallel()
	cpu := ofInstances(readings(6, 0.5), missing(4, policy.Warming))
	cpu.Name, cpu.Ceiling = "load", 1
	observed := policy.Observation{Size: policy.Size{Count: 10}, Becoming: 4, Signals: []policy.Signal{cpu}}
	if r := decideWith(ahead(), observed, outlook(2)).Recommendations[0]; r.Count != 3 || r.Load != 3 {
		t.Errorf("with six at a half and four on their way it wants %d and sees a load of %g, want 3", r.Count, r.Load)
	}
	observed.Becoming = 1 // the others serve, and warm up
	if r := decideWith(ahead(), observed, outlook(2)).Recommendations[0]; r.Count != 6 {
		t.Errorf("with three more that serve and cannot be read it wants %d, want 6", r.Count)
	}
}

func TestWhatTheGroupsMeanShowsInstancesThatSettleCarryToo(t *testing.T) {
	t.Parallel()
	spec := ahead()
	spec.Policies[0].Forecast.Each = true
	mean := policy.Signal{Name: "load", Group: policy.ValueAt(1.5*spec.Policies[0].Forecast.Value, noon)}
	observed := policy.Observation{Size: policy.Size{Count: 4}, Becoming: 2, Settling: 2, Signals: []policy.Signal{mean}}
	if r := decideWith(spec, observed, outlook(2)).Recommendations[0]; r.Count != 6 || r.Load != 6 || r.Foreseen.Load != 6 {
		t.Errorf("four that are half as full again as they may be, of which two settle, carry %g (%g), and it wants %d, want 6", r.Load, r.Foreseen.Load, r.Count)
	}
}

// What is wanted without the forecast is wanted with it, and one that is silent changes
// nothing. Beside schedules alone, which want their floor, it keeps the group from shrinking.
func TestAForecastOnlyAdds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		without := drawKinds(t, false)
		without.Policies = slices.DeleteFunc(without.Policies, func(r policy.Rule) bool { return r.Forecast != nil })
		with := without
		rule := drawForecastRule(t, false)
		rule.Name = "forecast"
		with.Policies = append(slices.Clone(without.Policies), rule)
		s := drawScene(t, drawStatistic(t), noon)
		in := policy.Observation{Size: policy.Size{Count: rapid.IntRange(1, 20).Draw(t, "size")}, Signals: s.signals(8)}.Inputs()
		foresee(&with, &in, s.outlook)
		plain, extended := policy.Decide(&without, &in, noon, &policy.Memory{}), policy.Decide(&with, &in, noon, &policy.Memory{})
		wants := slices.ContainsFunc(plain.Recommendations, func(r policy.Recommendation) bool { return r.Verdict == policy.Want && r.Signal != "" })
		if wants && extended.Wanted < plain.Wanted {
			t.Fatalf("%d are wanted, and %d with a forecast: %v", plain.Wanted, extended.Wanted, extended.Recommendations)
		}
		others := slices.ContainsFunc(without.Policies, func(r policy.Rule) bool { return r.Schedule == nil })
		if silent := extended.Recommendations[len(without.Policies)].Verdict == policy.Abstain; silent && others && extended.Desired != plain.Desired || extended.Desired.Count < plain.Desired.Count && wants {
			t.Fatalf("%v are decided, and %v with a forecast: %v", plain.Desired, extended.Desired, extended.Recommendations)
		}
	})
}

func TestAForecastOfOneWayKeepsToIt(t *testing.T) {
	t.Parallel()
	spec := ahead(policy.Targets(followLoad())...)
	spec.Policies[0].Only = policy.OnlyOut
	observed := policy.Observation{Size: policy.Size{Count: 9}, Signals: []policy.Signal{load(3)}}
	expect(t, decideWith(spec, observed, outlook(12)), 12, policy.ReasonWant)
	expect(t, decideWith(spec, observed, outlook(6)), 6, policy.ReasonProjected) // it would have it grow again
	spec.Policies[0].Only = policy.OnlyIn
	expect(t, decideWith(spec, observed, outlook(12)), 9, policy.ReasonSteady)
	expect(t, decideWith(spec, observed, outlook(6)), 6, policy.ReasonWant)
}

// foreseeing is a group that is evaluated each minute on a load and an outlook.
type foreseeing struct{ *timeline }

func (g foreseeing) minute(shown policy.Signal, outlooks ...policy.Outlook) policy.Decision {
	g.wait(time.Minute)
	g.Signals = []policy.Signal{shown}
	in := g.Inputs()
	in.Outlooks = outlooks
	decision := policy.Decide(&g.spec, &in, g.now, &g.memory)
	g.Size = decision.Desired
	return decision
}

func (g foreseeing) minutes(n int, shown policy.Signal, outlooks ...policy.Outlook) (last policy.Decision) {
	for range n {
		last = g.minute(shown, outlooks...)
	}
	return last
}

// windowed is a group that forecasts, with a window of stabilization, in which forecasts have
// led for long.
func windowed(t *testing.T, beside ...policy.Rule) foreseeing {
	spec := ahead(beside...)
	spec.In.Stabilization, spec.Gap = 10*time.Minute, 3*time.Minute
	g := foreseeing{begin(t, spec, 8)}
	g.minutes(15, load(7), outlook(8))
	return g
}

func TestWhatIsPlannedIsNotHeldForASecondSpan(t *testing.T) {
	t.Parallel()
	g := windowed(t)
	g.minute(load(7), outlook(12))
	expect(t, g.minute(load(6), outlook(7)), 7, policy.ReasonWant)
}

func TestAGroupWaitsForTheSpanWhereNotForecastsAloneHaveLedIt(t *testing.T) {
	t.Parallel()
	t.Run("a target has a say", func(t *testing.T) {
		t.Parallel()
		g := windowed(t, policy.Targets(followLoad())...)
		expect(t, g.minute(load(5), outlook(6)), 8, policy.ReasonStabilizingIn)
	})
	t.Run("one had it within the span", func(t *testing.T) {
		t.Parallel()
		hot := threshold(1, above("load", 9))
		g := windowed(t, policy.Rule{Name: "hot", Threshold: &hot})
		g.minute(load(10), outlook(8))
		expect(t, g.minutes(9, load(5), outlook(6)), 10, policy.ReasonStabilizingIn)
		expect(t, g.minute(load(5), outlook(6)), 6, policy.ReasonWant)
	})
	t.Run("the outlook fell silent", func(t *testing.T) {
		t.Parallel()
		g := windowed(t)
		expect(t, g.minute(load(2), silent(policy.SilenceRecord)), 8, policy.ReasonStabilizingIn)
	})
	t.Run("it fell silent in between", func(t *testing.T) {
		t.Parallel()
		g := windowed(t)
		g.minute(load(4), silent(policy.SilenceRecord))
		expect(t, g.minute(load(2), outlook(3)), 8, policy.ReasonStabilizingIn)
	})
	t.Run("nothing was read for longer than the gap", func(t *testing.T) {
		t.Parallel()
		g := windowed(t)
		g.minutes(4, noLoad(), outlook(8))
		expect(t, g.minute(load(2), outlook(3)), 8, policy.ReasonStabilizingIn)
	})
	t.Run("it never led before", func(t *testing.T) {
		t.Parallel()
		spec := windowed(t).spec
		g := foreseeing{begin(t, spec, 8)}
		expect(t, g.minute(load(2), outlook(3)), 8, policy.ReasonStabilizingIn)
	})
}

// The plans of this test know what comes, give or take a tenth. The default guards are to
// cost little more than the plans themselves.
func TestGuardsMakeAForecastHardlyDearer(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const lead, days = 10, 7
	random := rand.New(rand.NewPCG(seed, 0))
	loads := make([]float64, days*24*60+lead)
	for i := range loads {
		loads[i] = 12 - 8*math.Cos(2*math.Pi*float64(i)/(24*60)) + random.NormFloat64()
	}
	spec := ahead()
	spec.Interval, spec.Gap = time.Minute, 4*time.Minute
	spec.In = policy.Direction{Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute}
	spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: 30 * time.Minute}
	g := foreseeing{begin(t, spec, 10)}
	var plans [lead + 1]int
	var joins []int // when those on their way serve
	planned, had := 0, 0
	for i := range len(loads) - lead {
		plans[i%len(plans)] = int(math.Ceil(loads[i+lead] * (1 + 0.1*random.NormFloat64())))
		plan := max(1, slices.Max(plans[:]))
		for len(joins) > 0 && joins[0] <= i {
			g.LastServing, joins = g.now, joins[1:]
		}
		g.Becoming = len(joins)
		serving := g.Size.Count - len(joins)
		shown := ofInstances(readings(serving, loads[i]/float64(serving)), missing(len(joins), policy.Warming))
		shown.Name = "load"
		change := g.minute(shown, policy.Outlook{Policy: "forecast", Count: plan, Within: lead * time.Minute}).Change()
		for range change {
			joins = append(joins, i+lead)
		}
		joins = joins[:max(0, len(joins)+min(0, change))] // the newest go first
		planned, had = planned+plan, had+g.Size.Count
	}
	if dearer := float64(had)/float64(planned) - 1; dearer > 0.04 {
		t.Errorf("the guards make it %.1f %% dearer than its plans", 100*dearer)
	} else {
		t.Logf("%.2f %% dearer than its plans", 100*dearer)
	}
}

// A load counts in the same instances whether the outlook speaks or not: else to fall silent
// would look like a change of the load.
func TestALoadIsNotLostWhenAnOutlookBeginsToSpeak(t *testing.T) {
	t.Parallel()
	spec := ahead()
	spec.LoadLoss = policy.LoadLoss{Fall: 0.3, Release: time.Hour}
	g := foreseeing{begin(t, spec, 20)}
	before := g.minutes(10, load(10), silent(policy.SilenceYoung))
	after := g.minute(load(10), outlook(11))
	if got, want := after.Recommendations[0].Load, before.Recommendations[0].Load; got != want || got != 10 {
		t.Errorf("a load of 10 is taken for %g, and for %g while it is silent", got, want)
	}
	expect(t, after, 11, policy.ReasonWant)
	expect(t, g.minute(load(3), outlook(4)), 11, policy.ReasonLoadLost)
}

func TestAnOutlookThatHoldsTheCountTurnsWhereTheLoadExceedsIt(t *testing.T) {
	t.Parallel()
	spec := ahead()
	in := policy.Observation{Size: policy.Size{Count: 8}, Signals: []policy.Signal{load(5)}}.Inputs()
	in.Outlooks = []policy.Outlook{outlook(8)}
	e := policy.Explain(&spec, &in, noon, policy.Memory{})
	if e.Nearest == nil || math.Abs(e.Nearest.To-8) > 1e-6 || e.Nearest.Desired != 9 {
		t.Fatalf("what turns it: %+v, want a load just above 8", e.Nearest)
	}
}

func TestAForecastSaysWhatItRestsOn(t *testing.T) {
	t.Parallel()
	overdrawn, repaid, repays, level := outlook(12), outlook(12), outlook(12), outlook(12)
	overdrawn.Short, overdrawn.Repays = 0.02, true
	repaid.Short, repays.Repays = 0.02, true
	level.Costs = []policy.Cost{{Short: 0.05, Ratio: 1.15}, {Short: 0.02, Ratio: 1.15}, {Short: 0.01, Ratio: 1.15}, {Short: 0.005, Ratio: 1.2}}
	free := outlook(12)
	free.Costs = []policy.Cost{{Short: 0.05, Ratio: 1}, {Short: 0.0125, Ratio: 1}}
	brief := policy.Outlook{Policy: "forecast", Count: 12, Within: 90 * time.Minute, Load: 7.25, Expected: 9.8}
	sure := ahead()
	sure.Policies[0].Forecast.Budget, sure.Policies[0].Forecast.Quantile = 0, 0.99
	mute := ahead()
	mute.Policies[0].Forecast.Fallback = 0
	morning := ahead(bounded(t, schedule.Spec{Cron: "5 12 * * *", Zone: "UTC", For: time.Hour}, 15, 0))
	for name, c := range map[string]struct {
		spec    policy.Spec
		load    policy.Signal
		outlook policy.Outlook
		words   []string
	}{
		"it speaks": {ahead(), load(5), outlook(12), []string{
			"policy forecast wants 12: 5 instances' worth now, 9.8 (7.9 to 11.6) expected in 10m by the last readings, error 4% of late; reaction alone would have 10",
			"  short 0.8% of the time of late, within its budget of 1%",
			"  what budgets cost here: at most 5% short needs 1.5 × the ideal, at most 1% short needs 2.55 × the ideal",
		}},
		"it has overdrawn its budget":  {ahead(), load(5), overdrawn, []string{"  short 2% of the time of late, above its budget of 1%; it plans for more until that is made good"}},
		"it is above, and repaid":      {ahead(), load(5), repaid, []string{"  short 2% of the time of late, above its budget of 1%"}},
		"it is within, and yet repays": {ahead(), load(5), repays, []string{"  short 0.8% of the time of late, within its budget of 1%; it plans for more until that is made good"}},
		"some budgets cost the same":   {ahead(), load(5), level, []string{"  what budgets cost here: at most 5% to 1% short needs 1.15 × the ideal, at most 0.5% short needs 1.2 × the ideal"}},
		"all budgets cost the same":    {ahead(), load(5), free, []string{"  what budgets cost here: at most 5% to 1.25% short needs 1 × the ideal"}},
		"it is to be sure":             {sure, load(5), outlook(12), []string{"  short 0.8% of the time of late, with plans of which 99% are to suffice"}},
		"nobody asked for details":     {ahead(), load(5), brief, []string{"policy forecast wants 12: 5 instances' worth now, 9.8 expected in 1h30m; reaction alone would have 10"}},
		"a schedule is ahead": {morning, load(5), outlook(12), []string{
			"policy forecast wants 15: 5 instances' worth now, 9.8 (7.9 to 11.6) expected in 10m by the last readings, error 4% of late; a schedule that begins at 2026-04-01T12:05:00Z wants 15; reaction alone would have 10",
		}},
		"it reacts":       {ahead(), load(5), silent(policy.SilenceRecord), []string{"policy forecast abstains (bad_record: reaction alone would have served better of late), holds load at 0.5 as a target: it is 5, wants 10"}},
		"it is silent":    {mute, load(5), silent(policy.SilenceYoung), []string{"policy forecast abstains (young: too little was seen as yet)"}},
		"it cannot react": {ahead(), noLoad(), silent(policy.SilenceBlind), []string{"policy forecast abstains (no_data: nothing has been read for long), and cannot tell as a target: load is failed on 0 of 1"}},
		"it cannot tell": {ahead(), noLoad(), outlook(2), []string{
			"policy forecast cannot tell: load is failed; 9.8 instances' worth (7.9 to 11.6) expected in 10m by the last readings, error 4% of late; reaction alone would have 9",
			"  short 0.8% of the time of late, within its budget of 1%",
		}},
		"it cannot tell, and wants more": {ahead(), noLoad(), outlook(12), []string{
			"policy forecast wants 12: load is failed; 9.8 instances' worth (7.9 to 11.6) expected in 10m by the last readings, error 4% of late; reaction alone would have 9",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := policy.Observation{Size: policy.Size{Count: 9}, Signals: []policy.Signal{c.load}}.Inputs()
			in.Outlooks = []policy.Outlook{c.outlook}
			words := policy.Explain(&c.spec, &in, noon, policy.Memory{}).Words()
			for _, want := range c.words {
				if !slices.Contains(words, want) {
					t.Errorf("no line says %q:\n%s", want, strings.Join(words, "\n"))
				}
			}
		})
	}
}

func TestAForecastSaysWhichOfItsTwoLeadsThePlanRestsOn(t *testing.T) {
	t.Parallel()
	morning := ahead(bounded(t, schedule.Spec{Cron: "5 12 * * *", Zone: "UTC", For: time.Hour}, 15, 0))
	for name, c := range map[string]struct {
		spec          policy.Spec
		standby, soon int
		says          string
	}{
		"what is ordered":   {ahead(), 2, 4, "wants 6: 3 instances' worth now, 9.8 expected in 10m; needed are 4 in 3m, when those that stand by are back, and 8 in 10m, of which 2 stand by: 6 are planned; reaction alone would have 6"},
		"what stands by":    {ahead(), 6, 5, "wants 5: 3 instances' worth now, 9.8 expected in 10m; needed are 8 in 10m, of which 6 stand by, and 5 in 3m, when those that stand by are back: 5 are planned; reaction alone would have 6"},
		"more stand by":     {ahead(), 9, 5, "of which 8 stand by, and 5 in 3m, when those that stand by are back: 5 are planned;"},
		"a schedule":        {morning, 2, 4, "wants 13: 3 instances' worth now, 9.8 expected in 10m; needed are 4 in 3m, when those that stand by are back, and 8 in 10m, of which 2 stand by; a schedule that begins at 2026-04-01T12:05:00Z wants 13;"},
		"none has a word":   {ahead(), 2, 0, "wants 8: 3 instances' worth now, 9.8 expected in 10m; reaction alone would have 6"},
		"nothing stands by": {ahead(), 0, 4, "wants 8: 3 instances' worth now, 9.8 expected in 10m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := policy.Outlook{Policy: "forecast", Count: 8, Within: 10 * time.Minute, Soon: c.soon, Back: 3 * time.Minute, Expected: 9.8}
			observed := policy.Observation{Size: policy.Size{Count: 5}, Standby: c.standby, Signals: []policy.Signal{load(3)}}
			if says := decideWith(c.spec, observed, o).Recommendations[0].String(); !strings.Contains(says, c.says) {
				t.Errorf("it says %s\nwant %s", says, c.says)
			}
		})
	}
}

// What is not ordered at an evaluation is ordered at the next at the earliest.
func TestASchedulesFloorIsThereAlthoughTheGroupIsEvaluatedNowAndThen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begins  string
		standby int
		want    int
	}{
		"the next evaluation would be late":                    {"14 12 * * *", 0, 9},
		"the next evaluation is in time":                       {"16 12 * * *", 0, 4},
		"the next would have those that stand by late":         {"7 12 * * *", 2, 9},
		"the next is in time for those that stand by":          {"9 12 * * *", 2, 7},
		"the next would be late for what has to be ordered":    {"14 12 * * *", 2, 7},
		"the next would be late, by as much as it has":         {"15 12 * * *", 0, 9},
		"the next would have those late, by as much as it has": {"8 12 * * *", 2, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := ahead(bounded(t, schedule.Spec{Cron: c.begins, Zone: "UTC", For: time.Hour}, 9, 0))
			spec.Interval = 5 * time.Minute
			o := outlook(4)
			o.Soon, o.Back = 4, 3*time.Minute
			observed := policy.Observation{Size: policy.Size{Count: 4}, Standby: c.standby, Signals: []policy.Signal{load(3)}}
			if got := decideWith(spec, observed, o); got.Desired.Count != c.want {
				t.Errorf("it gets %d, want %d: %s", got.Desired.Count, c.want, got.Recommendations[0])
			}
		})
	}
}

func TestSharesOfAllSizesAreWrittenAsPeopleDo(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{0: "0%", 0.01: "1%", 0.07: "7%", 0.0042: "0.42%", 0.0231: "2.31%", 0.999: "99.9%", 0.9995: "99.95%", 1: "100%", 12: "1200%"} {
		if got := policy.Percent(share); got != want {
			t.Errorf("%v is written %s, want %s", share, got, want)
		}
	}
}

// A forecaster overwrites its outlooks, and a decision is kept.
func TestADecisionKeepsItsOutlook(t *testing.T) {
	t.Parallel()
	spec := ahead()
	in := policy.Observation{Size: policy.Size{Count: 5}, Signals: []policy.Signal{load(5)}}.Inputs()
	in.Outlooks = []policy.Outlook{outlook(8)}
	decision := policy.Decide(&spec, &in, noon, &policy.Memory{})
	before := fmt.Sprintf("%+v", *decision.Recommendations[0].Foreseen)
	in.Outlooks[0].Count, in.Outlooks[0].Costs[0].Ratio = 1, 99
	if after := fmt.Sprintf("%+v", *decision.Recommendations[0].Foreseen); after != before {
		t.Errorf("it was %s, and is %s", before, after)
	}
}

func TestAForecastIsKeptAsJSON(t *testing.T) {
	t.Parallel()
	spec := ahead()
	written, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var read policy.Spec
	if err := json.Unmarshal(written, &read); err != nil || !reflect.DeepEqual(read, spec) {
		t.Errorf("%s is read as %+v (%v)", written, read, err)
	}
	decision := decideWith(spec, policy.Observation{Size: policy.Size{Count: 5}, Signals: []policy.Signal{load(5)}}, outlook(8))
	written, err = json.Marshal(decision)
	if err != nil {
		t.Fatal(err)
	}
	var again policy.Decision
	if err := json.Unmarshal(written, &again); err != nil || !reflect.DeepEqual(again, decision) {
		t.Errorf("%s is read as %+v (%v)", written, again, err)
	}
}

func TestEverySilenceHasWords(t *testing.T) {
	t.Parallel()
	for _, silence := range policy.Silences() {
		if silence.Text() == "" {
			t.Errorf("%s has no words", silence)
		}
	}
}

func TestAMeanOrTotalIsWhatItsRulesTakeItFor(t *testing.T) {
	t.Parallel()
	spec := ahead(policy.Rule{Name: "target", Target: &policy.Target{Signal: "busy", Value: 0.6, Each: true}})
	if spec.Mean("load") || !spec.Mean("busy") || spec.Mean("none") {
		t.Error("of load and busy, busy alone is a mean")
	}
	spec.Policies[0].Forecast.Each = true
	if !spec.Mean("load") {
		t.Error("the forecast takes load for a mean")
	}
	if got := spec.Policies[0].Signals(); !slices.Equal(got, []string{"load"}) {
		t.Errorf("the forecast decides on %v", got)
	}
}

func TestAScheduleThatEndsIsNoReasonForMore(t *testing.T) {
	t.Parallel()
	spec := ahead(bounded(t, schedule.Spec{Zone: "UTC", Dates: []string{"2026-04-01 11:00/2026-04-01 12:05"}}, 9, 0))
	observed := policy.Observation{Size: policy.Size{Count: 9}, Signals: []policy.Signal{load(3)}}
	if r := decideWith(spec, observed, outlook(4)).Recommendations[0]; r.Count != 4 || r.Foreseen.Floor != 0 {
		t.Errorf("%s, with a floor of %d, want 4 and none", r, r.Foreseen.Floor)
	}
}

func TestSinceWhenForecastsLeadIsRememberedLikeTheRest(t *testing.T) {
	t.Parallel()
	g := windowed(t)
	since := g.memory.Planned
	if since.IsZero() {
		t.Fatal("forecasts lead, and it is not remembered")
	}
	jumped := g.memory.Clone()
	jumped.Jump(g.now.Add(time.Hour), time.Hour)
	if !jumped.Planned.Equal(since.Add(time.Hour)) {
		t.Errorf("after a jump of an hour it is %v, was %v", jumped.Planned, since)
	}
	if jumped = g.memory.Clone(); !jumped.Equal(&g.memory) {
		t.Error("a clone is not equal")
	}
	if jumped.Planned = jumped.Planned.Add(1); jumped.Equal(&g.memory) {
		t.Error("two that differ in it are equal")
	}
	var shadow policy.Memory
	if shadow.ExchangeWants(&jumped); shadow.Planned.IsZero() || !jumped.Planned.IsZero() {
		t.Error("it stays where the rules are not any more")
	}
	// A clock that is set back by hours delays shrinking by the span, not by hours.
	g.now = g.now.Add(-5 * time.Hour)
	g.minutes(12, load(7), outlook(8))
	expect(t, g.minute(load(5), outlook(6)), 6, policy.ReasonWant)
}
