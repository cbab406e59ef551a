package billing

import "time"

// Bill is what contracts cost from one instant up to another.
type Bill struct {
	Net   Money // before tax
	Tax   Money
	Total Money // Net and Tax

	// Days are the dates that the span touches, in the model's zone, in order. They add up to
	// the bill. A date has what is first owed on it, so a price for a month
	// stands on the month's first day, and that of a machine ordered within it on the day of the order.
	Days []Day

	Contracts   int     // that existed within the span
	PaidHours   float64 // machine time that is owed for within the span
	UnusedHours float64 // of it, those before the order and after the end of a contract, which rounding up and minimums add
}

// Day is what is owed on a date.
type Day struct {
	Begin           time.Time // in the model's zone, also if the span begins later
	Net, Tax, Total Money
}

// Bill is what the contracts cost from one instant up to another: by how much the invoices of
// the months grow in between. What was owed before from, for a month that began earlier, say, is not
// in it, and what is owed before to is whole in it: for models that charge whole months or days, let both be
// the beginning of one. What is known of the contracts after to counts only for pieces that were owed before.
func (m *Model) Bill(contracts []Contract, from, to time.Time) Bill {
	begin, end := ceilSeconds(from), ceilSeconds(to)
	if begin >= end {
		return Bill{}
	}
	l := newLedger(m, begin, end)
	r := meter{model: m, ledger: l}
	bill := Bill{}
	for _, c := range contracts {
		r.measure(c)
		if c.Ordered.Before(to) && (c.Ended.IsZero() || c.Ended.After(from) || !c.Ordered.Before(from)) {
			bill.Contracts++
		}
	}
	l.close()
	fromDate := l.calendar.date(begin)
	for i, e := range l.entries[fromDate-l.firstDate+1:] {
		day := Day{Begin: time.Unix(l.start(fromDate+int64(i)), 0).In(m.Zone), Net: e.net, Tax: e.tax, Total: e.net + e.tax}
		if m.tax.included {
			day.Net, day.Total = e.net-e.tax, e.net
		}
		bill.Days = append(bill.Days, day)
		bill.Net, bill.Tax, bill.Total = bill.Net+day.Net, bill.Tax+day.Tax, bill.Total+day.Total
	}
	bill.PaidHours = float64(l.paid) / (60 * 60)
	bill.UnusedHours = float64(l.paid-l.held) / (60 * 60)
	return bill
}
