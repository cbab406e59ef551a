package planning

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// Figure is one number of a run, and how it is called and shown.
type Figure struct {
	Key     string // in JSON and CSV, with its unit
	Head    string // in a table
	Name    string // in the report
	Unit    string // behind the number in a table and in the report
	Help    string
	Better  report.Better
	Main    bool // shown in the narrow table, too
	Large   bool // shown large in the report
	scale   float64
	digits  int
	ofMoney bool
	value   func(*Run) float64
}

// shares are shown in percent.
var figures = []Figure{
	{Key: "cost_amount", Head: "COST", Name: "Cost", Help: "what the machines are billed in the scored time", Better: report.Lower, Main: true, Large: true, ofMoney: true,
		value: func(r *Run) float64 { return float64(r.Bill.Total) }},
	{Key: "instance_hours", Head: "HOURS", Name: "Instance-hours", Help: "that are paid for, from order to release", Better: report.Lower, Main: true, Large: true,
		value: func(r *Run) float64 { return r.Metrics.InstanceHours }},
	{Key: "against_optimum", Head: "×NEED", Name: "× need", Unit: "×", Help: "instance-hours as a multiple of those that the load needed", Better: report.Lower, Main: true, digits: 2,
		value: func(r *Run) float64 { return r.Metrics.AgainstOptimum }},
	{Key: "overload_minutes", Head: "OVERLOAD", Name: "Overload", Unit: "min", Help: "minutes in which more instances were needed than served", Better: report.Lower, Main: true, Large: true,
		value: func(r *Run) float64 { return r.Metrics.OverloadMinutes }},
	{Key: "lost_load_share", Head: "LOST", Name: "Lost load", Unit: "%", Help: "load beyond what the serving instances carry, of all load", Better: report.Lower, Main: true, Large: true, scale: percent, digits: 3,
		value: func(r *Run) float64 { return r.Metrics.LostLoad }},
	{Key: "scalings", Head: "CHANGES", Name: "Changes", Help: "of the decided size", Better: report.Lower, Main: true, Large: true,
		value: func(r *Run) float64 { return float64(r.Metrics.Scalings) }},
	{Key: "theta_under_share", Head: "θU", Name: "θ under", Unit: "%", Help: "how many instances were missing, of those needed, on average", Better: report.Lower, scale: percent, digits: 2,
		value: func(r *Run) float64 { return r.Metrics.ThetaU }},
	{Key: "theta_over_share", Head: "θO", Name: "θ over", Unit: "%", Help: "how many instances served beyond the need, of those needed, on average", Better: report.Lower, scale: percent, digits: 1,
		value: func(r *Run) float64 { return r.Metrics.ThetaO }},
	{Key: "tau_under_share", Head: "τU", Name: "τ under", Unit: "%", Help: "share of the time with too few instances", Better: report.Lower, scale: percent, digits: 2,
		value: func(r *Run) float64 { return r.Metrics.TauU }},
	{Key: "tau_over_share", Head: "τO", Name: "τ over", Unit: "%", Help: "share of the time with more instances than needed", Better: report.Lower, scale: percent, digits: 1,
		value: func(r *Run) float64 { return r.Metrics.TauO }},
	{Key: "upsilon_share", Head: "υ", Name: "υ", Unit: "%", Help: "share of the time in which supply and need did not move the same way", Better: report.Lower, scale: percent, digits: 2,
		value: func(r *Run) float64 { return r.Metrics.Upsilon }},
	{Key: "jitter_per_hour", Head: "JITTER", Name: "Jitter", Unit: "/h", Help: "changes of the supply less changes of the need, instance by instance", digits: 2,
		value: func(r *Run) float64 { return r.Metrics.JitterPerHour }},
	{Key: "sigma", Head: "σ", Name: "σ", Help: "distance of the five from the ideal; a small group's θ over swamps it", Better: report.Lower, digits: 2,
		value: func(r *Run) float64 { return r.Metrics.Sigma }},
}

// Figures are those that the study has: without prices there is no cost.
func (s *Study) Figures() []Figure {
	if s.Prices == nil {
		return figures[1:]
	}
	return figures
}

// Of is the figure of a run: money in the smallest coin, shares as 0..1.
func (f *Figure) Of(r *Run) float64 { return f.value(r) }

// Shown is the figure as it is shown: shares in percent.
func (f *Figure) Shown(r *Run) float64 {
	if f.scale != 0 {
		return f.value(r) * f.scale
	}
	return f.value(r)
}

// Text is the figure of a run for people, with its unit.
func (f *Figure) Text(s *Study, r *Run) string {
	if f.ofMoney {
		return s.Prices.Text(billing.Money(math.Round(f.value(r))))
	}
	text := Number(f.Shown(r), f.digits)
	switch f.Unit {
	case "", "×":
		return text
	case "/h":
		return text + f.Unit
	}
	return text + " " + f.Unit
}

// Number writes a number with so many digits behind the point, and commas between
// thousands.
func Number(x float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if x < 0 && strings.Trim(whole, "0.,") != "" {
		whole = "−" + whole
	}
	return whole
}

// Peaks are the most instances that the scored steps needed, and the most that served.
func (r *Run) Peaks() (need, serving int) {
	for i := r.From; i < len(r.Need); i++ {
		need, serving = max(need, r.Need[i]), max(serving, r.Serving[i])
	}
	return need, serving
}

// Shortage is a stretch of time in which fewer instances served than were needed.
type Shortage struct {
	From, Steps   int
	Need, Serving int // at its worst step
	Lacking       int // instances × steps
}

// Shortages are the run's, those that lack most first.
func (r *Run) Shortages() []Shortage {
	var list []Shortage
	within := false
	for i := r.From; i < len(r.Need); i++ {
		lack := r.Need[i] - r.Serving[i]
		if lack <= 0 {
			within = false
			continue
		}
		if !within {
			list, within = append(list, Shortage{From: i}), true
		}
		s := &list[len(list)-1]
		s.Steps, s.Lacking = s.Steps+1, s.Lacking+lack
		if lack > s.Need-s.Serving {
			s.Need, s.Serving = r.Need[i], r.Serving[i]
		}
	}
	sortShortages(list)
	return list
}

// Finding is the first run in a sentence.
func (s *Study) Finding() string {
	r := &s.Runs[0]
	parts := []string{counted(r.Metrics.InstanceHours, "instance-hour")}
	if s.Prices != nil {
		parts = append([]string{s.Prices.Text(r.Bill.Total)}, parts...)
	}
	parts = append(parts, counted(r.Metrics.OverloadMinutes, "overload minute"), counted(float64(r.Metrics.Scalings), "change"))
	return fmt.Sprintf("%s: %s", spanWords(r.Metrics.Duration), strings.Join(parts, ", "))
}

// counted is a number of things.
func counted(n float64, what string) string {
	if n = math.Round(n); n != 1 {
		what += "s"
	}
	return Number(n, 0) + " " + what
}
