package load

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

func read(t testing.TB, text string, of CSV, o Options) (*Load, []Warning) {
	t.Helper()
	of.Name = "web.csv"
	l, warnings, err := ReadCSV(strings.NewReader(text), of, o)
	if err != nil {
		t.Fatal(err)
	}
	return l, warnings
}

var (
	cpu      = Quantity{Name: "cpu", PerInstance: true, Ceiling: 100}
	share    = Quantity{Name: "busy", PerInstance: true, Ceiling: 1}
	requests = Quantity{Name: "requests"}
)

// badTables are tables and what is said about them.
var badTables = []struct {
	behaviour string
	of        CSV
	text      string
	says      []string
}{
	{"an empty file", CSV{}, "", []string{"web.csv:1: the file is empty: let the first line name the columns, for example timestamp,value"}},
	{"empty lines alone", CSV{Signals: []Quantity{requests}}, "\r\n\n", []string{"web.csv:2: the file is empty: let the first line name the columns, for example timestamp,requests"}},
	{"a header alone", CSV{}, "timestamp,value\n", []string{"web.csv:1: there is a header and nothing below it: add a line for each instant"}},
	{"one row", CSV{}, "timestamp,value\n0,1\n", []string{"web.csv:2: there is one instant only, and a history needs more: add a line for each"}},
	{"no header", CSV{}, "2026-04-01T12:00:00Z,1\n2026-04-01T12:01:00Z,2\n", []string{"web.csv:1: there is no header: let the first line name the columns, for example timestamp,value"}},
	{"another name for the time", CSV{}, "time,value\n", []string{"web.csv:1:1: the first column is `time`: it has to be the time, and be named timestamp"}},
	{"semicolons", CSV{}, "timestamp;value\n0;1,5\n", []string{"web.csv:1: the columns are separated by `;`: separate them by commas, and write numbers with a point"}},
	{"tabs", CSV{}, "timestamp\tvalue\n0\t1\n", []string{"web.csv:1: the columns are separated by tabs: separate them by commas, and write numbers with a point"}},
	{"semicolons below a header with commas", CSV{}, "timestamp,value\n0;1\n", []string{"web.csv:2: has 1 field where the header has 2: it is separated by `;`: separate by commas"}},
	{"no signal", CSV{}, "timestamp\n0\n", []string{"web.csv:1: there is no column of a signal: add one for each"}},
	{"no signal beside serving", CSV{}, "timestamp,serving\n0,1\n", []string{"web.csv:1: there is no column of a signal: add one for each"}},
	{"an unknown column", CSV{Signals: []Quantity{requests}}, "timestamp,request\n", []string{"web.csv:1:11: column `request` is no signal: did you mean `requests`?; or take it out of every line"}},
	{"a value that could be any signal", CSV{Signals: []Quantity{requests, {Name: "jobs"}}}, "timestamp,value\n", []string{"web.csv:1:11: column `value` could be any signal: name it requests or jobs"}},
	{"columns that are there twice, or have no name", CSV{}, "timestamp,a,,a\n", []string{
		"web.csv:1:13: column 3 has no name: name it, or take it out of every line",
		"web.csv:1:14: column `a` is there twice: take one of the two out of every line",
	}},
	{"a signal that is there by both of its names", CSV{Signals: []Quantity{requests}}, "timestamp,requests,value\n", []string{"web.csv:1:20: column `requests` is there twice: take one of the two out of every line"}},
	{"means of nobody knows how many", CSV{Signals: []Quantity{cpu}}, "timestamp,cpu\n", []string{"web.csv:1:11: `cpu` is a mean of the instances, and nothing says how many served: add a column serving, or say how many served throughout"}},
	{"a quote that does not end", CSV{}, "timestamp,value\n0,\"1\n1,2\n", []string{"web.csv:2:3: the quote that begins here does not end where the field does: close it, and write a quote within as two"}},
	{"a quote in the header that does not end", CSV{}, "timestamp,\"value\n0,1\n", []string{"web.csv:1:11: the quote that begins here does not end where the field does: close it, and write a quote within as two"}},
	{"text behind a quote", CSV{}, "timestamp,value\n0,1\n1,\"1\"0\n", []string{"web.csv:3:3: the quote that begins here does not end where the field does: close it, and write a quote within as two"}},
	{"too few and too many fields", CSV{}, "timestamp,value\n0\n60,1,5\n120,1\n", []string{
		"web.csv:2: has 1 field where the header has 2: a field for each column, an empty one where nothing is known; numbers with a point",
		"web.csv:3: has 3 fields where the header has 2: a field for each column, an empty one where nothing is known; numbers with a point",
	}},
	{"numbers that are none", CSV{}, "timestamp,a,b,c,d,e,f\n0,x,\"1,5\",5%,0x10,1e400,1_000\n", []string{
		"web.csv:2:3: a: `x` is no number: write for example 12.5",
		"web.csv:2:5: b: `1,5` is no number: write it with a point and without separators, as in 1234.5",
		"web.csv:2:11: c: `5%` is no number: write it without the unit",
		"web.csv:2:14: d: `0x10` is no number: write for example 12.5",
		"web.csv:2:19: e: `1e400` is larger than any load",
		"web.csv:2:25: f: `1_000` is no number: write for example 12.5",
	}},
	{"no value in words", CSV{}, "timestamp,a,b,c,d\n0,NaN,-Inf,null,N/A\n", []string{
		"web.csv:2:3: a: `NaN` is no number: leave the field empty where nothing is known",
		"web.csv:2:7: b: `-Inf` is no number: leave the field empty where nothing is known",
		"web.csv:2:12: c: `null` is no number: leave the field empty where nothing is known",
		"web.csv:2:17: d: `N/A` is no number: leave the field empty where nothing is known",
	}},
	{"values that there cannot be", CSV{Signals: []Quantity{cpu, share, requests}}, "timestamp,serving,cpu,busy,requests\n0,-1,101,55,-3\n60,2,100,1,1e30\n120,2e9,-0,1000,0\n", []string{
		"web.csv:2:3: serving: `-1` is no number of instances: write 0 to 100000",
		"web.csv:2:6: cpu: `101` is above its ceiling, 100: write it in the signal's unit, or raise the signal's ceiling",
		"web.csv:2:10: busy: `55` is above its ceiling, 1: if it is in percent, divide by 100",
		"web.csv:2:13: requests: `-3` is negative: a load is 0 or more",
		"web.csv:3:12: requests: `1e30` is larger than any load",
		"web.csv:4:5: serving: `2e9` is no number of instances: write 0 to 100000",
		"web.csv:4:12: busy: `1000` is above its ceiling, 1: write it in the signal's unit, or raise the signal's ceiling",
	}},
	{"times that are none", CSV{}, "timestamp,value\nyesterday,1\n,1\n1711929600000,1\n1.71E+09,1\n1.2.3,1\n9999999999,1\n1066-10-14T09:00:00Z,1\n", []string{
		"web.csv:2:1: timestamp: `yesterday` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds",
		"web.csv:3:1: timestamp: `` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds",
		"web.csv:4:1: timestamp: `1711929600000` is more than Unix seconds can be: divide milliseconds by 1000",
		"web.csv:5:1: timestamp: `1.71E+09` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds",
		"web.csv:6:1: timestamp: `1.2.3` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds",
		"web.csv:7:1: timestamp: `9999999999` lies outside of the years 1970 to 2200: is the time right?",
		"web.csv:8:1: timestamp: `1066-10-14T09:00:00Z` lies outside of the years 1970 to 2200: is the time right?",
	}},
	{"times without a zone", CSV{}, "timestamp,value\n2026-04-01T12:00:00,1\n2026-04-01 12:01,2\n2026-04-01,2\n", []string{
		"web.csv:2:1: timestamp: `2026-04-01T12:00:00` has no zone: write 2026-04-01T12:00:00Z if it is UTC, or for example 2026-04-01T12:00:00+09:00",
		"web.csv:3:1: timestamp: `2026-04-01 12:01` has no zone: write 2026-04-01T12:01:00Z if it is UTC, or for example 2026-04-01T12:01:00+09:00",
		"web.csv:4:1: timestamp: `2026-04-01` has no zone: write 2026-04-01T00:00:00Z if it is UTC, or for example 2026-04-01T00:00:00+09:00",
	}},
	{"instants that do not rise", CSV{}, "timestamp,value\n60,1\n2026-04-01T12:00:00Z,1\n2026-04-01T21:00:00+09:00,1\n2026-04-01T11:59:00Z,1\n", []string{
		"web.csv:4:1: timestamp: 2026-04-01T12:00:00Z is the instant of line 3 again: leave one line for each instant",
		"web.csv:5:1: timestamp: 2026-04-01T11:59:00Z lies before line 3 (2026-04-01T12:00:00Z): sort the lines by their instants",
	}},
	{"more faults than are told", CSV{}, "timestamp,value\n" + strings.Repeat("x,y\n", 50), append(slices.Concat(
		pair(2), pair(3), pair(4), pair(5), pair(6)), "web.csv:6: there may be more faults from here on: mend these first")},
	{"UTF-16", CSV{}, "\xff\xfet\x00i\x00", []string{"web.csv:1: the file is in UTF-16: save it as UTF-8"}},
	{"a compressed file", CSV{}, "\x1f\x8b\x08\x00", []string{"web.csv:1: the file is compressed: unpack it first"}},
	{"a line without an end", CSV{}, "timestamp,value\n0,1\n60," + strings.Repeat("1", lineMaxBytes), []string{"web.csv:3: is longer than 64 KiB: is it a table of numbers?"}},
	{"more columns than anybody has", CSV{}, "timestamp" + strings.Repeat(",a", 100) + "\n", []string{"web.csv:1: there are 101 columns, and 100 is the most: leave out what is no signal"}},
	{"what a terminal would obey", CSV{}, "timestamp,value\n0,\x1b[31m\n", []string{"web.csv:2:3: value: `\ufffd[31m` is no number: write for example 12.5"}},
}

