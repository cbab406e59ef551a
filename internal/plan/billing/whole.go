package billing

import "time"

// Whole is the time in whole days or months, as a model charges for them.
type Whole struct {
	Unit   string // day, or month
	Around Span   // the pieces that a span touches, from the beginning of the first to the end of the last
	Within Span   // those that lie in it; it ends no later than it begins if there is none
}

// Whole tells the whole pieces of a span that is not empty, of a contract that lasts for all of
// it: those of the calendar, or those of the contract's own clock, if it is ordered with the span. It is false
// for a model that charges shorter pieces than days, or totals the time.
func (m *Model) Whole(from, to time.Time) (Whole, bool) {
	if m.chargeBy != byDay && m.chargeBy != byMonth || m.count == countTime {
		return Whole{}, false
	}
	begin, end := from.Unix(), ceilSeconds(to)
	k := m.clock(&calendar{zone: m.Zone}, begin)
	first, last := m.piece(&k, begin), m.piece(&k, end-1)
	within := stretch{first.end, last.begin}
	if first.begin == begin {
		within.begin = begin
	}
	if last.end == end {
		within.end = end
	}
	return Whole{Unit: string(m.chargeBy), Around: m.span(stretch{first.begin, last.end}), Within: m.span(within)}, true
}

// piece is the day or the month that holds t.
func (m *Model) piece(k *clock, t int64) stretch {
	begin := k.day(k.dayAt(t))
	if m.chargeBy == byMonth {
		begin = k.day(k.firstDay(k.monthAt(t)))
	}
	return stretch{begin, m.pieceEnd(k, t)}
}

func (m *Model) span(s stretch) Span {
	return Span{Begin: time.Unix(s.begin, 0).In(m.Zone), End: time.Unix(s.end, 0).In(m.Zone)}
}
