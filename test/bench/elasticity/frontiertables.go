package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// budgets are the shares of overloaded minutes that are put up with, oneBudget that of them
// which is looked at with every time to serve.
var budgets = []float64{0.05, 0.02, oneBudget, 0.005}

const oneBudget = 0.01

// printFrontiers shows what each family costs within each budget, and with each other time to
// serve within one of them. The first sweep is the one with the usual time.
func printFrontiers(out io.Writer, sweeps []*sweep) {
	main, n := sweeps[0], len(sweeps[0].outcomes)
	fmt.Fprintf(out, `
frontier: x optimum (the geometric mean over %d traces) for at most e %% of T overloaded, and on how many traces
Of each family the cheapest of %d settings (%d to %d %%), chosen for each trace in hindsight. On the other traces none keeps e, or for less than the fixed peak, and that is charged.
`, n, len(main.settings), main.settings[0], main.settings[len(main.settings)-1])
	rows := [][]string{{"family"}}
	for _, budget := range budgets {
		rows[0] = append(rows[0], fmt.Sprintf("%s e=%g", minutes(main), 100*budget))
	}
	for _, s := range sweeps[1:] {
		rows[0] = append(rows[0], fmt.Sprintf("%s e=%g", minutes(s), 100*oneBudget))
	}
	for family := range main.families {
		row := []string{main.families[family].name}
		for _, budget := range budgets {
			row = append(row, kept(main.frontier(family, budget)))
		}
		for _, s := range sweeps[1:] {
			row = append(row, kept(s.frontier(family, oneBudget)))
		}
		rows = append(rows, row)
	}
	printTable(out, append(rows, peakRow(sweeps)))
}

func minutes(s *sweep) string { return fmt.Sprintf("D=%g", s.lead.Minutes()) }

func kept(cost float64, traces int) string { return fmt.Sprintf("%.2f (%d)", cost, traces) }

// peakRow is the fixed peak, which keeps every budget and waits for nothing.
func peakRow(sweeps []*sweep) []string {
	costs := make([]float64, len(sweeps[0].peaks))
	for i := range costs {
		costs[i] = sweeps[0].peaks[i].AgainstOptimum
	}
	row := []string{peakName}
	for range len(budgets) + len(sweeps) - 1 {
		row = append(row, kept(geometricMean(costs), len(costs)))
	}
	return row
}

// printChoices shows the settings that were chosen within the one budget.
func printChoices(out io.Writer, traces []*trace, s *sweep) {
	fmt.Fprintf(out, "\nwhat was chosen for %s and e=%g: x optimum @ setting, * the fixed peak\n", minutes(s), 100*oneBudget)
	rows := [][]string{{"trace"}}
	for _, f := range s.families {
		rows[0] = append(rows[0], f.name)
	}
	for trace := range traces {
		row := []string{traces[trace].name}
		for family := range s.families {
			c := s.best(trace, family, oneBudget)
			how := "*"
			if c.setting > 0 {
				how = fmt.Sprintf("@%d", c.setting)
			}
			row = append(row, fmt.Sprintf("%.2f %s", c.cost, how))
		}
		rows = append(rows, row)
	}
	printTable(out, rows)
}

// printSettings shows every setting, the same for all traces, and which of them no other beats.
func printSettings(out io.Writer, s *sweep) {
	fmt.Fprintf(out, `
every setting for %s, the same on all traces: overloaded %% of T (mean) / x optimum (geometric mean)
With ! where no other setting of any family costs less and is overloaded for no longer.
`, minutes(s))
	rows := [][]string{{"setting"}}
	for _, f := range s.families {
		rows[0] = append(rows[0], f.name)
	}
	var points []elasticity.Point
	for setting := range s.settings {
		for family := range s.families {
			overloaded, cost := s.overall(family, setting)
			points = append(points, elasticity.Point{Cost: cost, OverloadMinutes: overloaded})
		}
	}
	front := elasticity.Front(points)
	for setting, percent := range s.settings {
		row := []string{fmt.Sprintf("%d%%", percent)}
		for family := range s.families {
			i := setting*len(s.families) + family
			mark := " "
			if slices.Contains(front, i) {
				mark = "!"
			}
			row = append(row, fmt.Sprintf("%.2f / %.2f%s", 100*points[i].OverloadMinutes, points[i].Cost, mark))
		}
		rows = append(rows, row)
	}
	printTable(out, rows)
}
