package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// forecastTables are those of our policy that forecasts, by what they are asked for.
var forecastTables = []struct {
	name  string
	print func(*forecasts, context.Context, io.Writer) ([]claim, error)
}{
	{"budget", (*forecasts).ofBudgets},
	{"peers", (*forecasts).ofPeers},
	{"smooth", (*forecasts).ofSmooth},
	{"leads", (*forecasts).ofLeads},
	{"odd", (*forecasts).ofOdd},
}

// tableNames are the names of all of them.
func tableNames() (names []string) {
	for _, table := range forecastTables {
		names = append(names, table.name)
	}
	return names
}

// printForecasts prints the tables that are asked for, and then what was to be reached.
func (b *bench) printForecasts(ctx context.Context, out io.Writer, names []string) ([]claim, error) {
	for _, name := range names {
		if !slices.Contains(tableNames(), name) {
			return nil, fmt.Errorf("there is no table %q: ask for all, or some of %s", name, strings.Join(tableNames(), ","))
		}
	}
	f, err := newForecasts(b)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for _, table := range forecastTables {
		if slices.Contains(names, table.name) {
			more, err := table.print(f, ctx, out)
			if err != nil {
				return nil, err
			}
			claims = append(claims, more...)
		}
	}
	printClaims(out, claims)
	return claims, nil
}

// forecasts is our policy that forecasts, beside those that react.
type forecasts struct {
	*bench
	ours, reacting *defaults
	swept          map[surrounding]*sweep
	had            map[surrounding]map[float64][]*plan.Result // by budget, then by trace
}

// surrounding is what is varied around the policies.
type surrounding struct {
	lead time.Duration
	peak int
}

// usually is that of all tables but one.
var usually = surrounding{leads[0], peak}

func newForecasts(b *bench) (*forecasts, error) {
	f := &forecasts{bench: b, swept: map[surrounding]*sweep{}, had: map[surrounding]map[float64][]*plan.Result{}}
	var err error
	if f.ours, err = forecastingGroup(); err != nil {
		return nil, err
	}
	f.reacting, err = defaultGroup()
	return f, err
}

// long is the length from which on a trace has weeks to learn from. A table of two weeks may
// end a step before.
const long = 14*24*time.Hour - time.Hour

// learning is how much of a trace is not scored here: a week and a day of two weeks or more.
func learning(length time.Duration) time.Duration {
	if length >= long {
		return 8 * 24 * time.Hour
	}
	return length / 3
}

// around is the bench with the traces scaled to a peak.
func (f *forecasts) around(s surrounding) (*bench, error) {
	b := &bench{progress: f.progress}
	for _, t := range f.traces {
		scaled, err := t.anew(s.peak, learning)
		if err != nil {
			return nil, err
		}
		b.traces = append(b.traces, scaled)
	}
	return b, nil
}

// reactions are all that react, with every setting. They are kept.
func (f *forecasts) reactions(ctx context.Context, s surrounding) (*sweep, error) {
	if known := f.swept[s]; known != nil {
		return known, nil
	}
	b, err := f.around(s)
	if err != nil {
		return nil, err
	}
	f.swept[s], err = b.sweep(ctx, families(f.reacting), s.lead)
	return f.swept[s], err
}

// results are those of our forecast with each of the budgets, by trace. They are kept.
func (f *forecasts) results(ctx context.Context, s surrounding, budgets []float64) (map[float64][]*plan.Result, error) {
	known := f.had[s]
	if known == nil {
		known = map[float64][]*plan.Result{}
		f.had[s] = known
	}
	var missing []contender
	asked := slices.DeleteFunc(slices.Clone(budgets), func(budget float64) bool { return known[budget] != nil })
	for _, budget := range asked {
		missing = append(missing, ahead(f.ours, budget))
	}
	if len(missing) == 0 {
		return known, nil
	}
	b, err := f.around(s)
	if err != nil {
		return nil, err
	}
	table, err := b.results(ctx, missing, s.lead)
	for _, row := range table {
		for i, result := range row {
			known[asked[i]] = append(known[asked[i]], result)
		}
	}
	return known, err
}

// cheapest is the family whose settings, chosen for each trace in hindsight, keep the budget
// for the least; and what that is in the geometric mean.
func (s *sweep) cheapest(budget float64) (name string, cost float64) {
	for family := range s.families {
		if mean, _ := s.frontier(family, budget); cost == 0 || mean < cost {
			name, cost = s.families[family].name, mean
		}
	}
	return name, cost
}

// reaction is the cheapest setting of all families on a trace.
func (s *sweep) reaction(trace int, budget float64) (name string, least choice) {
	for family := range s.families {
		if c := s.best(trace, family, budget); name == "" || c.cost < least.cost {
			name, least = s.families[family].name, c
		}
	}
	if least.setting == 0 {
		name = peakName
	}
	return name, least
}

// costs are those of results, × the optimum.
func costs(results []*plan.Result) (list []float64) {
	for _, r := range results {
		list = append(list, r.Metrics.AgainstOptimum)
	}
	return list
}

// worstOverload is the highest share of the budget that was used on a trace of two weeks or
// more; 0 without one.
func (f *forecasts) worstOverload(results []*plan.Result, budget float64) (worst float64, name string) {
	for i, r := range results {
		if f.traces[i].length() >= long && r.Metrics.TauU/budget >= worst {
			worst, name = r.Metrics.TauU/budget, f.traces[i].name
		}
	}
	return worst, name
}

// mean of a figure over runs.
func mean(runs []elasticity.Metrics, of func(*elasticity.Metrics) float64) (sum float64) {
	for i := range runs {
		sum += of(&runs[i]) / float64(len(runs))
	}
	return sum
}

func metricsOf(results []*plan.Result) (list []elasticity.Metrics) {
	for _, r := range results {
		list = append(list, r.Metrics)
	}
	return list
}
