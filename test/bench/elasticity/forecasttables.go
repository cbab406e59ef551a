package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// wanted are the highest costs of a forecast that keeps a budget, of those of the best
// reaction: what must be, and what is aimed at.
var wanted = map[float64][2]float64{0.02: {0.90, 0.75}, 0.01: {0.92, 0.78}}

// Shares of the budget that may be used.
const (
	overloadMust = 1.3
	overloadAim  = 1.1
)

// ofBudgets shows what keeping a budget costs, and how well it is kept.
func (f *forecasts) ofBudgets(ctx context.Context, out io.Writer) (claims []claim, err error) {
	reactions, err := f.reactions(ctx, usually)
	if err != nil {
		return nil, err
	}
	had, err := f.results(ctx, usually, budgets)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "\n### × optimum, given the budget of overloaded minutes, D=%g\n\n", usually.lead.Minutes())
	head := []string{"geometric mean over the traces"}
	rows := make([][]string, len(reactions.families)+1)
	for family := range reactions.families {
		rows[family] = []string{reactions.families[family].name}
	}
	last := len(rows) - 1
	rows[last] = []string{"**autoscaled forecast**"}
	for _, budget := range budgets {
		head = append(head, fmt.Sprintf("%g %%", 100*budget))
		for family := range reactions.families {
			rows[family] = append(rows[family], kept(reactions.frontier(family, budget)))
		}
		name, least := reactions.cheapest(budget)
		cost := geometricMean(costs(had[budget]))
		rows[last] = append(rows[last], fmt.Sprintf("**%.2f** = %.2f × %s", cost, cost/least, name))
		if want, ok := wanted[budget]; ok {
			claims = append(claims, claim{fmt.Sprintf("node-hours for a budget of %g %%, of those of the best reaction (%s)", 100*budget, name), cost / least, want[0], want[1]})
		}
	}
	printMarkdown(out, append([][]string{head}, rows...))
	return append(claims, f.eachTrace(out, reactions)...), nil
}

// eachTrace shows the same trace by trace, with the overload that there really was.
func (f *forecasts) eachTrace(out io.Writer, reactions *sweep) []claim {
	had := f.had[usually]
	fmt.Fprint(out, "\n### On each trace: × optimum, overload really had × the budget, and the best reaction of all\n\n")
	rows := [][]string{{"trace (* of less than two weeks)"}}
	for _, budget := range budgets {
		rows[0] = append(rows[0], fmt.Sprintf("%g %%", 100*budget), "overload", "best reaction")
	}
	rows[0] = append(rows[0], fmt.Sprintf("changes/h (%g %%)", 100*oneBudget), "abstained")
	for i, t := range f.traces {
		row := []string{t.name}
		if t.length() < long {
			row[0] += " *"
		}
		for _, budget := range budgets {
			r := had[budget][i]
			name, best := reactions.reaction(i, budget)
			row = append(row, number(r.Metrics.AgainstOptimum, 2), number(r.Metrics.TauU/budget, 2), fmt.Sprintf("%.2f %s", best.cost, at(name, best)))
		}
		usual := had[oneBudget][i]
		rows = append(rows, append(row, number(changesPerHour(&usual.Metrics), 1), number(100*usual.Forecasts[0].Abstained, 1)+" %"))
	}
	printMarkdown(out, rows)
	worst, which := 0.0, ""
	for _, budget := range budgets {
		if over, name := f.worstOverload(had[budget], budget); over > worst {
			worst, which = over, fmt.Sprintf("%s, %g %%", name, 100*budget)
		}
	}
	if which == "" {
		return nil
	}
	return []claim{{"overload really had, × the budget, on the worst trace of two weeks or more (" + which + ")", worst, overloadMust, overloadAim}}
}

func changesPerHour(m *elasticity.Metrics) float64 { return float64(m.Scalings) / m.Duration.Hours() }

