package main

import (
	"context"
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// sweep is what every setting of every family came to, with one time to serve.
type sweep struct {
	lead     time.Duration
	families []family
	settings []int
	peaks    []elasticity.Metrics     // of the fixed peak, by trace
	outcomes [][][]elasticity.Metrics // by trace, family and setting
}

// sweep replays every family with every setting.
func (b *bench) sweep(ctx context.Context, families []family, lead time.Duration) (*sweep, error) {
	s := &sweep{lead: lead, families: families, settings: settings()}
	all := []contender{fixedPeak()}
	for _, f := range families {
		for _, percent := range s.settings {
			all = append(all, f.at(percent))
		}
	}
	table, err := b.replay(ctx, all, lead)
	if err != nil {
		return nil, err
	}
	for _, row := range table {
		s.peaks = append(s.peaks, row[0])
		var outcomes [][]elasticity.Metrics
		for i := range families {
			outcomes = append(outcomes, row[1+i*len(s.settings):1+(i+1)*len(s.settings)])
		}
		s.outcomes = append(s.outcomes, outcomes)
	}
	return s, nil
}

// choice is the setting that a family has for a trace when both are known beforehand.
type choice struct {
	cost    float64 // × the optimum
	setting int     // in percent; 0: the fixed peak
}

// best is the cheapest setting with no larger a share of overloaded minutes than the budget;
// or the fixed peak, where none keeps the budget for less.
func (s *sweep) best(trace, family int, budget float64) choice {
	least := choice{cost: s.peaks[trace].AgainstOptimum}
	for i, m := range s.outcomes[trace][family] {
		if m.TauU <= budget && m.AgainstOptimum < least.cost {
			least = choice{m.AgainstOptimum, s.settings[i]}
		}
	}
	return least
}

// frontier is the geometric mean of a family's costs over the traces, and on how many of them
// it keeps the budget for less than the fixed peak.
func (s *sweep) frontier(family int, budget float64) (cost float64, kept int) {
	costs := make([]float64, len(s.outcomes))
	for trace := range s.outcomes {
		c := s.best(trace, family, budget)
		costs[trace] = c.cost
		if c.setting > 0 {
			kept++
		}
	}
	return geometricMean(costs), kept
}

// overall is what a setting comes to when it is the same for all traces: the mean share of
// overloaded minutes, and the geometric mean of the costs.
func (s *sweep) overall(family, setting int) (overloaded, cost float64) {
	costs := make([]float64, len(s.outcomes))
	for trace := range s.outcomes {
		m := s.outcomes[trace][family][setting]
		overloaded += m.TauU / float64(len(s.outcomes))
		costs[trace] = m.AgainstOptimum
	}
	return overloaded, geometricMean(costs)
}

func geometricMean(numbers []float64) float64 {
	logs := 0.0
	for _, number := range numbers {
		logs += math.Log(number)
	}
	return math.Exp(logs / float64(len(numbers)))
}
