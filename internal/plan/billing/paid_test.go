package billing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

func TestPaidUntilIsTheEndOfThePieceThatHasBegun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		model              []string
		more               []string
		ordered, now, want string
	}{
		"a day of a month":            {dated, nil, "2026-01-05 10:30", "2026-01-31 23:59:59", "2026-02-01"},
		"a month":                     {whole, nil, "2026-01-05 10:30", "2026-02-01", "2026-03-01"},
		"a month of its own":          {own, nil, "2026-01-31 10:30", "2026-02-01", "2026-02-28 10:30"},
		"the next one":                {own, nil, "2026-01-31 10:30", "2026-02-28 10:30", "2026-03-31 10:30"},
		"a day of its own":            {share, nil, "2026-01-31 10:30", "2026-02-02 10:29:59", "2026-02-02 10:30"},
		"an hour of its own":          {hours, nil, "2026-01-31 10:50:30", "2026-02-02 00:10", "2026-02-02 00:50:30"},
		"an hour of the clock":        {clock, nil, "2026-01-31 10:50:30", "2026-02-02 00:10", "2026-02-02 01:00"},
		"a second":                    {tick, nil, "2026-01-31 10:50:30", "2026-02-02 00:10", "2026-02-02 00:10:01"},
		"before the order":            {hours, nil, "2026-01-31 10:50", "2026-01-01", "2026-01-31 11:50"},
		"within a minimum":            {hours, []string{"minimum: {contract: 3 hours}"}, "2026-01-31 10:50", "2026-01-31 11:00", "2026-01-31 13:50"},
		"a minimum ends within a day": {dated, []string{"minimum: {contract: 1 month}"}, "2026-01-31 10:50", "2026-01-31 11:00", "2026-03-01"},
		"after a minimum":             {hours, []string{"minimum: {contract: 3 hours}"}, "2026-01-31 10:50", "2026-01-31 13:50", "2026-01-31 14:50"},
		"a minute for the start":      {tick, []string{"minimum: {start: 1 minute}"}, "2026-01-31 10:50", "2026-01-31 10:50:10", "2026-01-31 10:51"},
		"limits do not count":         {tiers, nil, "2026-01-31 00:00", "2026-01-31 15:30", "2026-01-31 16:00"},
		"a day without midnight":      {daily, []string{"#zone: America/Sao_Paulo"}, "2018-11-01", "2018-11-03 20:00", "2018-11-04 01:00"},
	} {
		m := parse(t, override(test.model, test.more)...)
		if got := m.PaidUntil(at(t, m.Zone, test.ordered), at(t, m.Zone, test.now)); !got.Equal(at(t, m.Zone, test.want)) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// What planning takes for the end of a paid period must be what the daemon takes for it.
func TestPaidPeriodsAreThoseOfTheDaemon(t *testing.T) {
	t.Parallel()
	byDay, byMonth := parse(t, dated...), parse(t, whole...)
	days := gp.NewReader(nil, gp.Options{PaidPeriod: gp.PaidByDay})
	months := gp.NewReader(nil, gp.Options{PaidPeriod: gp.PaidByMonth})
	rapid.Check(t, func(t *rapid.T) {
		ordered := time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "ordered"), 0)
		now := ordered.Add(time.Duration(rapid.Int64Range(0, 1e17).Draw(t, "later")))
		if got, want := byDay.PaidUntil(ordered, now), days.Billing(now).PeriodEnd; !got.Equal(want) {
			t.Fatalf("day: %s, the daemon says %s", got, want)
		}
		if got, want := byMonth.PaidUntil(ordered, now), months.Billing(now).PeriodEnd; !got.Equal(want) {
			t.Fatalf("month: %s, the daemon says %s", got, want)
		}
	})
}

// A machine that ends at any instant before costs what it costs if it ends then, and a second more costs
// more.
func TestEndingBeforePaidUntilSavesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, begin := drawRules(t)
		r.count, r.capDay, r.capMonth, r.charge = "pieces", 0, 0, 0
		r.price = max(r.price, 60) // so that every piece shows
		r.rounding = "up"
		m := r.model(t)
		ordered := drawContract(t, r.zone, begin).Ordered
		now := ordered.Add(time.Duration(rapid.IntRange(0, 60*24*60*60).Draw(t, "now")) * time.Second)
		until := m.PaidUntil(ordered, now)
		if !until.After(now) || !m.PaidUntil(ordered, until.Add(-time.Second)).Equal(until) {
			t.Fatalf("paid until %s, and a second before until %s", until, m.PaidUntil(ordered, until.Add(-time.Second)))
		}
		cost := func(ended time.Time) billing.Money {
			return m.Bill([]billing.Contract{{Ordered: ordered, Ended: ended}}, begin, until.AddDate(0, 3, 0)).Total
		}
		before, then, more := cost(now.Add(time.Second)), cost(until), cost(until.Add(time.Second))
		if before != then || more <= then {
			t.Fatalf("paid until %s: %d at %s, %d then, %d a second later", until, before, now, then, more)
		}
	})
}
