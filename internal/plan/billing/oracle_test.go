package billing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// rules are a model for the slow bill below, which goes through every minute of a contract.
type rules struct {
	zone               *time.Location
	unit, piece        string
	price, off         int64 // yen for a unit
	anchor, count      string
	capDay, capMonth   int64 // 0: none
	startMinutes       int
	contractHours      int
	charge, setup      int64
	rounding, of       string
	taxRate            int64 // percent
	taxRounding, taxOf string
	taxIncluded        bool
}

func (r rules) model(t tester) *billing.Model {
	lines := []string{
		"currency: JPY", "zone: " + r.zone.String(), "unit: " + r.unit, "charge_by: " + r.piece, "anchor: " + r.anchor, "count: " + r.count,
		fmt.Sprintf("price: %d", r.price), fmt.Sprintf("stopped: %d", r.off), fmt.Sprintf("setup_fee: %d", r.setup),
		fmt.Sprintf("minimum: {start: %d minutes, contract: %d hours, charge: %d}", r.startMinutes, r.contractHours, r.charge),
		fmt.Sprintf("rounding: {money: %s, of: %s}", r.rounding, r.of),
		fmt.Sprintf("tax: {rate: %d%%, rounding: %s, of: %s, included: %v}", r.taxRate, r.taxRounding, r.taxOf, r.taxIncluded),
	}
	if r.capDay > 0 || r.capMonth > 0 {
		lines = append(lines, "cap:")
	}
	if r.capDay > 0 {
		lines = append(lines, fmt.Sprintf("  day: %d", r.capDay))
	}
	if r.capMonth > 0 {
		lines = append(lines, fmt.Sprintf("  month: %d", r.capMonth))
	}
	return parse(t, lines...)
}

// owed is an amount, in yen over fine, and when it is first owed.
type owed struct {
	at     time.Time
	amount int64
}

// fine is divisible by the minutes of an hour and by the days of every month.
const fine = 60 * 28 * 29 * 30 * 31

// place is where in the model's days and months a minute lies.
type place struct {
	month, monthEnd, day, dayEnd time.Time
}

func (r rules) place(ordered, now time.Time) place {
	local, begin := now.In(r.zone), time.Date(1, 1, 1, 0, 0, 0, 0, r.zone)
	if r.anchor == "contract" {
		begin = ordered.In(r.zone)
	}
	day := func(year int, month time.Month, day int) time.Time {
		last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
		t := time.Date(year, month, min(day, last), begin.Hour(), begin.Minute(), 0, 0, r.zone)
		if begin.Hour() == 0 && t.Hour() == 23 { // there is no midnight
			t = t.Add(time.Hour)
		}
		return t
	}
	p := place{month: day(local.Year(), local.Month(), begin.Day())}
	p.monthEnd = day(local.Year(), local.Month()+1, begin.Day())
	if p.month.After(now) {
		p.month, p.monthEnd = day(local.Year(), local.Month()-1, begin.Day()), p.month
	}
	today := func(more int) time.Time {
		date := time.Date(local.Year(), local.Month(), local.Day()+more, 12, 0, 0, 0, time.UTC)
		return day(date.Year(), date.Month(), date.Day())
	}
	p.day, p.dayEnd = today(0), today(1)
	if p.day.After(now) {
		p.day, p.dayEnd = today(-1), p.day
	}
	return p
}

// minutes tells of each minute that is charged whether the machine is on.
func (r rules) minutes(c billing.Contract, horizon time.Time) (on []bool) {
	ended := c.Ended
	if ended.IsZero() {
		ended = horizon
	}
	running := func(t time.Time) bool {
		return len(c.Stopped) == 0 || !slices.ContainsFunc(c.Stopped, func(s billing.Span) bool {
			return !t.Before(s.Begin) && (s.End.IsZero() || t.Before(s.End))
		})
	}
	set := func(i int, state bool) {
		for len(on) <= i {
			on = append(on, true)
		}
		on[i] = state
	}
	prolonged := -1
	i := 0
	for t := c.Ordered; t.Before(ended); t = t.Add(time.Minute) {
		if running(t) && (i == 0 || !running(t.Add(-time.Minute))) {
			prolonged = max(prolonged, i+r.startMinutes)
		}
		set(i, running(t) || i < prolonged || i < r.contractHours*60)
		i++
	}
	for i < max(prolonged, r.contractHours*60) {
		set(i, true)
		i++
	}
	return on
}

