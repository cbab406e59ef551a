package monitor

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawTime is one of the own clock, as sources read it, or one that others say.
func drawTime(t *rapid.T, name string, now time.Time) time.Time {
	at := now.Add(-time.Duration(rapid.Int64Range(-int64(time.Hour), int64(30*365*24*time.Hour)).Draw(t, name)))
	if rapid.Bool().Draw(t, name+" is by the wall clock") {
		return at.Round(0)
	}
	return at
}

func TestAStampIsTheTimeThatItWasMadeOf(t *testing.T) {
	t.Parallel()
	now := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTime(t, "a", now), drawTime(t, "b", now)
		if got := stampOf(a).time(now); got != a {
			t.Errorf("%s is %s", a, got)
		}
		if got, want := stampOf(a).age(now), now.Sub(a); got != want {
			t.Errorf("the age of %s is %s, want %s", a, got, want)
		}
		between := stampOf(a).since(stampOf(b), now)
		if want := now.Sub(b) - now.Sub(a); between != want { // what a.Sub(b) is, if the wall clock is not set meanwhile
			t.Errorf("from %s to %s it is %s, want %s", b, a, between, want)
		}
	})
}

func TestAgesAreTakenOnTheClockThatDated(t *testing.T) {
	t.Parallel()
	now := time.Now()
	own, others := stampOf(now.Add(-time.Minute)), stampOf(now.Add(-time.Minute).Round(0))
	setBack := now.Add(time.Second).Round(0).Add(-time.Hour) // a second later, of a wall clock that was set back
	if got := others.age(setBack); got != time.Minute+time.Second-time.Hour {
		t.Errorf("what others dated is %s old", got)
	}
	if got := own.age(now.Add(time.Second)); got != time.Minute+time.Second {
		t.Errorf("what the own clock dated is %s old", got)
	}
}

func TestEveryTimeHasAStamp(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, at := range []time.Time{now, origin, {}, time.Unix(0, 0), now.AddDate(500, 0, 0), now.AddDate(-500, 0, 0)} {
		if stampOf(at) == 0 {
			t.Errorf("%s has none", at)
		}
		if ahead := stampOf(at).age(now) < 0; ahead != at.After(now) {
			t.Errorf("%s is ahead: %v", at, ahead)
		}
	}
}
