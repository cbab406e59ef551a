package planning

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// explainedMost is how many decisions of a run are explained in a report.
const explainedMost = 2000

// Page is the study as a report.
func (s *Study) Page() *report.Page {
	first := &s.Runs[0]
	page := &report.Page{
		Group: s.Group, Origin: s.Load.Origin, Start: first.Start, Step: first.Step, Zone: s.Zone, Scored: s.From,
		PointCost: "instance-hours", Warnings: s.Warnings, Assumptions: s.Assumptions, LeftOut: s.LeftOut,
	}
	if s.Prices != nil {
		page.Currency = report.Currency{Symbol: currencySymbol(s.Prices.Currency), Digits: s.Prices.Decimals}
		page.PointCost = "cost (" + s.Prices.Currency + ")"
	}
	for i := range s.Runs {
		page.Runs = append(page.Runs, s.pageRun(&s.Runs[i]))
	}
	page.Points = s.points()
	for _, weight := range s.Guards {
		cost := weight.Cost()
		page.Guards = append(page.Guards, report.Guard{
			Name: weight.Guard, Does: weight.Setting, Costs: int64(cost.Cost), Hours: cost.InstanceHours, Prevented: -cost.OverloadMinutes, Scalings: -cost.Scalings,
		})
	}
	for i := range s.WhatIfs {
		outcome := &s.WhatIfs[i]
		page.WhatIfs = append(page.WhatIfs, report.WhatIf{Name: outcome.Name, Words: s.NewBounds(outcome), Metrics: s.metrics(&Run{Result: outcome.After})})
	}
	page.Assumptions = slices.Concat(s.GrowthWords(), sentences(s.TuningWords()), page.Assumptions)
	if s.Prices != nil {
		page.Assumptions = append(page.Assumptions, s.Prices.Assumptions()...)
	}
	return page
}

// sentences begin with a capital and end with a point.
func sentences(lines []string) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		first, size := utf8.DecodeRuneInString(line)
		list[i] = string(unicode.ToUpper(first)) + line[size:] + "."
	}
	return list
}

func (s *Study) pageRun(r *Run) report.Run {
	run := report.Run{
		Name: r.Name, Role: r.Role, Note: r.Note,
		Load: r.Load, Need: r.Need, Serving: r.Serving, Paid: r.Paid, Desired: r.Desired, Censored: r.Censored, Metrics: s.metrics(r),
	}
	run.Note = strings.Join(append([]string{r.Note}, r.ForecastWords()...), "; ")
	if f := r.Expected(); f != nil {
		run.Expected = &report.Band{Middle: drawable(f.Expected, f.High), Low: drawable(f.Low, f.High), High: drawable(f.High, f.High)}
	}
	for i := range r.Decisions {
		run.Decisions = append(run.Decisions, s.pageDecision(r, i))
	}
	if s.Prices == nil {
		return run
	}
	run.Bill = &report.Bill{Total: int64(r.Bill.Total), Note: s.billNote(r)}
	for _, d := range r.Bill.Days {
		run.Bill.Days = append(run.Bill.Days, report.Day{Date: d.Begin, Amount: int64(d.Total)})
	}
	return run
}

// drawable are numbers without those of steps of which nothing was expected.
func drawable(values, high []float32) []float64 {
	list := make([]float64, len(values))
	for i, value := range values {
		if list[i] = float64(value); high[i] == 0 {
			list[i] = math.NaN()
		}
	}
	return list
}

func (s *Study) billNote(r *Run) string {
	if r.Bill.Tax == 0 {
		return fmt.Sprintf("by the model %q", s.Prices.Name)
	}
	return fmt.Sprintf("by the model %q, with %s of tax", s.Prices.Name, s.Prices.Text(r.Bill.Tax))
}

func (s *Study) pageDecision(r *Run, i int) report.Decision {
	moment := &r.Decisions[i]
	d := report.Decision{At: moment.At, From: moment.From, To: moment.To, Reason: string(moment.Reason)}
	if !r.Configured() || i >= explainedMost {
		return d
	}
	if explained, ok := moment.Explain(); ok {
		d.Words = explained.Words()
	}
	return d
}

// metrics are a run's figures.
func (s *Study) metrics(r *Run) []report.Metric {
	var list []report.Metric
	for _, f := range s.Figures() {
		list = append(list, report.Metric{
			Name: f.Name, Unit: f.Unit, Value: f.Shown(r), Text: f.Text(s, r), Better: f.Better, Help: f.Help, Key: f.Large,
		})
	}
	return list
}

