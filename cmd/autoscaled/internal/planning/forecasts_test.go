package planning

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// foresees is a subject that forecasts the requests, of which an instance is to carry 100.
func foresees(t *testing.T, more string) Subject {
	t.Helper()
	return subject(t, groupOf(t, "requests: {promql: requests}", "policies: [{forecast: {signal: requests, per_instance: 100"+more+"}}]"), report.Proposed)
}

// ofDays is a history of so many days, each with a load of 100 to 900 requests.
func ofDays(t *testing.T, days int, s Subject) Options {
	t.Helper()
	loads := []string{"100", "300", "600", "900", "500", "200"}
	h := read(t, Source{}, table("requests", days*24*60, func(minute int) string { return loads[minute/60%24/4] }), s)
	return Options{Subjects: []Subject{s}, History: h}
}

func says(list []string, part string) bool {
	return slices.ContainsFunc(list, func(text string) bool { return strings.Contains(text, part) })
}

func TestAnInstanceIsFullAtWhatAForecastHasItShowUnlessSomebodySaysOtherwise(t *testing.T) {
	t.Parallel()
	o := ofDays(t, 2, foresees(t, ""))
	s := made(t, o)
	if s.Capacities["requests"] != 100 || !says(s.Assumptions, "the most that forecast/requests has it show") || !says(s.Assumptions, "An instance is full at requests 100.") {
		t.Errorf("capacities are %v, and it is said: %q", s.Capacities, s.Assumptions)
	}
	if need, _ := s.Runs[0].Peaks(); need != 9 {
		t.Errorf("%d instances are needed at most", need)
	}
	o.Capacities = Capacities{"requests": 300}
	s = made(t, o)
	if need, _ := s.Runs[0].Peaks(); need != 3 || says(s.Assumptions, "has it show") {
		t.Errorf("%d instances are needed at most, and it is said: %q", need, s.Assumptions)
	}
}

func TestAllThatIsComparedWithAForecastHasTheSameNeed(t *testing.T) {
	t.Parallel()
	o := ofDays(t, 2, foresees(t, ""))
	reacts := onRequests(t)
	reacts.Name, reacts.Role = "old", report.InForce
	o.Subjects = append(o.Subjects, reacts)
	o.Classics, o.Series = true, true
	s := made(t, o)
	for _, run := range s.Runs {
		if !slices.Equal(run.Need, s.Runs[0].Need) {
			t.Errorf("%s has another need", run.Name)
		}
	}
	if s.Runs[1].ForecastWords() != nil || len(s.Runs[0].ForecastWords()) != 2 {
		t.Errorf("it is said of the forecast %q, and of the target %q", s.Runs[0].ForecastWords(), s.Runs[1].ForecastWords())
	}
}

func TestAForecastSaysHowLongInstancesTakeWhereNothingElseDoes(t *testing.T) {
	t.Parallel()
	o := ofDays(t, 2, foresees(t, ", time_to_serve: 7m, time_to_return: 2m"))
	s := made(t, o)
	if !says(s.Assumptions, "A new instance serves 7m (assumed") || !says(s.Assumptions, "stands by serves 2m (assumed") {
		t.Errorf("it is said: %q", s.Assumptions)
	}
	o.Surroundings.ToServe = "4m"
	if s = made(t, o); !says(s.Assumptions, "A new instance serves 4m after") {
		t.Errorf("it is said: %q", s.Assumptions)
	}
}

