package billing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// Three machines for ten days of January each: 10 × 10000/31 = 3225.80… each, 9677.41… together.
const thrice = "2026-01-01/2026-01-11, 2026-01-01/2026-01-11, 2026-01-11/2026-01-21"

func TestTaxAndRoundingAreOfEachMachineOrOfTheBill(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		more     []string
		net, tax billing.Money
	}{
		"no tax":                         {nil, 9675, 0},                                                                                  // 3 × 3225
		"each machine's, down":           {[]string{"tax: {rate: 10%, of: machine}"}, 9675, 966},                                          // 3 × 322.5 → 3 × 322
		"each machine's, up":             {[]string{"tax: {rate: 10%, of: machine, rounding: up}"}, 9675, 969},                            // 3 × 323
		"each machine's, to the nearest": {[]string{"tax: {rate: 10%, of: machine, rounding: nearest}"}, 9675, 969},                       // a half goes up
		"the bill's, down":               {[]string{"tax: {rate: 10%}"}, 9675, 967},                                                       // 967.5
		"the bill's, up":                 {[]string{"tax: {rate: 10%, rounding: up}"}, 9675, 968},                                         // 967.5
		"of a bill rounded once":         {[]string{"rounding: {of: bill}", "tax: {rate: 10%}"}, 9677, 967},                               // 967.7
		"of a bill rounded up once":      {[]string{"rounding: {of: bill, money: up}", "tax: {rate: 10%, rounding: nearest}"}, 9678, 968}, // 967.8
		"a rate with a point":            {[]string{"tax: {rate: 8.25%}"}, 9675, 798},                                                     // 798.1875
		"in the price":                   {[]string{"tax: {rate: 10%, included: true}"}, 8796, 879},                                       // 9675/11 = 879.54; 9675 − 879
		"in each machine's price":        {[]string{"tax: {rate: 10%, included: true, of: machine, rounding: up}"}, 8793, 882},            // 3225/11 = 293.18 → 294 each; 9675 − 882
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, append(append([]string{}, dated...), test.more...)...)
			got := m.Bill(contracts(t, m.Zone, thrice), at(t, m.Zone, "2026-01-01"), at(t, m.Zone, "2026-02-01"))
			if got.Net != test.net || got.Tax != test.tax || got.Total != test.net+test.tax {
				t.Errorf("%d and %d, %d in all; want %d and %d", got.Net, got.Tax, got.Total, test.net, test.tax)
			}
		})
	}
}

func TestADayHasWhatIsFirstOwedOnIt(t *testing.T) {
	t.Parallel()
	m := parse(t, append(append([]string{}, whole...), "tax: {rate: 10%}")...)
	bill := m.Bill(contracts(t, m.Zone, "2026-01-30 10:00/2026-02-10, 2026-02-02 12:00/"), at(t, m.Zone, "2026-01-30 09:00"), at(t, m.Zone, "2026-02-03"))
	want := []billing.Money{9900, 0, 9900, 9900} // 30 and 31 January, 1 and 2 February
	if len(bill.Days) != len(want) {
		t.Fatalf("%d days: %+v", len(bill.Days), bill.Days)
	}
	for i, day := range bill.Days {
		if begin := at(t, m.Zone, "2026-01-30").AddDate(0, 0, i); day.Total != want[i] || !day.Begin.Equal(begin) || day.Begin.Location() != m.Zone {
			t.Errorf("day %d: %+v, want %d on %s", i, day, want[i], begin)
		}
	}
}

func TestHoursThatNobodyCouldUseAreCounted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		model, more  []string
		life, off    string
		paid, unused float64
	}{
		"a begun hour of its own":         {hours, nil, "2026-01-05 10:50/2026-01-05 11:20", "", 1, 0.5},
		"begun hours of the clock":        {clock, nil, "2026-01-05 10:45/2026-01-05 11:15", "", 2, 1.5},
		"a month":                         {whole, nil, "2026-02-27/2026-03-01", "", 28 * 24, 26 * 24},
		"a month of its own":              {own, nil, "2026-01-15 12:00/2026-01-16 12:00", "", 31 * 24, 30 * 24},
		"off costs nothing":               {hours, nil, "2026-01-05 10:00/2026-01-05 16:00", "2026-01-05 11:00/2026-01-05 15:30", 2, 0},
		"off costs as much":               {dated, nil, "2026-01-05/2026-01-07", "2026-01-05 11:00/2026-01-06 15:30", 48, 0},
		"a minimum":                       {hours, []string{"minimum: {contract: 1 day}"}, "2026-01-05 10:00/2026-01-05 13:30", "", 24, 20.5},
		"time that is totalled":           {total, nil, "2026-01-05 10:00/2026-01-05 14:00", "2026-01-05 10:15/2026-01-05 13:45", 1, 0.5},
		"a day of 23 hours":               {daily, []string{"#zone: America/New_York"}, "2026-03-08 12:00/2026-03-08 13:00", "", 23, 22},
		"owed before the bill, not in it": {whole, nil, "2025-12-10/", "", 3*31*24 - 3*24, 0}, // January, February, March
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, override(test.model, test.more)...)
			c := contracts(t, m.Zone, test.life)
			c[0].Stopped = spans(t, m.Zone, test.off)
			got := m.Bill(c, at(t, m.Zone, "2026-01-01"), at(t, m.Zone, "2026-04-01"))
			if got.PaidHours != test.paid || got.UnusedHours != test.unused || got.Contracts != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestContractsWithinTheSpanAreCounted(t *testing.T) {
	t.Parallel()
	m := parse(t, hours...)
	const lives = "2026-01-01/2026-01-02, 2026-01-01/2026-01-02 00:00:01, 2026-01-03/2026-01-04, 2026-01-03/2026-01-03, 2026-01-03 23:59/, 2026-01-04/, 2025-01-01/"
	if got := m.Bill(contracts(t, m.Zone, lives), at(t, m.Zone, "2026-01-02"), at(t, m.Zone, "2026-01-04")); got.Contracts != 5 {
		t.Errorf("%d contracts", got.Contracts)
	}
}

