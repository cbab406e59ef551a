package policy_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestGroupThatMayNotBeAsLargeAsIsWantedIsCapped(t *testing.T) {
	t.Parallel()
	spec := unlimited()
	spec.Max = 10
	spec.Out.Cooldown = time.Hour
	group := begin(t, spec, 5)
	group.LastServing = group.now
	capped := func(got policy.Decision, reason policy.Reason, minutes, unmet int) {
		t.Helper()
		want := policy.Capped{Reason: reason, Unmet: unmet}
		if reason != "" {
			want.Since = noon.Add(time.Duration(minutes) * time.Minute)
		}
		if got.Capped != want {
			t.Errorf("at %v: got %+v, want %+v", got.At.Format(time.TimeOnly), got.Capped, want)
		}
		group.wait(time.Minute)
	}
	capped(group.evaluate(load(10)), "", 0, 0)
	capped(group.evaluate(load(11)), policy.ReasonAtMax, 1, 1) // it is so also while growing waits
	capped(group.evaluate(load(14)), policy.ReasonAtMax, 1, 4)
	capped(group.evaluate(noLoad()), policy.ReasonAtMax, 1, 4)
	group.spec.Policies = append(group.spec.Policies, bounded(t, always, 0, 8))
	capped(group.evaluate(load(14)), policy.ReasonAtCeiling, 1, 6)
	capped(group.evaluate(load(8)), "", 0, 0)
	capped(group.evaluate(load(9)), policy.ReasonAtCeiling, 6, 1)
}

func TestGroupOfWhichNobodySaysAnythingIsNotCapped(t *testing.T) {
	t.Parallel()
	spec := hooked()
	spec.Max = 10
	group := begin(t, spec, 5)
	if got := group.evaluate(pushed(8, 0)); got.Capped.Unmet != 3 {
		t.Errorf("got %+v, want 3 unmet", got.Capped)
	}
	if got := group.evaluate(noPush()); got.Capped != (policy.Capped{}) {
		t.Errorf("got %+v when nothing is wanted any more", got.Capped)
	}
}
