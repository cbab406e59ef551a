package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// The least that is drawn on. A smaller terminal shows a part of it.
const (
	narrowest = 40
	lowest    = 8
)

// The legend is that of the demo.
const (
	servesMark  = "█"
	becomesMark = "▒"
	standsMark  = "·"
)

// draw is what the terminal shows of a model: exactly height lines, none of more than width columns.
func draw(m *topModel, now time.Time, width, height int, p paint) []string {
	width, height = max(width, narrowest), max(height, lowest)
	var lines []string
	switch m.showing {
	case showHelp:
		lines = topHelp(width)
	case showDetails:
		lines = m.drawDetails(now, width, height-2, p)
	default:
		lines = m.drawTable(now, width, height-2, p)
	}
	lines = append([]string{m.title(now, width, p)}, lines...)
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	return append(lines[:height-1], m.footer(width, p))
}

// title says what is looked at, how old it is, and what is wrong with looking.
func (m *topModel) title(now time.Time, width int, p paint) string {
	if m.trouble != "" {
		seen := "nothing was seen yet"
		if !m.seen.IsZero() {
			seen = "this was seen " + ago(m.seen, now) + " ago"
		}
		return p.red(fitted(plainText(fmt.Sprintf("! %s: %s", seen, m.trouble)), width))
	}
	if m.seen.IsZero() {
		return p.bold(fitted("autoscaled at "+m.where+": asking", width))
	}
	look := 0
	for _, g := range m.status.Groups {
		if wantsAttention(g) {
			look++
		}
	}
	attention := "all is well"
	if look > 0 {
		attention = fmt.Sprintf("%d to look at (!)", look)
	}
	clock := now.Local().Format(time.TimeOnly)
	text := fmt.Sprintf("autoscaled: %s, %s; at %s", count(len(m.status.Groups), "group"), attention, m.where)
	return p.bold(fitted(plainText(text), width-len(clock)-1) + " " + clock)
}

// footer is what is asked, what was answered, or which keys there are.
func (m *topModel) footer(width int, p paint) string {
	switch {
	case m.prompt() != "":
		return p.reverse(fitted(plainText(m.prompt()), width))
	case m.note != "":
		return p.bold(clipped(plainText(m.note), width))
	case m.showing == showHelp:
		return p.dim(clipped("any key goes back", width))
	case m.showing == showDetails:
		return p.dim(clipped("↑↓ scroll  p pause  r resume  esc back  q quit", width))
	default:
		return p.dim(clipped("↑↓ select  enter more  p pause  r resume  / filter  ! to look at  ? help  q quit", width))
	}
}

// drawTable draws the accounts, the groups, more about the one that is selected, and the newest events.
func (m *topModel) drawTable(now time.Time, width, height int, p paint) []string {
	var lines []string
	for _, text := range m.accountLines(now, 4) {
		lines = append(lines, p.trouble(clipped(text, width)))
	}
	groups := m.shown()
	left := height - len(lines) - 1
	about, newest := 0, 0
	if left >= 9 {
		about = min(left/4, 6)
	}
	if left >= 12 {
		newest = max(left/4, left-about-len(groups)-1)
		newest = min(newest, max(left-about-3, 0), len(m.events)+1)
	}
	if spare := left - about - newest - len(groups); spare > 0 && about > 0 {
		about += spare
	}
	lines = append(lines, m.drawGroups(groups, now, width, left-about-newest, p)...)
	lines = append(lines, m.drawAbout(groups, now, width, about, p)...)
	return append(lines, m.drawEvents(width, newest, p)...)
}

// accountLines are those of status about the accounts, at most so many.
func (m *topModel) accountLines(now time.Time, most int) []string {
	lines := linesOf(func(w io.Writer) {
		for _, account := range m.status.Accounts {
			printAccount(w, account, now)
		}
	})
	if len(lines) > most {
		lines = append(lines[:most-1], fmt.Sprintf("… and %d more lines: `autoscaled status` has them", len(lines)-most+1))
	}
	return lines
}