// NTT Communications published these sums for its Cloudn (FAQ 3638, prices of March 2015): 7.18
// yen an hour, 3.78 when off, at most 3400 a month, rounded up.
func TestAPublishedBillIsReproduced(t *testing.T) {
	t.Parallel()
	prices := []string{"currency: JPY", "zone: Asia/Tokyo", "unit: hour", `price: "7.18"`, `stopped: "3.78"`, "anchor: calendar", "rounding: {money: up}"}
	for name, test := range map[string]struct {
		more []string
		off  string
		want billing.Money
	}{
		"31 days":                            {nil, "", 5342},
		"25 days, and 6 off":                 {nil, "2015-03-26/", 4853},
		"31 days, with the limit":            {[]string{`cap: {month: "3400"}`}, "", 3400},
		"25 days, 6 off, and the limit":      {[]string{`cap: {month: "3400"}`}, "2015-03-26/", 3400},
		"10 days, which do not come near it": {[]string{`cap: {month: "3400"}`}, "2015-03-11/2015-04-01", 3400}, // 240 × 7.18 + 504 × 3.78 = 3628.32
	} {
		m := parse(t, append(append([]string{}, prices...), test.more...)...)
		c := contracts(t, m.Zone, "2015-03-01/2015-04-01")
		c[0].Stopped = spans(t, m.Zone, test.off)
		if got := m.Bill(c, at(t, m.Zone, "2015-03-01"), at(t, m.Zone, "2015-04-01")); got.Net != test.want {
			t.Errorf("%s: %d, want %d", name, got.Net, test.want)
		}
	}
}

// drawBill draws a model, contracts, and an instant before them.
func drawBill(t *rapid.T) (*billing.Model, []billing.Contract, time.Time) {
	r, begin := drawRules(t)
	var contracts []billing.Contract
	for range rapid.IntRange(1, 6).Draw(t, "contracts") {
		contracts = append(contracts, drawContract(t, r.zone, begin))
	}
	return r.model(t), contracts, begin
}

func TestBillsOfSpansAddUpWhereverTheyAreCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, contracts, begin := drawBill(t)
		seconds := rapid.IntRange(-90*24*60*60, 200*24*60*60)
		a, b, c := seconds.Draw(t, "a"), seconds.Draw(t, "b"), seconds.Draw(t, "c")
		a, b, c = min(a, b, c), a+b+c-min(a, b, c)-max(a, b, c), max(a, b, c)
		instant := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Second) }
		first, second, both := m.Bill(contracts, instant(a), instant(b)), m.Bill(contracts, instant(b), instant(c)), m.Bill(contracts, instant(a), instant(c))
		if first.Net+second.Net != both.Net || first.Tax+second.Tax != both.Tax || first.Total+second.Total != both.Total {
			t.Fatalf("%+v\nand %+v\nare not %+v", first, second, both)
		}
	})
}

func TestAMachineThatIsKeptLongerCostsNoLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, contracts, begin := drawBill(t)
		to := begin.AddDate(0, 0, rapid.IntRange(1, 120).Draw(t, "to"))
		before := m.Bill(contracts, begin, to)
		for _, day := range before.Days {
			if day.Net < 0 || day.Tax < 0 {
				t.Fatalf("a day earns money: %+v", day)
			}
		}
		c := &contracts[rapid.IntRange(0, len(contracts)-1).Draw(t, "which")]
		c.Ended = c.Ended.Add(time.Duration(rapid.IntRange(1, 60*24*60*60).Draw(t, "longer")) * time.Second)
		if c.Ended.Before(c.Ordered) { // it had no end
			c.Ended = time.Time{}
		}
		after := m.Bill(contracts, begin, to)
		if after.Net < before.Net || after.Total < before.Total || after.UnusedHours < 0 {
			t.Fatalf("%+v, then %+v", before, after)
		}
	})
}

func TestTheOrderOfContractsDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, contracts, begin := drawBill(t)
		one := m.Bill(contracts, begin, begin.AddDate(0, 2, 0))
		other := m.Bill(rapid.Permutation(contracts).Draw(t, "order"), begin, begin.AddDate(0, 2, 0))
		if one.Net != other.Net || one.Tax != other.Tax || one.PaidHours != other.PaidHours {
			t.Fatalf("%+v or %+v", one, other)
		}
	})
}