func pair(line int) []string {
	return []string{
		fmt.Sprintf("web.csv:%d:1: timestamp: `x` is no time: write for example 2026-04-01T15:04:05+09:00, or Unix seconds", line),
		fmt.Sprintf("web.csv:%d:3: value: `y` is no number: write for example 12.5", line),
	}
}

func TestEveryFaultOfATableIsTold(t *testing.T) {
	t.Parallel()
	for _, test := range badTables {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			test.of.Name = "web.csv"
			_, _, err := ReadCSV(strings.NewReader(test.text), test.of, Options{})
			if _, ok := errors.AsType[config.Problems](err); !ok {
				t.Fatalf("got %v, want problems", err)
			}
			if want := strings.Join(test.says, "\n"); err.Error() != want {
				t.Errorf("it says\n%s\nwant\n%s", err, want)
			}
		})
	}
}

func TestTablesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	want := []float64{1, 2.5, 3}
	for behaviour, text := range map[string]string{
		"plain":                     "timestamp,value\n2026-04-01T12:00:00Z,1\n2026-04-01T12:01:00Z,2.5\n2026-04-01T12:02:00Z,3\n",
		"in another zone":           "timestamp,value\n2026-04-01T21:00:00+09:00,1\n2026-04-01T21:01:00+09:00,2.5\n2026-04-01T21:02:00+09:00,3\n",
		"in several zones":          "timestamp,value\n2026-04-01T12:00:00Z,1\n2026-04-01T21:01:00+0900,2.5\n2026-04-01 07:02:00-05:00,3\n",
		"in Unix seconds":           "timestamp,value\n1775044800,1\n1775044860,2.5\n1775044920,3\n",
		"in decimal Unix seconds":   "timestamp,value\n1775044800.2,0.5\n1775044800.4,1.5\n1775044860.25,2.5\n1775044920.5,3\n",
		"with fractions":            "timestamp,value\n2026-04-01T12:00:00.125Z,1\n2026-04-01T12:01:00.5Z,2.5\n2026-04-01T12:02:00.25Z,3\n",
		"with CRLF and a BOM":       "\ufefftimestamp,value\r\n2026-04-01T12:00:00Z,1\r\n2026-04-01T12:01:00Z,2.5\r\n2026-04-01T12:02:00Z,3\r\n",
		"quoted":                    "\"timestamp\",\"value\"\n\"2026-04-01T12:00:00Z\",\"1\"\n\"2026-04-01T12:01:00Z\",2.5\n2026-04-01T12:02:00Z,\"3\"",
		"with blanks":               "timestamp , value\n2026-04-01T12:00:00Z, 1\n2026-04-01T12:01:00Z, 2.5 \n\n2026-04-01T12:02:00Z,3\n\n",
		"with an exponent":          "timestamp,value\n2026-04-01T12:00:00Z,+1e0\n2026-04-01T12:01:00Z,25e-1\n2026-04-01T12:02:00Z,.3E1\n",
		"without an end of line":    "timestamp,value\n2026-04-01T12:00:00Z,1\n2026-04-01T12:01:00Z,2.5\n2026-04-01T12:02:00Z,3",
		"by the name of its signal": "timestamp,requests\n2026-04-01T12:00:00Z,1\n2026-04-01T12:01:00Z,2.5\n2026-04-01T12:02:00Z,3\n",
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			l, warnings := read(t, text, CSV{Signals: []Quantity{requests}}, Options{})
			if !l.Start.Equal(noon) || l.Start.Location() != time.UTC || l.Step != time.Minute || l.Signals[0].Name != "requests" || !same(l.Signals[0].Totals, want) {
				t.Errorf("got %+v", l)
			}
			if l.Serving != nil || l.Signals[0].Censored != nil || len(warnings) != 0 || l.Origin != "web.csv" {
				t.Errorf("got %+v, %v", l, warnings)
			}
		})
	}
}

