package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"time"
)

var (
	//go:embed report.html.tmpl
	documentText string
	//go:embed report.css
	ownStyle string
	//go:embed report.js
	ownScript string
	//go:embed uplot/uPlot.min.css
	chartStyle string
	//go:embed uplot/uPlot.iife.min.js
	chartScript string
)

var document = template.Must(template.New("report").Parse(documentText))

// security is the page's content security policy: its own styles and scripts, known by
// their digests, and nothing from anywhere else. A script that got into the page by a
// name would have no digest here.
var security = fmt.Sprintf("default-src 'none'; script-src %s %s; style-src %s %s; img-src data:; base-uri 'none'; form-action 'none'",
	digest(chartScript), digest(ownScript), digest(chartStyle), digest(ownStyle))

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// view is what the template shows, all in words.
type view struct {
	Security     string
	ChartStyle   template.CSS
	OwnStyle     template.CSS
	ChartScript  template.JS
	OwnScript    template.JS
	Data         json.RawMessage
	Title        string
	Group        string
	Origin       string
	Span         string
	Answer       string
	Warnings     []string
	Tiles        []tile
	Runs         []Run
	First        *Run
	ChartInWords string
	Thinned      string // empty: every step is drawn
	Censored     string // empty: no step is
	Policies     table
	Days         []day
	DailyCosts   dailyCosts
	CostInWords  string
	Points       []point
	PointCost    string
	Guards       []guard
	Priced       bool // the guards have a price in money
	WhatIfs      table
	Assumptions  []string
	LeftOut      []string
	Made         string
}

// tile is one large figure at the top.
type tile struct {
	Name, Text, Help string
	Change           string // against what is in force; empty: nothing to compare with
	Verdict          string // "better", "worse" or empty
}

type point struct {
	Name, Settings string
	Role           Role
	Cost, Minutes  string
	CostSort       string
	MinutesSort    string
	Front          bool
}

type guard struct {
	Name, Does       string
	Costs, CostsSort string
	Hours, HoursSort string
	Minutes          string
	MinutesSort      string
	Scalings         string
	ScalingsSort     string
	Verdict          string
}

func (p *Page) view() (*view, error) {
	data, err := p.encode()
	if err != nil {
		return nil, err
	}
	first := &p.Runs[0]
	return &view{
		Security:     security,
		ChartStyle:   template.CSS(chartStyle), //nolint:gosec // a file of ours
		OwnStyle:     template.CSS(ownStyle),   //nolint:gosec // a file of ours
		ChartScript:  template.JS(chartScript), //nolint:gosec // a file of ours
		OwnScript:    template.JS(ownScript),   //nolint:gosec // a file of ours
		Data:         data,
		Title:        p.title(),
		Group:        p.Group,
		Origin:       p.Origin,
		Span:         p.span(),
		Answer:       p.answer(),
		Warnings:     p.Warnings,
		Tiles:        p.tiles(),
		Runs:         p.Runs,
		First:        first,
		ChartInWords: p.chartInWords(),
		Thinned:      p.thinned(),
		Censored:     p.censored(),
		Policies:     p.policies(),
		Days:         p.days(first),
		DailyCosts:   p.dailyCosts(),
		CostInWords:  p.costInWords(),
		Points:       p.points(),
		PointCost:    p.PointCost,
		Guards:       p.guards(),
		Priced:       first.Bill != nil,
		WhatIfs:      p.whatIfs(),
		Assumptions:  p.Assumptions,
		LeftOut:      p.LeftOut,
		Made:         p.Made,
	}, nil
}

func (p *Page) title() string {
	switch {
	case p.Title != "":
		return p.Title
	case p.Group != "":
		return "Capacity plan of " + p.Group
	default:
		return "Capacity plan"
	}
}

func (p *Page) scoredLength() string {
	return length(time.Duration(len(p.Runs[0].Load)-p.Scored) * p.Step)
}

func (p *Page) span() string {
	const minute = "Mon 2 Jan 2006 15:04"
	text := fmt.Sprintf("%s to %s (%s), in steps of %s", p.at(p.Scored).Format(minute), p.at(len(p.Runs[0].Load)).Format(minute), p.zone(), length(p.Step))
	if p.Scored > 0 {
		text += fmt.Sprintf("; %s before it to warm up, not scored", length(time.Duration(p.Scored)*p.Step))
	}
	return text
}

func (p *Page) tiles() []tile {
	inForce := p.inForce()
	var tiles []tile
	for _, m := range p.Runs[0].Metrics {
		if !m.Key {
			continue
		}
		t := tile{Name: m.Name, Text: m.text(), Help: m.Help}
		if inForce != nil {
			r := measured{metrics: inForce.Metrics}
			if before := r.metric(m.Name); before != nil {
				t.Change, t.Verdict = m.delta(before.Value), verdict(m.Value-before.Value, m.Better)
			}
		}
		tiles = append(tiles, t)
	}
	return tiles
}

