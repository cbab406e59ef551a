package events_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// BenchmarkCompare compares two looks at 10,000 groups, of which so many decided in between.
func BenchmarkCompare(b *testing.B) {
	for _, decided := range []int{0, 1000, 10000} {
		b.Run(fmt.Sprintf("decided=%d", decided), func(b *testing.B) {
			before, after := many(0), many(decided)
			b.ReportAllocs()
			for b.Loop() {
				if batch := events.Compare(before, after); len(batch.Groups) != decided {
					b.Fatalf("%d look different", len(batch.Groups))
				}
			}
		})
	}
}

// many is a fleet of 10,000 groups, so many of which have decided once more.
func many(decided int) *fleet.Status {
	s := &fleet.Status{Accounts: calm().Accounts}
	for i := range 10000 {
		g := calm().Groups[0]
		g.Name = fmt.Sprintf("shop-%05d", i)
		g.Decision.Policies = []string{"target/cpu wants 2: cpu is 0.5, target 0.6"}
		if i < decided {
			g.Decision.At = noon.Add(10 * time.Second)
		}
		s.Groups = append(s.Groups, g)
	}
	return s
}
