package guest

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var boot = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func TestRequestsAreServedInOrderSoThatLatencyRisesWithTheQueue(t *testing.T) {
	t.Parallel()
	c := newCPU(10*time.Millisecond, 5, boot)
	for position := 1; position <= 4; position++ {
		done, ok := c.admit(boot)
		if want := boot.Add(time.Duration(position) * 10 * time.Millisecond); !ok || !done.Equal(want) {
			t.Fatalf("request %d is done at %v (ok %v), want %v", position, done, ok, want)
		}
	}
}

func TestAFullBacklogRefusesUntilARequestIsDone(t *testing.T) {
	t.Parallel()
	c := newCPU(10*time.Millisecond, 2, boot)
	for range 3 { // one in service, two waiting
		if _, ok := c.admit(boot); !ok {
			t.Fatal("refused with room in the backlog")
		}
	}
	for _, now := range []time.Duration{0, 9 * time.Millisecond} {
		if _, ok := c.admit(boot.Add(now)); ok {
			t.Fatalf("admitted after %v with a full backlog", now)
		}
	}
	if busy := c.busy(boot.Add(time.Second)); busy != 30*time.Millisecond {
		t.Errorf("refused requests cost processor time: %v, want 30ms", busy)
	}
	if _, ok := c.admit(boot.Add(10 * time.Millisecond)); !ok {
		t.Error("refused although the first request is done")
	}
}

func TestBusyTimeIsExactlyWhatWasServedUpToNow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cost := time.Duration(rapid.IntRange(1, 50).Draw(t, "cost_ms")) * time.Millisecond
		c := newCPU(cost, rapid.IntRange(0, 5).Draw(t, "backlog"), boot)
		now := boot
		var served []time.Time // ends of service
		for _, gap := range rapid.SliceOf(rapid.IntRange(0, 80)).Draw(t, "gaps_ms") {
			now = now.Add(time.Duration(gap) * time.Millisecond)
			if done, ok := c.admit(now); ok {
				served = append(served, done)
			}
			var want time.Duration
			for _, done := range served {
				want += min(cost, max(0, now.Sub(done.Add(-cost))))
			}
			if got := c.busy(now); got != want {
				t.Fatalf("busy %v at %v, want %v", got, now.Sub(boot), want)
			}
		}
	})
}

func TestTheRatioIsTheShareOfBusyTimeInTheWindow(t *testing.T) {
	t.Parallel()
	c := newCPU(10*time.Millisecond, 100, boot)
	if got := c.ratio(boot, time.Second); got != 0 {
		t.Errorf("ratio %v at boot, want 0", got)
	}
	now := boot
	for ; now.Before(boot.Add(90 * time.Second)); now = now.Add(20 * time.Millisecond) {
		c.admit(now)
	}
	for _, window := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		if got := c.ratio(now, window); math.Abs(got-0.5) > 0.001 {
			t.Errorf("ratio %v over %v at half load, want 0.5", got, window)
		}
	}
	now = now.Add(30 * time.Second)
	if got := c.ratio(now, time.Second); got != 0 {
		t.Errorf("ratio %v after 30 s of rest, want 0", got)
	}
	if got := c.ratio(now, time.Minute); math.Abs(got-0.25) > 0.001 {
		t.Errorf("ratio %v over the minute after 30 s of rest, want 0.25", got)
	}
	if got := c.ratio(now.Add(24*time.Hour), time.Minute); got != 0 {
		t.Errorf("ratio %v after a day of rest, want 0", got)
	}
}

func TestLoadAveragesApproachTheRequestsInTheMachineAndDecay(t *testing.T) {
	t.Parallel()
	c := newCPU(130*time.Millisecond, 3, boot)
	now := boot
	for ; now.Before(boot.Add(time.Minute)); now = now.Add(10 * time.Millisecond) {
		c.admit(now) // ten times what it can serve: the backlog stays full
	}
	c.advance(now)
	if share := c.load[0] / 4; share < 0.6 || share > 0.65 { // 1-1/e after one time constant, between 3 and 4 requests
		t.Errorf("load %v after a minute of 4 requests, want about %v", c.load, 4*(1-1/math.E))
	}
	if !(c.load[0] > c.load[1] && c.load[1] > c.load[2]) {
		t.Errorf("load %v: the longer averages must rise more slowly", c.load)
	}
	c.advance(now.Add(time.Hour))
	if c.load[0] > 1e-6 {
		t.Errorf("load %v after an hour of rest, want about 0", c.load)
	}
}
