package tune

import (
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
)

const (
	day           = 24 * time.Hour
	daysLeast     = 14  // of history
	tunedLeast    = 7   // days to tune on: a week has every weekday
	heldOutLeast  = 4   // days held out
	censoredMost  = 0.1 // share of the steps of either part
	seenMargin    = 1.2 // how many times as much as was seen is not unlike it
	seenInstances = 1.0 // nor is what differs by so little
)

// parts are a history, cut in two.
type parts struct {
	tuned    plan.Scenario // ends at the cut
	whole    plan.Scenario // both parts, scored from the cut on
	midnight []time.Time   // at which the days held out begin, and at which the last one ends
	inMoney  bool
	note     string
}

// split cuts a scenario in two at a day's beginning, and refuses one that does not bear
// tuning. Entire is what became of it under the present spec.
func split(s *plan.Scenario, entire *plan.Result, o *Options) (*parts, error) {
	begin, end, zone := s.Load.Time(s.From), s.Load.End(), zoneOf(s, o)
	if span := end.Sub(begin); span < daysLeast*day {
		return nil, &RefusedError{
			fmt.Sprintf("the history has %.3g days, and tuning takes %d at least", span.Hours()/24, daysLeast),
			"give a longer one",
		}
	}
	p := &parts{tuned: *s, whole: *s}
	cut := midnight(begin.Add(time.Duration(o.TuneOn*float64(end.Sub(begin)))+day/2), zone, 0)
	for i := 0; !midnight(cut, zone, i).After(end); i++ {
		p.midnight = append(p.midnight, midnight(cut, zone, i))
	}
	switch {
	case p.days() < heldOutLeast:
		return nil, &RefusedError{
			fmt.Sprintf("%d whole days would be held out to score what was found, and it takes %d at least", p.days(), heldOutLeast),
			"give a longer history, or tune on a smaller share of it",
		}
	case cut.Sub(begin) < tunedLeast*day-day/2:
		return nil, &RefusedError{
			fmt.Sprintf("%.3g days would be tuned on, and it takes a week at least", cut.Sub(begin).Hours()/24),
			"give a longer history, or tune on a larger share of it",
		}
	}
	if err := p.shorten(s); err != nil {
		return nil, err
	}
	if err := p.look(entire, zone); err != nil {
		return nil, err
	}
	p.price()
	return p, nil
}

// zoneOf is the zone whose days count.
func zoneOf(s *plan.Scenario, o *Options) *time.Location {
	switch {
	case s.Billing != nil:
		return s.Billing.Zone
	case o.Zone != nil:
		return o.Zone
	}
	return time.UTC
}

// midnight is the beginning of a day so many days after that of t.
func midnight(t time.Time, zone *time.Location, days int) time.Time {
	year, month, date := t.In(zone).Date()
	return time.Date(year, month, date+days, 0, 0, 0, 0, zone)
}

// days is how many are held out.
func (p *parts) days() int { return len(p.midnight) - 1 }

// shorten gives either scenario its part of the load.
func (p *parts) shorten(s *plan.Scenario) (err error) {
	if p.tuned.Load, err = s.Load.Between(s.Load.Start, p.midnight[0]); err != nil {
		return fmt.Errorf("tune: %w", err)
	}
	if p.whole.Load, err = s.Load.Between(s.Load.Start, p.midnight[p.days()]); err != nil {
		return fmt.Errorf("tune: %w", err)
	}
	p.tuned.Brief, p.whole.From = true, p.tuned.Load.Len()
	return nil
}

// price says whether the bill can be divided among days. One that charges a month as a whole
// cannot: it stands on one of its days.
func (p *parts) price() {
	model := p.whole.Billing
	if model == nil {
		return
	}
	first := p.midnight[0]
	if p.inMoney = !model.PaidUntil(first, first).After(midnight(first, model.Zone, 1)); !p.inMoney {
		p.note = fmt.Sprintf("%s charges for longer than a day at a time, so that a bill does not show what a few days cost: instance-hours that are paid count instead", model.Name)
	}
}

func (p *parts) tunedSpan() Span {
	from := p.tuned.Load.Time(p.tuned.From)
	return Span{from, p.midnight[0], p.midnight[0].Sub(from).Hours() / 24}
}

func (p *parts) heldOutSpan() Span {
	return Span{p.midnight[0], p.midnight[p.days()], float64(p.days())}
}

// look refuses parts of which too little is known, or of which the second one is unlike
// the first.
func (p *parts) look(entire *plan.Result, zone *time.Location) error {
	cut, last := p.tuned.Load.Len(), p.whole.Load.Len()
	if err := p.known(entire, "tuned on", entire.From, cut); err != nil {
		return err
	}
	if err := p.known(entire, "held out", cut, last); err != nil {
		return err
	}
	seen := daily(entire, entire.From, cut, zone)
	for _, d := range daily(entire, cut, last, zone) {
		if err := d.within(seen); err != nil {
			return err
		}
	}
	return nil
}

// known refuses the steps between two, of which so little is known.
func (p *parts) known(entire *plan.Result, part string, from, to int) error {
	censored := 0
	for _, is := range entire.Censored[from:to] {
		if is {
			censored++
		}
	}
	if share := float64(censored) / float64(to-from); share > censoredMost {
		return &RefusedError{
			fmt.Sprintf("of %.3g %% of the part %s, from %s to %s, the load is not known, or was at least what is known because the instances were saturated",
				100*share, part, date(p.whole.Load.Time(from)), date(p.whole.Load.Time(to))),
			fmt.Sprintf("give a history of which at most %g %% is, of a group that was large enough", 100*censoredMost),
		}
	}
	return nil
}

func date(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }

// dayLoad is the load of a day, in instances that are full.
type dayLoad struct {
	begin time.Time
	usual float64 // the median
	busy  float64 // all but the busiest hundredth, a quarter of an hour, is below
}

// daily are the loads of the days of which there is half at least.
func daily(entire *plan.Result, from, to int, zone *time.Location) (days []dayLoad) {
	at := func(step int) time.Time { return entire.Start.Add(time.Duration(step) * entire.Step) }
	for from < to {
		begin, end := midnight(at(from), zone, 0), midnight(at(from), zone, 1)
		next := from
		for next < to && at(next).Before(end) {
			next++
		}
		if n := next - from; time.Duration(n)*entire.Step >= day/2 {
			sorted := slices.Sorted(slices.Values(entire.Load[from:next]))
			days = append(days, dayLoad{begin, sorted[n/2], sorted[n-1-n/100]})
		}
		from = next
	}
	return days
}

// within refuses a day that is unlike those that were seen.
func (d dayLoad) within(seen []dayLoad) error {
	least, most := seen[0].usual, seen[0].busy
	for _, other := range seen {
		least, most = min(least, other.usual), max(most, other.busy)
	}
	const remedy = "tune on a history that has seen such days, or on one without this day"
	switch {
	case d.busy > max(seenMargin*most, most+seenInstances):
		return &RefusedError{
			fmt.Sprintf("%s, a day held out, was busier than any that is tuned on: its load went to %.3g instances, theirs to %.3g", d.begin.Format(time.DateOnly), d.busy, most),
			remedy,
		}
	case d.usual < min(least/seenMargin, least-seenInstances):
		return &RefusedError{
			fmt.Sprintf("%s, a day held out, was quieter than any that is tuned on: its load was usually %.3g instances, theirs %.3g at least", d.begin.Format(time.DateOnly), d.usual, least),
			remedy,
		}
	}
	return nil
}