// pieces is what the contract owes for each piece of time.
func (r rules) pieces(c billing.Contract, horizon time.Time) (all []owed) {
	type piece struct {
		place
		begin time.Time
		on    bool
	}
	var pieces []piece
	var where place
	for i, on := range r.minutes(c, horizon) {
		now := c.Ordered.Add(time.Duration(i) * time.Minute)
		if i == 0 || !now.Before(where.dayEnd) {
			where = r.place(c.Ordered, now)
		}
		begin := where.day
		switch r.piece {
		case "month":
			begin = where.month
		case "hour":
			begin = begin.Add(now.Sub(begin).Truncate(time.Hour))
		case "minute":
			begin = now
		}
		if len(pieces) == 0 || !pieces[len(pieces)-1].begin.Equal(begin) {
			pieces = append(pieces, piece{place: where, begin: begin})
		}
		last := &pieces[len(pieces)-1]
		last.on = last.on || on
	}
	var day, month int64
	for i, p := range pieces {
		if i > 0 && !p.day.Equal(pieces[i-1].day) {
			day = 0
		}
		if i > 0 && !p.month.Equal(pieces[i-1].month) {
			month = 0
		}
		cost := r.off * fine
		if p.on {
			cost = r.price * fine
		}
		switch {
		case r.unit == "hour" && r.piece == "minute":
			cost /= 60
		case r.unit == "month" && r.piece == "day":
			days := p.monthEnd.Sub(p.month).Round(24*time.Hour) / (24 * time.Hour)
			cost /= int64(days)
		}
		if r.capDay > 0 {
			cost = min(cost, r.capDay*fine-day)
		}
		if r.capMonth > 0 {
			cost = min(cost, r.capMonth*fine-month)
		}
		day, month = day+cost, month+cost
		at := p.begin
		if at.Before(c.Ordered) {
			at = c.Ordered
		}
		all = append(all, owed{at, cost})
	}
	return all
}

// time is what the contract owes for the time of each month.
func (r rules) time(c billing.Contract, horizon time.Time) (all []owed) {
	pieceMinutes := map[string]int{"minute": 1, "hour": 60, "day": 24 * 60}[r.piece]
	share := int64(fine)
	if r.unit == "hour" && r.piece == "minute" {
		share = fine / 60
	}
	var where place
	var ran, stood int
	var before int64
	for i, on := range r.minutes(c, horizon) {
		now := c.Ordered.Add(time.Duration(i) * time.Minute)
		if i == 0 || !now.Before(where.monthEnd) {
			where = r.place(c.Ordered, now)
			ran, stood, before = 0, 0, 0
		}
		if on {
			ran++
		} else if r.off > 0 {
			stood++
		}
		cost := (int64((ran+pieceMinutes-1)/pieceMinutes)*r.price + int64((stood+pieceMinutes-1)/pieceMinutes)*r.off) * share
		if r.capDay > 0 {
			cost = min(cost, int64((ran+stood+24*60-1)/(24*60))*r.capDay*fine)
		}
		if r.capMonth > 0 {
			cost = min(cost, r.capMonth*fine)
		}
		all = append(all, owed{now, cost - before})
		before = cost
	}
	return all
}

// owed is all that the contract owes.
func (r rules) owed(c billing.Contract, horizon time.Time) []owed {
	all := r.pieces
	if r.count == "time" {
		all = r.time
	}
	rest := r.charge * fine
	result := []owed{{c.Ordered, (r.charge + r.setup) * fine}}
	for _, o := range all(c, horizon) {
		used := min(rest, o.amount)
		rest -= used
		result = append(result, owed{o.at, o.amount - used})
	}
	return result
}

