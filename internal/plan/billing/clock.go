package billing

// clock divides time into the days and months that a model counts in: those of the calendar,
// or those of the contract's own clock, which begin at the time of day, and on the day of the
// month, at which it was ordered. A day is told by the date on which it begins.
type clock struct {
	*calendar
	own        bool
	orderDate  int64 // of the day that holds ordered
	timeOfDay  int64 // at which days begin, in seconds
	dayOfMonth int   // on which months begin
}

// clock is the one for a contract that was ordered at an instant.
func (m *Model) clock(c *calendar, ordered int64) clock {
	k := clock{calendar: c, orderDate: c.date(ordered), dayOfMonth: 1}
	if m.anchor == contractAnchor {
		k.own = true
		k.timeOfDay = c.wall(ordered) - k.orderDate*daySeconds
		k.dayOfMonth = dayOfMonth(k.orderDate)
	}
	return k
}

// day is when the day of a date begins.
func (k *clock) day(date int64) int64 {
	begin := k.start(date)
	switch {
	case !k.own:
		return begin
	case k.start(date+1)-begin == daySeconds:
		return begin + k.timeOfDay
	default:
		return k.instant(date*daySeconds + k.timeOfDay)
	}
}

// dayAt is the date of the day that holds t.
func (k *clock) dayAt(t int64) int64 {
	date := k.date(t)
	if k.day(date) > t {
		date--
	}
	return date
}

// firstDay is the date of a month's first day.
func (k *clock) firstDay(month int64) int64 { return dateIn(month, k.dayOfMonth) }

// monthAt is the month that holds t.
func (k *clock) monthAt(t int64) int64 {
	month := monthOf(k.date(t))
	if k.day(k.firstDay(month)) > t {
		month--
	}
	return month
}
