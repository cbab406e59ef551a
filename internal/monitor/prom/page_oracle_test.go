package prom

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Here Prometheus' own parser says what each page means, anew for each page: names,
// labels, values and times. A Target is to say the same, or to refuse the same.

// scribe reads selectors of pages by the parser, and by maps.
type scribe struct {
	selectors []Selector
	before    []told
	last      []reading.Reading
}

// told is what a page says about a selector.
type told struct {
	at     time.Time // zero: nothing
	names  []string  // in the order of the page
	values map[string]float64
	lost   bool // one of them was not there on a later page
}

func newScribe(selectors []Selector) *scribe {
	return &scribe{selectors, make([]told, len(selectors)), make([]reading.Reading, len(selectors))}
}

func (s *scribe) read(body string, format format, at time.Time) ([]reading.Reading, error) {
	wanted, err := s.sift(body, format)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(wanted))
	if err != nil {
		return nil, err
	}
	var readings []reading.Reading
	for i, selector := range s.selectors {
		readings = append(readings, s.readOne(i, families[selector.Metric].GetMetric(), at))
	}
	return readings, nil
}

// sift leaves the lines that can be of the selectors' metrics. Each line is read by
// parseLine.
func (s *scribe) sift(body string, format format) (string, error) {
	var kept strings.Builder
	lines := strings.Split(body, "\n")
	if lines[len(lines)-1] != "" {
		return "", errors.New("the last line does not end")
	}
	lines = lines[:len(lines)-1]
	if end := slices.Index(lines, "# EOF"); format == openMetrics && (end < 0 || end < len(lines)-1) {
		return "", errors.New("the end is not at the end")
	}
	for _, text := range lines {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == '#' {
			continue
		}
		l, err := parseLine([]byte(text), format)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(s.selectors, func(one Selector) bool {
			return string(l.name) == one.Metric || len(l.name) == 0 && bytes.Contains(l.series, []byte(one.Metric))
		}) {
			fmt.Fprintf(&kept, "%s %s", l.series, l.value)
			if l.timeMs != undated {
				kept.WriteString(" " + strconv.FormatInt(l.timeMs, 10))
			}
			kept.WriteString("\n")
		}
	}
	return kept.String(), nil
}

func (s *scribe) readOne(i int, metrics []*dto.Metric, at time.Time) reading.Reading {
	selector, before := s.selectors[i], &s.before[i]
	now, why := take(selector, metrics, at)
	if why != policy.Present {
		*before = told{}
		return reading.None(why, at, nil)
	}
	if !selector.Counter {
		sum := 0.0
		for _, name := range now.names {
			sum += now.values[name]
		}
		return reading.Of(sum*selector.Scale, now.at)
	}
	increase, again := 0.0, before.at.IsZero() || before.lost
	for _, name := range now.names {
		if was, ok := before.values[name]; ok {
			again = again || now.values[name] < was
			increase += now.values[name] - was
		}
	}
	for name := range before.values {
		_, ok := now.values[name]
		again = again || !ok
		before.lost = before.lost || !ok
	}
	if !before.at.IsZero() && !now.at.After(before.at) {
		return s.last[i]
	}
	s.last[i] = reading.Of(increase/now.at.Sub(before.at).Seconds()*selector.Scale, now.at)
	if again {
		s.last[i] = reading.None(policy.Absent, now.at, nil)
	}
	*before = now
	return s.last[i]
}

func take(selector Selector, metrics []*dto.Metric, at time.Time) (now told, why policy.Absence) {
	now = told{at: at, values: map[string]float64{}}
	twice := false
	for _, metric := range metrics {
		labels := model.Metric{}
		for _, pair := range metric.GetLabel() {
			labels[model.LabelName(pair.GetName())] = model.LabelValue(pair.GetValue())
		}
		labels[model.MetricNameLabel] = model.LabelValue(selector.Metric)
		if tidy(labels); !carries(labels, selector.Labels) {
			continue
		}
		name, value := labels.String(), metric.GetUntyped().GetValue()
		_, known := now.values[name]
		twice = twice || known
		now.names, now.values[name] = append(now.names, name), value
		dated := at
		if metric.TimestampMs != nil {
			dated = time.UnixMilli(metric.GetTimestampMs())
		}
		switch {
		case why != policy.Present:
		case selector.Counter && value < 0:
			why = policy.OutOfRange
		case dated.Sub(at) > maxSkew:
			why = policy.Skewed
		case dated.Before(now.at):
			now.at = dated
		}
	}
	switch {
	case len(now.names) == 0:
		return now, policy.Absent
	case twice:
		return now, policy.Failed
	}
	return now, why
}

