package planning

import (
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/plan/tune"
)

// Document is a study for programs. Names of fields stay as they are; new ones may be added.
// Shares are 0..1, amounts of money whole numbers of the currency's smallest coin.
type Document struct {
	Group       string           `json:"group"`
	Finding     string           `json:"finding"` // the first run in a sentence
	History     HistoryDocument  `json:"history"`
	Capacities  Capacities       `json:"capacities"` // what one instance carries when it is full, by signal, in its unit
	Billing     *BillingDocument `json:"billing"`    // null: no bill
	Runs        []RunDocument    `json:"runs"`       // the first is what the plan is about
	Against     *DiffDocument    `json:"against,omitempty"`
	Guards      []GuardDocument  `json:"guards,omitempty"`
	WhatIf      []WhatIfDocument `json:"what_if,omitempty"`
	Growth      *GrowthDocument  `json:"growth,omitempty"`
	Tuning      *TuningDocument  `json:"tuning,omitempty"`
	Warnings    []string         `json:"warnings"`
	Assumptions []string         `json:"assumptions"`
	LeftOut     []string         `json:"left_out"`
}

// HistoryDocument is what was replayed.
type HistoryDocument struct {
	Origin        string    `json:"origin"`
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	ScoredFrom    time.Time `json:"scored_from"`
	StepSeconds   float64   `json:"step_seconds"`
	Steps         int       `json:"steps"`
	CensoredShare float64   `json:"censored_share"` // of the scored steps: low confidence
	PeakNeed      int       `json:"peak_need_instances"`
}

// BillingDocument is what the amounts are made by.
type BillingDocument struct {
	Model         string   `json:"model"`
	Currency      string   `json:"currency"`
	Decimals      int      `json:"decimals"` // an amount of 1234 with 2 decimals is 12.34
	ExamplePrices bool     `json:"example_prices"`
	InWords       []string `json:"in_words"`
}

// RunDocument is one policy on the load.
type RunDocument struct {
	Name          string             `json:"name"`
	Role          string             `json:"role"` // proposed, in_force, other, classic, limit
	Note          string             `json:"note,omitempty"`
	Figures       map[string]float64 `json:"figures"`
	PeakServing   int                `json:"peak_serving_instances,omitempty"` // of the first run, and of what is in force
	RecordedSteps int                `json:"recorded_steps,omitempty"`         // at the beginning, in which the daemon's own record answered
	Forecasts     []ForecastDocument `json:"forecasts,omitempty"`              // of the policies that forecast
	AtMax         *BoundDocument     `json:"at_max,omitempty"`
	AtQuota       *BoundDocument     `json:"at_quota,omitempty"`
	Days          []DayDocument      `json:"days,omitempty"`
	Decisions     []DecisionDocument `json:"decisions,omitempty"` // that changed the size: of the first run and of what is in force; with the series, of all configurations
	Series        *SeriesDocument    `json:"series,omitempty"`
}

// ForecastDocument is how a policy that forecasts came out.
type ForecastDocument struct {
	Policy         string  `json:"policy"`
	BudgetShare    float64 `json:"budget_share,omitempty"` // of the time, in which the group may be short; 0: it has a quantile
	Quantile       float64 `json:"quantile,omitempty"`
	ShortShare     float64 `json:"short_share"`     // of the time, in which instances showed more than the policy's value
	AbstainedShare float64 `json:"abstained_share"` // of the time

	Costs []BudgetDocument `json:"costs,omitempty"` // of budgets on this load, dearest last; none while that is not known, and of other configurations only with the series
}

// BudgetDocument is what a budget costs.
type BudgetDocument struct {
	BudgetShare float64 `json:"budget_share"` // of the time
	SizeRatio   float64 `json:"size_ratio"`   // instances that keep it, over those that are needed
}

// BoundDocument is how long a bound was in the way.
type BoundDocument struct {
	Minutes float64   `json:"minutes"`
	First   time.Time `json:"first"`
}

// DayDocument is what is owed on a date.
type DayDocument struct {
	Date   string `json:"date"`
	Amount int64  `json:"cost_amount"`
}

// DecisionDocument is a decision that changed the size.
type DecisionDocument struct {
	At       time.Time `json:"at"`
	From     int       `json:"from"`
	To       int       `json:"to"`
	Wanted   int       `json:"wanted"`
	Reason   string    `json:"reason"`
	Recorded bool      `json:"recorded,omitempty"` // the daemon made it, too
}

// SeriesDocument has an element for each step.
type SeriesDocument struct {
	Load     []float64 `json:"load_instances"`
	Need     []int     `json:"need"`
	Serving  []int     `json:"serving"`
	Paid     []int     `json:"paid"`
	Desired  []int     `json:"desired"`
	Censored []bool    `json:"censored"`

	Expected     []float32 `json:"expected_instances,omitempty"` // by the first forecast, when an order could still be in time
	ExpectedLow  []float32 `json:"expected_low_instances,omitempty"`
	ExpectedHigh []float32 `json:"expected_high_instances,omitempty"` // 0: nothing was expected
}