func TestMeansOfInstancesBecomeTotals(t *testing.T) {
	t.Parallel()
	of := CSV{Signals: []Quantity{cpu, requests}}
	l, _ := read(t, "timestamp,requests,cpu,serving\n0,500,50,4\n60,510,96,5\n120,520,,5\n180,530,10,5\n", of, Options{})
	if got := l.Signal("cpu"); !same(got.Totals, []float64{200, 480, 265, 50}) || !reflect.DeepEqual(got.Censored, []bool{false, true, true, false}) {
		t.Errorf("cpu is %+v", got)
	}
	if got := l.Signal("requests"); !same(got.Totals, []float64{500, 510, 520, 530}) || got.Censored != nil {
		t.Errorf("requests are %+v", got)
	}
	if !slices.Equal(l.Serving, []int{4, 5, 5, 5}) {
		t.Errorf("served %v", l.Serving)
	}
	of.Serving = 3
	l, _ = read(t, "timestamp,cpu\n0,50\n60,20\n", of, Options{})
	if !same(l.Signals[0].Totals, []float64{150, 60}) || !slices.Equal(l.Serving, []int{3, 3}) {
		t.Errorf("with a constant number: %+v", l)
	}
	if l.Signal("nobody") != nil || l.Len() != 2 || !l.End().Equal(time.Unix(120, 0)) {
		t.Errorf("%+v ends at %v", l, l.End())
	}
}