// points are all runs by cost and overload.
func (s *Study) points() []report.Point {
	var list []report.Point
	var outcomes []elasticity.Point
	var reachable []int
	for i := range s.Runs {
		r := &s.Runs[i]
		point := report.Point{Name: r.Name, Settings: r.Note, Role: r.Role, Cost: s.cost(r), OverloadMinutes: r.Metrics.OverloadMinutes}
		if r.Role != report.Limit {
			outcomes, reachable = append(outcomes, elasticity.Point{Cost: point.Cost, OverloadMinutes: point.OverloadMinutes}), append(reachable, i)
		}
		list = append(list, point)
	}
	for i := range s.tunedRuns() {
		r := &s.Tuning.Whole[i]
		point := report.Point{Name: "tuned", Settings: r.Name, Role: report.Other, Cost: s.cost(r), OverloadMinutes: r.Metrics.OverloadMinutes}
		outcomes, reachable = append(outcomes, elasticity.Point{Cost: point.Cost, OverloadMinutes: point.OverloadMinutes}), append(reachable, len(list))
		list = append(list, point)
	}
	for _, i := range elasticity.Front(outcomes) {
		list[reachable[i]].Front = true
	}
	return list
}

// tunedRuns are those of the front that tuning found.
func (s *Study) tunedRuns() []Run {
	if s.Tuning == nil {
		return nil
	}
	return s.Tuning.Whole
}

// cost is a run's in units of the currency, or its instance-hours.
func (s *Study) cost(r *Run) float64 {
	if s.Prices == nil {
		return r.Metrics.InstanceHours
	}
	cost := float64(r.Bill.Total)
	for range s.Prices.Decimals {
		cost /= 10
	}
	return cost
}

// BoundWords say which bounds a result met, and when first.
func (s *Study) BoundWords(r *plan.Result) string {
	text := ""
	if r.Capped.Steps > 0 {
		text = fmt.Sprintf("more than max is wanted for %s, first on %s", s.stepsWords(r, r.Capped.Steps), r.Capped.First.In(s.Zone).Format("2 Jan 15:04"))
	}
	if r.Refused.Steps > 0 {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("the quota refuses orders in %s, first on %s", s.stepsWords(r, r.Refused.Steps), r.Refused.First.In(s.Zone).Format("2 Jan 15:04"))
	}
	return text
}

// NewBounds say which bounds a change makes the group meet, if not as the group did before.
func (s *Study) NewBounds(o *plan.Outcome) string {
	if o.After.Capped == o.Before.Capped && o.After.Refused == o.Before.Refused {
		return ""
	}
	return s.BoundWords(o.After)
}

func (s *Study) stepsWords(r *plan.Result, steps int) string {
	return counted(float64(steps)*r.Step.Minutes(), "minute")
}

// GrowthWords say what becomes of a growing load, line by line.
func (s *Study) GrowthWords() []string {
	g := s.Growth
	if g == nil {
		return nil
	}
	when := func(b plan.Bound, what string) string {
		if b.Steps == 0 {
			return fmt.Sprintf("%s is not met until %s", what, g.To.In(s.Zone).Format("2 Jan 2006"))
		}
		return fmt.Sprintf("%s is met first on %s", what, b.First.In(s.Zone).Format("2 Jan 2006 15:04"))
	}
	bounds := when(g.Result.Capped, "max")
	if s.quota > 0 {
		bounds += "; " + when(g.Result.Refused, "the quota")
	}
	lines := []string{fmt.Sprintf("If the load grows by %g %% a month from %s on: %s.", round(percent*(g.Monthly-1)), g.From.In(s.Zone).Format("2 Jan 2006"), bounds)}
	run := Run{Result: g.Result}
	figures := fmt.Sprintf("In the whole year ahead, until %s: %s, %s", g.To.In(s.Zone).Format("2 Jan 2006"), counted(g.Result.Metrics.InstanceHours, "instance-hour"), counted(g.Result.Metrics.OverloadMinutes, "overload minute"))
	if s.Prices != nil {
		figures += ", " + s.Prices.Text(run.Bill.Total)
	}
	return append(lines, figures+".", "A bound is met when the policies want more than it allows; with their tolerances that is later than when the load itself is there.")
}

func round(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }

func currencySymbol(currency string) string {
	if symbol, ok := map[string]string{"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}[currency]; ok {
		return symbol
	}
	return currency + " "
}