// DiffDocument is by how much the first run has more of something than another.
type DiffDocument struct {
	Name            string  `json:"name"`
	InWords         string  `json:"in_words"`
	Cost            *int64  `json:"cost_amount,omitempty"`
	InstanceHours   float64 `json:"instance_hours"`
	OverloadMinutes float64 `json:"overload_minutes"`
	LostHours       float64 `json:"lost_instance_hours"`
	Scalings        int     `json:"scalings"`
}

// GuardDocument is by how much there is more with a guard than without it.
type GuardDocument struct {
	Setting string `json:"setting"`
	DiffDocument
}

// WhatIfDocument is by how much there would be more.
type WhatIfDocument struct {
	Figures map[string]float64 `json:"figures"`
	DiffDocument
}

// GrowthDocument is what becomes of a growing load within a year.
type GrowthDocument struct {
	MonthlyShare float64            `json:"monthly_share"`
	From         time.Time          `json:"from"`
	To           time.Time          `json:"to"`
	MaxMet       *time.Time         `json:"max_met"`   // null: not until then
	QuotaMet     *time.Time         `json:"quota_met"` // likewise
	Figures      map[string]float64 `json:"figures"`
}

// TuningDocument is what tuning found.
type TuningDocument struct {
	Refused     string              `json:"refused,omitempty"` // why nothing was tuned; the rest is empty then
	InWords     []string            `json:"in_words"`
	BudgetShare float64             `json:"budget_share"`         // of the time, in which the group may be overloaded
	LostMost    float64             `json:"lost_load_most_share"` // of the load, that may be lost
	Replays     int                 `json:"replays"`
	Present     *CandidateDocument  `json:"present,omitempty"`
	Front       []CandidateDocument `json:"front"`           // the cheapest first, by what was tuned on
	Proposal    *CandidateDocument  `json:"proposal"`        // null: keep what you have
	Keep        string              `json:"keep,omitempty"`  // why
	Patch       string              `json:"patch,omitempty"` // YAML
	Gain        *GainDocument       `json:"gain,omitempty"`  // of the best over the present, on the days that were held out
}

// CandidateDocument is a policy that was tried.
type CandidateDocument struct {
	Changes []ChangeDocument `json:"changes"` // none: the present one
	Tuned   PartDocument     `json:"tuned"`
	HeldOut PartDocument     `json:"held_out"`
}

// ChangeDocument is a setting that differs from the present one.
type ChangeDocument struct {
	Key  string `json:"key"`
	From string `json:"from"`
	To   string `json:"to"`
}

// PartDocument are the figures of a part of the history.
type PartDocument struct {
	Cost            *int64  `json:"cost_amount,omitempty"`
	InstanceHours   float64 `json:"instance_hours"`
	OverloadMinutes float64 `json:"overload_minutes"`
	LostShare       float64 `json:"lost_load_share"`
	Scalings        int     `json:"scalings"`
}

// GainDocument is by how much there is more, and between what that truly lies, 19 times out of 20.
type GainDocument struct {
	CostShare       [3]float64 `json:"cost_share_value_low_high"`
	OverloadMinutes [3]float64 `json:"overload_minutes_value_low_high"`
	Days            int        `json:"days"`
	CheaperDays     int        `json:"cheaper_days"`
	DearerDays      int        `json:"dearer_days"`
	BetterDays      int        `json:"better_days"`
	WorseDays       int        `json:"worse_days"`
}

// RoleKey is a role in JSON and CSV.
func RoleKey(role report.Role) string { return strings.ReplaceAll(string(role), " ", "_") }

// Document is the study for programs, with the series of configured runs if wanted.
func (s *Study) Document(series bool) *Document {
	first := &s.Runs[0]
	need, _ := first.Peaks()
	d := &Document{
		Group: s.Group, Finding: s.Finding(), Capacities: s.Capacities, Warnings: s.Warnings, Assumptions: s.Assumptions, LeftOut: s.LeftOut,
		History: HistoryDocument{
			Origin: s.Load.Origin, Start: s.Load.Start, End: s.Load.End(), ScoredFrom: s.Load.Time(s.From), StepSeconds: s.Load.Step.Seconds(),
			Steps: s.Load.Len(), CensoredShare: first.Metrics.Censored, PeakNeed: need,
		},
	}
	if d.Warnings == nil {
		d.Warnings = []string{}
	}
	if s.Prices != nil {
		d.Billing = &BillingDocument{s.Prices.Name, s.Prices.Currency, s.Prices.Decimals, s.Prices.Example, s.Prices.Assumptions()}
	}
	for i := range s.Runs {
		d.Runs = append(d.Runs, s.runDocument(&s.Runs[i], series))
	}
	if other := s.InForce(); other != nil {
		diff := s.diff(other.Name, first.Over(other.Result))
		diff.InWords = s.Diff(other)
		d.Against = &diff
	}
	for _, weight := range s.Guards {
		d.Guards = append(d.Guards, GuardDocument{weight.Setting, s.diff(weight.Guard, weight.Cost())})
	}
	for i := range s.WhatIfs {
		outcome := &s.WhatIfs[i]
		diff := s.diff(outcome.Name, outcome.Cost())
		diff.InWords = s.NewBounds(outcome)
		d.WhatIf = append(d.WhatIf, WhatIfDocument{s.figuresOf(outcome.After), diff})
	}
	if g := s.Growth; g != nil {
		d.Growth = &GrowthDocument{round(g.Monthly - 1), g.From, g.To, instant(g.Max), instant(g.Quota), s.figuresOf(g.Result)}
	}
	d.Tuning = s.tuningDocument()
	return d
}