// invoices is the sum of all invoices, net and tax, as of an instant.
func (r rules) invoices(contracts [][]owed, now time.Time) (net, tax int64) {
	type month struct {
		year  int
		month time.Month
	}
	bills := map[month][]int64{} // of each machine
	for i, c := range contracts {
		for _, o := range c {
			if !o.at.Before(now) {
				continue
			}
			local := o.at.In(r.zone)
			key := month{local.Year(), local.Month()}
			if bills[key] == nil {
				bills[key] = make([]int64, len(contracts))
			}
			bills[key][i] += o.amount
		}
	}
	taxOn := func(amount int64) int64 {
		if r.taxIncluded {
			return round(amount*r.taxRate, 100+r.taxRate, r.taxRounding)
		}
		return round(amount*r.taxRate, 100, r.taxRounding)
	}
	for _, machines := range bills {
		var sum, total int64
		for _, m := range machines {
			total += m
			sum += round(m, fine, r.rounding)
			if r.taxOf == "machine" {
				tax += taxOn(round(m, fine, r.rounding))
			}
		}
		if r.of == "bill" {
			sum = round(total, fine, r.rounding)
		}
		net += sum
		if r.taxOf == "bill" {
			tax += taxOn(sum)
		}
	}
	if r.taxIncluded {
		net -= tax
	}
	return net, tax
}

func round(amount, by int64, how string) int64 {
	switch how {
	case "up":
		return (amount + by - 1) / by
	case "nearest":
		return (2*amount + by) / (2 * by)
	}
	return amount / by
}

// begins are dates with something ahead: clocks that are moved, also at midnight and by half an
// hour, and the ends of months and years.
var begins = map[string][]string{
	"Asia/Tokyo":          {"2026-01-20", "2028-02-20", "2026-12-20"},
	"America/New_York":    {"2026-02-20", "2026-10-20"},
	"America/Sao_Paulo":   {"2018-10-20", "2018-02-01"},
	"Australia/Lord_Howe": {"2026-03-20", "2026-09-20"},
	"Asia/Kolkata":        {"2026-01-25"},
}

func drawRules(t *rapid.T) (r rules, begin time.Time) {
	name := rapid.SampledFrom([]string{"Asia/Tokyo", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata"}).Draw(t, "zone")
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	begin, err = time.ParseInLocation(time.DateOnly, rapid.SampledFrom(begins[name]).Draw(t, "begin"), zone)
	if err != nil {
		t.Fatal(err)
	}
	kind := rapid.SampledFrom([][2]string{{"minute", "minute"}, {"hour", "minute"}, {"hour", "hour"}, {"day", "day"}, {"month", "day"}, {"month", "month"}}).Draw(t, "unit and piece")
	amounts := map[string][]int64{"minute": {0, 1, 3}, "hour": {0, 7, 100}, "day": {0, 100, 333}, "month": {1000, 9999}}[kind[0]]
	roundings := rapid.SampledFrom([]string{"down", "up", "nearest"})
	ofs := rapid.SampledFrom([]string{"machine", "bill"})
	r = rules{
		zone: zone, unit: kind[0], piece: kind[1],
		price:         rapid.SampledFrom(amounts).Draw(t, "price"),
		anchor:        rapid.SampledFrom([]string{"calendar", "contract"}).Draw(t, "anchor"),
		count:         "pieces",
		startMinutes:  rapid.SampledFrom([]int{0, 0, 1, 45}).Draw(t, "start minutes"),
		contractHours: rapid.SampledFrom([]int{0, 0, 5, 80}).Draw(t, "contract hours"),
		charge:        rapid.SampledFrom([]int64{0, 0, 50, 1200}).Draw(t, "charge"),
		setup:         rapid.SampledFrom([]int64{0, 0, 77}).Draw(t, "setup"),
		rounding:      roundings.Draw(t, "rounding"), of: ofs.Draw(t, "of"),
		taxRate: rapid.SampledFrom([]int64{0, 8, 10}).Draw(t, "rate"), taxRounding: roundings.Draw(t, "tax rounding"), taxOf: ofs.Draw(t, "tax of"),
		taxIncluded: rapid.Bool().Draw(t, "tax included"),
	}
	r.off = r.price * rapid.SampledFrom([]int64{0, 0, 1, 2}).Draw(t, "off") / 2
	if r.unit != "month" {
		r.capMonth = rapid.SampledFrom([]int64{0, 900, 5000}).Draw(t, "a month at most")
		r.count = rapid.SampledFrom([]string{"pieces", "time"}).Draw(t, "count")
		if r.unit != "day" {
			r.capDay = rapid.SampledFrom([]int64{0, 60, 700}).Draw(t, "a day at most")
		}
	}
	if r.of == "bill" {
		r.taxOf = "bill"
	}
	return r, begin
}

// drawContract draws a contract that is ordered within a month of begin, by day, when no clocks are moved.
func drawContract(t *rapid.T, zone *time.Location, begin time.Time) billing.Contract {
	local := begin.In(zone)
	minutes := func(most int, what string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, what)) * time.Minute
	}
	c := billing.Contract{Ordered: time.Date(local.Year(), local.Month(), local.Day()+rapid.IntRange(0, 25).Draw(t, "day"), 4, 0, 0, 0, zone).Add(minutes(16*60, "ordered"))}
	if rapid.Bool().Draw(t, "ends") {
		c.Ended = c.Ordered.Add(minutes(45*24*60, "lasts"))
	}
	at := c.Ordered
	for range rapid.IntRange(0, 4).Draw(t, "stops") {
		at = at.Add(minutes(3*24*60, "on for"))
		s := billing.Span{Begin: at}
		if at = at.Add(minutes(5*24*60, "off for")); rapid.IntRange(0, 9).Draw(t, "for good") > 0 {
			s.End = at
		}
		c.Stopped = append(c.Stopped, s)
	}
	return c
}

