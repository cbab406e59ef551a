package schedule_test

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func BenchmarkAt(b *testing.B) {
	for name, spec := range map[string]schedule.Spec{
		"working days":    {Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour},
		"until":           {Cron: "0 8 * * 1-5", Zone: "America/New_York", Until: "18:00", Except: []string{"2026-12-25", "2027-01-01"}},
		"one day a year":  {Cron: "0 0 1 4 *", Zone: "America/New_York", For: 366 * 24 * time.Hour},
		"31 days to seek": {Cron: "0 0 1 * *", Zone: "America/New_York", For: 31 * 24 * time.Hour},
		"a date":          {Zone: "Asia/Tokyo", Dates: []string{"2026-12-31"}},
	} {
		b.Run(name, func(b *testing.B) {
			s := parse(b, spec)
			now := instant(b, "2027-05-31T03:00:00Z")
			b.ReportAllocs()
			for b.Loop() {
				s.At(now)
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	for name, spec := range map[string]schedule.Spec{
		"working days": {Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour},
		"never":        {Cron: "* * * * *", Zone: "America/New_York", For: time.Minute},
		"leap year":    {Cron: "0 0 29 2 *", Zone: "America/New_York", For: time.Hour},
	} {
		b.Run(name, func(b *testing.B) {
			s := parse(b, spec)
			now := instant(b, "2027-05-31T03:00:00Z")
			b.ReportAllocs()
			for b.Loop() {
				s.Next(now)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse(b, schedule.Spec{Cron: "0 8 * * 1-5", Zone: "America/New_York", Until: "18:00", Except: []string{"2026-12-25"}})
	}
}
