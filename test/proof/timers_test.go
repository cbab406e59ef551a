package proof

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/raced"
)

// TestProofTimers kills the process between any two decisions, and starts another at
// once: with the same samples it decides the same as the one that was not killed.
// That is so only if stabilization, cooldowns and warm-up are read from the disk.
func TestProofTimers(t *testing.T) {
	t.Parallel()
	load := func(at time.Duration, to float64) Event { return Event{At: at, Kind: EventLoad, Group: "web", To: to} }
	story := Story{
		Seed:   1,
		Groups: []GroupStory{{Name: "web", Configured: Configured{Min: 1, Max: 9, Standby: 9}, Pools: 1, Serving: 4, Stopped: 5, Load: 4, Cooldown: 4*time.Minute + 7*time.Second}},
		Delays: quick, Period: 24 * time.Hour, Calm: 50 * time.Minute,
		Events: []Event{
			load(2*time.Minute+3*time.Second, 2), load(9*time.Minute+3*time.Second, 5), load(11*time.Minute+3*time.Second, 6),
			load(19*time.Minute+3*time.Second, 1), load(20*time.Minute+3*time.Second, 5), load(21*time.Minute+3*time.Second, 1),
			load(30*time.Minute+3*time.Second, 8), load(31*time.Minute+3*time.Second, 3),
		},
	}
	undisturbed := tell(t, story)
	if fails(t, "undisturbed", story, undisturbed) {
		return
	}
	if len(undisturbed.Decisions) < 6 {
		t.Fatalf("only %v was decided", undisturbed.Decisions)
	}
	for at := interval + time.Millisecond; at < story.Calm; at += interval {
		if raced.Passes(4) {
			continue
		}
		killed := story
		killed.Events = append(slices.Clone(story.Events), Event{At: at, Kind: EventKill})
		slices.SortStableFunc(killed.Events, func(a, b Event) int { return int(a.At - b.At) })
		v := tell(t, killed)
		if fails(t, "killed at "+at.String(), killed, v) {
			return
		}
		if !slices.EqualFunc(v.Decisions, undisturbed.Decisions, func(a, b Decided) bool {
			return a.Count == b.Count && (a.At-b.At).Abs() <= interval+time.Second // when an instance began to serve depends on when it was looked at
		}) {
			t.Errorf("killed at %v, decided\n%v, undisturbed\n%v", at, v.Decisions, undisturbed.Decisions)
			return
		}
	}
}