// checkAgainstTheParser fails the test when a Target does not read the pages, one every
// ten seconds, as the parser does.
func checkAgainstTheParser(t rapid.TB, format format, selectors []Selector, bodies ...string) {
	t.Helper()
	ours, theirs := newReader(t, selectors...), newScribe(selectors)
	for i, body := range bodies {
		at := now.Add(time.Duration(i) * 10 * time.Second)
		want, wantErr := theirs.read(body, format, at)
		got, err := ours.readText(body, format, at)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("page %d of %q: got %v, the parser says %v", i, bodies, err, wantErr)
		}
		for j := range got {
			value, _ := got[j].Sample.Value()
			wanted, _ := want[j].Sample.Value()
			if got[j].Sample.Why() != want[j].Sample.Why() || value != wanted || !got[j].Sample.At().Equal(want[j].Sample.At()) {
				t.Fatalf("page %d of %q: %+v is %v (%v, %v), the parser says %v (%v)", i, bodies, selectors[j], value, got[j].Sample.At(), got[j].Err, wanted, want[j].Sample.At())
			}
		}
	}
}

// readText reads a page as it arrives.
func (r reader) readText(body string, format format, at time.Time) ([]reading.Reading, error) {
	var p page
	s := newSieve(r.target.selectors, &p)
	s.format = format
	if err := s.read(strings.NewReader(body)); err != nil {
		return nil, err
	}
	p.at = at
	readings := make([]reading.Reading, len(r.target.meters))
	if err := r.target.take(r.ctx, &p, readings); err != nil {
		return nil, err
	}
	return readings, nil
}

var oracleSelectors = []Selector{
	{Metric: "c", Scale: 1},
	{Metric: "c", Counter: true, Scale: 2},
	{Metric: "c", Labels: map[string]string{"a": "1"}, Counter: true, Scale: 1},
	{Metric: "b_bucket", Labels: map[string]string{"le": "1"}, Scale: 1},
	{Metric: "g", Labels: map[string]string{"a": ""}, Scale: 1},
}

// FuzzTarget reads two pages, and then the first one again.
func FuzzTarget(f *testing.F) {
	for _, pages := range [][2]string{
		{"c 1\n", "c 2\n"}, {"c{a=\"1\"} 1\nc{a=\"2\"} 2\ng 3\n", "c{a=\"2\"} 4\nc{a=\"1\"} 3\ng{a=\"\"} 3\n"},
		{"c{a=\"1\",b=\"x\"} 1\n", "c{b=\"x\",a=\"1\",} 5\n"}, {"c 1 1799999000000\n", "c 2 1799999005000\n"}, {"c{a=\"1\"} 1 1\n", "c{a=\"2\"} 1 1\n"},
		{"b_bucket{le=\"1\"} 1\nb_bucket{le=\"1.0\"} 1\n", "b_bucket{le=\"1.0\"} 1e3\n# EOF\n"}, {"c -1\n", "c NaN\n"}, {"c +Inf\n", "c 1\n c 2\n"},
		{"{\"c\",a=\"1\"} 0.5\n", "c{a=\"1\"} 1.5 \n"}, {"c{a=\"1\",a=\"2\"} 1\n", "c{c} 1\n"}, {"c{a=\"\\\"\\n\\\\東\"} 1e-99\n", "c 99999999999999999999999999999999e99\n"},
		{"g 1 9999999999999\n", "g 1 999999999999999999\n"}, {"c 1 # {} 2\n# EOF\n", "c 1 1.5\n# EOF\n"}, {"c 1.\n", "c .5\n"}, {"c 1e+999\n", "c 1e\n"}, {"c 0x1\n", "c 1_0\n"},
		{"x{b=\"\xff\"} 1\n", "c:c 1\n"}, {"# c\n\n \t\n", "c\t1\n"}, {"c{a=1} 1\n", "c{,} 1\n"}, {"c", "c 1"}, {"c{a=\"1\"}1\n", "c{}  1\n"}, {"0c 1\n", "c 1\r\n"}, {"c -0\n", "c 00012\n"},
		{"c{a=\"\n\"} 1\n", "c{a=\"1\"\n} 1\n"}, {"c\n1\n", "c 1\n2\n"},
	} {
		f.Add(false, pages[0], pages[1])
		f.Add(true, pages[0]+"# EOF\n", pages[1]+"# EOF\n")
	}
	f.Fuzz(func(t *testing.T, open bool, first, second string) {
		format := textFormat
		if open {
			format = openMetrics
		}
		checkAgainstTheParser(t, format, oracleSelectors, first, second, first)
	})
}