func TestAValueWhereNobodyServedTellsNothingOfTheLoad(t *testing.T) {
	t.Parallel()
	table := "timestamp,cpu,serving\n0,50,4\n60,50,4\n120,0.4,0\n180,0.4,0\n240,0.4,0\n300,0.4,0\n360,0,0\n420,50,4\n"
	l, warnings, err := ReadCSV(strings.NewReader(table), CSV{Name: "web.csv", Signals: []Quantity{cpu}}, Options{Bridge: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Signals[0].Totals; !same(got, []float64{200, 200, unknown, unknown, unknown, unknown, 0, 200}) {
		t.Errorf("the load is %v", got)
	}
	if text := fmt.Sprint(warnings); !strings.Contains(text, "cpu: it has a value at 4 instants at which nobody served, first at 1970-01-01T00:02:00Z") {
		t.Errorf("it warns of %s", text)
	}
}

func TestTotalsAreCensoredWhereThoseThatServedWereSaturated(t *testing.T) {
	t.Parallel()
	total := []Quantity{{Name: "cpu", Each: 100}}
	for behaviour, test := range map[string]struct {
		text    string
		serving int
		want    []bool
	}{
		"by a constant number":        {"timestamp,cpu\n0,284\n60,285\n120,400\n", 3, []bool{false, true, true}},
		"by a column":                 {"timestamp,cpu,serving\n0,95,1\n60,95,2\n120,,2\n", 0, []bool{true, false, false}},
		"nothing serves, and carries": {"timestamp,cpu,serving\n0,0,0\n60,94,1\n", 0, nil},
		"nobody knows how many serve": {"timestamp,cpu\n0,284\n60,500\n", 0, nil},
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			l, _ := read(t, test.text, CSV{Signals: total, Serving: test.serving}, Options{})
			if got := l.Signals[0]; !slices.Equal(got.Censored, test.want) || got.Totals[0] > 284 {
				t.Errorf("it is %+v", got)
			}
		})
	}
}

