package main

import (
	"fmt"
	"io"
	"strings"
)

// claim is a figure that a forecast is to reach.
type claim struct {
	what    string
	reached float64
	must    float64 // no more than this
	aim     float64 // 0: none
}

// holds says that what must be is.
func (c claim) holds() bool { return c.reached <= c.must }

// missed are the claims that do not hold.
func missed(claims []claim) (list []string) {
	for _, c := range claims {
		if !c.holds() {
			list = append(list, fmt.Sprintf("%s: %.3f, and must be %g at most", c.what, c.reached, c.must))
		}
	}
	return list
}

// printClaims says what was to be reached, and what was.
func printClaims(out io.Writer, claims []claim) {
	fmt.Fprint(out, "\n### What was to be reached\n\n")
	rows := [][]string{{"", "must", "aim", "reached", ""}}
	for _, c := range claims {
		aim, verdict := "", "**missed**"
		switch {
		case c.holds() && c.reached <= c.aim:
			verdict = "aim"
		case c.holds():
			verdict = "must"
		}
		if c.aim > 0 {
			aim = fmt.Sprintf("≤ %.3g", c.aim)
		}
		rows = append(rows, []string{c.what, fmt.Sprintf("≤ %.3g", c.must), aim, fmt.Sprintf("%.3g", c.reached), verdict})
	}
	printMarkdown(out, rows)
}

// printMarkdown writes rows as docs have them, the first of which names the columns.
func printMarkdown(out io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
}
