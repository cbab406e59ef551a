package report

import (
	"fmt"
	"math"
	"time"
)

// day is a row of the table that says in words what the chart draws.
type day struct {
	Date     string
	PeakLoad string
	PeakNeed string
	Serving  string // least and most
	TooSmall string // minutes
	Cost     string // empty: no bill
}

// dayFigures are a day's figures while they are gathered.
type dayFigures struct {
	date        time.Time
	load        float64 // the most; −1: not known
	need        int     // the most
	least, most int     // that served
	short       int     // steps
}

// days are the scored days of a run.
func (p *Page) days(run *Run) []day {
	costs := map[string]int64{}
	if run.Bill != nil {
		for _, d := range run.Bill.Days {
			costs[dateKey(d.Date)] += d.Amount
		}
	}
	var rows []day
	for _, f := range p.dayFigures(run) {
		row := day{
			Date:     f.date.Format("Mon 2 Jan 2006"),
			PeakLoad: unknown,
			PeakNeed: number(float64(f.need)),
			Serving:  fmt.Sprintf("%d–%d", f.least, f.most),
			TooSmall: number(p.minutes(f.short)),
		}
		if f.load >= 0 {
			row.PeakLoad = decimal(f.load, 1)
		}
		if f.least == f.most {
			row.Serving = number(float64(f.least))
		}
		if run.Bill != nil {
			row.Cost = p.Currency.Text(costs[dateKey(f.date)])
		}
		rows = append(rows, row)
	}
	return rows
}

func dateKey(t time.Time) string { return t.Format(time.DateOnly) }

func (p *Page) dayFigures(run *Run) []dayFigures {
	var all []dayFigures
	var tomorrow time.Time
	for i := p.Scored; i < len(run.Need); i++ {
		if at := p.at(i); !at.Before(tomorrow) {
			today := p.midnight(at)
			tomorrow = p.midnight(today.AddDate(0, 0, 1))
			all = append(all, dayFigures{date: today, load: -1, least: math.MaxInt})
		}
		all[len(all)-1].add(run, i)
	}
	return all
}

func (f *dayFigures) add(run *Run, step int) {
	if load := run.Load[step]; finite(load) {
		f.load = max(f.load, load)
	}
	f.need = max(f.need, run.Need[step])
	f.least = min(f.least, run.Serving[step])
	f.most = max(f.most, run.Serving[step])
	if run.Need[step] > run.Serving[step] {
		f.short++
	}
}

// dailyCosts is the cost by day of every run that has a bill.
type dailyCosts struct {
	Runs []string
	Days []dailyCost
}

type dailyCost struct {
	Date    string
	Amounts []string
}

func (p *Page) dailyCosts() dailyCosts {
	var table dailyCosts
	var billed []map[string]int64
	first, last := time.Time{}, time.Time{}
	for i := range p.Runs {
		bill := p.Runs[i].Bill
		if bill == nil {
			continue
		}
		table.Runs = append(table.Runs, p.Runs[i].Name)
		amounts := map[string]int64{}
		for _, d := range bill.Days {
			at := p.midnight(d.Date)
			amounts[dateKey(at)] += d.Amount
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
		billed = append(billed, amounts)
	}
	if first.IsZero() {
		return dailyCosts{}
	}
	for at := first; !at.After(last); at = p.midnight(at.AddDate(0, 0, 1)) {
		row := dailyCost{Date: at.Format("Mon 2 Jan 2006")}
		for _, amounts := range billed {
			row.Amounts = append(row.Amounts, p.Currency.Text(amounts[dateKey(at)]))
		}
		table.Days = append(table.Days, row)
	}
	return table
}
