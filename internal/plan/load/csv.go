package load

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// CSV says what is in a table of comma-separated values.
type CSV struct {
	Name    string     // of the file, for messages
	Signals []Quantity // that there may be; nil: any, of the group as a whole and without a ceiling
	Serving int        // so many instances served throughout, if the table has no column serving; 0: not known
}

// The bounds of a table, beside valuesMax.
const (
	lineMaxBytes = 64 << 10
	columnsMax   = 100
	faultsMax    = 10 // told at once
)

const (
	timestampName = "timestamp"
	valueName     = "value" // of the only signal
)

// ReadCSV reads a table. Its first line names the columns: timestamp, then signals by their
// names, and serving, if wanted, for how many instances served. A table of a single signal
// may call it value.
//
// A timestamp is RFC 3339 with a zone, or Unix seconds; they rise from line to line, as
// evenly or unevenly as they like. A value is a number of 0 or more, with a point; an empty
// field says that nothing is known. What follows RFC 4180 otherwise is read, but a quoted
// field ends on its line. Lines that are empty are passed over.
//
// The error is a config.Problems, unless reading itself fails or nothing comes of the table:
// up to ten faults, in the order of the lines.
func ReadCSV(from io.Reader, of CSV, o Options) (*Load, []Warning, error) {
	t := &table{CSV: of, valuesMax: valuesMax}
	if err := t.read(bufio.NewReaderSize(from, lineMaxBytes)); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w; see that the file can be read", of.Name, err)
	}
	if len(t.problems) > 0 {
		return nil, nil, t.sorted()
	}
	if t.serving == nil && of.Serving > 0 {
		t.serving = throughout(of.Serving, len(t.at))
	}
	return t.load(of.Name, o)
}

// table is a table being read.
type table struct {
	CSV
	readings
	valuesMax int

	line     int      // the one being read, from 1
	header   []string // names of the columns; nil until they are known
	rowLine  int      // of the last row that was taken
	fields   []field
	row      []float64 // of the fields behind the timestamp
	problems config.Problems
	stopped  bool // there is no use in reading on
	more     bool // faults, perhaps, than are told
}

// read reads to the end, or until there is no use in reading on. Its error is the reader's.
func (t *table) read(from *bufio.Reader) error {
	for !t.stopped {
		text, err := from.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if len(text) > 0 {
			t.line++
			t.take(text, errors.Is(err, bufio.ErrBufferFull))
		}
		if errors.Is(err, io.EOF) {
			t.end()
			return nil
		}
	}
	return nil
}

