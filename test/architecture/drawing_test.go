package architecture

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// jobs say in a word what a room is for.
var jobs = map[string]string{
	"cmd/autoscaled": "the command line: wires the rooms together",
	"httpd":          "API and dashboard",
	"notify":         "tells people",
	"events":         "what became different",
	"fleet":          "the loop of each group",
	"plan":           "replays history",
	"actions":        "goals to steps; orders",
	"monitor":        "sources to signals",
	"rules":          "settings to policies",
	"record":         "why it was decided",
	"config":         "the YAML file",
	"configs":        "tables to start from",
	"cloud/gp":       "adapter for GP-API",
	"gpapi":          "client for GP-API",
	"cloud":          "ports of every cloud",
	"policy":         "signals to decisions",
	"store":          "state and history",
	"formula":        "arithmetic",
	"dial":           "connections",
	"secret":         "what cannot print itself",
	"words":          "texts and their mistakes",
}

// floor are the rooms that so many others stand on that arrows to them would hide
// all the rest. They stand on none.
var floor = []string{"secret", "words"}

// tints say by a colour what kind of room it is.
var tints = map[string]string{
	"policy": "pure", "rules": "pure", "formula": "pure",
	"fleet": "acts", "actions": "acts", "store": "acts",
	"monitor": "outside", "dial": "outside", "cloud/gp": "outside", "gpapi": "outside", "httpd": "outside", "notify": "outside",
}

var legend = []struct{ tint, text string }{
	{"pure", "computes: same arguments, same result"},
	{"acts", "decides, acts and remembers"},
	{"outside", "speaks to the world outside"},
	{"plain", "all else"},
}

// style has no variables, which some programs that show SVG do not know.
const style = `
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; text-anchor: middle; fill: #1c2128; }
  .name { font-size: 16px; font-weight: 650; }
  .job { font-size: 12.5px; }
  .parts, .note { font-size: 11.5px; fill: #57606a; }
  .note { text-anchor: start; }
  .ground { fill: #ffffff; stroke: #d8dce1; }
  .way { fill: none; stroke: #8c96a1; stroke-width: 1.6; }
  .head { fill: #8c96a1; }
  .pure { fill: #e3f1ea; stroke: #2d7d5a; }
  .acts { fill: #fdf0d5; stroke: #a8690b; }
  .outside { fill: #e1edfa; stroke: #2f74c0; }
  .plain { fill: #f1f3f5; stroke: #7a8490; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e8ed; }
    .parts, .note { fill: #a4aeb9; }
    .ground { fill: #14181d; stroke: #2d343d; }
    .way { stroke: #6c7783; }
    .head { fill: #6c7783; }
    .pure { fill: #173328; stroke: #56b88a; }
    .acts { fill: #3a2c10; stroke: #dba045; }
    .outside { fill: #15294a; stroke: #6aa9ec; }
    .plain { fill: #222831; stroke: #8a95a1; }
  }
`

// draw makes the picture of a house, as SVG.
func draw(h house) (string, error) {
	p, err := planOf(h.without(floor))
	if err != nil {
		return "", err
	}
	storeys := len(p.storeys)
	floorTop := margin + storeys*(boxHeight+storeyGap) - storeyGap + 44
	height := floorTop + boxHeight + 76
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", p.width, height, p.width, height)
	fmt.Fprintf(&svg, "<!-- Drawn by go test ./test/architecture -update -->\n<title id=\"title\">The rooms of autoscaled, each above those that it imports</title>\n<style>%s</style>\n", style)
	svg.WriteString(`<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0.5 L8 4 L0 7.5 z"/></marker></defs>` + "\n")
	fmt.Fprintf(&svg, `<rect class="ground" x="0.5" y="0.5" width="%d" height="%d" rx="12"/>`+"\n", p.width-1, height-1)
	for _, led := range p.ways {
		svg.WriteString(drawWay(led, storeys))
	}
	for _, storey := range p.storeys {
		for _, s := range storey {
			if s.room != "" {
				svg.WriteString(drawRoom(h, s.room, s.x, top(s, storeys), s.width))
			}
		}
	}
	svg.WriteString(drawFloor(h, p.width, floorTop))
	svg.WriteString("</svg>\n")
	return svg.String(), nil
}

func top(s *spot, storeys int) int { return margin + (storeys-1-s.storey)*(boxHeight+storeyGap) }

// drawWay draws an arrow, from port to port, straight through the storeys that it
// passes.
func drawWay(led way, storeys int) string {
	from, to := led[0], led[len(led)-1]
	x, y := port(from, from.below, led[1]), top(from, storeys)+boxHeight
	path := fmt.Sprintf("M%d %d", x, y)
	for _, s := range led[1:] {
		nextX, nextY := s.x, top(s, storeys)
		if s == to {
			nextX, nextY = port(to, to.above, led[len(led)-2]), nextY-2
		}
		middle := (y + nextY) / 2
		path += fmt.Sprintf(" C%d %d %d %d %d %d", x, middle, nextX, middle, nextX, nextY)
		x, y = nextX, nextY
		if s != to {
			y += boxHeight
			path += fmt.Sprintf(" L%d %d", x, y)
		}
	}
	return fmt.Sprintf(`<path class="way" d="%s" marker-end="url(#head)"/>`+"\n", path)
}

// port is where at a room an arrow begins or ends: from left to right as what is at
// the arrows' other ends.
func port(s *spot, joined []*spot, other *spot) int {
	sorted := slices.Clone(joined)
	slices.SortStableFunc(sorted, func(a, b *spot) int { return a.x - b.x })
	space := min(26, (s.width-24)/len(sorted))
	return s.x + (2*slices.Index(sorted, other)-len(sorted)+1)*space/2
}

func partsOf(h house, room string) string { return strings.Join(h.parts[room], " · ") }

func drawRoom(h house, room string, x, y, width int) string {
	tint := tints[room]
	if tint == "" {
		tint = "plain"
	}
	lines := []struct{ class, text string }{{"name", room}, {"job", jobs[room]}}
	if parts := partsOf(h, room); parts != "" {
		lines = append(lines, struct{ class, text string }{"parts", parts})
	}
	drawn := fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, tint, x-width/2, y, width, boxHeight)
	down := y + boxHeight/2 - 9*len(lines) + 15
	for _, line := range lines {
		drawn += fmt.Sprintf(`<text class="%s" x="%d" y="%d">%s</text>`, line.class, x, down, html.EscapeString(line.text))
		down += 18
	}
	return drawn + "\n"
}

// drawFloor draws the rooms on which nearly all others stand, and below what the
// colours mean.
func drawFloor(h house, width, y int) string {
	drawn, each := "", (width-2*margin-boxGap*(len(floor)-1))/len(floor)
	for i, room := range floor {
		drawn += drawRoom(h, room, margin+each/2+i*(each+boxGap), y, each)
	}
	drawn += fmt.Sprintf(`<text class="note" x="%d" y="%d">nearly every room imports these; the arrows are left out:</text>`+"\n", margin, y-10)
	x, y := margin, y+boxHeight+40
	for _, entry := range legend {
		drawn += fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="16" height="16" rx="4"/><text class="note" x="%d" y="%d">%s</text>`+"\n", entry.tint, x, y-12, x+24, y, html.EscapeString(entry.text))
		x += 24 + 7*len(entry.text) + 30
	}
	return drawn
}
