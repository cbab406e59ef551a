package billing

import "time"

// PaidUntil is the end of the piece of time, of a contract ordered at the one instant, that is paid
// for at the other: a machine that ends before costs nothing less. It is the same for every
// instant until then. Minimum lengths count, as of a machine that was switched on once;
// limits, and an amount that a contract costs at least, do not, since it depends on when the machine
// was on whether they are reached.
func (m *Model) PaidUntil(ordered, now time.Time) time.Time {
	begin := ordered.Unix()
	k := m.clock(&calendar{zone: m.Zone}, begin)
	t := max(begin, now.Unix())
	if m.minimumStart.count > 0 {
		t = max(t, begin+m.minimumStart.seconds()-1)
	}
	if m.minimumContract.count > 0 {
		t = max(t, m.minimumContract.after(ordered, m.Zone)-1)
	}
	return time.Unix(m.pieceEnd(&k, t), 0).In(m.Zone)
}

// pieceEnd is when the piece that holds t ends.
func (m *Model) pieceEnd(k *clock, t int64) int64 {
	if m.chargeBy == byMonth {
		return k.day(k.firstDay(k.monthAt(t) + 1))
	}
	date := k.dayAt(t)
	end := k.day(date + 1)
	if length := m.pieceLength; length > 0 {
		begin := k.day(date)
		return min(end, begin+(t-begin)/length*length+length)
	}
	return end
}
