package main

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// days are so many with a steep morning each.
func days(n int) []float64 {
	values := make([]float64, n*minutesADay)
	for i := range values {
		values[i] = 12 - 10*math.Tanh(8*math.Cos(2*math.Pi*float64(i)/minutesADay)) + float64(i*7919%13)/20
	}
	return values
}

func TestTheTablesOfForecastsAreThoseThatAreAskedFor(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one of four under the race detector")
	}
	directory := t.TempDir()
	write(t, directory, "days", time.Minute, days(raced.Sample(3, 2))...)
	text := printed(t, directory, "-forecast", "smooth,peers")
	for part, want := range map[string]bool{
		"For the cost of the peers": true, "None of [wikipedia": true, "What was to be reached": true, "lost load for the cost of AWS": true,
		"given the budget": false, "Odd loads": false, "Other times to serve": false, "all traces: means": false,
	} {
		if strings.Contains(text, part) != want {
			t.Errorf("%q is printed: %v, in\n%s", part, !want, text)
		}
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-traces", directory, "-forecast", "smoth"}, &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "some of budget,peers,smooth,leads,odd") {
		t.Errorf("the error is %v", err)
	}
}

// It has short bursts and hardly any day and night.
func TestTheTraceThatComesWithItIsForeseenWithinTheBudget(t *testing.T) {
	t.Parallel()
	if raced.Enabled {
		t.Skip("too slow under the race detector")
	}
	text := printed(t, "traces", "-forecast", "budget,odd", "-must")
	rows := markdown(t, text, "On each trace")
	if row := rows["nab_elb_requests_2014"]; len(row) != 14 {
		t.Errorf("its row is %q", row)
	}
	if row := markdown(t, text, "Odd loads")["none at all"]; !slices.Equal(row, []string{"1.00", "1.00", "0.00", "0.0"}) {
		t.Errorf("of no load at all it is said: %q", row)
	}
}

// markdown are the rows of a table below a heading, by their first cell.
func markdown(t *testing.T, text, heading string) map[string][]string {
	t.Helper()
	_, text, found := strings.Cut(text, "### "+heading)
	if !found {
		t.Fatalf("there is no %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n###")
	rows := map[string][]string{}
	for line := range strings.Lines(text) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) > 1 {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows[cells[0]] = cells[1:]
		}
	}
	return rows
}

func TestWhatMustBeFailsWhereItIsMissed(t *testing.T) {
	t.Parallel()
	claims := []claim{{"kept", 1, 1, 0}, {"missed", 1.01, 1, 0}, {"not a number", math.NaN(), 1, 0}, {"aimed at", 0.5, 1, 0.5}, {"reached", 0.6, 1, 0.5}}
	if got := missed(claims); len(got) != 2 || !strings.HasPrefix(got[0], "missed: 1.010") || !strings.HasPrefix(got[1], "not a number") {
		t.Errorf("missed are %q", got)
	}
	var out bytes.Buffer
	printClaims(&out, claims)
	for name, want := range map[string]string{"kept": "must", "missed": "**missed**", "not a number": "**missed**", "aimed at": "aim", "reached": "must"} {
		if row := markdown(t, out.String(), "What was to be reached")[name]; row[3] != want {
			t.Errorf("%s is %q, want %s", name, row, want)
		}
	}
	directory := t.TempDir()
	write(t, directory, "doubling", time.Minute, doubling()...) // what no forecast can know
	err := run(t.Context(), []string{"-traces", directory, "-forecast", "peers", "-must"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "missed: ") {
		t.Errorf("the error is %v", err)
	}
	if err := run(t.Context(), []string{"-traces", directory, "-forecast", "peers"}, io.Discard, io.Discard); err != nil {
		t.Errorf("without -must the error is %v", err)
	}
}

func TestBetweenTwoBudgetsAFigureLiesOnALine(t *testing.T) {
	t.Parallel()
	row := func(cost, lost float64) []elasticity.Metrics {
		return []elasticity.Metrics{{AgainstOptimum: cost - 0.1, LostLoad: lost}, {AgainstOptimum: cost + 0.1, LostLoad: lost}}
	}
	rows := [][]elasticity.Metrics{row(2, 0.1), row(1.2, 0.5), row(1.4, 0.3)}
	cost, lost := func(m *elasticity.Metrics) float64 { return m.AgainstOptimum }, func(m *elasticity.Metrics) float64 { return m.LostLoad }
	for at, want := range map[float64]float64{1: 0.5, 1.2: 0.5, 1.3: 0.4, 1.4: 0.3, 1.55: 0.25, 2: 0.1, 3: 0.1} {
		if got := between(rows, cost, lost, at); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v it is %v, want %v", at, got, want)
		}
	}
}

func TestAWeekAndADayAreNotScoredOfTwoWeeksAndAThirdOfLess(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for length, want := range map[time.Duration]time.Duration{3 * day: day, 12 * day: 4 * day, 14*day - 5*time.Minute: 8 * day, 60 * day: 8 * day} {
		if got := learning(length); got != want {
			t.Errorf("of %s, %s are not scored, want %s", length, got, want)
		}
	}
}

func TestASizeIsTooLargeOnlyWhereNoLoadAskedForIt(t *testing.T) {
	t.Parallel()
	const n = noPeakYet + 200
	seen, r := slices.Repeat([]float64{4}, n), &plan.Result{Load: slices.Repeat([]float64{4}, n), Desired: slices.Repeat([]int{6}, n)}
	if got := overshoot(r, seen); got != 1.5 {
		t.Errorf("6 where 4 were needed are %v too many", got)
	}
	at := noPeakYet + 50
	seen[at] = 400 // shown, and not so
	for i := at + 1; i <= at+1+lettingGo; i++ {
		r.Desired[i] = 400
	}
	if got := overshoot(r, seen); got != 1.5 {
		t.Errorf("what was shown and is let go is %v too many", got)
	}
	if r.Desired[at+2+lettingGo] = 400; overshoot(r, seen) != 100 {
		t.Errorf("what is not let go is %v too many", overshoot(r, seen))
	}
}

func TestOursForecastsWithAllDefaultsOfAGroup(t *testing.T) {
	t.Parallel()
	ours, err := forecastingGroup()
	if err != nil {
		t.Fatal(err)
	}
	spec := ours.within(0.02)
	if spec.In.Stabilization == 0 || spec.In.Cooldown == 0 || spec.LoadLoss.Release == 0 || len(spec.Policies) != 1 {
		t.Errorf("a guard is missing in %+v", spec)
	}
	rule, before := spec.Policies[0].Forecast, ours.spec.Policies[0].Forecast
	if rule.Budget != 0.02 || before.Budget != 0.01 || rule.Value != 1 || rule.Fallback != 0.7 || rule.TimeToServe != 10*time.Minute || rule.Signal != loadSignal.Name {
		t.Errorf("it forecasts by %+v, by default by %+v", rule, before)
	}
}
