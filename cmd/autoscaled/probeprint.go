package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/probe"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// probeReport is all that a probe showed, for programs.
type probeReport struct {
	Target   string          `json:"target"`
	Steps    []probe.Step    `json:"steps"` // in the order in which they happened
	Readings []probe.Reading `json:"readings"`
}

// probePrinter tells a person of each step as it happens; for programs it keeps them to
// the end.
type probePrinter struct {
	out    io.Writer
	asJSON bool
	survey bool // so many objects are asked for that they are not listed
	report probeReport
	asked  []probe.Object // last
	column string         // that is being walked; empty: none
}

func (o *probeOptions) printer(cmd *cobra.Command, survey bool, target string) *probePrinter {
	return &probePrinter{out: cmd.OutOrStdout(), asJSON: o.form.json(), survey: survey, report: probeReport{Target: target}}
}

func (p *probePrinter) step(s probe.Step) {
	p.report.Steps = append(p.report.Steps, s)
	switch {
	case p.asJSON:
	case s.Datagram != nil:
		p.datagram(s.Datagram)
	case s.Page != nil:
		p.page(s.Page)
	case s.Answer != nil:
		p.answer(s.Answer)
	default:
		fmt.Fprintln(p.out, waitText(s))
	}
}

func waitText(s probe.Step) string {
	wait := time.Duration(s.WaitSeconds * float64(time.Second))
	if s.StillNone {
		return fmt.Sprintf("… still no rate, so the agent seems to have just started: once more in %s", wait)
	}
	return fmt.Sprintf("… one reading of a counter makes no rate: the next in %s", wait)
}

func (p *probePrinter) datagram(d *probe.Datagram) {
	switch d.Direction {
	case "sent":
		fmt.Fprintf(p.out, "→ %s to %s, %s, %d bytes\n", d.PDU, p.report.Target, count(len(d.Objects), "object"), d.Bytes)
		p.ask(d)
	case "dropped":
		fmt.Fprintf(p.out, "✗ dropped after %.1f ms, %d bytes: %s: %s\n", d.AfterMs, d.Bytes, d.Reason, d.Why)
	default:
		fmt.Fprintf(p.out, "← %s after %.1f ms, %s, %d bytes%s\n", d.PDU, d.AfterMs, count(len(d.Objects), "object"), d.Bytes, statusPart(d.Status))
		if !p.survey {
			p.objects(d.Objects)
		}
	}
}

// ask notes what is asked for, and lists it unless it was asked for before.
func (p *probePrinter) ask(d *probe.Datagram) {
	again := slices.Equal(p.asked, d.Objects)
	p.asked = d.Objects
	if d.PDU == "GetRequest" {
		p.column = ""
	} else if next := d.Objects[len(d.Objects)-1].OID; p.column == "" || !strings.HasPrefix(next, p.column+".") {
		p.column = next
	} else {
		again = true // it goes on with the next rows
	}
	if !p.survey && !again {
		p.objects(d.Objects)
	}
}

func statusPart(status string) string {
	if status == "" {
		return ""
	}
	return ", error-status " + status
}

// objects lists objects; of an answer with rows of a table, those of its column.
func (p *probePrinter) objects(objects []probe.Object) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for i, o := range objects {
		if p.column != "" && i > 0 && o.OID != p.column && !strings.HasPrefix(o.OID, p.column+".") {
			continue
		}
		fmt.Fprintln(w, strings.TrimRight("  "+strings.Join([]string{o.OID, o.Name, o.Type, o.Value}, "\t"), "\t"))
	}
	_ = w.Flush() // as with all that is printed here, nobody is left to tell
}

func (p *probePrinter) page(page *probe.Page) {
	fmt.Fprintf(p.out, "→ GET %s\n", page.URL)
	if page.Status == "" {
		return
	}
	fmt.Fprintf(p.out, "← %s after %.1f ms, %s, %s, %s of %s\n", printable(page.Status), page.TookMs,
		printable(page.ContentType), count(page.Bytes, "byte"), count(page.Samples, "sample"), count(page.Metrics, "metric"))
	p.series(page.Matching)
	if len(page.Others) > 0 {
		fmt.Fprintln(p.out, "  no series has these labels; of the metric there are:")
		p.series(page.Others)
	}
	if len(page.Nearest) > 0 {
		fmt.Fprintf(p.out, "  it has no such metric; near are %s\n", strings.Join(page.Nearest, ", "))
	}
}

