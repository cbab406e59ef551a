package planning

import (
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// compared is a study of two runs, of which the second is in force.
func compared(t *testing.T, prices string) *Study {
	t.Helper()
	s := &Study{Runs: []Run{{Result: &plan.Result{Name: "new"}}, {Result: &plan.Result{Name: "old"}, Role: report.InForce}}}
	if prices != NoBilling {
		model, err := billing.Load(prices)
		if err != nil {
			t.Fatal(err)
		}
		s.Prices = model
	}
	now, before := s.Runs[0].Result, s.Runs[1].Result
	now.Bill.Total, before.Bill.Total = 1100, 1000
	now.Metrics.InstanceHours, before.Metrics.InstanceHours = 90, 100
	now.Metrics.OverloadMinutes, before.Metrics.OverloadMinutes = 25, 10
	now.Metrics.LostLoad, before.Metrics.LostLoad = 0.004, 0.001
	now.Metrics.Duration, before.Metrics.Duration = 28*day, 28*day
	return s
}

func TestALimitIsExceededJustBeyondIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cost, overload, lost string
		prices               string
		exceeded             string // what of it
	}{
		{"+10%", "", "", "gp-gio", ""},
		{"+9.9%", "", "", "gp-gio", "--max-cost +9.9% allows ¥1,099, and it costs ¥1,100"},
		{"1100", "", "", "gp-gio", ""},
		{"1,099", "", "", "gp-gio", "--max-cost 1,099 allows ¥1,099, and it costs ¥1,100"},
		{"10.99", "", "", "per-second", "--max-cost 10.99 allows $10.99, and it costs $11.00"},
		{"-10%", "", "", "gp-gio", "--max-cost -10% allows ¥900, and it costs ¥1,100"},
		{"-10%", "", "", NoBilling, ""},
		{"-11%", "", "", NoBilling, "--max-cost -11% allows 89.0 instance-hours, and it costs 90.0 instance-hours"},
		{"", "+15m", "", "gp-gio", ""},
		{"", "+14m", "", "gp-gio", "--max-overload +14m allows 24m, and it is overloaded for 25m"},
		{"", "25m", "", "gp-gio", ""},
		{"", "1440s", "", "gp-gio", "--max-overload 1440s allows 24m, and it is overloaded for 25m"},
		{"", "", "0.4%", "gp-gio", ""},
		{"", "", "0.39%", "gp-gio", "--max-lost 0.39% allows 0.39 % of the load, and it loses 0.4 % of the load"},
		{"", "", "+0.3%", "gp-gio", ""},
		{"", "", "+0.2%", "gp-gio", "--max-lost +0.2% allows 0.3 % of the load, and it loses 0.4 % of the load"},
		{"1", "1m", "0%", "gp-gio", "--max-cost|--max-overload|--max-lost"},
	} {
		s := compared(t, c.prices)
		limits, err := ReadLimits(c.cost, c.overload, c.lost, true, s.Prices)
		if err != nil {
			t.Fatal(err)
		}
		exceeded := limits.Exceeded(s)
		if strings.Contains(c.exceeded, "|") {
			for i, text := range exceeded {
				exceeded[i], _, _ = strings.Cut(text, " ")
			}
		}
		if !slices.Equal(exceeded, strings.FieldsFunc(c.exceeded, func(r rune) bool { return r == '|' })) {
			t.Errorf("%+v: exceeded is %q", c, exceeded)
		}
	}
}

func TestALimitThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	model := compared(t, "gp-gio").Prices
	for says, c := range map[string]struct {
		cost, overload, lost string
		inForce              bool
	}{
		"--max-cost +5%: more than what? name the configuration in force with --against": {"+5%", "", "", false},
		"--max-cost 5%: write an amount, as in 50000, or a share more than --against":    {"5%", "", "", true},
		"--max-cost +500: write an amount, as in 50000, or a share more than --against":  {"+500", "", "", true},
		"--max-cost cheap: is no number":                                                 {"cheap", "", "", true},
		"--max-overload +10: `10` is no length of time":                                  {"", "+10", "", true},
		"--max-lost 3: `3` is 300 %: write 3% if that is meant":                          {"", "", "3", true},
		"--max-lost little: `little` is no share":                                        {"", "", "little", true},
	} {
		_, err := ReadLimits(c.cost, c.overload, c.lost, c.inForce, model)
		expectError(t, err, says)
	}
}

func TestADifferenceIsALine(t *testing.T) {
	t.Parallel()
	s := compared(t, "gp-gio")
	now, before := &s.Runs[0].Metrics, &s.Runs[1].Metrics
	now.ScalingOut, before.ScalingOut, now.ScalingIn, before.ScalingIn = 8, 5, 4, 5
	if got, want := s.Diff(&s.Runs[1]), "last 28 days: +3 scale-outs, −1 scale-in, +10 % cost, 15 more overload minutes, +0.300 points of lost load"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := s.Diff(&s.Runs[0]), "last 28 days: ±0 scale-outs, ±0 scale-ins, ±0.0 % cost, as many overload minutes"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s = compared(t, NoBilling)
	s.Runs[1].Metrics.OverloadMinutes = 100
	if got, want := s.Diff(&s.Runs[1]), "last 28 days: ±0 scale-outs, ±0 scale-ins, −10 % instance-hours, 75 fewer overload minutes, +0.300 points of lost load"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