func (s *Study) tuningDocument() *TuningDocument {
	t := s.Tuning
	switch {
	case t == nil:
		return nil
	case t.Result == nil:
		return &TuningDocument{Refused: t.Refused, InWords: s.TuningWords(), Front: []CandidateDocument{}}
	}
	d := &TuningDocument{InWords: t.Words, BudgetShare: t.Budget, LostMost: t.LostMost, Replays: t.Replays, Keep: t.Keep, Patch: t.Patch}
	present := s.candidateDocument(&t.Present)
	d.Present = &present
	for i := range t.Front {
		d.Front = append(d.Front, s.candidateDocument(&t.Front[i]))
	}
	if t.Proposal != nil {
		proposal := s.candidateDocument(t.Proposal)
		d.Proposal = &proposal
	}
	if t.Picked != nil {
		g := t.Gain
		d.Gain = &GainDocument{
			[3]float64{g.Cost.Value, g.Cost.Low, g.Cost.High}, [3]float64{g.OverloadMinutes.Value, g.OverloadMinutes.Low, g.OverloadMinutes.High},
			g.Days, g.CheaperDays, g.DearerDays, g.BetterDays, g.WorseDays,
		}
	}
	return d
}

func (s *Study) candidateDocument(c *tune.Candidate) CandidateDocument {
	d := CandidateDocument{Changes: []ChangeDocument{}, Tuned: s.partDocument(c.Tuned), HeldOut: s.partDocument(c.HeldOut)}
	for _, change := range c.Changes {
		d.Changes = append(d.Changes, ChangeDocument(change))
	}
	return d
}

func (s *Study) partDocument(f tune.Figures) PartDocument {
	d := PartDocument{InstanceHours: f.InstanceHours, OverloadMinutes: f.OverloadMinutes, LostShare: f.LostShare, Scalings: f.Scalings}
	if s.Prices != nil {
		d.Cost = &f.Money
	}
	return d
}

func (s *Study) diff(name string, of plan.Difference) DiffDocument {
	d := DiffDocument{Name: name, InstanceHours: of.InstanceHours, OverloadMinutes: of.OverloadMinutes, LostHours: of.LostHours, Scalings: of.Scalings}
	if s.Prices != nil {
		cost := int64(of.Cost)
		d.Cost = &cost
	}
	return d
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Study) figuresOf(r *plan.Result) map[string]float64 {
	run, list := Run{Result: r}, map[string]float64{}
	for _, f := range s.Figures() {
		list[f.Key] = f.Of(&run)
	}
	return list
}

func forecastDocument(f *plan.Forecast) ForecastDocument {
	d := ForecastDocument{Policy: f.Policy, BudgetShare: f.Budget, Quantile: f.Quantile, ShortShare: f.Short, AbstainedShare: f.Abstained}
	for _, cost := range f.Costs {
		d.Costs = append(d.Costs, BudgetDocument{cost.Short, cost.Ratio})
	}
	return d
}

func (s *Study) runDocument(r *Run, series bool) RunDocument {
	d := RunDocument{
		Name: r.Name, Role: RoleKey(r.Role), Note: r.Note, Figures: s.figuresOf(r.Result), RecordedSteps: r.Recorded,
		AtMax: bound(r.Capped, r.Step), AtQuota: bound(r.Refused, r.Step),
	}
	for _, f := range r.Forecasts {
		d.Forecasts = append(d.Forecasts, forecastDocument(&f))
	}
	if s.Prices != nil {
		for _, day := range r.Bill.Days {
			d.Days = append(d.Days, DayDocument{day.Begin.Format(time.DateOnly), int64(day.Total)})
		}
	}
	if !r.Configured() {
		return d
	}
	_, d.PeakServing = r.Peaks()
	for _, m := range r.Decisions {
		d.Decisions = append(d.Decisions, DecisionDocument{m.At, m.From, m.To, m.Wanted, string(m.Reason), m.Recorded})
	}
	if series && r.Need != nil {
		d.Series = &SeriesDocument{Load: r.Load, Need: r.Need, Serving: r.Serving, Paid: r.Paid, Desired: r.Desired, Censored: r.Censored}
		if f := r.Expected(); f != nil {
			d.Series.Expected, d.Series.ExpectedLow, d.Series.ExpectedHigh = f.Expected, f.Low, f.High
		}
	}
	return d
}

func bound(b plan.Bound, step time.Duration) *BoundDocument {
	if b.Steps == 0 {
		return nil
	}
	return &BoundDocument{float64(b.Steps) * step.Minutes(), b.First}
}