func at(name string, c choice) string {
	if c.setting == 0 {
		return name
	}
	return fmt.Sprintf("%s @%d", name, c.setting)
}

// manyBudgets are close enough to each other for what lies between to be on a line.
var manyBudgets = []float64{0.1, 0.08, 0.05, 0.04, 0.03, 0.02, 0.015, 0.01, 0.005}

// Parts of what the peers lack that a forecast may lack for their cost.
const (
	lackMust = 1. / 3
	lackAim  = 1. / 8
)

// ofPeers shows what a forecast lacks for what the peers cost.
func (f *forecasts) ofPeers(ctx context.Context, out io.Writer) (claims []claim, err error) {
	reactions, err := f.reactions(ctx, usually)
	if err != nil {
		return nil, err
	}
	had, err := f.results(ctx, usually, manyBudgets)
	if err != nil {
		return nil, err
	}
	cost := func(m *elasticity.Metrics) float64 { return m.AgainstOptimum }
	var means [][]elasticity.Metrics
	for _, budget := range manyBudgets {
		means = append(means, metricsOf(had[budget]))
	}
	fmt.Fprintf(out, "\n### For the cost of the peers at %d %%: means over the traces\n\n", usual)
	rows := [][]string{{"peer", "× optimum", "its θ_U %", "forecast's", "a part", "its lost %", "forecast's", "a part"}}
	for _, peer := range []string{"AWS target tracking", "HPA load"} {
		runs := reactions.runs(peer, usual)
		row := []string{peer, number(mean(runs, cost), 2)}
		for _, figure := range []struct {
			name string
			of   func(m *elasticity.Metrics) float64
		}{{"θ_U", func(m *elasticity.Metrics) float64 { return m.ThetaU }}, {"lost load", func(m *elasticity.Metrics) float64 { return m.LostLoad }}} {
			theirs, ours := mean(runs, figure.of), between(means, cost, figure.of, mean(runs, cost))
			row = append(row, number(100*theirs, 2), number(100*ours, 3), fmt.Sprintf("1/%.1f", theirs/ours))
			claims = append(claims, claim{fmt.Sprintf("%s for the cost of %s, of its", figure.name, peer), ours / theirs, lackMust, lackAim})
		}
		rows = append(rows, row)
	}
	printMarkdown(out, rows)
	return claims, nil
}

// runs are those of a family with one setting, by trace.
func (s *sweep) runs(name string, percent int) (list []elasticity.Metrics) {
	of := slices.IndexFunc(s.families, func(f family) bool { return f.name == name })
	setting := slices.Index(s.settings, percent)
	for trace := range s.outcomes {
		list = append(list, s.outcomes[trace][of][setting])
	}
	return list
}

// between is a figure at a cost, on the line between the two rows that are next to it; of
// what costs less or more than any, the last that is known.
func between(rows [][]elasticity.Metrics, cost, figure func(*elasticity.Metrics) float64, at float64) float64 {
	type point struct{ cost, figure float64 }
	points := make([]point, len(rows))
	for i, row := range rows {
		points[i] = point{mean(row, cost), mean(row, figure)}
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.cost, b.cost) })
	for i, p := range points {
		switch {
		case at > p.cost:
		case i == 0:
			return p.figure
		default:
			q := points[i-1]
			return q.figure + (at-q.cost)/(p.cost-q.cost)*(p.figure-q.figure)
		}
	}
	return points[len(points)-1].figure
}

// smooth are the traces of smooth seasonal loads.
var smooth = []string{"wikipedia_de_hourly", "azure_vm_cpu_2019", "google_cpu_2019"}

// lostMost is the share of the load that may be lost on a smooth one.
const lostMost = 0.001

