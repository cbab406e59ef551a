package soak

import (
	"flag"
	"math/rand/v2"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

var (
	days = flag.Int("soak.days", 0, "how many days are lived through; 0: 7, or 3 under the race detector")
	seed = flag.Uint64("soak.seed", 0, "repeats the chance of an earlier run; 0: another seed every time")
)

// The first third of the days is warm-up, in which the process is also killed: from
// then on one and the same process lives to the end. On each of its mornings it has
// as many goroutines as on the first one, and at most 32 KiB more of heap in use,
// besides 1 KiB for each series of its metrics that has appeared since. The test is
// not parallel: it counts the goroutines and the heap of everything here.
func TestNothingGrowsFromDayToDay(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	count := daysToLive()
	warmUp := count / 3
	t.Logf("repeat with -soak.seed=%d -soak.days=%d", chosen, count)
	defer debug.SetGCPercent(debug.SetGCPercent(1000)) // the heap is small: with the usual share it would be collected all the time
	var mornings []measure
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, chosen)
		for day := range count {
			w.live(day < warmUp)
			w.until("rest", time.Hour, w.atRest)
			w.archive()
			mornings = append(mornings, w.measure())
			time.Sleep(untilNine(time.Now()))
		}
		w.judge(count)
		t.Logf("what happened:\n%s", w.story.table())
	})
	t.Logf("every morning:\n%s", table(mornings))
	for _, what := range grown(mornings[warmUp:], warmUp+1) {
		t.Error(what)
	}
}

func daysToLive() int {
	switch {
	case *days > 0:
		return *days
	case raceDetector():
		return 3
	default:
		return 7
	}
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

// untilNine is how long it takes until it is nine in the morning in Japan, which is
// when time begins in a bubble.
func untilNine(now time.Time) time.Duration {
	local := now.In(japan)
	nine := time.Date(local.Year(), local.Month(), local.Day(), 9, 0, 0, 0, japan)
	if !nine.After(now) {
		nine = nine.AddDate(0, 0, 1)
	}
	return nine.Sub(now)
}
