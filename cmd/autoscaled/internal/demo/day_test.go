package demo

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestThePartsOfTheDayFollowEachOther(t *testing.T) {
	t.Parallel()
	for i, p := range day {
		got, end := partAt(p.from)
		if got.name != p.name || end <= p.from || end > length {
			t.Errorf("at %v it is %s until %v, want %s", p.from, got.name, end, p.name)
		}
		if i == 0 {
			continue
		}
		if got, end := partAt(p.from - 1); got.name != day[i-1].name || end != p.from {
			t.Errorf("right before %v it is %s until %v, want %s", p.from, got.name, end, day[i-1].name)
		}
	}
	if got, end := partAt(length + time.Hour); got.name != day[len(day)-1].name || end != length {
		t.Errorf("after the day it is %s until %v", got.name, end)
	}
}

func TestTheLoadGoesEvenlyFromOneRateToTheNext(t *testing.T) {
	t.Parallel()
	for _, p := range day {
		_, end := partAt(p.from)
		for at, want := range map[time.Duration]float64{p.from: p.rate, p.from + (end-p.from)/2: (p.rate + p.until) / 2} {
			if got := rate(at); got != want {
				t.Errorf("%s, at %v: %v, want %v", p.name, at, got, want)
			}
		}
	}
	if last := day[len(day)-1]; rate(length+time.Hour) != last.until {
		t.Errorf("after the day the load is %v", rate(length+time.Hour))
	}
}

func TestTheFlashCrowdNeedsMoreThanServedTheMorning(t *testing.T) {
	t.Parallel()
	capacity := 1 / serviceTime.Seconds()
	if noon, crowd := rate(flashBegins-1), rate(flashBegins); crowd < 2*noon || crowd < 4*capacity {
		t.Errorf("noon has %v requests per second, the crowd %v", noon, crowd)
	}
}

func TestTheDemoEndsWithinTwoMinutes(t *testing.T) {
	t.Parallel()
	if length > 110*time.Second || dayEnds >= length || flashEnds >= dayEnds {
		t.Errorf("length %v, day's end %v, crowd's end %v", length, dayEnds, flashEnds)
	}
}

func TestADayEndsInJapanWhenItShould(t *testing.T) {
	t.Parallel()
	japan := time.FixedZone("JST", 9*60*60)
	for what, now := range map[string]time.Time{
		"noon in Japan":            time.Date(2026, 4, 1, 12, 0, 0, 0, japan),
		"midnight in Japan":        time.Date(2026, 4, 1, 0, 0, 0, 0, japan),
		"right before midnight":    time.Date(2026, 4, 1, 23, 59, 59, 0, japan),
		"the last day of the year": time.Date(2026, 12, 31, 18, 0, 0, 0, time.UTC),
	} {
		then := now.Add(midnight(now, dayEnds)).Add(dayEnds).In(japan)
		if hour, minute, second := then.Clock(); hour != 0 || minute != 0 || second != 0 || then.Nanosecond() != 0 {
			t.Errorf("%s: the day ends at %v", what, then)
		}
	}
}

func TestThePictureShowsEveryMachineOnce(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]fleet.GroupStatus{
		" 4 wanted ██▒▒         ": {Desired: 4, Serving: 2, Becoming: 2},
		" 2 wanted ██▁·         ": {Desired: 2, Serving: 2, Standby: 1, Instances: []actions.InstanceStatus{
			{Goal: policy.InService, Phase: actions.InPool},
			{Goal: policy.InService, Phase: actions.InPool},
			{Goal: policy.Standby, Phase: actions.Draining},
			{Goal: policy.Standby, Phase: actions.Off},
			{Goal: policy.Released, Phase: actions.Ending},
		}},
		"10 wanted ██████████▒▒▒▒": {Desired: 10, Serving: 10, Becoming: 4},
	} {
		if got := machines(g); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
