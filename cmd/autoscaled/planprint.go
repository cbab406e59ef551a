package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/planning"
	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/plan/tune"
)

// print writes what came of a plan in the form that is asked for.
func (o *planOptions) print(cmd *cobra.Command, study *planning.Study) error {
	out := cmd.OutOrStdout()
	switch {
	case o.output.json():
		return printJSON(out, study.Document(o.series))
	case o.output.chosen == "csv" && o.series:
		return printSeries(out, study)
	case o.output.chosen == "csv":
		return printFigures(out, study)
	}
	return printStudy(out, study, widthOf(out))
}

// printStudy writes it for a person: what is doubtful, what was found, the load in a chart,
// the policies side by side, and what else was asked.
func printStudy(out io.Writer, s *planning.Study, width int) error {
	var b strings.Builder
	first := &s.Runs[0]
	if other := s.InForce(); other != nil {
		fmt.Fprintf(&b, "%s\n\n", s.Diff(other))
	}
	fmt.Fprintf(&b, "group %s on %s\n", s.Group, s.Load.Origin)
	fmt.Fprintf(&b, "%s\n", s.Finding())
	for _, warning := range s.Warnings {
		fmt.Fprintf(&b, "! %s\n", warning)
	}
	b.WriteString("\n")
	printChart(&b, s, first, width)
	b.WriteString("\n")
	printPolicies(&b, s, width)
	printBounds(&b, s)
	printForecasts(&b, s)
	printShortages(&b, s, first)
	printGuards(&b, s)
	printWhatIfs(&b, s)
	for i, line := range s.GrowthWords() {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	printTuning(&b, s)
	b.WriteString("\nthe model:\n")
	for _, text := range s.Assumptions {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	fmt.Fprintf(&b, "  It leaves out more: see docs/planning.md, or the report (--html).\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// printPolicies writes a row for each run; on a wide terminal with all figures.
func printPolicies(b *strings.Builder, s *planning.Study, width int) {
	figures := s.Figures()
	wide := policyRows(s, figures, func(planning.Figure) bool { return true })
	if table := columns(wide); widest(table) <= width {
		b.WriteString(table)
		return
	}
	b.WriteString(columns(policyRows(s, figures, func(f planning.Figure) bool { return f.Main })))
}

func policyRows(s *planning.Study, figures []planning.Figure, shown func(planning.Figure) bool) [][]string {
	head := []string{"POLICY"}
	for _, f := range figures {
		if shown(f) {
			head = append(head, f.Head)
		}
	}
	rows := [][]string{head}
	for i := range s.Runs {
		run := &s.Runs[i]
		row := []string{run.Name}
		if run.Role == report.InForce {
			row[0] += " (in force)"
		}
		for _, f := range figures {
			if shown(f) {
				row = append(row, f.Text(s, run))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// printBounds names the policies that met a bound.
func printBounds(b *strings.Builder, s *planning.Study) {
	for i := range s.Runs {
		if run := &s.Runs[i]; run.Configured() {
			if bounds := s.BoundWords(run.Result); bounds != "" {
				fmt.Fprintf(b, "! %s: %s\n", run.Name, bounds)
			}
		}
	}
}

// printForecasts says of each policy that forecasts how it kept its budget.
func printForecasts(b *strings.Builder, s *planning.Study) {
	for i := range s.Runs {
		for _, line := range s.Runs[i].ForecastWords() {
			if len(s.Runs) > 1 {
				line = s.Runs[i].Name + ", " + line
			}
			fmt.Fprintf(b, "%s\n", line)
		}
	}
}

// shortagesShown are as many as a person looks at.
const shortagesShown = 3

func printShortages(b *strings.Builder, s *planning.Study, run *planning.Run) {
	shortages := run.Shortages()
	if len(shortages) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s was too small %s; the worst:\n", run.Name, times(len(shortages)))
	for _, short := range shortages[:min(len(shortages), shortagesShown)] {
		at := run.Start.Add(time.Duration(short.From) * run.Step).In(s.Zone)
		fmt.Fprintf(b, "  %s  for %s: %d were needed, and %d served\n", at.Format("2006-01-02 15:04"), planning.Brief(time.Duration(short.Steps)*run.Step), short.Need, short.Serving)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func printGuards(b *strings.Builder, s *planning.Study) {
	if len(s.Guards) == 0 {
		return
	}
	rows := [][]string{{"GUARD", "COST", "HOURS", "OVERLOAD", "CHANGES", "SET TO"}}
	for _, weight := range s.Guards {
		rows = append(rows, append(differenceRow(s, weight.Guard, weight.Cost()), weight.Setting))
	}
	fmt.Fprintf(b, "\nby how much there is more with each guard than without it; a minus is less:\n%s", columns(rows, 5))
}

func printWhatIfs(b *strings.Builder, s *planning.Study) {
	if len(s.WhatIfs) == 0 {
		return
	}
	rows := [][]string{{"WHAT IF", "COST", "HOURS", "OVERLOAD", "CHANGES"}}
	for i := range s.WhatIfs {
		rows = append(rows, differenceRow(s, s.WhatIfs[i].Name, s.WhatIfs[i].Cost()))
	}
	lines := strings.SplitAfter(columns(rows), "\n")
	fmt.Fprintf(b, "\nby how much there would be more of it:\n%s", lines[0])
	for i := range s.WhatIfs {
		b.WriteString(lines[i+1])
		if bounds := s.NewBounds(&s.WhatIfs[i]); bounds != "" {
			fmt.Fprintf(b, "  ! %s\n", bounds)
		}
	}
}

// printTuning writes the front that tuning found, and what follows from it.
func printTuning(b *strings.Builder, s *planning.Study) {
	words := s.TuningWords()
	if words == nil {
		return
	}
	b.WriteString("\n")
	t := s.Tuning
	if t.Result == nil {
		fmt.Fprintf(b, "%s\n", words[0])
		return
	}
	fmt.Fprintf(b, "%s:\n", words[0])
	part := func(f tune.Figures) []string {
		return []string{s.TuningCost(f), planning.Number(f.OverloadMinutes, 0) + " min", planning.Number(100*f.LostShare, 3) + " %"}
	}
	row := func(mark string, c *tune.Candidate, settings string) []string {
		return slices.Concat([]string{mark}, part(c.Tuned), part(c.HeldOut), []string{settings})
	}
	rows := [][]string{
		{"", "TUNED: COST", "OVERLOAD", "LOST", "SCORED: COST", "OVERLOAD", "LOST", "SETTINGS"},
		row("now", &t.Present, "as it is"),
	}
	for i := range t.Front {
		mark := ""
		if t.Is(i) {
			mark = "▶"
		}
		if c := &t.Front[i]; len(c.Changes) > 0 {
			rows = append(rows, row(mark, c, t.ChangesText(i)))
		}
	}
	b.WriteString(columns(rows, 7))
	for _, line := range words[1:] {
		fmt.Fprintf(b, "%s\n", line)
	}
	if t.Patch != "" {
		fmt.Fprintf(b, "to be laid over the configuration by whoever wants it:\n%s", t.Patch)
	}
}

// differenceRow is by how much there is more of each.
func differenceRow(s *planning.Study, name string, d plan.Difference) []string {
	cost := "-"
	if s.Prices != nil {
		cost = planning.Signed(float64(d.Cost), func(x float64) string { return s.Prices.Text(billing.Money(x)) })
	}
	plain := func(x float64) string { return planning.Number(x, 0) }
	return []string{
		name, cost, planning.Signed(d.InstanceHours, func(x float64) string { return planning.Number(x, 1) }),
		planning.Signed(d.OverloadMinutes, plain) + " min", planning.Signed(float64(d.Scalings), plain),
	}
}

// columns lines up rows: the first column and those that are named from the left, numbers
// from the right.
func columns(rows [][]string, fromLeft ...int) string {
	left := map[int]bool{0: true}
	for _, i := range fromLeft {
		left[i] = true
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if left[i] {
				line.WriteString(cell + padding)
			} else {
				line.WriteString(padding + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

func widest(text string) (most int) {
	for line := range strings.Lines(text) {
		most = max(most, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return most
}

// printFigures writes a row for each run, as comma-separated values.
func printFigures(out io.Writer, s *planning.Study) error {
	w := csv.NewWriter(out)
	head := []string{"policy", "role"}
	figures := s.Figures()
	for _, f := range figures {
		head = append(head, f.Key)
	}
	_ = w.Write(head) // Flush has the error
	for i := range s.Runs {
		run := &s.Runs[i]
		row := []string{run.Name, planning.RoleKey(run.Role)}
		for _, f := range figures {
			row = append(row, strconv.FormatFloat(f.Of(run), 'f', -1, 64))
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

// printSeries writes a row for each step of the first run.
func printSeries(out io.Writer, s *planning.Study) error {
	w := csv.NewWriter(out)
	run := &s.Runs[0]
	head := []string{"timestamp", "load_instances", "need", "serving", "paid", "desired", "censored", "scored"}
	expected := run.Expected()
	if expected != nil {
		head = append(head, "expected_instances", "expected_low_instances", "expected_high_instances")
	}
	_ = w.Write(head) // Flush has the error
	for i := range run.Load {
		row := []string{
			run.Start.Add(time.Duration(i) * run.Step).UTC().Format(time.RFC3339), strconv.FormatFloat(run.Load[i], 'g', 6, 64),
			strconv.Itoa(run.Need[i]), strconv.Itoa(run.Serving[i]), strconv.Itoa(run.Paid[i]), strconv.Itoa(run.Desired[i]),
			strconv.FormatBool(run.Censored[i]), strconv.FormatBool(i >= run.From),
		}
		if expected != nil {
			row = append(row, expectedCells(expected, i)...)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

// expectedCells are what was expected of a step; empty where nothing was.
func expectedCells(f *plan.Forecast, step int) []string {
	cells := make([]string, 3)
	if f.High[step] == 0 {
		return cells
	}
	for i, value := range []float32{f.Expected[step], f.Low[step], f.High[step]} {
		cells[i] = strconv.FormatFloat(float64(value), 'g', 6, 32)
	}
	return cells
}

// chartRows is how high the chart is.
const chartRows = 8

// printChart draws the load and what served, the scored steps from left to right.
func printChart(b *strings.Builder, s *planning.Study, run *planning.Run, width int) {
	most := 1
	for i := run.From; i < len(run.Need); i++ {
		most = max(most, run.Serving[i], int(math.Ceil(run.Load[i])))
	}
	margin := len(strconv.Itoa(most)) + 3
	buckets := bucketsOf(run, max(10, min(width, chartWidthMost)-margin))
	for row := chartRows; row >= 1; row-- {
		label := ""
		if top := float64(most) * float64(row) / chartRows; row == chartRows || row == chartRows/2 {
			label = strconv.Itoa(int(math.Round(top)))
		}
		cells := make([]rune, len(buckets))
		for i, bucket := range buckets {
			cells[i] = bucket.cell(float64(row-1)*float64(most)/chartRows, float64(row)*float64(most)/chartRows)
		}
		fmt.Fprintf(b, "%*s ┤%s\n", margin-2, label, strings.TrimRight(string(cells), " "))
	}
	fmt.Fprintf(b, "%*s └%s\n", margin-2, "0", strings.Repeat("─", len(buckets)))
	printOverload(b, buckets, margin)
	begin, end := run.Start.Add(time.Duration(run.From)*run.Step).In(s.Zone), run.Start.Add(time.Duration(len(run.Load))*run.Step).In(s.Zone)
	from, to := begin.Format("2006-01-02 15:04"), end.Format("2006-01-02 15:04 MST")
	fmt.Fprintf(b, "%*s%s%s%s\n", margin, "", from, strings.Repeat(" ", max(1, len(buckets)-len(from)-len(to))), to)
	fmt.Fprintf(b, "%*s█ highest load, in instances   ─ most that served   ▲ too small for a time\n", margin, "")
}

const chartWidthMost = 160

// bucket is a stretch of steps that is drawn as one column.
type bucket struct {
	load     float64 // the highest
	serving  float64 // the most
	overload bool
}

func bucketsOf(run *planning.Run, most int) []bucket {
	steps := len(run.Load) - run.From
	list := make([]bucket, min(most, steps))
	for i := range list {
		for step := run.From + i*steps/len(list); step < run.From+(i+1)*steps/len(list); step++ {
			list[i].load = max(list[i].load, run.Load[step])
			list[i].serving = max(list[i].serving, float64(run.Serving[step]))
			list[i].overload = list[i].overload || run.Need[step] > run.Serving[step]
		}
	}
	return list
}

var eighths = []rune(" ▁▂▃▄▅▆▇█")

// cell is what a column shows between two heights.
func (b bucket) cell(low, high float64) rune {
	filled := int(math.Round(8 * (min(b.load, high) - low) / (high - low)))
	switch {
	case b.serving > low && b.serving <= high && filled < 8:
		if filled > 4 {
			return eighths[filled]
		}
		return '─'
	case filled <= 0:
		return ' '
	}
	return eighths[filled]
}

func printOverload(b *strings.Builder, buckets []bucket, margin int) {
	marks := make([]rune, len(buckets))
	for i, bucket := range buckets {
		marks[i] = ' '
		if bucket.overload {
			marks[i] = '▲'
		}
	}
	if line := strings.TrimRight(string(marks), " "); line != "" {
		fmt.Fprintf(b, "%*s%s\n", margin, "", line)
	}
}
