package proof

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestProofSeeds tells the stories of many seeds.
func TestProofSeeds(t *testing.T) {
	t.Parallel()
	tellSeeds(t, *seedFlag, *seedsFlag)
}

func tellSeeds(t *testing.T, from uint64, count int) {
	t.Helper()
	begun := time.Now()
	struck := &tally{}
	var mu sync.Mutex
	var calls, faults []int
	var took time.Duration
	tellAll(t, count, func(t *testing.T, i int) bool {
		seed := from + uint64(i)
		story := Draw(seed)
		if *traceFlag {
			trace(t, story)
		}
		v := tell(t, story)
		struck.count(v)
		mu.Lock()
		calls, faults, took = append(calls, v.Calls), append(faults, len(v.Fired)), took+v.Took
		mu.Unlock()
		return fails(t, sprintf("seed=%d", seed), story, v)
	})
	n := len(calls)
	if n == 0 || t.Failed() {
		return
	}
	slices.Sort(calls)
	slices.Sort(faults)
	t.Logf("%d seeds in %v: in the median %d calls and %d faults, at most %d and %d; %v of virtual time each\n%v",
		n, time.Since(begun).Round(time.Second), calls[n/2], faults[n/2], calls[n-1], faults[n-1], (took / time.Duration(n)).Round(time.Minute), struck)
	if calls[n/2] < 100 || faults[n/2] < 3 {
		t.Errorf("in the median a seed has %d calls and %d faults, and 100 and 3 are wanted", calls[n/2], faults[n/2])
	}
	if empty := struck.empty(Steps()); n >= 5000 && len(empty) > 0 {
		t.Errorf("nothing struck at %v", empty)
	}
}

// TestProofFound tells again what was once found.
func TestProofFound(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../seeds/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story, err := ReadStory(string(text))
			if err != nil {
				t.Fatalf("%s is no story: %v", file, err)
			}
			if *traceFlag {
				trace(t, story)
			}
			if v := tell(t, story); len(v.Violations) > 0 {
				t.Errorf("%v\n%s", v.Violations[0], schedule(story))
			}
		})
	}
}