// The slow bill goes through every minute with the calendar of package time.
func TestABillIsWhatCountingEveryMinuteGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, begin := drawRules(t)
		m := r.model(t)
		var contracts []billing.Contract
		for range rapid.IntRange(1, 2).Draw(t, "contracts") {
			contracts = append(contracts, drawContract(t, r.zone, begin))
		}
		from := begin.Add(time.Duration(rapid.IntRange(-24*60, 20*24*60).Draw(t, "from")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(1, 30*24*60).Draw(t, "to")) * time.Minute)
		var all [][]owed
		for _, c := range contracts {
			all = append(all, r.owed(c, to.AddDate(0, 0, 32)))
		}
		got := m.Bill(contracts, from, to)
		beforeNet, beforeTax := r.invoices(all, from)
		net, tax := r.invoices(all, to)
		if int64(got.Net) != net-beforeNet || int64(got.Tax) != tax-beforeTax || got.Total != got.Net+got.Tax {
			t.Fatalf("%+v\n%v\nfrom %s to %s: %+v\nwant net %d, tax %d", r, contracts, from, to, got, net-beforeNet, tax-beforeTax)
		}
		var sum billing.Day
		for _, day := range got.Days {
			sum.Net, sum.Tax, sum.Total = sum.Net+day.Net, sum.Tax+day.Tax, sum.Total+day.Total
		}
		if sum.Net != got.Net || sum.Tax != got.Tax || sum.Total != got.Total {
			t.Fatalf("the days add up to %+v of %+v", sum, got)
		}
		i := rapid.IntRange(0, len(got.Days)-1).Draw(t, "day")
		day, end := got.Days[i], to
		if i+1 < len(got.Days) {
			end = got.Days[i+1].Begin
		}
		if i > 0 {
			beforeNet, beforeTax = r.invoices(all, day.Begin)
		}
		net, tax = r.invoices(all, end)
		if int64(day.Net) != net-beforeNet || int64(day.Tax) != tax-beforeTax || day.Total != day.Net+day.Tax {
			t.Fatalf("%+v\n%v\n%+v, want net %d, tax %d", r, contracts, day, net-beforeNet, tax-beforeTax)
		}
	})
}