func (p *probePrinter) answer(a *probe.Answer) {
	fmt.Fprintf(p.out, "→ %s evaluates %s\n← after %.1f ms, %s\n", a.Server, printable(a.PromQL), a.TookMs, count(len(a.Series), "series"))
	p.series(a.Series)
	for _, warning := range a.Warnings {
		fmt.Fprintf(p.out, "  ! warning %s\n", warning)
	}
}

// mostSeries is how many series a person wants to see.
const mostSeries = 20

func (p *probePrinter) series(list []probe.Series) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, s := range list[:min(len(list), mostSeries)] {
		line := "  " + printable(s.Text) + "\t" + s.Value
		if !s.At.IsZero() {
			line += "\tof " + s.At.UTC().Format(time.RFC3339)
		}
		fmt.Fprintln(w, line)
	}
	_ = w.Flush()
	if more := len(list) - mostSeries; more > 0 {
		fmt.Fprintf(p.out, "  … and %d more\n", more)
	}
}

// finish prints the readings.
func (p *probePrinter) finish(readings []probe.Reading) error {
	p.report.Readings = readings
	if p.asJSON {
		return printJSON(p.out, p.report)
	}
	fmt.Fprintln(p.out)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, r := range readings {
		if r.Value != nil {
			fmt.Fprintln(w, strings.TrimRight(printable(r.Name)+"\t"+quantity(*r.Value, r.Ceiling)+" "+r.Unit, " "))
		} else {
			fmt.Fprintf(w, "%s\tno value: %s: %s\n", printable(r.Name), strings.ReplaceAll(r.Quality, "_", " "), r.Fault)
		}
	}
	return w.Flush()
}

// printLook prints what a group's signals showed.
func (o *probeOptions) printLook(out io.Writer, look probe.GroupLook, group *probe.Group) error {
	if o.form.json() {
		return printJSON(out, look)
	}
	fmt.Fprintf(out, "group %s, read as the daemon would: %s\n", look.Group, requestText(look.Requests))
	for reason, n := range look.Dropped {
		fmt.Fprintf(out, "! %s dropped: %s\n", count(n, "datagram"), reason)
	}
	if err := printSignals(out, look.Signals); err != nil {
		return err
	}
	fmt.Fprintln(out, "\na decision would see:")
	for _, s := range look.Signals {
		if s.Statistic != "" && s.Of == 0 {
			fmt.Fprintf(out, "  %s: nothing: name instances with --instance ADDRESS\n", s.Name)
			continue
		}
		fmt.Fprintf(out, "  %s: %s\n", s.Name, useText(s, group.Quorum(s.Name)))
	}
	return nil
}

// requestText sums up the requests by their kinds.
func requestText(requests []probe.Request) string {
	var kinds, parts []string
	for _, r := range requests {
		if !slices.Contains(kinds, r.Kind) {
			kinds = append(kinds, r.Kind)
		}
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		n, good, longest := 0, 0, 0.0
		for _, r := range requests {
			if r.Kind == kind {
				n++
				longest = max(longest, r.TookMs)
				if r.Outcome == policy.Present.String() {
					good++
				}
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %s by %s gave all their values, the slowest in %.1f ms", good, count(n, "request"), kind, longest))
	}
	if len(parts) == 0 {
		return "nothing was asked"
	}
	return strings.Join(parts, "; ")
}

// useText says what a decision could do with what a signal showed.
func useText(s fleet.SignalReport, quorum float64) string {
	doubted := s.Doubted != nil || slices.ContainsFunc(s.Instances, func(in fleet.InstanceReport) bool { return in.Doubted != nil })
	switch {
	case s.Value == nil && doubted:
		return "a doubted value only: the group could grow on it, and not shrink"
	case s.Value == nil:
		return "no value: the group would neither grow nor shrink on it"
	case s.Measured == s.Of:
		return quantity(*s.Value, s.Ceiling) + ": the group could grow and shrink on it"
	case float64(s.Measured) < quorum*float64(s.Of):
		return fmt.Sprintf("%s on %d of %d instances, less than the quorum of %s: the group could grow on it, and not shrink",
			quantity(*s.Value, s.Ceiling), s.Measured, s.Of, quantity(quorum, 1))
	default:
		return fmt.Sprintf("%s on %d of %d instances: the group could grow on it, and shrink with the others counted at their worst",
			quantity(*s.Value, s.Ceiling), s.Measured, s.Of)
	}
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 || strings.HasSuffix(thing, "s") {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// printable is foreign text in one line, without anything that a terminal would obey.
func printable(text string) string {
	return words.Clip(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text), 200)
}
