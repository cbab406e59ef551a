package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// column is a figure of the tables.
type column struct {
	name   string
	digits int
	of     func(m *elasticity.Metrics) float64
	summed bool // it depends on how long a trace is, so that its mean over traces says nothing
}

var columns = []column{
	{"theta_U %", 2, func(m *elasticity.Metrics) float64 { return 100 * m.ThetaU }, false},
	{"theta_O %", 1, func(m *elasticity.Metrics) float64 { return 100 * m.ThetaO }, false},
	{"tau_U %", 2, func(m *elasticity.Metrics) float64 { return 100 * m.TauU }, false},
	{"tau_O %", 1, func(m *elasticity.Metrics) float64 { return 100 * m.TauO }, false},
	{"upsilon %", 1, func(m *elasticity.Metrics) float64 { return 100 * m.Upsilon }, false},
	{"overload min", 0, func(m *elasticity.Metrics) float64 { return m.OverloadMinutes }, true},
	{"lost %", 2, func(m *elasticity.Metrics) float64 { return 100 * m.LostLoad }, false},
	{"changes/h", 2, changesPerHour, false},
	{"inst-hours", 1, func(m *elasticity.Metrics) float64 { return m.InstanceHours }, true},
	{"x optimum", 3, func(m *elasticity.Metrics) float64 { return m.AgainstOptimum }, false},
}

// printTable writes rows of cells below each other.
func printTable(out io.Writer, rows [][]string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	_ = w.Flush()
}

func number(value float64, digits int) string { return fmt.Sprintf("%.*f", digits, value) }

// printDenominators says what the figures are divided by, for each trace.
func printDenominators(out io.Writer, traces []*trace, optima []elasticity.Metrics) {
	fmt.Fprint(out, `What is divided by: T is the number of minutes that are scored. Those before are replayed, and not counted.
  theta_U, theta_O  the shortage or surplus of each minute by its need, and their sum by T
  tau_U, tau_O      by T
  upsilon           by T-1
  lost              by the load, in hours of a full instance
  changes/h         by T/60. One change is one of the decided size, of any number of instances
  x optimum         the instance-hours, from order to release, by those that are needed
`)
	rows := [][]string{{"trace", "not scored, min", "T, min", "T/60, h", "load, inst-h", "need, inst-h", "mean need", "highest need"}}
	for i, t := range traces {
		m := &optima[i]
		rows = append(rows, []string{
			t.name, fmt.Sprint(t.from), fmt.Sprint(m.Steps), number(m.Duration.Hours(), 1), number(m.LoadHours, 1), number(m.OptimumHours, 1),
			number(m.OptimumHours/m.Duration.Hours(), 2), fmt.Sprint(t.highest()),
		})
	}
	printTable(out, rows)
}

// printTrace shows each policy on one trace, and the clairvoyant optimum.
func printTrace(out io.Writer, t *trace, contenders []contender, outcomes []elasticity.Metrics, optimum *elasticity.Metrics) {
	fmt.Fprintf(out, "\n%s\n", t.name)
	rows := [][]string{{"policy"}}
	for _, c := range columns {
		rows[0] = append(rows[0], c.name)
	}
	for i := range contenders {
		rows = append(rows, cells(contenders[i].name, &outcomes[i]))
	}
	printTable(out, append(rows, cells(optimumName, optimum)))
}

func cells(name string, m *elasticity.Metrics) []string {
	row := []string{name}
	for _, c := range columns {
		row = append(row, number(c.of(m), c.digits))
	}
	return row
}

// printMeans shows each policy in the mean over all traces, each of which counts as much.
func printMeans(out io.Writer, contenders []contender, outcomes [][]elasticity.Metrics, optima []elasticity.Metrics) {
	fmt.Fprintf(out, "\nall traces: means, each trace counting as much (%d)\n", len(outcomes))
	meant := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.summed })
	rows := [][]string{{"policy"}}
	for _, c := range meant {
		rows[0] = append(rows[0], c.name)
	}
	add := func(name string, of func(trace int) *elasticity.Metrics) {
		row := []string{name}
		for _, c := range meant {
			sum := 0.0
			for trace := range outcomes {
				sum += c.of(of(trace))
			}
			row = append(row, number(sum/float64(len(outcomes)), c.digits))
		}
		rows = append(rows, row)
	}
	for i := range contenders {
		add(contenders[i].name, func(trace int) *elasticity.Metrics { return &outcomes[trace][i] })
	}
	add(optimumName, func(trace int) *elasticity.Metrics { return &optima[trace] })
	printTable(out, rows)
}

const optimumName = "clairvoyant"
