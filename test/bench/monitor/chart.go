package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The drawing, in pixels, and the part of it in which the lines are.
const (
	chartWidth, chartHeight = 760, 400
	left, right             = 70, 570
	top, bottom             = 64, 340
	apart                   = 18 // between two lines' names
)

const chartStyle = `<style>
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; font-size: 13px; fill: #1c2128; }
  .title { font-size: 16px; font-weight: 650; }
  .note { fill: #57606a; font-size: 12px; }
  .middle { text-anchor: middle; } .end { text-anchor: end; }
  .ground { fill: #ffffff; stroke: #d8dce1; }
  .grid { stroke: #d8dce1; stroke-width: 1; }
  .way { fill: none; stroke-width: 2.4; }
  .ours { stroke: #2d7d5a; } .sealed { stroke: #2f74c0; } .peer { stroke: #a8690b; }
  .dot { stroke-width: 0; } .dot.ours { fill: #2d7d5a; } .dot.sealed { fill: #2f74c0; } .dot.peer { fill: #a8690b; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e8ed; } .note { fill: #a4aeb9; }
    .ground { fill: #14181d; stroke: #2d343d; } .grid { stroke: #2d343d; }
    .ours { stroke: #56b88a; } .sealed { stroke: #6aa9ec; } .peer { stroke: #dba045; }
    .dot.ours { fill: #56b88a; } .dot.sealed { fill: #6aa9ec; } .dot.peer { fill: #dba045; }
  }
</style>
`

// draw is a drawing in SVG of what a poll takes, over the number of agents.
func draw(lines []line) string {
	highest, most := 1.0, 0
	for _, l := range lines {
		for i, m := range l.micros {
			highest, most = max(highest, m), max(most, l.agents[i])
		}
	}
	step := stepOf(highest)
	highest = step * math.Ceil(highest/step)
	x := func(agents int) float64 {
		return left + (right-left)*(math.Log10(float64(agents))-2)/(math.Log10(float64(most))-2)
	}
	y := func(micros float64) float64 { return bottom - (bottom-top)*micros/highest }

	var svg strings.Builder
	fmt.Fprintf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title\">\n", chartWidth, chartHeight, chartWidth, chartHeight)
	fmt.Fprint(&svg, "<!-- Drawn by test/bench/monitor.sh -only growth -svg FILE -->\n<title id=\"title\">Processor time of a poll of 16 objects, over the number of agents</title>\n", chartStyle)
	fmt.Fprintf(&svg, "<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"12\"/>\n", chartWidth-1, chartHeight-1)
	fmt.Fprintf(&svg, "<text class=\"title\" x=\"%d\" y=\"36\">Processor time of a poll of 16 objects, in µs</text>\n", left-46)
	for m := 0.0; m <= highest+step/2; m += step {
		fmt.Fprintf(&svg, "<path class=\"grid\" d=\"M%d %.1f H%d\"/><text class=\"note end\" x=\"%d\" y=\"%.1f\">%.0f µs</text>\n", left, y(m), right, left-8, y(m)+4, m)
	}
	for agents := 100; agents <= most; agents *= 10 {
		fmt.Fprintf(&svg, "<text class=\"note middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", x(agents), bottom+22, thousands(float64(agents)))
	}
	fmt.Fprintf(&svg, "<text class=\"note middle\" x=\"%d\" y=\"%d\">agents, each polled again and again</text>\n", (left+right)/2, bottom+44)
	for i, l := range lines {
		drawLine(&svg, l, x, y, placesOfNames(lines, y)[i])
	}
	fmt.Fprint(&svg, "</svg>\n")
	return svg.String()
}

// stepOf is how far apart the lines of the grid are.
func stepOf(highest float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 20, 50, 100, 200} {
		if highest/step <= 8 {
			return step
		}
	}
	return 500
}

// placesOfNames are how far down the names of the lines are: beside their last points, but none on
// another.
func placesOfNames(lines []line, y func(float64) float64) []float64 {
	places, order := make([]float64, len(lines)), make([]int, len(lines))
	for i, l := range lines {
		places[i], order[i] = y(l.micros[len(l.micros)-1])+4, i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(places[b], places[a]) }) // from below
	for k := 1; k < len(order); k++ {
		places[order[k]] = min(places[order[k]], places[order[k-1]]-apart)
	}
	return places
}

func drawLine(svg *strings.Builder, l line, x func(int) float64, y func(float64) float64, name float64) {
	fmt.Fprintf(svg, "<path class=\"way %s\" d=\"", l.class)
	for i, m := range l.micros {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		fmt.Fprintf(svg, "%s%.1f %.1f", letter, x(l.agents[i]), y(m))
	}
	fmt.Fprint(svg, "\"/>\n")
	for i, m := range l.micros {
		fmt.Fprintf(svg, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", l.class, x(l.agents[i]), y(m))
	}
	last := len(l.micros) - 1
	fmt.Fprintf(svg, "<text x=\"%.1f\" y=\"%.1f\">%s: %.1f µs</text>\n", x(l.agents[last])+12, name, l.name, l.micros[last])
}
