package billing

// meter finds what one contract after another costs, piece by piece in the order of time, and
// enters it into a ledger.
type meter struct {
	model  *Model
	ledger *ledger
	clock  clock
	life   life
	until  int64 // what is owed from here on does not matter

	stop int // the first of the life's stops that is not over
	owed struct {
		day, month price // of the day, and of the month, so far
		all        price // since the order
	}
	used  struct{ on, off, paid int64 } // of the month so far, in seconds; when time is counted
	on    []stretch                     // scratch
	turns []pieces                      // scratch
}

// pieces are those of a day from one number up to another, counted from 0.
type pieces struct{ first, next int64 }

// measure enters all of a contract that the ledger asks for.
func (r *meter) measure(c Contract) {
	r.life = r.model.life(c, r.life.stops)
	if r.life.begin >= r.ledger.until {
		return
	}
	r.ledger.open(r.life.begin)
	r.ledger.enter(r.life.begin, r.model.setup+r.model.minimum)
	if r.life.end <= max(r.life.begin, r.ledger.begin) {
		return
	}
	r.until = min(r.life.end, r.ledger.until)
	r.stop, r.owed.all = 0, 0
	r.clock = r.model.clock(r.ledger.calendar, r.life.begin)
	since := r.life.begin
	if r.model.minimum == 0 { // otherwise it matters how much of it is used up
		since = max(since, r.ledger.begin)
	}
	for month := r.clock.monthAt(since); ; month++ {
		first, next := r.clock.firstDay(month), r.clock.firstDay(month+1)
		if r.clock.day(first) >= r.until {
			return
		}
		r.owed.month, r.used.on, r.used.off, r.used.paid = 0, 0, 0, 0
		if r.model.chargeBy == byMonth {
			r.month(first, next)
		} else {
			r.days(first, next)
		}
	}
}

// month charges a month as one piece. Days are given by their dates.
func (r *meter) month(first, next int64) {
	month := stretch{r.clock.day(first), r.clock.day(next)}
	lived := r.lived(month)
	if lived.begin >= lived.end {
		return
	}
	cost := r.model.on
	if len(r.running(lived)) == 0 {
		cost = r.model.off
	}
	r.charge(lived.begin, cost)
	if cost > 0 {
		r.pay(lived.begin, month)
	}
}

// days charges the days of a month.
func (r *meter) days(first, next int64) {
	on, off := r.model.on, r.model.off
	if r.model.unit == byMonth {
		on, off = on/(next-first), off/(next-first)
	}
	first = max(first, r.clock.orderDate)
	day := stretch{end: r.clock.day(first)}
	for date := first; date < next && day.end < r.until; date++ {
		day = stretch{day.end, r.clock.day(date + 1)}
		lived := r.lived(day)
		switch {
		case lived.begin >= lived.end: // the zone skipped the day
		case r.model.count == countTime:
			r.time(lived)
		default:
			r.pieces(day, lived, on, off)
		}
	}
}

// lived is what of a stretch belongs to the contract.
func (r *meter) lived(s stretch) stretch {
	return stretch{max(s.begin, r.life.begin), min(s.end, r.life.end)}
}

// running is when the machine was on in a stretch, in order. Stretches are asked for in order.
func (r *meter) running(lived stretch) []stretch {
	stops := r.life.stops
	for r.stop < len(stops) && stops[r.stop].end <= lived.begin {
		r.stop++
	}
	r.on = r.on[:0]
	begin := lived.begin
	for i := r.stop; i < len(stops) && stops[i].begin < lived.end; i++ {
		if begin < stops[i].begin {
			r.on = append(r.on, stretch{begin, stops[i].begin})
		}
		begin = stops[i].end
	}
	if begin < lived.end {
		r.on = append(r.on, stretch{begin, lived.end})
	}
	return r.on
}