// take takes a line of the table, or the beginning of one that is too long.
func (t *table) take(text []byte, tooLong bool) {
	if t.line == 1 {
		if why := foreign(text); why != "" {
			t.stop(0, "", "%s", why)
			return
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if tooLong {
		t.stop(0, "", "is longer than %d KiB: is it a table of numbers?", lineMaxBytes>>10)
		return
	}
	line := strings.TrimRight(string(text), "\r\n")
	if strings.TrimSpace(line) == "" {
		return
	}
	var bad int
	if t.fields, bad = split(line, t.fields[:0]); bad > 0 {
		t.fault(bad, "", "the quote that begins here does not end where the field does: close it, and write a quote within as two")
		t.stopped = t.header == nil || t.stopped
		return
	}
	if t.header == nil {
		t.takeHeader(line)
		return
	}
	t.takeRow(line)
}

// foreign says what a file is that is no text in UTF-8; or nothing.
func foreign(beginning []byte) string {
	switch {
	case bytes.HasPrefix(beginning, []byte{0xff, 0xfe}), bytes.HasPrefix(beginning, []byte{0xfe, 0xff}):
		return "the file is in UTF-16: save it as UTF-8"
	case bytes.HasPrefix(beginning, []byte{0x1f, 0x8b}):
		return "the file is compressed: unpack it first"
	}
	return ""
}

// fault notes what is wrong at a character of the line, from 1 (0: in the line as a
// whole), in the named column.
func (t *table) fault(at int, column, format string, args ...any) {
	t.problems = append(t.problems, config.Problem{File: t.Name, Line: max(t.line, 1), Column: at, Path: words.Shown(column), Message: fmt.Sprintf(format, args...)})
	if len(t.problems) == faultsMax && !t.stopped {
		t.stopped, t.more = true, true
	}
}

// sorted are the faults in their order, and whether there may be more.
func (t *table) sorted() config.Problems {
	slices.SortStableFunc(t.problems, func(a, b config.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if t.more {
		t.problems = append(t.problems, config.Problem{File: t.Name, Line: t.line, Message: "there may be more faults from here on: mend these first"})
	}
	return t.problems
}

// stop notes what is wrong and keeps from reading on.
func (t *table) stop(at int, column, format string, args ...any) {
	t.stopped = true
	t.fault(at, column, format, args...)
}

func (t *table) takeHeader(line string) {
	first := t.fields[0]
	switch _, noTime := parseTime(first.text); {
	case len(t.fields) == 1 && separator(line) != "":
		t.stop(0, "", "the columns are separated by %s: separate them by commas, and write numbers with a point", separator(line))
		return
	case noTime == nil:
		t.stop(0, "", "there is no header: let the first line name the columns, for example %s,%s", timestampName, cmp.Or(t.exampleName(), valueName))
		return
	case first.text != timestampName:
		t.fault(first.column, "", "the first column is `%s`: it has to be the time, and be named %s", words.Shown(first.text), timestampName)
	}
	if len(t.fields) > columnsMax {
		t.stop(0, "", "there are %d columns, and %d is the most: leave out what is no signal", len(t.fields), columnsMax)
		return
	}
	t.header = []string{timestampName}
	for _, f := range t.fields[1:] {
		if !t.stopped {
			t.addColumn(f)
		}
	}
	if len(t.columns) == 0 {
		t.fault(0, "", "there is no column of a signal: add one for each")
	}
	t.row = make([]float64, len(t.header)-1)
	t.stopped = t.stopped || len(t.problems) > 0
}

func (t *table) exampleName() string {
	if len(t.Signals) > 0 {
		return t.Signals[0].Name
	}
	return ""
}

// addColumn learns from the header what is in a column.
func (t *table) addColumn(f field) {
	quantity, err := t.quantity(f.text)
	name := cmp.Or(quantity.Name, f.text)
	switch {
	case f.text == "":
		t.fault(f.column, "", "column %d has no name: name it, or take it out of every line", len(t.header)+1)
	case slices.Contains(t.header, name):
		t.fault(f.column, "", "column `%s` is there twice: take one of the two out of every line", words.Shown(name))
	case err != nil:
		t.fault(f.column, "", "%s", err)
	case quantity.PerInstance && t.Serving == 0 && !t.counts():
		t.fault(f.column, "", "`%s` is a mean of the instances, and nothing says how many served: add a column %s, or say how many served throughout", words.Shown(f.text), servingName)
	}
	t.header = append(t.header, name)
	if name == servingName {
		t.serving = []float64{}
		return
	}
	t.columns = append(t.columns, column{Quantity: quantity})
}

// counts says whether the header has a column of how many instances served.
func (t *table) counts() bool {
	return slices.ContainsFunc(t.fields, func(f field) bool { return f.text == servingName })
}

// quantity is what a column of the name holds.
func (t *table) quantity(name string) (Quantity, error) {
	if name == servingName || t.Signals == nil {
		return Quantity{Name: name}, nil
	}
	var known []string
	for _, q := range t.Signals {
		if q.Name == name {
			return q, nil
		}
		known = append(known, q.Name)
	}
	switch {
	case name == valueName && len(known) == 1:
		return t.Signals[0], nil
	case name == valueName:
		return Quantity{}, fmt.Errorf("column `%s` could be any signal: name it %s", valueName, words.Either(known))
	}
	return Quantity{}, fmt.Errorf("column `%s` is no signal: %s; or take it out of every line", words.Shown(name), words.Suggest(name, known))
}

func (t *table) takeRow(line string) {
	if len(t.fields) != len(t.header) {
		t.fault(0, "", "has %s where the header has %d: %s", counted(len(t.fields), "field"), len(t.header), t.fieldsAdvice(line))
		return
	}
	before := len(t.problems)
	atNS, err := parseTime(t.fields[0].text)
	if err != nil {
		t.fault(t.fields[0].column, timestampName, "%s", err)
	} else {
		t.checkOrder(atNS)
	}
	column := 0
	for i, f := range t.fields[1:] {
		name := t.header[i+1]
		value, err := parseNumber(f.text)
		if name == servingName {
			err = cmp.Or(err, checkServing(value))
		} else {
			err = cmp.Or(err, t.columns[column].refuse(value))
			column++
		}
		if err != nil && !t.stopped {
			t.fault(f.column, name, "`%s` %s", words.Shown(f.text), err)
		}
		t.row[i] = value
	}
	if len(t.problems) == before {
		t.add(atNS)
	}
}

func (t *table) fieldsAdvice(line string) string {
	if other := separator(line); len(t.fields) == 1 && other != "" {
		return fmt.Sprintf("it is separated by %s: separate by commas", other)
	}
	return "a field for each column, an empty one where nothing is known; numbers with a point"
}

// checkOrder holds that instants rise.
func (t *table) checkOrder(atNS int64) {
	if len(t.at) == 0 {
		return
	}
	switch last := t.at[len(t.at)-1]; {
	case atNS == last:
		t.fault(t.fields[0].column, timestampName, "%s is the instant of line %d again: leave one line for each instant", stamp(atNS), t.rowLine)
	case atNS < last:
		t.fault(t.fields[0].column, timestampName, "%s lies before line %d (%s): sort the lines by their instants", stamp(atNS), t.rowLine, stamp(last))
	}
}

// add takes the row that was read.
func (t *table) add(atNS int64) {
	if (len(t.at)+1)*len(t.columns) > t.valuesMax {
		t.stop(0, "", "there are more than %d values: take less of the history, or means of it", t.valuesMax)
		return
	}
	t.at, t.rowLine = append(t.at, atNS), t.line
	column := 0
	for i, value := range t.row {
		if t.header[i+1] == servingName {
			t.serving = append(t.serving, value)
			continue
		}
		t.columns[column].values = append(t.columns[column].values, value)
		column++
	}
}

// end notes what a table as a whole lacks.
func (t *table) end() {
	switch {
	case len(t.problems) > 0:
	case t.header == nil:
		t.fault(0, "", "the file is empty: let the first line name the columns, for example %s,%s", timestampName, cmp.Or(t.exampleName(), valueName))
	case len(t.at) == 0:
		t.fault(0, "", "there is a header and nothing below it: add a line for each instant")
	case len(t.at) == 1:
		t.fault(0, "", "there is one instant only, and a history needs more: add a line for each")
	}
}

// field is one of a line.
type field struct {
	text   string
	column int // of its first character in the line, from 1
}

// split takes a line apart at its commas, or says at which character a quote begins that
// does not end where its field does; 0: at none.
func split(line string, into []field) (fields []field, bad int) {
	rest, column := line, 1
	for {
		text, length, ok := first(rest)
		if !ok {
			return into, column
		}
		into = append(into, field{text, column})
		if length == len(rest) {
			return into, 0
		}
		column += utf8.RuneCountInString(rest[:length]) + 1
		rest = rest[length+1:]
	}
}

// first is the first field of a line: what it says, and its bytes up to the comma.
func first(line string) (text string, length int, ok bool) {
	if !strings.HasPrefix(line, `"`) {
		if length = strings.IndexByte(line, ','); length < 0 {
			length = len(line)
		}
		return strings.TrimSpace(line[:length]), length, true
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
		case strings.HasPrefix(line[i+1:], `"`):
			i++
		case i+1 < len(line) && line[i+1] != ',':
			return "", 0, false
		default:
			return strings.TrimSpace(strings.ReplaceAll(line[1:i], `""`, `"`)), i + 1, true
		}
	}
	return "", 0, false
}

// separator names what a line without commas is separated by; empty if nothing is seen.
func separator(line string) string {
	switch {
	case strings.Contains(line, ";"):
		return "`;`"
	case strings.Contains(line, "\t"):
		return "tabs"
	case strings.Contains(line, "|"):
		return "`|`"
	}
	return ""
}