// ofSmooth shows what a forecast saves where the load is easy to foresee.
func (f *forecasts) ofSmooth(ctx context.Context, out io.Writer) (claims []claim, err error) {
	reactions, err := f.reactions(ctx, usually)
	if err != nil {
		return nil, err
	}
	had, err := f.results(ctx, usually, []float64{oneBudget})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "\n### Smooth seasonal loads, at the default budget of %g %%\n\n", 100*oneBudget)
	rows := [][]string{{"trace", "× optimum", "of HPA cpu 70 %", "of HPA load 70 %", "lost %"}}
	cpu, load := reactions.runs("HPA cpu", usual), reactions.runs("HPA load", usual)
	var ofCPU, ofLoad, lost float64
	var n float64
	for i, t := range f.traces {
		if !slices.Contains(smooth, t.name) {
			continue
		}
		m := &had[oneBudget][i].Metrics
		a, b := m.AgainstOptimum/cpu[i].AgainstOptimum, m.AgainstOptimum/load[i].AgainstOptimum
		ofCPU, ofLoad, lost, n = ofCPU+a, ofLoad+b, max(lost, m.LostLoad), n+1
		rows = append(rows, []string{t.name, number(m.AgainstOptimum, 3), number(a, 3), number(b, 3), number(100*m.LostLoad, 4)})
	}
	if n == 0 {
		fmt.Fprintf(out, "None of %v is among the traces.\n", smooth)
		return nil, nil
	}
	printMarkdown(out, append(rows, []string{"mean", "", number(ofCPU/n, 3), number(ofLoad/n, 3), ""}))
	return []claim{
		{"node-hours on smooth loads, of those of HPA 70 % (mean)", max(ofCPU, ofLoad) / n, 0.80, 0.74},
		{"lost load on the worst smooth load", lost, lostMost, 0},
	}, nil
}

// ofLeads shows other times to serve, and ten times as many instances.
func (f *forecasts) ofLeads(ctx context.Context, out io.Writer) (claims []claim, err error) {
	const atMost = 1 // not worse than reaction
	fmt.Fprint(out, "\n### Other times to serve, and more instances: geometric means of × optimum\n\n")
	rows := [][]string{{"", "budget", "forecast", "best reaction", "ratio", "worst overload × budget (two weeks or more)", "worst trace, against its own best reaction"}}
	for _, s := range []surrounding{{2 * time.Minute, peak}, {5 * time.Minute, peak}, {20 * time.Minute, peak}, {usually.lead, 10 * peak}} {
		reactions, err := f.reactions(ctx, s)
		if err != nil {
			return nil, err
		}
		budgets := []float64{0.02, oneBudget}
		had, err := f.results(ctx, s, budgets)
		if err != nil {
			return nil, err
		}
		for _, budget := range budgets {
			name, least := reactions.cheapest(budget)
			cost := geometricMean(costs(had[budget]))
			over, _ := f.worstOverload(had[budget], budget)
			worst, which := f.worstTrace(had[budget], reactions, budget)
			of := fmt.Sprintf("D=%g, peak of %d", s.lead.Minutes(), s.peak)
			rows = append(rows, []string{
				of, fmt.Sprintf("%g %%", 100*budget), number(cost, 2), fmt.Sprintf("%.2f %s", least, name), number(cost/least, 2), number(over, 2), fmt.Sprintf("%.2f %s", worst, which),
			})
			claims = append(claims, claim{fmt.Sprintf("%s, %g %%: node-hours, of those of the best reaction (%s)", of, 100*budget, name), cost / least, atMost, 0})
		}
	}
	printMarkdown(out, rows)
	return claims, nil
}

// worstTrace is the trace on which the forecast does worst against the best of all that
// react on that one.
func (f *forecasts) worstTrace(results []*plan.Result, reactions *sweep, budget float64) (worst float64, name string) {
	for i, r := range results {
		_, best := reactions.reaction(i, budget)
		if ratio := r.Metrics.AgainstOptimum / best.cost; ratio > worst {
			worst, name = ratio, f.traces[i].name
		}
	}
	return worst, name
}
