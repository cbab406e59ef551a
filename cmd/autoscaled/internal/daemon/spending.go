package daemon

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/record"
)

// spending is what is known of what a group cost.
type spending struct {
	mu       sync.Mutex
	cost     httpd.Cost
	by       *billing.Model // prices by which it is reckoned
	reckoned time.Time      // zero: never

	month    time.Time // its beginning, in the zone of the prices
	held     holding
	followed time.Time // until when the history is followed; zero: it is not
	begins   time.Time // of what the history knows
	faults   int       // parts of it that could not be read
}

// follow follows the history until now. It begins with the month, and goes on where it stopped.
func (s *spending) follow(ctx context.Context, zone *time.Location, now time.Time, read func(from time.Time) iter.Seq2[record.Item, error]) error {
	month := time.Date(now.In(zone).Year(), now.In(zone).Month(), 1, 0, 0, 0, 0, zone)
	if now.Before(s.followed) || month.Before(s.month) || s.followed.IsZero() {
		s.held, s.followed, s.begins, s.faults = holding{}, time.Time{}, time.Time{}, 0
	}
	s.month = month
	from := month
	if s.followed.After(month) {
		from = s.followed
	}
	held := s.held.clone() // until it is read whole
	begins, faults := s.begins, s.faults
	for item, err := range read(from.Add(-record.SkimLead)) {
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("read the history of the month: %w; try again", ctx.Err())
		case err != nil && (item.At.IsZero() && s.followed.IsZero() || item.At.After(from)):
			faults++
		case err != nil || item.At.Before(s.followed):
		default:
			if begins.IsZero() {
				begins = item.At
			}
			in := &item.Inputs
			held.hold(item.At, max(0, in.Size.Count-in.Lacking)+in.Leaving, in.Standby)
		}
	}
	held.forget(month)
	s.held, s.followed, s.begins, s.faults = held, now, begins, faults
	return nil
}

// reckon makes a bill of what the group had, and has.
func (s *spending) reckon(prices *billing.Model, status fleet.GroupStatus, now time.Time) httpd.Cost {
	contracts := s.held.contracts(machinesOf(status), now)
	local := now.In(prices.Zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, prices.Zone)
	coins := math.Pow10(prices.Decimals)
	of := func(from, to time.Time) float64 { return float64(prices.Bill(contracts, from, to).Total) / coins }
	expected := of(s.month, s.month.AddDate(0, 1, 0))
	return httpd.Cost{
		Currency: prices.Currency, Today: of(day, now), Month: of(s.month, now), MonthExpected: &expected,
		Model: strings.Join(slices.Concat(supposed(status), prices.Assumptions(), s.doubts()), " "),
	}
}

// supposed says first of all that nobody pays what a group costs that only recommends.
func supposed(status fleet.GroupStatus) []string {
	if status.Mode != string(config.ModeRecommend) {
		return nil
	}
	return []string{"Nobody pays this: the group only recommends, and has none of these machines. It is what they would cost."}
}

// startLate is how much later than the month a history may begin that is whole all the same.
const startLate = time.Hour

// doubts says what the sums are made of, and what is not in them.
func (s *spending) doubts() []string {
	all := []string{
		"Counted are the machines that the group had by its history (those that served, were becoming, stood by or were leaving) and those that it has now; of several the newest counts as the one that went.",
		"Left out are load balancers, traffic, and machines outside the group.",
	}
	switch {
	case s.begins.IsZero():
		all = append(all, "The history of the month is empty: what was before now is not in it.")
	case s.begins.Sub(s.month) > startLate:
		all = append(all, fmt.Sprintf("The history begins at %s: what was before is not in it.", s.begins.In(s.month.Location()).Format(time.RFC3339)))
	}
	if s.faults > 0 {
		all = append(all, fmt.Sprintf("%d parts of the history cannot be read, and are not in it.", s.faults))
	}
	return all
}

// machinesOf is when the machines were made that the group has now, oldest first; zero of one
// whose making is not known.
func machinesOf(status fleet.GroupStatus) []time.Time {
	var made []time.Time
	for _, in := range status.Instances {
		if in.Phase != actions.Gone {
			made = append(made, in.Made)
		}
	}
	slices.SortFunc(made, time.Time.Compare)
	return made
}

// holding is the machines that a group had. Nobody tells which of them went, so it is always
// the newest, and the newest of those that stay stand by.
type holding struct {
	open   []billing.Contract // in the order of their orders
	off    int                // of them, at the end, that stand by
	closed []billing.Contract
	at     time.Time // of the newest change
}

// hold says that from an instant on there were so many machines on, and so many off.
func (h *holding) hold(at time.Time, on, off int) {
	if len(h.open) == on+off && h.off == off {
		return
	}
	if at.Before(h.at) { // a clock was set back
		at = h.at
	}
	h.at = at
	for len(h.open) > on+off {
		last := h.open[len(h.open)-1]
		last.Ended = at
		h.open, h.closed = h.open[:len(h.open)-1], append(h.closed, last)
	}
	for len(h.open) < on+off {
		h.open = append(h.open, billing.Contract{Ordered: at})
	}
	for i := range h.open {
		c := &h.open[i]
		stopped := len(c.Stopped) > 0 && c.Stopped[len(c.Stopped)-1].End.IsZero()
		switch stands := i >= on; {
		case stands && !stopped:
			c.Stopped = append(slices.Clip(c.Stopped), billing.Span{Begin: at})
		case !stands && stopped:
			c.Stopped = slices.Clone(c.Stopped)
			c.Stopped[len(c.Stopped)-1].End = at
		}
	}
	h.off = off
}

// forget lets go of contracts that ended before.
func (h *holding) forget(before time.Time) {
	h.closed = slices.DeleteFunc(h.closed, func(c billing.Contract) bool { return c.Ended.Before(before) })
}

// clone is a copy that can be changed.
func (h *holding) clone() holding {
	cloned := *h
	cloned.open, cloned.closed = slices.Clone(h.open), slices.Clone(h.closed)
	return cloned
}

// contracts are those of all machines: of what the history tells, and of what is there now.
func (h *holding) contracts(made []time.Time, now time.Time) []billing.Contract {
	all := slices.Concat(h.open, h.closed)
	for i, at := range made {
		switch {
		case i >= len(h.open) && at.IsZero():
			all = append(all, billing.Contract{Ordered: now})
		case i >= len(h.open):
			all = append(all, billing.Contract{Ordered: at})
		case !at.IsZero() && at.Before(all[i].Ordered): // it is older than the history
			all[i].Ordered = at
		}
	}
	return all
}
