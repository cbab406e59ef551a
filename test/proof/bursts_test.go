package proof

import (
	"testing"
	"time"
)

// TestProofBursts sends very many machines out and in again while one call in twenty
// is struck: none of them is left over.
func TestProofBursts(t *testing.T) {
	t.Parallel()
	count := *burstFlag
	if *allFlag {
		count = 1000
	}
	out := 30*time.Minute + time.Duration(count/20)*4*time.Minute
	story := Story{
		Seed:   1,
		Groups: []GroupStory{{Name: "web", Configured: Configured{Max: count}, Pools: 1}},
		Delays: quick, Period: time.Hour, Share: 0.05, Calm: out + time.Hour,
		Events: []Event{
			{At: time.Minute, Kind: EventLoad, Group: "web", To: float64(count)},
			{At: out, Kind: EventLoad, Group: "web", To: 0},
		},
	}
	begun := time.Now()
	v := tell(t, story)
	if fails(t, "burst", story, v) {
		return
	}
	most := 0
	for _, decided := range v.Decisions {
		most = max(most, decided.Count)
	}
	t.Logf("%d machines out and in in %v, told in %v: %d were bought, %d calls, %d struck", count, v.Took.Round(time.Minute), time.Since(begun).Round(time.Second), v.Bought, v.Calls, len(v.Fired))
	if most != count || v.Bought < count {
		t.Errorf("%d machines were wanted, and %d bought, of %d", most, v.Bought, count)
	}
}
