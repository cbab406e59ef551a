package main

import (
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/events"
)

// plainText is text in one line, without anything that a terminal would obey.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// wideRunes are those that take two columns of a terminal: those of East Asia, and emoji.
var wideRunes = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115f, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1}},
	R32: []unicode.Range32{{0x1f300, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

// columnsOf is how many columns of a terminal r takes.
func columnsOf(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.Is(wideRunes, r):
		return 2
	default:
		return 1
	}
}

// breadth is how many columns of a terminal text takes.
func breadth(text string) (columns int) {
	for _, r := range text {
		columns += columnsOf(r)
	}
	return columns
}

// within is how many bytes of text fit into so many columns.
func within(text string, columns int) int {
	for i, r := range text {
		if columns -= columnsOf(r); columns < 0 {
			return i
		}
	}
	return len(text)
}

// clipped is text in at most so many columns.
func clipped(text string, columns int) string {
	if within(text, columns) == len(text) {
		return text
	}
	return text[:within(text, columns-1)] + strings.Repeat("…", min(max(columns, 0), 1))
}

// fitted is text in exactly so many columns.
func fitted(text string, columns int) string {
	text = clipped(text, columns)
	return text + strings.Repeat(" ", max(columns-breadth(text), 0))
}

// wrapped is a line in parts of at most so many columns. What follows the first is indented deeper.
func wrapped(line string, columns int) (parts []string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " !"))]
	indent = strings.Repeat(" ", min(len(indent)+2, columns/2))
	for breadth(line) > columns {
		end := within(line, columns)
		if space := strings.LastIndexByte(line[:end], ' '); space > len(indent) {
			end = space
		}
		parts = append(parts, strings.TrimRight(line[:end], " "))
		line = indent + strings.TrimLeft(line[end:], " ")
	}
	return append(parts, line)
}

// paint colours text for a terminal, or leaves it as it is.
type paint bool

// paintFor colours what goes to a terminal, unless NO_COLOR is set.
func paintFor(out io.Writer) paint {
	return paint(onTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p paint) with(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) red(text string) string     { return p.with("31", text) }
func (p paint) green(text string) string   { return p.with("32", text) }
func (p paint) yellow(text string) string  { return p.with("33", text) }
func (p paint) dim(text string) string     { return p.with("2", text) }
func (p paint) bold(text string) string    { return p.with("1", text) }
func (p paint) reverse(text string) string { return p.with("7", text) }

// trouble colours a line that begins with !.
func (p paint) trouble(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "!") {
		return p.yellow(line)
	}
	return line
}

// wrapped is a line in parts, of which all are coloured if the first is.
func (p paint) wrapped(line string, columns int) []string {
	parts := wrapped(line, columns)
	if strings.HasPrefix(strings.TrimSpace(line), "!") {
		for i := range parts {
			parts[i] = p.yellow(parts[i])
		}
	}
	return parts
}

// event colours what is said with a severity.
func (p paint) event(severity events.Severity, text string) string {
	switch severity {
	case events.Critical:
		return p.red(text)
	case events.Warning:
		return p.yellow(text)
	default:
		return text
	}
}