func TestAForecastThatIsScoredBeforeItHasSeenAWeekIsDoubted(t *testing.T) {
	t.Parallel()
	const cold, few = "begins without a past", "less than two weeks"
	for _, c := range []struct {
		days int
		flag string // of --score-after
		says string
	}{
		{15, "0s", "add --score-after 8d"}, {15, "7d", "add --score-after 8d"}, {15, "8d", ""}, {14, "0s", "add --score-after 8d"},
		{5, "0s", "add --score-after 40h"}, {5, "40h", few}, {1, "7h", "add --score-after 8h"}, {1, "8h", few},
	} {
		o := ofDays(t, c.days, foresees(t, ""))
		var err error
		if o.ScoreAfter, err = ReadSpan(c.flag); err != nil {
			t.Fatal(err)
		}
		s := made(t, o)
		if c.says != "" && !says(s.Warnings, c.says) || c.says == "" && (says(s.Warnings, cold) || says(s.Warnings, few)) {
			t.Errorf("of %d days, scored after %s, it is said: %q, and should be %q", c.days, c.flag, s.Warnings, c.says)
		}
	}
	s := onRequests(t)
	o := ofDays(t, 15, s)
	if o.Capacities = (Capacities{"requests": 100}); says(made(t, o).Warnings, cold) {
		t.Error("a target is doubted")
	}
}

func TestAForecastIsHeldToItsBudget(t *testing.T) {
	t.Parallel()
	run := Run{Result: &plan.Result{Forecasts: []plan.Forecast{
		{Policy: "forecast/requests", Budget: 0.01, Short: 0.00812, Abstained: 0.25},
		{Policy: "forecast/cpu", Quantile: 0.999, Short: 0.0004, Costs: []policy.Cost{{Short: 0.05, Ratio: 1.3}, {Short: 0.01, Ratio: 2.55}, {Short: 0.005, Ratio: 2.55}}},
	}}}
	want := []string{
		"forecast/requests: short for 0.812 % of the time, with a budget of 1 %; it abstained for 25 %",
		"forecast/cpu: short for 0.04 % of the time, with plans of which 99.9 % are to suffice",
		"forecast/cpu: on this load at most 5 % short needs 1.3 × the ideal, at most 1 % to 0.5 % short needs 2.55 × the ideal",
	}
	if got := run.ForecastWords(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTheDocumentAndThePageOfAForecastSayWhatItExpected(t *testing.T) {
	t.Parallel()
	o := ofDays(t, 3, foresees(t, ""))
	s := made(t, o)
	run := s.Document(true).Runs[0]
	if len(run.Forecasts) != 1 || run.Forecasts[0].BudgetShare != 0.01 || run.Forecasts[0].AbstainedShare == 0 || run.Series.ExpectedHigh[60] != 0 {
		t.Errorf("the document has %+v", run.Forecasts)
	}
	if costs := run.Forecasts[0].Costs; len(costs) == 0 || costs[0].BudgetShare != 0.05 || costs[0].SizeRatio < 1 {
		t.Errorf("the document has as costs %+v", costs)
	}
	at := 2*24*60 + 14*60 // 900 requests since two hours
	if low, high := run.Series.ExpectedLow[at], run.Series.ExpectedHigh[at]; low > 9 || high < 9 || run.Series.Expected[at] < 8 {
		t.Errorf("of 9 instances' worth %v to %v were expected, in the middle %v", low, high, run.Series.Expected[at])
	}
	band := s.Page().Runs[0].Expected
	if band == nil || band.High[60] == band.High[60] || band.Middle[at] != float64(run.Series.Expected[at]) { // not a number where nothing was
		t.Errorf("the page has %+v", band)
	}
	if note := s.Page().Runs[0].Note; !strings.Contains(note, "with a budget of 1 %") || !strings.Contains(note, "on this load at most 5 % short needs ") {
		t.Errorf("the page notes %q", s.Page().Runs[0].Note)
	}
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"forecasts", "policy", "budget_share", "short_share", "abstained_share", "costs", "size_ratio", "expected_instances", "expected_low_instances", "expected_high_instances"} {
		if !strings.Contains(string(text), fmt.Sprintf("%q:", field)) {
			t.Errorf("it has no %s", field)
		}
	}
	o = ofDays(t, 1, onRequests(t))
	o.Capacities = Capacities{"requests": 100}
	if s = made(t, o); s.Page().Runs[0].Expected != nil || s.Document(true).Runs[0].Series.Expected != nil {
		t.Error("of a target something is expected")
	}
}
