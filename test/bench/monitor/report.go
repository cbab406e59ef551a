package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// slack is by how much a target may be missed before the run fails: what others do on the
// machine moves the figures.
const slack = 1.5

// target is what is to be reached, as a share of something that was measured in the same run.
type target struct {
	about, of string
	found     float64
	most      float64
}

func (t target) String() string {
	verdict := "reached"
	if t.found > t.most {
		verdict = "**missed**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", t.about, ratio(t.most), ratio(t.found), t.of, verdict)
}

// ratio is a share as people say it: 1/12, or 1.4 ×.
func ratio(share float64) string {
	switch {
	case share <= 0:
		return "0"
	case share < 0.1:
		return fmt.Sprintf("1/%.0f", 1/share)
	case share < 0.75:
		return fmt.Sprintf("1/%.1f", 1/share)
	}
	return fmt.Sprintf("%.2f ×", share)
}

// report are the targets of what was measured.
type report struct{ targets []target }

func (r *report) judge(about string, ours, others, most float64, of string) {
	r.targets = append(r.targets, target{about: about, of: of, found: ours / others, most: most})
}

// verdict prints the targets. The error says which were missed by more than the slack.
func (r *report) verdict(out io.Writer) error {
	if len(r.targets) == 0 {
		return nil
	}
	table := newTable("target", "at most", "found", "of", "")
	var far []string
	for _, t := range r.targets {
		table.lines = append(table.lines, t.String())
		if t.found > slack*t.most {
			far = append(far, t.about)
		}
	}
	table.print(out, "Targets")
	if len(far) > 0 {
		return errors.New("missed by more than half as much again: " + strings.Join(far, "; "))
	}
	return nil
}

// table is one in Markdown.
type table struct{ lines []string }

func newTable(columns ...string) *table {
	t := &table{}
	t.add(columns...)
	t.lines = append(t.lines, "|"+strings.Repeat("---|", len(columns)))
	return t
}

func (t *table) add(cells ...string) {
	t.lines = append(t.lines, "| "+strings.Join(cells, " | ")+" |")
}

func (t *table) print(out io.Writer, title string) {
	fmt.Fprintf(out, "\n%s\n\n%s\n", title, strings.Join(t.lines, "\n"))
}

// addCost is a line of what a poll takes.
func (t *table) addCost(name string, c cost) {
	allocations, bytes := "", ""
	if c.Allocated > 0 {
		allocations = fmt.Sprintf("%.2f", float64(c.Allocations)/float64(c.Polls))
		bytes = fmt.Sprintf("%.0f", float64(c.Allocated)/float64(c.Polls))
	}
	if share := float64(c.Lacking) / float64(c.Polls); share > lackingTold {
		name += fmt.Sprintf("; %.2f %% without a value", 100*share)
	}
	if share := float64(c.Fallbacks) / float64(c.Polls); share > lackingTold {
		name += fmt.Sprintf("; %.2f %% over sockets of their own", 100*share)
	}
	t.add(name, micros(c.perPoll()), thousands(c.perSecond()), allocations, bytes)
}

func micros(d time.Duration) string {
	if d >= 100*time.Microsecond {
		return fmt.Sprintf("%.0f µs", float64(d.Nanoseconds())/1e3)
	}
	return fmt.Sprintf("%.2f µs", float64(d.Nanoseconds())/1e3)
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func mebibytes(bytes float64) string { return fmt.Sprintf("%.1f MiB", bytes/(1<<20)) }

func machine() string {
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.Version())
}

// side is one of those that are compared.
type side struct {
	name string
	run  func() (cost, error)
}

// compare measures all sides in turn, as often as is wanted, and returns the median of each.
func (b *bench) compare(sides ...side) ([]cost, error) {
	all := make([][]cost, len(sides))
	for range b.repeats {
		for i, s := range sides {
			c, err := s.run()
			if err == nil {
				err = c.check()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			all[i] = append(all[i], c)
		}
	}
	medians := make([]cost, len(sides))
	for i, costs := range all {
		medians[i] = median(costs, func(c cost) float64 { return float64(c.perPoll()) })
	}
	return medians, nil
}

// The shares of polls without a value from which on that is told, and that spoil the measurement. A
// datagram can be lost.
const (
	lackingTold = 0.0001
	lackingMost = 0.01
)

func (c cost) check() error {
	switch {
	case c.Polls == 0:
		return errors.New("it polled nothing")
	case float64(c.Lacking) > lackingMost*float64(c.Polls):
		return fmt.Errorf("%d of %d polls brought no value", c.Lacking, c.Polls)
	}
	return nil
}

func median(costs []cost, by func(cost) float64) cost {
	sorted := slices.SortedFunc(slices.Values(costs), func(a, b cost) int { return int(1000 * (by(a) - by(b))) })
	return sorted[len(sorted)/2]
}