func verdict(change float64, better Better) string {
	switch {
	case better == Neither || change == 0 || !finite(change):
		return ""
	case (change < 0) == (better == Lower):
		return "better"
	default:
		return "worse"
	}
}

func (p *Page) chartInWords() string {
	first := &p.Runs[0]
	f := p.figures(first)
	return fmt.Sprintf("With %s, the load peaks at %s instances' worth, which needs %d instances; at most %d serve. The group is too small for %s, and changes its size %s.",
		first.Name, decimal(f.peakLoad, 1), f.peakNeed, f.peakServing,
		plural(f.overloadMinutes, "minute", "minutes"), plural(float64(f.outs+f.ins), "time", "times"))
}

func (p *Page) thinned() string {
	drawn := instants(&p.Runs[0], mostDrawnOf(len(p.Runs)))
	if drawn == nil {
		return ""
	}
	return fmt.Sprintf("Drawn are %s of %s steps, among them every peak and trough of their surroundings. Figures, tables and the marks of shortages are of all steps.",
		number(float64(len(drawn))), number(float64(len(p.Runs[0].Load))))
}

func (p *Page) censored() string {
	steps := 0
	for _, span := range spans(p.Runs[0].Censored) {
		steps += span[1]
	}
	if steps == 0 {
		return ""
	}
	return fmt.Sprintf("Hatched: what recorded the load was saturated for %s (%s). The load was at least what is drawn, so figures there are of low confidence.",
		plural(p.minutes(steps), "minute", "minutes"), percent(steps, len(p.Runs[0].Load)))
}

func percent(part, whole int) string {
	return decimal(float64(part)/float64(whole)*100, 2) + nbsp + "%"
}

func (p *Page) costInWords() string {
	bill := p.Runs[0].Bill
	if bill == nil || len(bill.Days) == 0 {
		return ""
	}
	least, most := bill.Days[0], bill.Days[0]
	for _, d := range bill.Days {
		if d.Amount < least.Amount {
			least = d
		}
		if d.Amount > most.Amount {
			most = d
		}
	}
	text := fmt.Sprintf("%s costs %s: at least %s a day (%s), at most %s (%s).", p.Runs[0].Name, p.Currency.Text(bill.Total),
		p.Currency.Text(least.Amount), least.Date.Format("2 Jan"), p.Currency.Text(most.Amount), most.Date.Format("2 Jan"))
	if bill.Note != "" {
		text += " Sums are " + bill.Note + "."
	}
	return text
}

func (p *Page) points() []point {
	var all []point
	for _, q := range p.Points {
		all = append(all, point{
			Name: q.Name, Settings: q.Settings, Role: q.Role, Front: q.Front,
			Cost: number(q.Cost), CostSort: sortable(q.Cost),
			Minutes: number(q.OverloadMinutes), MinutesSort: sortable(q.OverloadMinutes),
		})
	}
	return all
}

// sortable is a number as the script reads it.
func sortable(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (p *Page) guards() []guard {
	var all []guard
	for _, g := range p.Guards {
		minutes, scalings := 0-g.Prevented, float64(0-g.Scalings) // with it, as cost and hours are
		all = append(all, guard{
			Name: g.Name, Does: g.Does,
			Costs: signed(float64(g.Costs), p.Currency.Text(g.Costs)), CostsSort: sortable(float64(g.Costs)),
			Hours: signed(math.Round(g.Hours), number(math.Round(g.Hours))), HoursSort: sortable(g.Hours),
			Minutes: signed(minutes, number(minutes)), MinutesSort: sortable(minutes),
			Scalings: signed(scalings, number(scalings)), ScalingsSort: sortable(scalings),
			Verdict: p.worth(&g),
		})
	}
	return all
}

// worth says in words whether a guard pays.
func (p *Page) worth(g *Guard) string {
	costs := float64(g.Costs)
	text := func(amount float64) string { return p.Currency.Text(int64(math.Round(math.Abs(amount)))) }
	if p.Runs[0].Bill == nil {
		costs = g.Hours
		text = func(amount float64) string {
			return plural(math.Round(math.Abs(amount)*100)/100, "instance-hour", "instance-hours")
		}
	}
	switch {
	case costs > 0 && g.Prevented > 0:
		return text(costs/g.Prevented) + " per overload minute prevented"
	case costs > 0 && g.Prevented < 0:
		return "costs money and causes overload"
	case costs > 0 && g.Scalings > 0:
		return text(costs/float64(g.Scalings)) + " per scaling prevented"
	case costs > 0:
		return "costs and prevents nothing on this load"
	case costs < 0 && g.Prevented < 0:
		return "saves " + text(costs/g.Prevented) + " per overload minute that it causes"
	case g.Prevented < 0:
		return "causes overload"
	case costs < 0:
		return "saves at no overload"
	case g.Prevented > 0 || g.Scalings > 0:
		return "prevents at no cost"
	default:
		return "changed nothing on this load"
	}
}
