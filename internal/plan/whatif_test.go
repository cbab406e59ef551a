package plan_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
)

// ask asks one question, and returns what it would cost.
func ask(t *testing.T, s *plan.Scenario, what plan.WhatIf) plan.Difference {
	t.Helper()
	outcomes, err := plan.Ask(t.Context(), s, []plan.WhatIf{what}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes[0].Cost()
}

func TestATemplateThatTakesLongerOverloadsForAsMuchLonger(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{5, 1}, phase{55, 3}))
	s.Cloud.ToServe = plan.Always(5 * time.Minute)
	if cost := ask(t, s, plan.ToServe(20*time.Minute)); cost.OverloadMinutes != 15 || math.Abs(cost.LostHours-0.5) > 1e-9 || cost.InstanceHours != 0 {
		t.Errorf("it costs %+v", cost)
	}
	if cost := ask(t, s, plan.Slower(3)); cost.OverloadMinutes != 10 {
		t.Errorf("three times as long costs %+v", cost)
	}
	if cost := ask(t, s, plan.Slower(1)); cost != (plan.Difference{}) {
		t.Errorf("nothing costs %+v", cost)
	}
}

func TestAQuotaOverloadsWhileMoreIsNeeded(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{5, 10}, phase{7, 13}, phase{5, 12}))
	if cost := ask(t, s, plan.Quota(12)); cost.OverloadMinutes != 7 {
		t.Errorf("it costs %+v", cost)
	}
}

func TestAFlashCrowdOverloadsUntilItIsServed(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{60, 2}))
	s.Cloud.ToServe, s.Cloud.Delay = plan.Always(4*time.Minute), 1
	cost := ask(t, s, plan.FlashCrowd(8, after(20), 30*time.Minute))
	// 16 are needed from minute 20 to 49; ordered at 21, they serve from 25 on, and stop at 51.
	if cost.OverloadMinutes != 5 || cost.Scalings != 2 || math.Abs(cost.InstanceHours-14*31./60) > 1e-9 {
		t.Errorf("it costs %+v", cost)
	}
	if cost := ask(t, s, plan.MoreLoad(1.5)); cost.Scalings != 0 || math.Abs(cost.InstanceHours-1) > 1e-9 {
		t.Errorf("half as much again costs %+v", cost)
	}
}

func TestAMoreLoadedGroupBeginsAsTheRecordedOne(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{10, 2}))
	s.Load.Serving = slices.Repeat([]int{4}, 10)
	s.Cloud.ToServe, s.Cloud.Delay = plan.Always(time.Hour), 1
	if cost := ask(t, s, plan.MoreLoad(3)); cost.OverloadMinutes != 10 {
		t.Errorf("with 4 of 6 there it costs %+v", cost)
	}
}

func TestALostLocationOverloadsUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	s := scenario(phases(phase{3 * 24 * 60, 6}))
	s.Cloud.ToServe = plan.Always(5 * time.Minute)
	if cost := ask(t, s, plan.Lose(0.5, after(1200), 0)); cost.OverloadMinutes != 5 || math.Abs(cost.LostHours-0.25) > 1e-9 {
		t.Errorf("once costs %+v", cost)
	}
	tokyo := time.FixedZone("JST", 9*60*60)
	if cost := ask(t, s, plan.LoseDaily(0.5, 20*time.Hour, tokyo, 0)); cost.OverloadMinutes != 15 {
		t.Errorf("daily costs %+v", cost)
	}
	if len(s.Cloud.Losses) != 0 {
		t.Error("the scenario itself lost something")
	}
}

func TestAQuestionThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	for says, what := range map[string]plan.WhatIf{
		"1 or more":          plan.Quota(0),
		"no time":            plan.Slower(-1),
		"no load":            plan.MoreLoad(math.NaN()),
		"has no step there":  plan.FlashCrowd(2, after(-100), time.Minute),
		"from 0 to 1":        plan.Lose(2, after(0), 0),
		"a factor of 0 or m": plan.FlashCrowd(-2, after(0), time.Minute),
	} {
		if _, err := plan.Ask(t.Context(), scenario(rate(1, 1)), []plan.WhatIf{what}, 1, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: the error is %v", what.Name, err)
		}
	}
}

func TestAGrowingLoadMeetsItsBoundsOnADate(t *testing.T) {
	t.Parallel()
	// Two weeks and a day of 10 by day and 4 by night; 15 % a month.
	var days []phase
	for range 15 {
		days = append(days, phase{12 * 60, 4}, phase{12 * 60, 10})
	}
	s := scenario(phases(days...))
	s.Spec.Max, s.Cloud.Quota = 20, 15
	growth, err := plan.Grow(t.Context(), s, 1.15, 200*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if end := monday.AddDate(0, 0, 15); !growth.From.Equal(end) || !growth.To.Equal(end.AddDate(0, 0, 200)) {
		t.Errorf("it grows from %v to %v", growth.From, growth.To)
	}
	// 10 × 1.15^m is 15 after 2.90 months of 30.4375 days, and 20 after 4.96: by day at the
	// next noon at the latest.
	for _, bound := range []struct {
		hit  time.Time
		days float64
	}{{growth.Quota, 30.4375 * math.Log(1.5) / math.Log(1.15)}, {growth.Max, 30.4375 * math.Log(2) / math.Log(1.15)}} {
		if took := bound.hit.Sub(growth.From).Hours() / 24; took < bound.days || took > bound.days+0.51 {
			t.Errorf("a bound is met after %v days, and should be after %v", took, bound.days)
		}
	}
	slow, err := plan.Grow(t.Context(), s, 1.001, 30*24*time.Hour)
	if err != nil || !slow.Max.IsZero() || !slow.Quota.IsZero() {
		t.Errorf("hardly growing it meets %v and %v (%v)", slow.Max, slow.Quota, err)
	}
}

func TestGrowthKeepsTheDaysOfTheWeek(t *testing.T) {
	t.Parallel()
	// Nine days from a Monday on, with 9 on the last Sunday: the weeks that follow have theirs
	// on Sundays, too.
	days := slices.Repeat([]phase{{24 * 60, 2}}, 9)
	days[6].instances = 9
	s := scenario(phases(days...))
	s.Spec.Max = 8
	growth, err := plan.Grow(t.Context(), s, 1, 14*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if growth.Max.Weekday() != time.Sunday || growth.Result.Capped.Steps != 2*24*60 {
		t.Errorf("max is met first on a %v, and for %d minutes", growth.Max.Weekday(), growth.Result.Capped.Steps)
	}
	short := scenario(rate(1, 1, 1))
	if growth, err := plan.Grow(t.Context(), short, 2, time.Hour); err != nil || growth.Result.Flow.Offered < 60e9 {
		t.Errorf("of three minutes %+v (%v)", growth, err)
	}
	for _, monthly := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := plan.Grow(t.Context(), short, monthly, time.Hour); err == nil {
			t.Errorf("it grows by %v", monthly)
		}
	}
}
