package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// bench replays traces, all cores at once.
type bench struct {
	traces   []*trace
	progress io.Writer
}

// replay gives the figures of each contender on each trace: by trace, then by contender.
func (b *bench) replay(ctx context.Context, contenders []contender, lead time.Duration) ([][]elasticity.Metrics, error) {
	results, err := b.results(ctx, contenders, lead)
	figures := make([][]elasticity.Metrics, len(results))
	for trace := range results {
		for _, result := range results[trace] {
			figures[trace] = append(figures[trace], result.Metrics)
		}
	}
	return figures, err
}

// results are those of each contender on each trace: by trace, then by contender.
func (b *bench) results(ctx context.Context, contenders []contender, lead time.Duration) ([][]*plan.Result, error) {
	var scenarios []plan.Scenario
	for _, t := range b.traces {
		for i := range contenders {
			scenarios = append(scenarios, contenders[i].scenario(t, lead))
		}
	}
	results, err := b.replayAll(ctx, scenarios, lead.String()+" to serve")
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(results, len(contenders))), nil
}

// replayAll tells how long it took.
func (b *bench) replayAll(ctx context.Context, scenarios []plan.Scenario, what string) ([]*plan.Result, error) {
	began, steps := time.Now(), 0
	results, err := plan.ReplayAll(ctx, scenarios, runtime.GOMAXPROCS(0), func(_, total int) { steps = total })
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.progress, "%d replays, %d minutes in all, %s: took %.1f s\n", len(scenarios), steps, what, time.Since(began).Seconds())
	return results, nil
}

// clairvoyant are the figures of who has at each minute just what it needs. Its hours are the
// denominator of all costs.
func clairvoyant(ctx context.Context, t *trace) (elasticity.Metrics, error) {
	fixed := fixedPeak()
	s := fixed.scenario(t, 0)
	s.Brief = false // the load and the need are in the result as every replay rounds them
	result, err := plan.Replay(ctx, &s)
	if err != nil {
		return elasticity.Metrics{}, err
	}
	need := result.Need[t.from:]
	best := elasticity.Optimum(need, 1)
	return elasticity.Measure(elasticity.Run{Step: result.Step, Load: result.Load[t.from:], Need: need, Serving: best.Paid}), nil
}
