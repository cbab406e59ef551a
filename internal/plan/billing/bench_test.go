package billing_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// BenchmarkAYear bills 500 machines over a year, a fifth of which stands by each night.
func BenchmarkAYear(b *testing.B) {
	for name, lines := range map[string][]string{"days of months": dated, "months": whole, "days of own months": share, "hours": hours, "hours with limits": tiers, "time": total, "seconds": tick} {
		b.Run(name, func(b *testing.B) {
			m := parse(b, lines...)
			from := at(b, m.Zone, "2026-01-01")
			contracts := make([]billing.Contract, 500)
			for i := range contracts {
				contracts[i].Ordered = from.Add(time.Duration(i) * 17 * time.Minute)
				if i%5 > 0 {
					continue
				}
				for night := range 360 {
					begin := contracts[i].Ordered.AddDate(0, 0, night).Add(10 * time.Hour)
					contracts[i].Stopped = append(contracts[i].Stopped, billing.Span{Begin: begin, End: begin.Add(8 * time.Hour)})
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				m.Bill(contracts, from, from.AddDate(1, 0, 0))
			}
		})
	}
}

func BenchmarkPaidUntil(b *testing.B) {
	for name, lines := range map[string][]string{"days of months": dated, "own months": own, "hours": hours} {
		b.Run(name, func(b *testing.B) {
			m := parse(b, lines...)
			ordered, now := at(b, m.Zone, "2026-01-05 10:30"), at(b, m.Zone, "2026-04-05 07:00")
			b.ReportAllocs()
			for b.Loop() {
				m.PaidUntil(ordered, now)
			}
		})
	}
}
