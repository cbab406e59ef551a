package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/raced"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

// write makes a table of values so far apart, without a line for what is not a number.
func write(t *testing.T, directory, name string, spacing time.Duration, values ...float64) {
	t.Helper()
	text := "timestamp,value\n"
	for i, value := range values {
		if math.IsNaN(value) {
			continue
		}
		text += fmt.Sprintf("%s,%g\n", start.Add(time.Duration(i)*spacing).Format(time.RFC3339), value)
	}
	if err := os.WriteFile(filepath.Join(directory, name+".csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// doubling is a load that is 20 for 100 minutes, of which the last 60 count, and then 40 for 60.
func doubling() []float64 {
	return slices.Concat(slices.Repeat([]float64{20}, 100), slices.Repeat([]float64{40}, 60))
}

// printed is what the program prints on the traces of a directory.
func printed(t *testing.T, directory string, flags ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), append([]string{"-traces", directory}, flags...), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rowsOf are the rows of the table below a line, by what they begin with.
func rowsOf(t *testing.T, text, below string) map[string]string {
	t.Helper()
	_, text, found := strings.Cut(text, below)
	if !found {
		t.Fatalf("there is no %q in\n%s", below, text)
	}
	text, _, _ = strings.Cut(text, "\n\n")
	rows := map[string]string{}
	for line := range strings.Lines(text) {
		if name, cells, found := strings.Cut(strings.TrimSpace(line), "  "); found {
			rows[name] = strings.Join(strings.Fields(cells), " ")
		}
	}
	return rows
}

// Of 120 minutes that count, 60 need 20 instances and 60 need 40, which is seen a minute after
// it began. Every policy at 70 % has 29 then, and lacks 11 until what it ordered serves:
//
//   - whoever sees all of the load orders 29 more, that serve 11 minutes after the load rose;
//   - whoever sees no more than that all are busy orders 13, and another 16 when these serve
//     and were seen;
//   - AWS waits for the third such reading, and is 2 minutes later.
func TestTheFiguresAreThoseThatAPencilFinds(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write(t, directory, "doubling", time.Minute, doubling()...)
	text := printed(t, directory)
	rows := rowsOf(t, text, "\ndoubling\n")
	// theta_U, theta_O, tau_U, tau_O, upsilon, overload minutes, lost, changes/h, instance-hours, x optimum
	full := "2.52 40.9 9.17 90.8 1.7 11 3.36 0.50 86.5 1.442" // 11·11/40, 60·9/20 + 49·18/40, 11, 109; 2 of 119; 11·11 of 3600; 29·61 + 58·59
	busy := "2.52 37.2 9.17 90.8 2.5 11 3.36 1.00 83.6 1.393" // 60·9/20 + 11·2/40 + 38·18/40; 3 of 119; 29·61 + 42·11 + 58·48
	for policy, want := range map[string]string{
		"fixed peak":              "0.00 50.0 0.00 50.0 0.8 0 0.00 0.00 80.0 1.333",
		"fixed mean":              "12.50 25.0 50.00 50.0 0.8 60 16.67 0.00 60.0 1.000",
		"React 70%":               full,
		"HPA load 70%":            full,
		"autoscaled load 70%":     full,
		"HPA cpu 70%":             busy,
		"nomad target-value 70%":  busy,
		"autoscaled cpu 70%":      busy,
		"AWS target tracking 70%": "2.98 36.5 10.83 89.2 2.5 13 3.97 1.00 82.6 1.377", // 13·11/40, 60·9/20 + 11·2/40 + 36·18/40; 29·63 + 42·11 + 58·46
		"clairvoyant":             "0.00 0.0 0.00 0.0 0.0 0 0.00 0.50 60.0 1.000",
	} {
		if rows[policy] != want {
			t.Errorf("%s: got  %s\nwant %s", policy, rows[policy], want)
		}
	}
	if got, want := rowsOf(t, text, "What is divided by")["doubling"], "40 120 2.0 60.0 60.0 30.00 40"; got != want {
		t.Errorf("divided by %s, want %s", got, want)
	}
}

func TestAMeanIsThatOfTheTraces(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one of four under the race detector")
	}
	directory := t.TempDir()
	write(t, directory, "doubling", time.Minute, doubling()...)
	write(t, directory, "flat", time.Minute, slices.Repeat([]float64{7}, 160)...)
	rows := rowsOf(t, printed(t, directory), "\nall traces: ")
	if got, want := rows["fixed mean"], "6.25 12.5 25.00 25.0 0.4 8.33 0.00 1.000"; got != want { // a fixed size is just right for what is flat
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := rows["React 70%"], "1.26 42.9 4.58 95.4 0.8 1.68 0.25 1.446"; got != want { // and of what is flat it has 58 where 40 are needed
		t.Errorf("got %s, want %s", got, want)
	}
}

// outcome is a run that was overloaded for a share of the time, at a cost.
func outcome(overloaded, cost float64) elasticity.Metrics {
	return elasticity.Metrics{TauU: overloaded, AgainstOptimum: cost}
}

func TestTheFrontierIsTheCheapestSettingOfEachTraceOrElseTheFixedPeak(t *testing.T) {
	t.Parallel()
	s := &sweep{
		families: []family{{name: "some"}},
		settings: []int{30, 50, 70},
		peaks:    []elasticity.Metrics{outcome(0, 4), outcome(0, 8), outcome(0, 2)},
		outcomes: [][][]elasticity.Metrics{
			{{outcome(0.005, 3), outcome(0.02, 2), outcome(0.2, 1)}},
			{{outcome(0.03, 6), outcome(0.04, 5), outcome(0.3, 1)}},   // keeps no small budget
			{{outcome(0.01, 2.5), outcome(0.05, 1.5), outcome(1, 1)}}, // keeps it for more than the peak costs
		},
	}
	for _, c := range []struct {
		budget, product float64 // of the costs
		kept            int
	}{{0.005, 3 * 8 * 2, 1}, {0.01, 3 * 8 * 2, 1}, {0.02, 2 * 8 * 2, 1}, {0.03, 2 * 6 * 2, 2}, {0.05, 2 * 5 * 1.5, 3}} {
		if cost, kept := s.frontier(0, c.budget); math.Abs(cost-math.Cbrt(c.product)) > 1e-9 || kept != c.kept {
			t.Errorf("%g: got %g on %d traces, want the third root of %g on %d", c.budget, cost, kept, c.product, c.kept)
		}
	}
	if got, want := s.best(0, 0, 0.02), (choice{2, 50}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if overloaded, cost := s.overall(0, 1); math.Abs(overloaded-0.11/3) > 1e-9 || math.Abs(cost-math.Cbrt(2*5*1.5)) > 1e-9 {
		t.Errorf("the same for all is overloaded for %g at %g", overloaded, cost)
	}
}

// Whoever is to have 40 instances when the load doubles must keep them half idle before, and
// has 80 afterwards: that costs more than the fixed peak.
func TestWhoNeverLacksAnythingMayCostMoreThanTheFixedPeak(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one of four under the race detector")
	}
	directory := t.TempDir()
	write(t, directory, "doubling", time.Minute, doubling()...)
	text := printed(t, directory)
	chosen := rowsOf(t, text, "what was chosen for D=10 and e=1")
	if got, want := chosen["doubling"], strings.TrimSpace(strings.Repeat("1.33 * ", 9)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	settings := rowsOf(t, text, "every setting for D=10")
	if got, want := strings.Fields(settings["50%"])[6*3:7*3], []string{"0.00", "/", "1.99"}; !slices.Equal(got, want) {
		t.Errorf("React came to %v, want %v", got, want) // (61·40 + 59·80) of 3600 instance-minutes
	}
}

func TestEveryRunPrintsTheSame(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one of four under the race detector")
	}
	directory := t.TempDir()
	values := make([]float64, 120)
	for i := range values {
		values[i] = 20 + 15*math.Sin(float64(i)/25) + float64(i*7919%13)
	}
	write(t, directory, "waves", time.Minute, values...)
	if one, other := printed(t, directory), printed(t, directory); one != other {
		t.Errorf("once it is\n%s\nand once\n%s", one, other)
	}
}

func TestATraceIsInMinutesAndItsPeakNeedsFortyInstances(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write(t, directory, "coarse", 2*time.Minute, 1, 3, 8)
	write(t, directory, "fine", 30*time.Second, 1, 3, 4, 4, 0, 2)
	traces, err := readTraces(directory)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{5, 10, 15, 27.5, 40}, {20, 40, 10}} { // between 1, 3 and 8 lie 2 and 5.5; the means are 2, 4 and 1
		if got := traces[i].load.Signal(loadName).Totals; !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", traces[i].name, got, want)
		}
	}
}

func TestALongTraceLetsOneLearnForLonger(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for length, want := range map[time.Duration]time.Duration{
		4 * time.Hour: time.Hour, 2 * day: 6 * time.Hour, 7 * day: 3 * day, 14*day + 5*time.Minute: 3 * day, 22 * day: 8 * day, 63 * day: 8 * day,
	} {
		if got := unscored(length); got != want {
			t.Errorf("of %s, %s are not scored, want %s", length, got, want)
		}
	}
}

func TestQuickTakesTheShortestTracesInTheirOrder(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for name, minutes := range map[string]int{"a": 70, "b": 50, "c": 90, "d": 60, "e": 80} {
		write(t, directory, name, time.Minute, slices.Repeat([]float64{1}, minutes)...)
	}
	traces, err := readTraces(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, trace := range shortest(traces, 3) {
		names = append(names, trace.name)
	}
	if !slices.Equal(names, []string{"a", "b", "d"}) {
		t.Errorf("it takes %v", names)
	}
}

func TestWhatIsNoTraceIsRefused(t *testing.T) {
	t.Parallel()
	for want, fill := range map[string]func(directory string){
		"name a directory of traces": func(string) {},
		"without gaps": func(d string) {
			write(t, d, "gap", time.Minute, 1, 2, math.NaN(), math.NaN(), math.NaN(), math.NaN(), 3, 4)
		},
		"never above 0": func(d string) { write(t, d, "idle", time.Minute, 0, 0, 0) },
	} {
		directory := t.TempDir()
		fill(directory)
		if _, err := readTraces(directory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want: %s", err, want)
		}
	}
}

func TestTheTracesThatComeWithItAreGood(t *testing.T) {
	t.Parallel()
	traces, err := readTraces("traces")
	if err != nil {
		t.Fatal(err)
	}
	if len(traces) != 1 || traces[0].load.Len() != 14*24*60+36 {
		t.Errorf("there are %d, the first of %d minutes", len(traces), traces[0].load.Len())
	}
}

func TestOursHasAllDefaultsOfAGroup(t *testing.T) {
	t.Parallel()
	ours, err := defaultGroup()
	if err != nil {
		t.Fatal(err)
	}
	spec := ours.at("load", 0.8)
	if spec.Interval == 0 || spec.Gap == 0 || spec.In.Stabilization == 0 || spec.In.Cooldown == 0 || spec.LoadLoss.Release == 0 || spec.OrderMax == 0 || ours.warmUp == 0 {
		t.Errorf("a guard is missing in %+v", spec)
	}
	if target := spec.Policies[0].Target; target.Signal != "load" || target.Value != 0.8 || target.ToleranceIn == 0 || ours.spec.Policies[0].Target.Signal != "cpu" {
		t.Errorf("its target is %+v", target)
	}
}
