package daemon

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

func TestGroupsTakeTurnsWithinTheirInterval(t *testing.T) {
	t.Parallel()
	of := func(intervals map[string]time.Duration) map[string]time.Duration {
		groups := map[string]config.Group{}
		for name, interval := range intervals {
			groups[name] = config.Group{Name: name, Interval: interval}
		}
		d := &Daemon{options: Options{Config: &config.Config{Groups: groups}}}
		slots := map[string]time.Duration{}
		for name, group := range groups {
			slots[name] = d.slot(group)
		}
		return slots
	}
	for name, want := range map[string]time.Duration{"a": 2500 * time.Millisecond, "b": 5 * time.Second, "c": 7500 * time.Millisecond, "d": 10 * time.Second} {
		if got := of(map[string]time.Duration{"a": 10 * time.Second, "b": 10 * time.Second, "c": 10 * time.Second, "d": 10 * time.Second})[name]; got != want {
			t.Errorf("%s is read after %s, want %s", name, got, want)
		}
	}
	if got := of(map[string]time.Duration{"seldom": time.Hour})["seldom"]; got != time.Minute {
		t.Errorf("a group with an interval of an hour is first read after %s", got)
	}
}