// pieces charges those pieces of a day that the contract lived in.
func (r *meter) pieces(day, lived stretch, on, off price) {
	length := r.model.pieceLength
	if length == 0 {
		length = day.end - day.begin
	}
	running := r.touched(day.begin, length, r.running(lived))
	r.owed.day = 0
	for piece, end := (lived.begin-day.begin)/length, ceilDiv(lived.end-day.begin, length); piece < end; {
		owed := max(day.begin+piece*length, r.life.begin)
		if owed >= r.until {
			return
		}
		part := pieces{piece, end}
		if cut := r.ledger.cut(owed); cut < lived.end {
			part.next = min(end, ceilDiv(cut-day.begin, length))
		}
		piece = part.next
		var ran int64
		for _, turn := range running {
			turn = pieces{max(turn.first, part.first), min(turn.next, part.next)}
			if turn.first >= turn.next {
				continue
			}
			ran += turn.next - turn.first
			if off == 0 {
				r.pay(owed, turn.within(day, length))
			}
		}
		if off > 0 {
			r.pay(owed, part.within(day, length))
		}
		r.charge(owed, r.limited(ran*on+(part.next-part.first-ran)*off))
	}
}

// pay enters a stretch as paid for.
func (r *meter) pay(at int64, s stretch) { r.ledger.pay(at, s.end-s.begin, r.life.within(s)) }

// touched is the pieces of a length, from an instant on, that some of the stretches lie in.
func (r *meter) touched(begin, length int64, stretches []stretch) []pieces {
	r.turns = r.turns[:0]
	var next int64
	for _, s := range stretches {
		turn := pieces{max(next, (s.begin-begin)/length), ceilDiv(s.end-begin, length)}
		if turn.first < turn.next {
			r.turns = append(r.turns, turn)
			next = turn.next
		}
	}
	return r.turns
}

// within is when the pieces are, of a length each in a day.
func (p pieces) within(day stretch, length int64) stretch {
	return stretch{day.begin + p.first*length, min(day.begin+p.next*length, day.end)}
}

// time charges what a stretch of a day adds to the month's time.
func (r *meter) time(lived stretch) {
	running := r.running(lived)
	for begin, end := lived.begin, min(lived.end, r.until); begin < end; {
		part := stretch{begin, min(end, r.ledger.cut(begin))}
		begin = part.end
		var ran, held int64
		for _, s := range running {
			s = stretch{max(s.begin, part.begin), min(s.end, part.end)}
			ran += max(0, s.end-s.begin)
			held += r.life.within(s)
		}
		r.used.on += ran
		if r.model.off > 0 {
			r.used.off += part.end - part.begin - ran
			held = r.life.within(part)
		}
		r.charge(part.begin, r.timeCost()-r.owed.month)
		paid := r.model.pieceLength * (ceilDiv(r.used.on, r.model.pieceLength) + ceilDiv(r.used.off, r.model.pieceLength))
		r.ledger.pay(part.begin, paid-r.used.paid, held)
		r.used.paid = paid
	}
}

// timeCost is what the month's time costs.
func (r *meter) timeCost() price {
	m := r.model
	cost := ceilDiv(r.used.on, m.pieceLength)*m.on + ceilDiv(r.used.off, m.pieceLength)*m.off
	if m.capDay != noLimit {
		cost = min(cost, ceilDiv(r.used.on+r.used.off, daySeconds)*m.capDay)
	}
	return min(cost, m.capMonth)
}

// limited is as much of a cost as the limits of the day and the month leave.
func (r *meter) limited(cost price) price {
	cost = min(cost, r.model.capDay-r.owed.day, r.model.capMonth-r.owed.month)
	r.owed.day += cost
	return cost
}

// charge enters what is owed from an instant on, as far as the minimum is used up.
func (r *meter) charge(at int64, cost price) {
	r.owed.month += cost
	before := max(r.owed.all, r.model.minimum)
	r.owed.all += cost
	if r.owed.all > before {
		r.ledger.enter(at, r.owed.all-before)
	}
}
