package classic_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/plan/classic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC)

// at is what is seen so many minutes after noon of a group that is whole: all that is
// desired serves, and was read.
func at(minute, size int, utilisation float64) classic.Seen {
	return classic.Seen{
		Now:         noon.Add(time.Duration(minute) * time.Minute),
		Utilisation: min(utilisation, 1), Load: utilisation * float64(size),
		Serving: size, Desired: size,
	}
}

// minutes has a scaler decide once a minute, on a group that follows at once and keeps its
// utilisation, and returns the sizes.
func minutes(scaler classic.Scaler, size int, utilisations ...float64) []int {
	var sizes []int
	for i, utilisation := range utilisations {
		size = scaler.Decide(at(i, size, utilisation))
		sizes = append(sizes, size)
	}
	return sizes
}