// linesOf are the lines that write writes, fit for a terminal.
func linesOf(write func(io.Writer)) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	write(w)
	_ = w.Flush() // a Builder takes everything
	lines := strings.Split(strings.Trim(b.String(), "\n"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	for i, line := range lines {
		lines[i] = plainText(line)
	}
	return lines
}

// tableShape is how wide the columns are that vary.
type tableShape struct{ name, bar, last int }

const (
	modeWidth   = 9 // recommend
	numberWidth = 5 // each of four
	ageWidth    = 5 // 59m
	fixedWidth  = 2 + 1 + modeWidth + 1 + 4*numberWidth + 1 + ageWidth + 2
)

func shapeOf(groups []fleet.GroupStatus, width int) tableShape {
	longest := 5
	for _, g := range groups {
		longest = max(longest, breadth(g.Name))
	}
	free := max(width-fixedWidth, 12)
	s := tableShape{name: min(longest, max(free/3, 6))}
	s.bar = min(max((free-s.name)/3, 6), 30)
	s.last = max(free-s.name-s.bar, 0)
	return s
}

// drawGroups draws the head of the table and as many rows as there is room for, with the selected one
// among them.
func (m *topModel) drawGroups(groups []fleet.GroupStatus, now time.Time, width, rows int, p paint) []string {
	s := shapeOf(groups, width)
	head := "  " + fitted("GROUP", s.name) + " " + fitted("MODE", modeWidth) + " " + fitted("SIZE", s.bar)
	for _, name := range []string{"WANT", "SERV", "COME", "STBY"} {
		head += fmt.Sprintf("%*s", numberWidth, name)
	}
	lines := []string{p.dim(clipped(head+fmt.Sprintf(" %*s  LAST DECISION", ageWidth, "AGE"), width))}
	if len(groups) == 0 {
		return append(lines, clipped("  "+m.noneText(), width))
	}
	selected := m.selectedIn(groups)
	first := min(max(selected-rows/2, 0), max(len(groups)-rows, 0))
	for i := first; i < min(first+rows, len(groups)); i++ {
		if row := drawGroup(groups[i], now, s, i == selected, false); breadth(row) > width {
			lines = append(lines, clipped(row, width)) // colours cannot be clipped
		} else {
			lines = append(lines, drawGroup(groups[i], now, s, i == selected, p))
		}
	}
	return lines
}

// noneText says why no group is shown.
func (m *topModel) noneText() string {
	switch {
	case m.seen.IsZero():
		return ""
	case len(m.status.Groups) == 0:
		return "no groups are configured"
	default:
		return "no group is like that: esc shows all again"
	}
}

// drawGroup is a row of the table.
func drawGroup(g fleet.GroupStatus, now time.Time, s tableShape, selected bool, p paint) string {
	mark, name := "  ", fitted(plainText(g.Name), s.name)
	if selected {
		mark, name = "> ", p.reverse(name)
	}
	mode := fitted(g.Mode, modeWidth)
	if g.Mode != "act" {
		mode = p.dim(mode)
	}
	row := mark + name + " " + mode + " " + bar(g, s.bar, p)
	for _, n := range []int{g.Desired, g.Serving, g.Becoming, g.Standby} {
		row += fmt.Sprintf("%*d", numberWidth, n)
	}
	decided := "-"
	if !g.Decision.At.IsZero() {
		decided = ago(g.Decision.At, now)
	}
	return row + fmt.Sprintf(" %*s  ", ageWidth, clipped(decided, ageWidth)) + lastDecision(g, s.last, p)
}

// lastDecision is the group's badges and why it has its size, in so many columns.
func lastDecision(g fleet.GroupStatus, columns int, p paint) string {
	var text strings.Builder
	for _, b := range badgesOf(g) {
		word := clipped(b.text, columns)
		if columns -= breadth(word) + 1; word == "" {
			break
		}
		text.WriteString(p.event(b.severity, word) + " ")
	}
	why := g.Decision.Reason.Text()
	if g.Decision.From != g.Decision.To {
		why = fmt.Sprintf("%d → %d: %s", g.Decision.From, g.Decision.To, why)
	}
	if columns > 0 && !g.Decision.At.IsZero() {
		text.WriteString(clipped(why, columns))
	}
	return strings.TrimRight(text.String(), " ")
}

// bar draws the instances of the group, against its max, in so many columns. Of each kind that is
// there one shows at least.
func bar(g fleet.GroupStatus, columns int, p paint) string {
	most := max(g.Max, g.Serving+g.Becoming+g.Standby, 1)
	scale := min(1, float64(columns)/float64(most))
	counts := []int{g.Serving, g.Becoming, g.Standby}
	marks := []string{servesMark, becomesMark, standsMark}
	paints := []func(string) string{p.green, p.yellow, p.dim}
	var b strings.Builder
	seen, drawn := 0, 0 // instances, columns
	for i, n := range counts {
		if n == 0 {
			continue
		}
		seen += n
		later := len(counts[i+1:]) - countOf(counts[i+1:], 0)
		end := min(max(int(float64(seen)*scale+0.5), drawn+1), columns-later)
		b.WriteString(paints[i](strings.Repeat(marks[i], end-drawn)))
		drawn = end
	}
	return b.String() + strings.Repeat(" ", columns-drawn)
}

func countOf(list []int, what int) (n int) {
	for _, one := range list {
		if one == what {
			n++
		}
	}
	return n
}

// drawAbout draws the beginning of what there is to know of the selected group.
func (m *topModel) drawAbout(groups []fleet.GroupStatus, now time.Time, width, height int, p paint) []string {
	if height == 0 || len(groups) == 0 {
		return make([]string, height)
	}
	all := linesOf(func(w io.Writer) { printGroup(w, groups[m.selectedIn(groups)], now) })
	return ruled(all, width, height, p)
}

// drawEvents draws the newest events, the newest last.
func (m *topModel) drawEvents(width, height int, p paint) []string {
	if height == 0 {
		return nil
	}
	lines := []string{p.dim(rule("events", width))}
	for _, e := range m.events[max(len(m.events)-height+1, 0):] {
		lines = append(lines, p.event(e.Severity, clipped(eventText(e), width)))
	}
	return lines
}

// ruled are the first lines beneath a rule that bears the very first; exactly height of them.
func ruled(all []string, width, height int, p paint) []string {
	lines := []string{p.dim(rule(all[0], width))}
	for _, line := range all[1:] {
		lines = append(lines, p.wrapped(line, width)...)
	}
	lines = append(lines, make([]string, height)...)
	return lines[:height]
}

// rule is a line across, with a text in it.
func rule(text string, width int) string {
	text = clipped("─ "+text+" ", width)
	return text + strings.Repeat("─", max(width-breadth(text), 0))
}

// drawDetails draws all that there is to know of the selected group, from where it was scrolled to.
func (m *topModel) drawDetails(now time.Time, width, height int, p paint) []string {
	i := slices.IndexFunc(m.status.Groups, func(g fleet.GroupStatus) bool { return g.Name == m.selected })
	if i < 0 {
		return []string{"", clipped("  there is no group "+plainText(m.selected)+" any more: esc goes back", width)}
	}
	var lines []string
	for _, line := range linesOf(func(w io.Writer) { printGroup(w, m.status.Groups[i], now) }) {
		lines = append(lines, p.wrapped(line, width)...)
	}
	m.scroll = min(m.scroll, max(len(lines)-height, 0))
	return lines[m.scroll:min(m.scroll+height, len(lines))]
}

// topHelp is what ? shows.
func topHelp(width int) []string {
	text := `
  ↑ ↓ j k        select a group; in the details, scroll
  page up/down   the same by ten, g and G to either end
  enter          all about the group, with its instances; esc goes back
  p              pause the group: asks why, and whether you are sure
  r              resume it
  /              show only groups whose names have this in them; esc shows all
  !              show only groups that somebody should look at
  q, ctrl-c      end; nothing changes by that

  ` + servesMark + ` serves   ` + becomesMark + ` is becoming an instance   ` + standsMark + ` stands by
  WANT is the decided size, of a group that recommends what it would be;
  AGE is that of the last decision.`
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, clipped(line, width))
	}
	return lines
}

// plainTop is what is printed where there is no terminal to draw on.
func plainTop(m *topModel, now time.Time, width int) string {
	lines := append([]string{m.title(now, width, false)}, m.accountLines(now, 4)...)
	groups := m.shown()
	lines = append(lines, m.drawGroups(groups, now, width, len(groups), false)...)
	for i := range lines {
		lines[i] = strings.TrimRight(strings.Replace(lines[i], "> ", "  ", 1), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// eventsKept is how many the terminal remembers.
const eventsKept = 100

func (m *topModel) happened(e events.Event) {
	m.events = append(m.events, e)
	m.events = m.events[max(len(m.events)-eventsKept, 0):]
}
