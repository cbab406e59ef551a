package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// bounded is a policy that bounds the group while a window holds.
func bounded(t testing.TB, when schedule.Spec, least, most int) policy.Rule {
	t.Helper()
	bounds, err := policy.NewSchedule(when, least, most)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Rule{Name: "schedule", Schedule: bounds}
}

// always holds all the time that the tests play, and never in none of it.
var (
	always = schedule.Spec{Zone: "UTC", Dates: []string{"2026-01-01 00:00/2027-01-01 00:00"}}
	never  = schedule.Spec{Zone: "UTC", Dates: []string{"2030-01-01"}}
)

func TestScheduleBoundsTheGroupWhileItsWindowHolds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bounds  []policy.Rule
		current int
		load    policy.Signal
		want    int
		reason  policy.Reason
	}{
		"a floor, and less is wanted":          {[]policy.Rule{bounded(t, always, 6, 0)}, 8, load(3), 6, policy.ReasonAtFloor},
		"a floor, and more is wanted":          {[]policy.Rule{bounded(t, always, 6, 0)}, 8, load(9), 9, policy.ReasonWant},
		"a floor above the size":               {[]policy.Rule{bounded(t, always, 6, 0)}, 4, load(3), 6, policy.ReasonAtFloor},
		"a floor, and nothing is known":        {[]policy.Rule{bounded(t, always, 6, 0)}, 4, noLoad(), 6, policy.ReasonAtFloor},
		"a floor above max":                    {[]policy.Rule{bounded(t, always, 600, 0)}, 4, load(3), 20, policy.ReasonAtFloor},
		"a ceiling, and more is wanted":        {[]policy.Rule{bounded(t, always, 0, 6)}, 5, load(9), 6, policy.ReasonAtCeiling},
		"a ceiling, and less is wanted":        {[]policy.Rule{bounded(t, always, 0, 6)}, 5, load(3), 3, policy.ReasonWant},
		"a ceiling below the size":             {[]policy.Rule{bounded(t, always, 0, 6)}, 9, load(9), 6, policy.ReasonAtCeiling},
		"a ceiling, and nothing is known":      {[]policy.Rule{bounded(t, always, 0, 6)}, 9, noLoad(), 9, policy.ReasonUnknown},
		"a ceiling below min":                  {[]policy.Rule{bounded(t, always, 0, 1)}, 5, load(9), 2, policy.ReasonAtCeiling},
		"a ceiling above max":                  {[]policy.Rule{bounded(t, always, 0, 60)}, 5, load(90), 20, policy.ReasonAtMax},
		"an exact size, from above":            {[]policy.Rule{bounded(t, always, 6, 6)}, 9, load(12), 6, policy.ReasonAtCeiling},
		"an exact size, from below":            {[]policy.Rule{bounded(t, always, 6, 6)}, 3, load(1), 6, policy.ReasonAtFloor},
		"of two floors the larger":             {[]policy.Rule{bounded(t, always, 6, 0), bounded(t, always, 8, 0)}, 4, load(3), 8, policy.ReasonAtFloor},
		"of two ceilings the smaller":          {[]policy.Rule{bounded(t, always, 0, 6), bounded(t, always, 0, 8)}, 9, load(9), 6, policy.ReasonAtCeiling},
		"a floor above a ceiling: the floor":   {[]policy.Rule{bounded(t, always, 0, 6), bounded(t, always, 8, 0)}, 4, load(20), 8, policy.ReasonAtCeiling},
		"outside its window: nothing":          {[]policy.Rule{bounded(t, never, 6, 6)}, 9, load(3), 3, policy.ReasonWant},
		"and one outside beside one inside it": {[]policy.Rule{bounded(t, never, 9, 9), bounded(t, always, 6, 0)}, 9, load(3), 6, policy.ReasonAtFloor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := unlimited()
			spec.Min, spec.Max = 2, 20
			spec.Policies = append(spec.Policies, c.bounds...)
			expect(t, begin(t, spec, c.current).evaluate(c.load), c.want, c.reason)
		})
	}
}

func TestGroupWithSchedulesAloneHasTheirFloorAndElseMin(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Min, spec.Max = 2, 20
	office := schedule.Spec{Cron: "0 8 * * *", Zone: "UTC", For: 10 * time.Hour}
	spec.Policies = []policy.Rule{bounded(t, office, 6, 0)}
	spec.In.Stabilization, spec.Gap = 10*time.Minute, time.Minute
	group := begin(t, spec, 5)
	expect(t, group.evaluate(), 6, policy.ReasonWant)
	expect(t, group.repeat(6*time.Hour-10*time.Second), 6, policy.ReasonSteady)
	group.wait(10 * time.Second)
	expect(t, group.evaluate(), 6, policy.ReasonStabilizingIn)
	group.wait(10 * time.Second)
	expect(t, group.repeat(10*time.Minute-20*time.Second), 2, policy.ReasonWant)
	group.now = noon.Add(20 * time.Hour)
	expect(t, group.evaluate(), 6, policy.ReasonWant)
}

// On the day on which New York's clocks go from 02:00 to 03:00, half past two is at three.
func TestScheduleFollowsTheClocksOnTheDayTheyAreMoved(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Min, spec.Max = 2, 20
	spec.Policies = append(spec.Policies, bounded(t, schedule.Spec{Cron: "30 2 * * *", Zone: "America/New_York", Until: "06:00"}, 6, 0))
	group := begin(t, spec, 2)
	for _, c := range []struct {
		at   time.Time
		want int
	}{
		{time.Date(2026, 3, 8, 6, 59, 59, 0, time.UTC), 2},
		{time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), 6},
		{time.Date(2026, 3, 8, 9, 59, 59, 0, time.UTC), 6},
		{time.Date(2026, 3, 8, 10, 0, 0, 0, time.UTC), 2},
		{time.Date(2026, 3, 9, 6, 30, 0, 0, time.UTC), 6},
		{time.Date(2026, 11, 1, 6, 29, 59, 0, time.UTC), 2},
		{time.Date(2026, 11, 1, 7, 30, 0, 0, time.UTC), 6},
		{time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), 2},
	} {
		group.now = c.at
		if got := group.evaluate(load(1)); got.Desired.Count != c.want {
			t.Errorf("at %v: got %d (%s), want %d", c.at, got.Desired.Count, got.Reason, c.want)
		}
	}
}

// A schedule bounds; nothing makes it half of a bound.
func TestScheduleBoundsBothWaysWhicheverItIsToldTo(t *testing.T) {
	t.Parallel()
	for _, only := range []policy.Way{policy.OnlyOut, policy.OnlyIn} {
		spec := unlimited()
		floor := bounded(t, always, 6, 6)
		floor.Only = only
		spec.Policies = append(spec.Policies, floor)
		expect(t, begin(t, spec, 6).evaluate(load(3)), 6, policy.ReasonAtFloor)
		expect(t, begin(t, spec, 6).evaluate(load(9)), 6, policy.ReasonAtCeiling)
	}
}

func TestMeaninglessScheduleIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := policy.NewSchedule(schedule.Spec{Zone: "UTC"}, 1, 2); err == nil {
		t.Error("a schedule without windows is made")
	}
	var bounds policy.Schedule
	for _, text := range []string{`{"When":{"zone":"UTC"}}`, `{"When":3}`} {
		if err := json.Unmarshal([]byte(text), &bounds); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}
