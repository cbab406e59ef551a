// Package report makes one HTML page of what a capacity plan found: what a policy would
// have done with a recorded load, what it would have cost, when it would have been too
// small, beside other policies, without each guard and under other circumstances.
//
// It promises a page that needs nothing else: styles, scripts and data are in it, it asks
// no network for anything and its content security policy forbids it to. The same input
// gives the same bytes. What people wrote (names, reasons, origins) is shown as they wrote
// it and never obeyed. Every figure in words and tables is of all scored steps; only the
// drawing of a long load is thinned out, and every peak and every shortage outlives that.
//
// Package plan or the command line fills in a [Page] and calls [Write]. It calls none of
// ours, and computes nothing that needs a policy or a billing model: metrics, bills and
// fronts come with the page.
package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Page is all that a report shows. What is empty is left out of the page, and its section
// with it.
type Page struct {
	Title  string // empty: made of the group's name
	Group  string
	Origin string // what the load was read from
	Answer string // the finding in one sentence; empty: made of the first run's figures

	Start  time.Time      // of the first step
	Step   time.Duration  // at least a second
	Zone   *time.Location // in which times are shown and days begin; must have an IANA name; nil: UTC
	Scored int            // the steps before this one warm the policies up and count nowhere

	Currency Currency
	Runs     []Run // of equal length; the first is the one that the page is about

	Points    []Point // of cost against overload
	PointCost string  // what their cost is, with its unit, such as "instance-hours"

	Guards  []Guard
	WhatIfs []WhatIf

	Warnings    []string // read before anything else
	Assumptions []string // of the model, in words
	LeftOut     []string // what the model knows nothing of
	Made        string   // by what and when; the footer
}

// Role is what a run is to the reader. It picks colour, mark and the word beside its name.
type Role string

// Roles.
const (
	Proposed Role = "proposed" // what the report is about
	InForce  Role = "in force" // what is configured today
	Other    Role = "other"    // one more configuration
	Classic  Role = "classic"  // a scaler that everybody knows
	Limit    Role = "limit"    // what is known to be possible for who sees the future; never marked as best
)

// Run is one policy on the load. Its slices have an element per step.
type Run struct {
	Name string
	Role Role
	Note string // one line about it, such as its settings

	Load     []float64 // in instances' worth; NaN: not known
	Need     []int     // instances that carry it
	Serving  []int
	Paid     []int  // nil: not known
	Desired  []int  // nil: not known
	Censored []bool // the load was at least this, as what recorded it was saturated; nil: never
	Expected *Band  // what a forecast expected; nil: none did

	Decisions []Decision
	Metrics   []Metric
	Bill      *Bill // nil: no billing model
}

// Band is what a forecast expected of each step when an order could still be in time, in
// instances' worth: the middle, and between what most lie. NaN where nothing was expected.
type Band struct{ Middle, Low, High []float64 }

// Decision is a change of the desired size.
type Decision struct {
	At       time.Time
	From, To int
	Reason   string
	Words    []string // the explanation, line by line
}

// Better says which way a metric improves.
type Better int

// Directions.
const (
	Neither Better = iota
	Lower
	Higher
)

// Metric is one figure of a run. Metrics of the same name share a column.
type Metric struct {
	Name   string
	Unit   string // behind the number, such as "%" or "h"
	Value  float64
	Text   string // the value as it is shown; empty: Value, with Unit. NaN shows as a dash
	Better Better
	Help   string // what it is, in a sentence
	Key    bool   // shown large at the top of the page
}

// Bill is what a run costs. Its money is in the smallest unit of the currency.
type Bill struct {
	Total int64
	Days  []Day  // in their order
	Note  string // what the sums include, such as "with 10 % tax"
}

// Day is what one day costs. Of Date, year, month and day count.
type Day struct {
	Date   time.Time
	Amount int64
}

// Point is a policy with its settings, as a cost and the overload that is left with it.
type Point struct {
	Name            string
	Settings        string
	Role            Role
	Cost            float64
	OverloadMinutes float64
	Front           bool // of the points that can be had, none is better in one of the two and as good in the other
}

// Guard is what the group has of one guard: the run with it less the run without it.
type Guard struct {
	Name      string
	Does      string  // what it is there for
	Costs     int64   // more money with it; negative: it saves
	Hours     float64 // more instance-hours with it
	Prevented float64 // overload minutes that it prevents; negative: it causes them
	Scalings  int     // scalings that it prevents
}

// WhatIf is the first run under other circumstances. Metrics of the same names as the
// first run's are compared with these.
type WhatIf struct {
	Name    string
	Words   string // what follows, in words; may be empty
	Metrics []Metric
}

// Begin is how every report begins: what does not is another file.
const Begin = "<!doctype html>\n<!-- a report of autoscaled plan -->\n"

// Write writes the page. An error is about a page whose parts do not fit together, or is
// the writer's.
func Write(w io.Writer, page *Page) error {
	if err := page.check(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	v, err := page.view()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if _, err := io.WriteString(w, Begin); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return document.Execute(w, v)
}

func (p *Page) check() error {
	if len(p.Runs) == 0 || len(p.Runs[0].Load) == 0 {
		return errors.New("there is no run to report: replay a load of at least one step")
	}
	if p.Step < time.Second || p.Step%time.Second != 0 {
		return fmt.Errorf("steps of %v cannot be shown: take whole seconds", p.Step)
	}
	if _, err := time.LoadLocation(p.zone().String()); err != nil || p.zone().String() == "Local" {
		return fmt.Errorf("browsers do not know the zone %q: take an IANA name, such as Asia/Tokyo", p.zone())
	}
	steps := len(p.Runs[0].Load)
	if p.Scored < 0 || p.Scored >= steps {
		return fmt.Errorf("none of %d steps is scored from step %d on", steps, p.Scored)
	}
	for i := range p.Runs {
		if err := p.Runs[i].check(steps); err != nil {
			return fmt.Errorf("run %q: %w", p.Runs[i].Name, err)
		}
	}
	for _, point := range p.Points {
		if !finite(point.Cost) || !finite(point.OverloadMinutes) {
			return fmt.Errorf("point %q has no finite cost and overload", point.Name)
		}
	}
	return nil
}

func (r *Run) check(steps int) error {
	type part struct {
		name      string
		steps     int
		mayBeLess bool
	}
	for _, part := range []part{
		{"load", len(r.Load), false},
		{"need", len(r.Need), false},
		{"serving", len(r.Serving), false},
		{"paid", len(r.Paid), r.Paid == nil},
		{"desired", len(r.Desired), r.Desired == nil},
		{"censored", len(r.Censored), r.Censored == nil},
		{"expected load", len(r.expected().Middle), r.Expected == nil},
		{"least expected load", len(r.expected().Low), r.Expected == nil},
		{"highest expected load", len(r.expected().High), r.Expected == nil},
	} {
		if part.steps != steps && !part.mayBeLess {
			return fmt.Errorf("its %s has %d steps, the load of the first run %d", part.name, part.steps, steps)
		}
	}
	return nil
}

func (r *Run) expected() Band {
	if r.Expected == nil {
		return Band{}
	}
	return *r.Expected
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (p *Page) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// at is the beginning of a step.
func (p *Page) at(step int) time.Time {
	return p.Start.Add(time.Duration(step) * p.Step).In(p.zone())
}

// minutes of so many steps.
func (p *Page) minutes(steps int) float64 {
	return float64(steps) * p.Step.Minutes()
}
