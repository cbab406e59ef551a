package gpsim

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// OptionRecord is one contract of the books that is not a machine.
type OptionRecord struct {
	Kind          string    `json:"kind"`         // an Option… constant
	Code          string    `json:"code"`         // its own, or what names it at the machine
	Of            string    `json:"of,omitempty"` // code of the machine that it belongs to; empty: none
	GpServiceCode string    `json:"gp_service_code"`
	Type          string    `json:"type"` // empty where there is one type only
	From          time.Time `json:"from"`
	To            time.Time `json:"to,omitzero"` // when the contract was over; zero until then
	StopDate      string    `json:"stop_date"`   // YYYYMMDD in Japan; empty when no end is recorded
}

// The kinds of option.
const (
	OptionFwLb    = "FW+LB"
	OptionVlan    = "VLAN"
	OptionDisk    = "disk"
	OptionAddress = "global address"
)

func (s *state) optionRecords() []OptionRecord {
	records := []OptionRecord{}
	add := func(t term, record OptionRecord) {
		record.From, record.To, record.StopDate = t.From, t.To, t.StopDate
		records = append(records, record)
	}
	for _, b := range s.Balancers {
		add(b.term, OptionRecord{Kind: OptionFwLb, Code: b.Code, GpServiceCode: b.GpServiceCode, Type: b.typeText()})
	}
	for _, v := range s.Vlans {
		add(v.term, OptionRecord{Kind: OptionVlan, Code: v.Code, GpServiceCode: v.GpServiceCode})
	}
	for _, m := range s.Machines {
		for _, d := range m.Disks {
			add(d.term, OptionRecord{Kind: OptionDisk, Code: d.Device, Of: m.Code, GpServiceCode: m.GpServiceCode, Type: d.Space})
		}
		for _, a := range m.More {
			add(a.term, OptionRecord{Kind: OptionAddress, Code: a.IPv4.String(), Of: m.Code, GpServiceCode: m.GpServiceCode})
		}
	}
	return records
}

// BillDay is what one account pays for on one day. Prices are not known, so it
// counts units.
type BillDay struct {
	Date          string         `json:"date"` // YYYYMMDD in Japan
	GpServiceCode string         `json:"gp_service_code"`
	Machines      map[string]int `json:"machines"` // how many of each type
	Options       map[string]int `json:"options"`  // how many of each kind and type, like FW+LB B100M
}

// Bill is what was to be paid for each day until now, by day and account. What has
// a contract for a part of a day counts for all of it, by the type that it had
// last.
func (b Books) Bill(now time.Time) []BillDay { return b.bill(time.Time{}, now) }

// BillOn is the part of the bill for the day of now, one entry for each account.
func (b Books) BillOn(now time.Time) []BillDay { return b.bill(now, now) }

// bill is what was to be paid from one day to another, both included.
func (b Books) bill(from, to time.Time) []BillDay {
	bill := bill{first: startOfDay(from), last: startOfDay(to), days: map[billKey]*BillDay{}}
	for _, m := range b.Machines {
		for day := range bill.eachDay(m.GpServiceCode, m.From, m.To, m.StopDate) {
			day.Machines[m.Type]++
		}
	}
	for _, o := range b.Options {
		name := o.Kind
		if o.Type != "" {
			name += " " + o.Type
		}
		for day := range bill.eachDay(o.GpServiceCode, o.From, o.To, o.StopDate) {
			day.Options[name]++
		}
	}
	return bill.sorted()
}

// bill is a bill that is being written.
type bill struct {
	first, last time.Time // of its days
	days        map[billKey]*BillDay
}

type billKey struct{ date, gp string }

// eachDay yields the days for which a contract is paid, as far as the bill goes.
func (b *bill) eachDay(gp string, from, to time.Time, stopDate string) func(func(*BillDay) bool) {
	first, last := startOfDay(from), b.last
	if end, err := endOfDay(stopDate); err == nil {
		to = end
	}
	if !to.IsZero() {
		last = earlier(last, startOfDay(to.Add(-1)))
	}
	if first.Before(b.first) {
		first = b.first
	}
	return func(yield func(*BillDay) bool) {
		for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
			if !yield(b.day(dateText(day), gp)) {
				return
			}
		}
	}
}

func (b *bill) day(date, gp string) *BillDay {
	key := billKey{date, gp}
	if b.days[key] == nil {
		b.days[key] = &BillDay{Date: date, GpServiceCode: gp, Machines: map[string]int{}, Options: map[string]int{}}
	}
	return b.days[key]
}

func (b *bill) sorted() []BillDay {
	days := []BillDay{}
	for _, day := range b.days {
		days = append(days, *day)
	}
	slices.SortFunc(days, func(a, b BillDay) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.GpServiceCode, b.GpServiceCode))
	})
	return days
}

// startOfDay is the instant at which the day of t began in Japan.
func startOfDay(t time.Time) time.Time {
	year, month, day := t.In(japan).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, japan)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (s *Sim) serveBill(w http.ResponseWriter, r *http.Request) {
	serveRead(w, r, s.Books().Bill(s.options.Now()))
}