func TestWhatIsNotKnownOfServingIsAsItWas(t *testing.T) {
	t.Parallel()
	l, _ := read(t, "timestamp,serving,requests\n0,,1\n60,3,1\n120,5,1\n420,,1\n480,,1\n", CSV{}, Options{})
	if want := []int{3, 3, 5, 5, 5, 5, 5, 5, 5}; !slices.Equal(l.Serving, want) {
		t.Errorf("served %v, want %v", l.Serving, want)
	}
	if l, _ = read(t, "timestamp,serving,requests\n0,,1\n60,,1\n", CSV{}, Options{}); l.Serving != nil {
		t.Errorf("served %v where nothing is known", l.Serving)
	}
}

func TestWhatAPersonShouldKnowIsAWarning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		behaviour string
		of        CSV
		o         Options
		text      string
		want      []string
	}{
		{"a gap stays one", CSV{}, Options{}, "timestamp,value\n0,1\n60,1\n120,1\n180,1\n240,1\n480,1\n540,1\n600,1\n1200,2\n", []string{
			"value: nothing is known of 12 of 21 steps, in 2 gaps; the longest gap is from 1970-01-01T00:11:00Z to 1970-01-01T00:20:00Z (9m)"}},
		{"a gap that may be crossed is none", CSV{}, Options{Bridge: 10 * time.Minute}, "timestamp,value\n0,1\n60,1\n120,1\n180,1\n240,1\n480,1\n540,1\n600,1\n1200,2\n", []string{}},
		{"a gap of three steps is crossed", CSV{}, Options{}, "timestamp,value\n0,1\n60,1\n120,1\n300,4\n", []string{}},
		{"empty fields are gaps", CSV{}, Options{}, "timestamp,a,b\n0,1,\n60,1,1\n120,1,1\n180,1,1\n", []string{
			"b: nothing is known of 1 of 4 steps, in 1 gap; the longest gap is from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1m)"}},
		{"zeros alone", CSV{}, Options{}, "timestamp,value\n0,0\n60,-0\n", []string{"value: all 2 values are 0: is it the right quantity?"}},
		{"a share in place of percent", CSV{Signals: []Quantity{cpu}, Serving: 2}, Options{}, "timestamp,cpu\n0,0.25\n60,0.96\n", []string{
			"cpu: the largest value is 0.96, of a quantity in percent: if these are shares of 1, multiply them by 100"}},
		{"values that are averaged over a step", CSV{}, Options{Step: 10 * time.Minute}, "timestamp,value\n0,1\n60,1\n120,1\n180,9\n240,3\n300,3\n", []string{
			"value: the values are 1m apart, and averaged over steps of 10m: what happens within one does not show, and the highest value falls by 67 %; shorter steps show more"}},
		{"an even load that is averaged", CSV{}, Options{Step: 10 * time.Minute}, "timestamp,value\n0,1\n60,1\n", []string{
			"value: the values are 1m apart, and averaged over steps of 10m: what happens within one does not show, and the highest value falls by less than 1 %; shorter steps show more"}},
		{"a peak within a minute", CSV{}, Options{}, "timestamp,value\n0,1\n20,1\n40,4\n60,1\n80,1\n100,1\n", []string{
			"value: the values are 20s apart, and averaged over steps of 1m: what happens within one does not show, and the highest value falls by 50 %; shorter steps show more"}},
		{"hardly any within a minute", CSV{}, Options{}, "timestamp,value\n0,1000\n20,1001\n40,1002\n", []string{}},
		{"values further apart than the steps", CSV{}, Options{}, "timestamp,value\n0,1\n300,2\n", []string{"the values are 5m apart, and the steps 1m: a peak between two values does not show"}},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			_, warnings := read(t, test.text, test.of, test.o)
			if got := texts(warnings); !slices.Equal(got, test.want) {
				t.Errorf("warns\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

func TestATableOfWhichNoLoadComesIsRefused(t *testing.T) {
	t.Parallel()
	for says, test := range map[string]struct {
		text string
		o    Options
	}{
		"no instant has a value":              {"timestamp,value\n0,\n60,\n", Options{}},
		"a step of 1ms is too short":          {"timestamp,value\n0,1\n60,1\n", Options{Step: time.Millisecond}},
		"a gap of -1s cannot be crossed":      {"timestamp,value\n0,1\n60,1\n", Options{Bridge: -time.Second}},
		"too many for 1 signal":               {"timestamp,value\n0,1\n4102444800,1\n", Options{}},
		"there are 68374081 steps of 1m, too": {"timestamp,value\n0,1\n4102444800,1\n", Options{}},
	} {
		_, _, err := ReadCSV(strings.NewReader(test.text), CSV{Name: "web.csv"}, test.o)
		if err == nil || !strings.HasPrefix(err.Error(), "read web.csv: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	_, _, err := ReadCSV(iotest.ErrReader(io.ErrClosedPipe), CSV{Name: "web.csv"}, Options{})
	if !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "web.csv") {
		t.Errorf("of a file that cannot be read: %v", err)
	}
}

func TestATableIsReadNoFurtherThanItMayBeLong(t *testing.T) {
	t.Parallel()
	endless := &lines{line: []byte("60,1\n")}
	table := &table{CSV: CSV{Name: "web.csv"}, valuesMax: 1000}
	if err := table.read(bufioOf(io.MultiReader(strings.NewReader("timestamp,value\n"), endless))); err != nil {
		t.Fatal(err)
	}
	if want := "web.csv:1002: there are more than 1000 values: take less of the history, or means of it"; table.problems.Error() != want {
		t.Errorf("says %v, want %v", table.problems, want)
	}
	if len(table.at) != 1000 || endless.read > 2*lineMaxBytes {
		t.Errorf("took %d rows, and read %d bytes", len(table.at), endless.read)
	}

	endless = &lines{line: []byte("1")} // one line for ever
	if _, _, err := ReadCSV(endless, CSV{Name: "web.csv"}, Options{}); err == nil || endless.read > 2*lineMaxBytes {
		t.Errorf("got %v after %d bytes", err, endless.read)
	}
}

// lines are rows for ever, a minute apart, or a line without an end.
type lines struct {
	line []byte
	rows int
	read int
}

func (l *lines) Read(into []byte) (int, error) {
	if l.line[len(l.line)-1] == '\n' {
		l.line = fmt.Appendf(nil, "%d,1\n", l.rows*60)
		l.rows++
	}
	n := copy(into, l.line)
	l.read += n
	return n, nil
}

func TestATableFromDiskIsReadWithLittleMemory(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/day.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l, warnings, err := ReadCSV(file, CSV{Name: "day.csv", Signals: []Quantity{cpu, requests}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{
		"the values are 5m apart, and the steps 1m: a peak between two values does not show",
		"requests: nothing is known of 89 of 1436 steps, in 1 gap; the longest gap is from 2026-03-31T18:01:00Z to 2026-03-31T19:30:00Z (1h29m)",
		"cpu: nothing is known of 89 of 1436 steps, in 1 gap; the longest gap is from 2026-03-31T18:01:00Z to 2026-03-31T19:30:00Z (1h29m)",
	}; !slices.Equal(texts(warnings), want) {
		t.Errorf("warns %q", texts(warnings))
	}
	total, step := l.Signal("requests").Peak()
	if total != 2412.5 || !l.Time(step).Equal(time.Date(2026, time.April, 1, 3, 0, 0, 0, time.UTC)) {
		t.Errorf("the peak is %g at %v", total, l.Time(step))
	}
	if !l.Start.Equal(time.Date(2026, time.March, 31, 15, 0, 0, 0, time.UTC)) || len(l.Serving) != l.Len() || slices.Max(l.Serving) != 10 {
		t.Errorf("starts %v, with %d at most", l.Start, slices.Max(l.Serving))
	}
}

// BenchmarkReadCSV reads a year of minutes.
func BenchmarkReadCSV(b *testing.B) {
	text := yearOfMinutes()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		l, _, err := ReadCSV(strings.NewReader(text), CSV{Name: "year.csv"}, Options{})
		if err != nil || l.Len() != 365*24*60 {
			b.Fatal(err, l.Len())
		}
		runtime.KeepAlive(l)
	}
}

func yearOfMinutes() string {
	var b strings.Builder
	b.WriteString("timestamp,value\n")
	for i := range 365 * 24 * 60 {
		fmt.Fprintf(&b, "%s,%.3f\n", noon.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), 1000*(1.5+math.Sin(float64(i)/229)))
	}
	return b.String()
}

// FuzzReadCSV holds that any text is either refused with faults in order, or a load
// without a value that there cannot be.
func FuzzReadCSV(f *testing.F) {
	for _, test := range badTables {
		f.Add(test.text)
	}
	f.Add("timestamp,serving,cpu,busy\n0,2,50,0.5\n60,2,,1\n600,1e3,100,0\n")
	f.Add("\ufefftimestamp,\"cpu\",serving\r\n2026-04-01T12:00:00.5+09:00,\"5\",1\r\n2026-04-01T12:00:00.7+09:00,6,1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, of := range []CSV{{Name: "x"}, {Name: "x", Signals: []Quantity{cpu, share}}, {Name: "x", Signals: []Quantity{cpu}, Serving: 3}} {
			l, _, err := ReadCSV(strings.NewReader(text), of, Options{Step: 24 * time.Hour})
			if err != nil {
				checkFaults(t, err)
				continue
			}
			checkLoad(t, l)
		}
	})
}

func checkFaults(t *testing.T, err error) {
	problems, _ := errors.AsType[config.Problems](err)
	if len(problems) > faultsMax+1 {
		t.Errorf("%d faults are told", len(problems))
	}
	for i, p := range problems {
		if p.Line < 1 || p.Column < 0 || i > 0 && p.Line < problems[i-1].Line || len(p.Message) > 1000 || strings.ContainsAny(p.String(), "\x00\x1b\r\n") {
			t.Errorf("told %q after %v", p, problems[:i])
		}
	}
}

func checkLoad(t *testing.T, l *Load) {
	if l.Len() == 0 || l.Serving != nil && len(l.Serving) != l.Len() {
		t.Errorf("%d steps, and %d of serving", l.Len(), len(l.Serving))
	}
	for _, s := range l.Signals {
		if len(s.Totals) != l.Len() || s.Censored != nil && len(s.Censored) != l.Len() {
			t.Errorf("%s has %d steps of %d", s.Name, len(s.Totals), l.Len())
		}
		for _, total := range s.Totals {
			if total < 0 || math.IsInf(total, 0) {
				t.Errorf("%s shows %g", s.Name, total)
			}
		}
	}
}
