package main

import (
	"context"
	"fmt"
	"os"
)

// line is what a poll takes one program with several numbers of agents.
type line struct {
	name, class string
	agents      []int
	micros      []float64
}

// growing are the programs whose polls are measured with ever more agents, up to most.
var growing = []struct {
	name, class, kind string
	secure            bool
	atOnce, most      int
}{
	{"autoscaled, v2c", "ours", "monitor", false, groupsAtOnce, 100_000},
	{"autoscaled, v3", "sealed", "monitor", true, groupsAtOnce, 100_000},
	{"gosnmp, v2c", "peer", "gosnmp", false, gosnmpAtOnce, 10_000}, // each agent is a socket and 64 KiB
}

// growth measures a poll with ever more agents, and draws it. The number of polls is the same.
func (b *bench) growth(ctx context.Context) error {
	port, stop, err := job{Kind: "agents"}.answering(ctx)
	if err != nil {
		return err
	}
	defer stop()
	sizes, polls := []int{100, 1000, 10_000, 100_000}, uint64(500_000)
	if b.quick {
		sizes, polls = sizes[:3], 50_000
	}
	var lines []line
	for _, k := range growing {
		l := line{name: k.name, class: k.class}
		var sides []side
		for _, size := range sizes {
			if size <= k.most {
				j := b.job(k.kind, port, k.atOnce)
				j.Agents, j.Secure, j.Polls = size, k.secure, polls
				sides, l.agents = append(sides, inChild(ctx, fmt.Sprintf("%s, %d agents", k.name, size), j)), append(l.agents, size)
			}
		}
		costs, err := b.compare(sides...)
		if err != nil {
			return err
		}
		for _, c := range costs {
			l.micros = append(l.micros, float64(c.perPoll().Nanoseconds())/1e3)
		}
		lines = append(lines, l)
	}
	printGrowth(b, sizes, lines)
	ours := lines[0].micros
	b.report.judge("v2c poll with most agents", ours[len(ours)-1], ours[1], 1.5, "with 1,000")
	if b.chart == "" {
		return nil
	}
	return os.WriteFile(b.chart, []byte(draw(lines)), 0o644) //nolint:gosec // it is there to be read
}

func printGrowth(b *bench, sizes []int, lines []line) {
	columns := []string{"agents"}
	for _, l := range lines {
		columns = append(columns, l.name)
	}
	t := newTable(columns...)
	for i, size := range sizes {
		cells := []string{thousands(float64(size))}
		for _, l := range lines {
			cell := ""
			if i < len(l.micros) {
				cell = fmt.Sprintf("%.2f µs", l.micros[i])
			}
			cells = append(cells, cell)
		}
		t.add(cells...)
	}
	t.print(b.out, "A poll of 16 objects with ever more agents, processor time")
}