// TestGeneratedPagesMeanWhatTheyMeanToTheParser draws pages of a few series that come and
// go, most of whose lines are plain.
func TestGeneratedPagesMeanWhatTheyMeanToTheParser(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := writer{t}
		format, end := textFormat, ""
		if rapid.Bool().Draw(t, "open") {
			format, end = openMetrics, "# EOF\n"
		}
		var bodies []string
		for range 4 {
			if len(bodies) > 0 && rapid.Bool().Draw(t, "alike") {
				bodies = append(bodies, bodies[len(bodies)-1])
				continue
			}
			bodies = append(bodies, w.exposition(format)+end)
		}
		checkAgainstTheParser(t, format, oracleSelectors, bodies...)
	})
}

// TestDamagedPagesMeanWhatTheyMeanToTheParser draws pages of which a few bytes are other
// ones, are too many or are missing.
func TestDamagedPagesMeanWhatTheyMeanToTheParser(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := writer{t}
		format, end := textFormat, ""
		if rapid.Bool().Draw(t, "open") {
			format, end = openMetrics, "# EOF\n"
		}
		body := w.exposition(format)
		damaged := body
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			at := rapid.IntRange(0, len(damaged)).Draw(t, "at")
			rest := damaged[at:]
			if len(rest) > 0 && rapid.IntRange(0, 2).Draw(t, "how") > 0 {
				rest = rest[1:]
			}
			damaged = damaged[:at] + w.pick("", "", "\n", " ", "\t", "\r", `"`, `\`, "{", "}", ",", "=", "#", ":", "_", "e", "+", "-", ".", "0", "1", "x", "\x00", "\xff", "é") + rest
		}
		checkAgainstTheParser(t, format, oracleSelectors, body+end, damaged+end, body+end)
	})
}

func (w writer) exposition(format format) string {
	var lines []string
	for _, one := range []string{"c", `c{a="1"}`, `c{a="2",b="x"}`, `b_bucket{le="1"}`, `b_bucket{le="+Inf"}`, `g{b="y"}`, "g", "other", `other{b="y"}`, `other{a="}\" # {"}`} {
		if w.rarely() {
			one = w.pick(`{"c",a="1"}`, `c{a="1",}`, `c{b="x",a="2"}`, `c{a=""}`, `b_bucket{le="1.0"}`, `c{a="東"}`, `c {a="1"}`, `c{a="1",a="1"}`, `g{a="1"`, "0", `x{"c"}`)
		}
		if rapid.IntRange(0, 4).Draw(w.t, "there") > 0 {
			lines = append(lines, one+" "+w.measured()+w.dated(format)+"\n")
		}
	}
	if w.rarely() {
		lines = append(lines, w.pick("# HELP c x\n", "\n", " c 1\n", "# EOF\n", "c 1\r\n", "nonsense\n"))
	}
	return strings.Join(rapid.Permutation(lines).Draw(w.t, "order"), "")
}

func (w writer) measured() string {
	if w.rarely() {
		return w.pick("NaN", "+Inf", "-Inf", "-1", "1e400", "0x1p4", "1_0", "", "1.", ".5", "+1", "1E3", "1e3", "nan", "1e+100", "1e-7x")
	}
	return strconv.FormatFloat(rapid.Float64Range(0, 1e9).Draw(w.t, "value"), w.pick("g", "f", "e")[0], rapid.IntRange(-1, 6).Draw(w.t, "digits"), 64)
}

func (w writer) dated(format format) string {
	if !w.rarely() {
		return ""
	}
	if format == openMetrics {
		return w.pick(" 1800000000", " 1800000005.5", " 1.8e9", ` 1800000000 # {a="b"} 1`, ` # {} 1`, " x")
	}
	return w.pick(" 1800000000000", " 1800000005000", " -5", " 1799999990000", "  1800000000000", " 1.5", " 1800000100000", " 1800000000000 ")
}

// FuzzPlainLine holds what is taken for plain against parseLine.
func FuzzPlainLine(f *testing.F) {
	for _, text := range []string{
		"up 1\n", "up{a=\"b\",c=\"d\"} -1.5e+10\n", "up 1 1800000000000\n", "up{} 1\n", "up{a=\"}\"} 00.5\nrest", "up{a=\"\n\"} 1\n", "up 1 1\n2\n", "up -\n", "up .\n", "up 1e+\n", "up{a  1\n", "up \n", "up{a=\"\\\"} 1\n", "up{a=\"\xfe\"} 1\n", "up " + strings.Repeat("1", 310) + "\n", "up 1.\n", "up - \n", "up 1e5\n", "up 1e+5\n", "up 1e+555\n",
		"up 1 9999999999999999\n", "up 1 \n", "up  1\n", "a:b 1\n", "9a 1\n", "up{a=\"\x7f\t\"} 1\n", "up{a=\"\xc3\xa9\"} 1\n", "up{a=\"\\\"\"} 1\n", "up{\"a\"} 1\n", "up 11111111111111111111111111111111111111 1\n",
		"up{" + strings.Repeat(`l="",`, maxLabelsInLine) + "} 1\n", "up{" + strings.Repeat(`l="",`, maxLabelsInLine+1) + "} 1\n",
	} {
		f.Add(false, []byte(text))
		f.Add(true, []byte(text))
	}
	f.Fuzz(func(t *testing.T, open bool, text []byte) {
		format := textFormat
		if open {
			format = openMetrics
		}
		var got line
		length, ok := got.plain(text, format)
		if !ok {
			return
		}
		if text[length] != '\n' || bytes.IndexByte(text[:length], '\n') >= 0 {
			t.Fatalf("%q: its first line is not of %d bytes", text, length)
		}
		want, err := parseLine(text[:length], format)
		if err != nil || !bytes.Equal(got.name, want.name) || !bytes.Equal(got.series, want.series) || !bytes.Equal(got.value, want.value) || got.timeMs != want.timeMs {
			t.Fatalf("%q: got %+v, want %+v (%v)", text[:length], got, want, err)
		}
	})
}

// TestNearlyAllLinesOfARealPageArePlain is about cost: each line that is not is read the
// long way.
func TestNearlyAllLinesOfARealPageArePlain(t *testing.T) {
	t.Parallel()
	plain, samples := 0, 0
	for text := range bytes.Lines(readFile(t, nodeExporterPage)) {
		if text[0] == '#' {
			continue
		}
		samples++
		if _, ok := new(line).plain(text, textFormat); ok {
			plain++
		}
	}
	if samples != 507 || plain < 500 {
		t.Errorf("%d of %d lines are plain", plain, samples)
	}
}

func TestAllOfARealPageMeansWhatItMeansToTheParser(t *testing.T) {
	t.Parallel()
	body := string(readFile(t, nodeExporterPage))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var selectors []Selector
	for name := range families {
		selectors = append(selectors, Selector{Metric: name, Scale: 1}, Selector{Metric: name + "_count", Scale: 1}, Selector{Metric: name, Counter: true, Scale: 1})
	}
	checkAgainstTheParser(t, textFormat, selectors, body, body)
}
