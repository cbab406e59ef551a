package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// memoryInterval is how often each agent is polled while memory is measured: seldom enough that
// groups rest between their turns, as they do in run.
const memoryInterval = 2 * time.Second

// memory compares what agents take that are polled again and again: what a process has with many, less what
// it has with one. Nothing is collected for the measurement.
func (b *bench) memory(ctx context.Context) error {
	port, stop, err := job{Kind: "agents"}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	counts := []int{1000, 10_000}
	if b.quick {
		counts = counts[:1]
	}
	t := newTable("", "agents", "anonymous", "RSS", "anonymous for 1,000 more than one")
	each := map[string]float64{}
	for _, secure := range []bool{false, true} {
		of := "v2c"
		if secure {
			of = "v3"
		}
		read := b.job("monitor", port, 1)
		read.Secure, read.ReadOnly, read.Interval = secure, true, memoryInterval
		decided := b.job("monitor", port, 1_000_000)
		decided.Secure, decided.Interval = secure, memoryInterval
		read.Warm, decided.Warm = 4*memoryInterval, 4*memoryInterval
		read.Span, decided.Span = 2*memoryInterval, 2*memoryInterval
		gosnmp := b.job("gosnmp", port, gosnmpAtOnce)
		gosnmp.Secure = secure
		err := errors.Join(
			b.memoryOf(ctx, t, each, "**autoscaled, read**, "+of, read, counts),
			b.memoryOf(ctx, t, each, "autoscaled, read and decided, "+of, decided, counts),
			b.memoryOf(ctx, t, each, "gosnmp, "+of, gosnmp, counts[:1]),
		)
		if err != nil {
			return err
		}
	}
	t.print(b.out, "Memory of agents that are polled again and again")
	for _, count := range counts {
		b.report.judge(fmt.Sprintf("memory for 1,000 agents read by v2c, of %s", thousands(float64(count))),
			each[fmt.Sprint("**autoscaled, read**, v2c", count)], each[fmt.Sprint("gosnmp, v2c", 1000)], 1./60, "gosnmp, sockets kept")
	}
	return nil
}

// memoryOf adds lines for a program with one agent and with many.
func (b *bench) memoryOf(ctx context.Context, t *table, each map[string]float64, name string, j job, counts []int) error {
	alone := 0
	for _, count := range append([]int{1}, counts...) {
		j.Agents = count
		costs := []cost{}
		for range b.repeats {
			c, err := j.cost(ctx)
			if err == nil {
				err = c.check()
			}
			if err != nil {
				return fmt.Errorf("%s with %d agents: %w", name, count, err)
			}
			costs = append(costs, c)
		}
		m := median(costs, func(c cost) float64 { return float64(c.Memory.Anonymous) }).Memory
		more := ""
		if count == 1 {
			alone = m.Anonymous
		} else {
			share := float64(m.Anonymous-alone) / float64(count-1) * 1000
			each[fmt.Sprint(name, count)] = share
			more = mebibytes(share)
		}
		t.add(name, thousands(float64(count)), mebibytes(float64(m.Anonymous)), mebibytes(float64(m.Resident)), more)
	}
	return nil
}
