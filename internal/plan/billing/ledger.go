package billing

import "math/big"

// ledger collects what is owed, by the date on which it is. It begins with the month of the
// bill's first instant: since it is months that are rounded, it matters what was owed in
// that month before the bill.
type ledger struct {
	*calendar
	model       *Model
	from, until int64 // of the bill
	begin       int64 // of from's month
	firstDate   int64 // of that
	entries     []entry

	net, tax sum   // of the contract that is being entered
	date     int64 // of the latest entry
	tomorrow int64 // when the next date begins

	paid, held int64 // machine time that is owed for within the bill, in seconds
}

// entry is what is owed on a date. The date of the bill's first instant has two: what is
// owed before that is in the former.
type entry struct {
	raw price // if machines are not rounded each by itself
	net Money
	tax Money // if it is each machine's
}

func newLedger(m *Model, from, until int64) *ledger {
	c := &calendar{zone: m.Zone}
	l := &ledger{model: m, from: from, until: until, firstDate: firstOf(monthOf(c.date(from)))}
	l.begin = c.start(l.firstDate)
	const longestMonth = 31 * daySeconds // of a contract, which can begin as much earlier
	l.calendar = newCalendar(m.Zone, l.begin-longestMonth, until)
	l.entries = make([]entry, l.calendar.date(until-1)-l.firstDate+2)
	return l
}

// open begins with another contract, which was ordered at the given instant.
func (l *ledger) open(ordered int64) {
	l.net, l.tax = l.model.netSum(), l.model.taxSum()
	l.date = l.firstDate
	if ordered > l.begin {
		l.date = l.calendar.date(ordered)
	}
	l.tomorrow = l.start(l.date + 1)
}

// enter enters what the contract owes from an instant on. Instants ascend.
func (l *ledger) enter(at int64, cost price) {
	if at < l.begin || cost == 0 {
		return
	}
	l.turnTo(at)
	e := &l.entries[l.index(at)]
	if l.model.roundingOf == ofBill {
		e.raw += cost
		return
	}
	month := l.month(l.date)
	net := l.net.add(month, cost)
	e.net += Money(net)
	if l.model.tax.of == ofMachine {
		e.tax += Money(l.tax.add(month, net))
	}
}

// pay enters machine time that is owed for from an instant on, and as how much of it the
// contract lasted; in seconds.
func (l *ledger) pay(at, paid, held int64) {
	if at >= l.from {
		l.paid += paid
		l.held += held
	}
}

// cut is the first instant after the given one at which another entry begins, or the bill ends.
func (l *ledger) cut(at int64) int64 {
	if at < l.begin {
		return l.begin
	}
	l.turnTo(at)
	if at < l.from {
		return min(l.tomorrow, l.from)
	}
	return min(l.tomorrow, l.until)
}

func (l *ledger) turnTo(at int64) {
	for l.tomorrow <= at {
		l.date++
		l.tomorrow = l.start(l.date + 1)
	}
}

func (l *ledger) index(at int64) int64 {
	if at < l.from {
		return l.date - l.firstDate
	}
	return l.date - l.firstDate + 1
}

// close rounds what is rounded of all machines together.
func (l *ledger) close() {
	net, tax := l.model.netSum(), l.model.taxSum()
	fromDate := l.calendar.date(l.from)
	for i := range l.entries {
		e := &l.entries[i]
		date := l.firstDate + int64(i)
		if date > fromDate {
			date--
		}
		month := l.month(date)
		if l.model.roundingOf == ofBill {
			e.net = Money(net.add(month, e.raw))
		}
		if l.model.tax.of == ofBill {
			e.tax = Money(tax.add(month, int64(e.net)))
		}
	}
}

// sum is times/by of the amounts of a calendar month, rounded as they grow.
type sum struct {
	rounding      rounding
	times, by     int64
	month         int32
	total, before int64
}

// add is by how much the rounded sum of a month grows with an amount. Months ascend.
func (s *sum) add(month int32, amount int64) int64 {
	if month != s.month {
		s.month, s.total, s.before = month, 0, 0
	}
	s.total += amount
	rounded := s.rounding.quotient(s.total, s.times, s.by)
	growth := rounded - s.before
	s.before = rounded
	return growth
}

// netSum rounds prices to coins.
func (m *Model) netSum() sum { return sum{rounding: m.rounding, times: 1, by: m.scale, month: -1} }

// taxSum computes the tax on coins.
func (m *Model) taxSum() sum {
	share := m.tax.rate
	if m.tax.included {
		share = new(big.Rat).Quo(share, new(big.Rat).Add(share, big.NewRat(1, 1)))
	}
	return sum{rounding: m.tax.rounding, times: share.Num().Int64(), by: share.Denom().Int64(), month: -1}
}
