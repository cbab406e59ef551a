package prom

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// line is one sample of a page, taken apart and checked in form. It points into
// the page.
type line struct {
	name   []byte // empty when it stands within the braces
	series []byte // name and labels as they are written
	value  []byte
	timeMs int64 // or undated
}

// maxLabelsInLine bounds the parser behind the sieve, which takes time for the
// square of the labels. They are counted by their quotes.
const maxLabelsInLine = 64

var errNoNumber = errors.New("has no number behind the name and labels")

// maxTimeMs is the year 33658. It keeps times clear of the one that marks samples
// without one.
const maxTimeMs = 1e15

// parseLine reads a sample in the given format, without its newline. The series
// is checked in form only; what is in it is the parser's to judge.
func parseLine(text []byte, format format) (line, error) {
	text = bytes.Trim(text, " \t")
	named := lengthOfName(text)
	rest := bytes.TrimLeft(text[named:], " \t")
	braced := bytes.HasPrefix(rest, []byte("{"))
	if apart := len(text[named:]) > len(rest); !braced && (named == 0 || !apart) {
		return line{}, errors.New("does not begin with the name of a metric")
	}
	if braced {
		labels, err := lengthOfLabels(rest)
		if err != nil {
			return line{}, err
		}
		rest = rest[labels:]
	}
	series := bytes.TrimRight(text[:len(text)-len(rest)], " \t")
	if !utf8.Valid(series) {
		return line{}, errors.New("is not in UTF-8")
	}
	parsed := line{name: text[:named], series: series, timeMs: undated}
	return parsed, parsed.parseValue(rest, format)
}

func lengthOfName(text []byte) int {
	for i, c := range text {
		if digit := c >= '0' && c <= '9'; c != ':' && !isInLabelName(c) || i == 0 && digit {
			return i
		}
	}
	return len(text)
}

func isInLabelName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9'
}

// lengthOfLabels is the length of the braces that text begins with. Braces within
// quotes do not count, nor do quotes behind a backslash.
func lengthOfLabels(text []byte) (int, error) {
	quoted, quotes := false, 0
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted, quotes = !quoted, quotes+1
		case c == '\\' && quoted:
			i++
		case c == '}' && !quoted:
			if quotes/2 > maxLabelsInLine {
				return 0, fmt.Errorf("has more than %d labels", maxLabelsInLine)
			}
			return i + 1, nil
		case !quoted && !isInLabelName(c) && bytes.IndexByte([]byte(",= \t"), c) < 0:
			return 0, errors.New("has braces with something else than labels in them")
		}
	}
	return 0, errors.New("has labels without an end")
}

// parseValue reads what stands behind the series: a value, perhaps a time, and in
// OpenMetrics perhaps an exemplar, which is left out.
func (l *line) parseValue(text []byte, format format) error {
	if format == openMetrics {
		var exemplar []byte
		var has bool
		if text, exemplar, has = bytes.Cut(text, []byte(" # ")); has && !bytes.HasPrefix(exemplar, []byte("{")) {
			return errors.New("has an exemplar without labels")
		}
	}
	var when, more []byte
	l.value, text = cutField(text)
	when, more = cutField(text)
	if _, err := parseNumber(l.value); err != nil || len(more) > 0 {
		return errNoNumber
	}
	if len(when) == 0 {
		return nil
	}
	return l.parseTime(when, format)
}

func (l *line) parseTime(text []byte, format format) error {
	var err error
	var timeMs float64
	if format == openMetrics {
		timeMs, err = parseNumber(text)
		timeMs = math.Round(timeMs * 1000)
	} else {
		l.timeMs, err = strconv.ParseInt(string(text), 10, 64)
		timeMs = float64(l.timeMs)
	}
	if err != nil || !(math.Abs(timeMs) <= maxTimeMs) { // NaN is not
		return errors.New("has no time behind its value")
	}
	l.timeMs = int64(timeMs)
	return nil
}

// cutField splits text behind its first word.
func cutField(text []byte) (field, rest []byte) {
	text = bytes.TrimLeft(text, " \t")
	if end := bytes.IndexAny(text, " \t"); end >= 0 {
		return text[:end], bytes.TrimLeft(text[end:], " \t")
	}
	return text, nil
}

// parseNumber reads a number as the formats allow it: without the hexadecimal and
// grouped digits of Go.
func parseNumber(text []byte) (float64, error) {
	if bytes.ContainsAny(text, "pP_") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(string(text), 64)
}
