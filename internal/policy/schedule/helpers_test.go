package schedule_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

var seed = flag.Uint64("seed", 0, "of chance; 0: another one each time")

// chosenSeed is that of chance, which a failing test tells.
func chosenSeed(t testing.TB) uint64 {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", chosen)
	return chosen
}

func parse(t testing.TB, spec schedule.Spec) *schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(spec)
	if err != nil {
		t.Fatalf("%+v: %v", spec, err)
	}
	return s
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// utc is how windows and instants are compared and shown.
func utc(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func shown(w schedule.Window, holds bool) string {
	if !holds {
		return "none"
	}
	return utc(w.Begin) + "/" + utc(w.End)
}

// windows are those that Next finds one after the other, beginning after from and before
// until.
func windows(t testing.TB, s *schedule.Schedule, from, until string) []string {
	t.Helper()
	var all []string
	end := instant(t, until)
	at := instant(t, from)
	for _, held := s.At(at); ; held = !held {
		next, ok := s.Next(at)
		if !ok || !next.Before(end) {
			return all
		}
		if !next.After(at) {
			t.Fatalf("the next change after %v is %v", utc(at), utc(next))
		}
		w, holds := s.At(next)
		if holds == held {
			t.Fatalf("%v is no change: %v before and after", utc(next), holds)
		}
		if holds {
			all = append(all, shown(w, holds))
		}
		at = next
	}
}
