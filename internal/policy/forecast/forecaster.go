// Package forecast says how many instances a group will need when one that is ordered now
// begins to serve.
//
// A [Forecaster] looks at what each evaluation of a group rests on, and puts an outlook into
// it for each rule that forecasts; deciding itself stays in package policy. Beneath it, a
// model takes one reading of the group's load a step, and plans anew after each. It
//   - forecasts the load over the time to serve, rounded up to whole steps, and one step more
//     until the reading is there, by an ensemble: two robust regressions on the
//     last readings and on the same time of earlier hours, days and weeks; those seasons by
//     themselves; and the mean of the last hour. Each carries the distribution of its own
//     errors at that distance, scaled three ways, and weighs by how likely it held what came;
//   - turns the distribution into a size by what an instance costs and a shortage harms. The
//     price of a shortage is the least that would have kept the budget over the last weeks,
//     had it been used throughout: a score of prices is tried alongside, and the real
//     shortages correct the choice;
//   - wants an instance for as long as some plan of the last time to serve wants it: one that
//     is let go earlier could not be had back in time;
//   - abstains without a record, without readings, or where scaling by what is seen would have
//     served better of late.
//
// It has no clock and does no I/O; the same readings give the same outlooks, and [Restore]
// with [Forecaster.Follow] goes on where another process ended. It promises no plan above
// half as much again as the peak of the last five weeks, unless the load of the reading itself
// is higher.
// Loads are in instances that are full: 2.5 keeps two and a half busy.
package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Leads are how long an instance takes until it serves.
type Leads struct {
	Serve  time.Duration // one that is ordered; 0: as the rule assumes
	Return time.Duration // one that stands by; 0: as the rule assumes
}

// Forecaster makes the outlooks of one group: for each rule of its spec that forecasts. It is
// for one caller at a time. The nil Forecaster, of a group without such a rule, does nothing.
type Forecaster struct {
	settings []byte // what the spec has it do, as a snapshot says it
	watches  []watch
	outlooks []policy.Outlook // as last given
	brief    bool
}

// watch is what is foreseen for one rule.
type watch struct {
	name    string
	rule    *policy.Forecast
	far     horizon
	near    *horizon // nil in a group that keeps no instance in standby
	outlook policy.Outlook
	stale   bool // a horizon learned since the outlook was made
}

// NewForecaster knows nothing yet. It is nil where no rule of the spec forecasts.
func NewForecaster(spec *policy.Spec) *Forecaster {
	f := &Forecaster{}
	for i := range spec.Policies {
		rule := spec.Policies[i].Forecast
		if rule == nil {
			continue
		}
		w := watch{name: spec.Policies[i].Name, rule: rule, stale: true}
		w.far = newHorizon(spec.Interval, rule, rule.TimeToServe)
		if spec.Standby > 0 {
			near := newHorizon(spec.Interval, rule, min(rule.TimeToReturn, rule.TimeToServe))
			w.near = &near
		}
		f.watches = append(f.watches, w)
	}
	if f.watches == nil {
		return nil
	}
	f.settings = settingsOf(spec)
	f.outlooks = make([]policy.Outlook, len(f.watches))
	return f
}

// Brief leaves out of outlooks what only explains them: Low, High, By, Error and Costs. Its
// outlooks are overwritten by the next call of Foresee, while others stay as they are.
func (f *Forecaster) Brief() {
	if f != nil {
		f.brief = true
	}
}

// Foresee takes what an evaluation at now rests on for a reading, and puts the outlooks into it.
// Seasons follow the wall clock of now. Of several evaluations within a minute the mean counts,
// of a longer step the busiest minute; the outlooks change with the first evaluation of a step.
func (f *Forecaster) Foresee(in *policy.Inputs, now time.Time, leads Leads) {
	if f == nil {
		return
	}
	changed := false
	for i := range f.watches {
		w := &f.watches[i]
		w.see(now, leads, readingOf(w.rule, in))
		if w.stale {
			w.outlook, w.stale = w.look(f.brief), false
			changed = true
		}
		changed = changed || f.outlooks[i].Soon != w.soon(in)
	}
	if changed {
		if !f.brief { // whoever was given the last ones may have kept them
			f.outlooks = make([]policy.Outlook, len(f.watches))
		}
		for i := range f.watches {
			f.outlooks[i] = f.watches[i].outlook
			f.outlooks[i].Soon = f.watches[i].soon(in)
		}
	}
	in.Outlooks = f.outlooks
}

// Learn takes the load that the whole group had at an instant, in the unit of the signal of
// the named rule. It is for times before the first call of Foresee, in order.
func (f *Forecaster) Learn(policyName string, at time.Time, load float64) {
	if f == nil {
		return
	}
	for i := range f.watches {
		if w := &f.watches[i]; w.name == policyName {
			w.see(at, Leads{}, reading{load: load / w.rule.Value, serving: unknown})
		}
	}
}

// readingOf is what the inputs say of the group's load.
func readingOf(rule *policy.Forecast, in *policy.Inputs) reading {
	load, atLeast, ok := rule.Load(in)
	if !ok {
		load = math.NaN()
	}
	return reading{load: load, atLeast: atLeast, serving: in.Carrying()}
}

// see lets both horizons take a reading. Nothing takes longer to come back than to be made:
// what was learned so is chance.
func (w *watch) see(now time.Time, leads Leads, r reading) {
	w.stale = w.far.see(now, leads.Serve, r) || w.stale
	if w.near != nil {
		w.stale = w.near.see(now, min(leads.Return, w.far.lead), r) || w.stale
	}
}

// soon is how many instances the near horizon wants; 0 where it has no say.
func (w *watch) soon(in *policy.Inputs) int {
	if in.Standby == 0 {
		return 0
	}
	return w.outlook.Soon
}

// horizons are the rule's, the far one first.
func (w *watch) horizons() []*horizon {
	if w.near == nil {
		return []*horizon{&w.far}
	}
	return []*horizon{&w.far, w.near}
}

// horizons are those of all rules.
func (f *Forecaster) horizons() []*horizon {
	var all []*horizon
	for i := range f.watches {
		all = slices.Concat(all, f.watches[i].horizons())
	}
	return all
}
