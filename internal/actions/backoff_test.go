package actions

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

func TestThePauseDoublesWithEachFailureUpToItsBound(t *testing.T) {
	t.Parallel()
	for class, want := range map[cloud.Class][]int{
		cloud.ClassTransient: {1, 2, 4, 8, 16, 32, 60, 60},
		cloud.ClassConflict:  {2, 4, 8, 16, 32, 60, 60},
		cloud.ClassDenied:    {30, 60, 120, 240, 480, 600, 600},
		cloud.ClassQuota:     {300, 600, 1200, 1800, 1800},
	} {
		for i, seconds := range want {
			if got := backoff(class, 0, i+1, 0); got != time.Duration(seconds)*time.Second {
				t.Errorf("%v after %d failures: %v, want %d s", class, i+1, got, seconds)
			}
		}
	}
}

func TestThePauseKeepsWhatTheProviderAsksForAndLosesAtMostHalfToJitter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		class := rapid.SampledFrom(cloud.Classes()).Draw(t, "class")
		asked := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "asked"))
		failures := rapid.IntRange(1, 1_000_000).Draw(t, "failures")
		jitter := rapid.Float64Range(0, 1).Draw(t, "jitter")
		whole := backoff(class, 0, failures, 0)
		got := backoff(class, asked, failures, jitter)
		if got < asked || got < whole/2 || got > max(asked, whole) || got <= 0 {
			t.Fatalf("the pause is %v: asked for %v, and %v without jitter", got, asked, whole)
		}
	})
}
