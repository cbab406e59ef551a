package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// seed is that of all chance in the pages of these tests.
const seed = 1

func written(t testing.TB, page *report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPageHasASectionForEachThingThatIsKnown(t *testing.T) {
	t.Parallel()
	ids := func(page string) []string {
		var found []string
		for _, match := range regexp.MustCompile(`<(?:header|section) id="([a-z]+)"`).FindAllStringSubmatch(page, -1) {
			found = append(found, match[1])
		}
		return found
	}

	full := written(t, weeks(2, seed))
	expected := []string{"answer", "warnings", "load", "policies", "decisions", "cost", "frontier", "guards", "whatif", "model"}
	if got := ids(full); !slices.Equal(got, expected) {
		t.Errorf("sections %v, expected %v", got, expected)
	}
	for _, link := range regexp.MustCompile(`href="#([a-z]+)"`).FindAllStringSubmatch(full, -1) {
		if !slices.Contains(expected, link[1]) {
			t.Errorf("a link goes to %s, which is not there", link[1])
		}
	}
	if got := ids(written(t, small())); !slices.Equal(got, []string{"answer", "load", "policies", "decisions"}) {
		t.Errorf("a page of a run alone has the sections %v", got)
	}
}

func TestEveryTableHasACaptionAndHeadings(t *testing.T) {
	t.Parallel()
	tables := regexp.MustCompile(`(?s)<table.*?</table>`).FindAllString(written(t, weeks(2, seed)), -1)
	if len(tables) != 6 {
		t.Errorf("%d tables, expected 6", len(tables))
	}
	for _, table := range tables {
		rows, named := strings.Count(table, "<tr"), strings.Count(table, `<th scope="row">`)
		if !strings.Contains(table, "<caption>") || strings.Count(table, `<th scope="col"`) < 2 || named != rows-1 {
			t.Errorf("a table of %d rows names %d of them, has a caption: %v", rows, named, strings.Contains(table, "<caption>"))
		}
	}
}

func TestTheAnswerIsOneSentenceOfTheScoredSteps(t *testing.T) {
	t.Parallel()
	page := small()
	page.Scored = 2
	page.Runs[0].Paid = []int{9, 9, 3, 3, 3, 4}
	page.Runs[0].Bill = &report.Bill{Total: 1234567}
	expectAnswer(t, page, "4 hours: 13 instance-hours, ¥1,234,567, 60 overload minutes, 1 scale-out.")

	page.Runs = append(page.Runs, page.Runs[0])
	page.Runs[1].Role = report.InForce
	page.Runs[1].Bill = &report.Bill{Total: 1000000}
	page.Runs[1].Serving = []int{1, 2, 2, 2, 2, 3}
	page.Runs[1].Decisions = nil
	expectAnswer(t, page, "4 hours: 13 instance-hours, ¥1,234,567, 60 overload minutes, 1 scale-out. "+
		"Against what is in force: +23\u00a0% cost, 180 fewer overload minutes, 1 more scale-out.")

	page.Answer = "Keep what you have."
	expectAnswer(t, page, "Keep what you have.")
}

func expectAnswer(t *testing.T, page *report.Page, expected string) {
	t.Helper()
	match := regexp.MustCompile(`<p class="answer">([^<]*)</p>`).FindStringSubmatch(written(t, page))
	if match == nil || html.UnescapeString(match[1]) != expected {
		t.Errorf("the answer is %q, expected %q", match, expected)
	}
}

func TestTheDaysAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	page := small() // from 21:00 UTC, which is 06:00 in Tokyo, for 6 hours
	if got := days(t, page); !slices.Equal(got, []string{"Mon 5 Oct 2026", "Tue 6 Oct 2026"}) {
		t.Errorf("in UTC the days are %v", got)
	}
	page.Zone = mustLoad(t, "Asia/Tokyo")
	if got := days(t, page); !slices.Equal(got, []string{"Tue 6 Oct 2026"}) {
		t.Errorf("in Tokyo the days are %v", got)
	}

	page.Zone = mustLoad(t, "Europe/Berlin") // whose clocks go back on 25 Oct 2026: a day of 25 hours
	page.Start = time.Date(2026, 10, 25, 0, 0, 0, 0, page.Zone)
	page.Runs[0] = constantRun(49)
	if got := days(t, page); !slices.Equal(got, []string{"Sun 25 Oct 2026", "Mon 26 Oct 2026"}) {
		t.Errorf("around the change of the clocks the days are %v", got)
	}
}

func days(t *testing.T, page *report.Page) []string {
	t.Helper()
	var all []string
	for _, match := range regexp.MustCompile(`<th scope="row">(\w+ \d+ \w+ \d+)</th>`).FindAllStringSubmatch(written(t, page), -1) {
		all = append(all, match[1])
	}
	return all
}

func mustLoad(t *testing.T, zone string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestTheBestOfAColumnIsMarkedInWordsAndNotForTheLimit(t *testing.T) {
	t.Parallel()
	page := small()
	overload := func(minutes float64) []report.Metric {
		return []report.Metric{{Name: "Overload", Unit: "min", Value: minutes, Better: report.Lower}, {Name: "Elasticity", Value: minutes, Better: report.Higher}, {Name: "Same", Value: 1, Better: report.Lower}, {Name: "Count", Value: minutes}}
	}
	base := page.Runs[0]
	page.Runs = nil
	for i, role := range []report.Role{report.Proposed, report.Other, report.Classic, report.Limit} {
		run := base
		run.Name, run.Role, run.Metrics = string(role), role, overload([]float64{7, 5, math.NaN(), 0}[i])
		page.Runs = append(page.Runs, run)
	}
	var best []string
	for row := range strings.SplitSeq(written(t, page), "<tr") {
		for _, match := range regexp.MustCompile(`best: </span>([^<]*)`).FindAllStringSubmatch(row, -1) {
			best = append(best, regexp.MustCompile(`data-role="([^"]*)"`).FindStringSubmatch(row)[1]+" "+match[1])
		}
	}
	if !slices.Equal(best, []string{"proposed 7", "other 5\u00a0min"}) {
		t.Errorf("marked as best are %q", best)
	}
}

func TestAGuardsWorthIsSaidInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		guard    report.Guard
		expected string
	}{
		{report.Guard{Costs: 4600, Prevented: 46}, "¥100 per overload minute prevented"},
		{report.Guard{Costs: 4600, Prevented: -1}, "costs money and causes overload"},
		{report.Guard{Costs: 4600, Scalings: 4}, "¥1,150 per scaling prevented"},
		{report.Guard{Costs: 4600}, "costs and prevents nothing on this load"},
		{report.Guard{Costs: -900, Prevented: -9}, "saves ¥100 per overload minute that it causes"},
		{report.Guard{Prevented: -9}, "causes overload"},
		{report.Guard{Costs: -900, Prevented: 9}, "saves at no overload"},
		{report.Guard{Scalings: 9}, "prevents at no cost"},
		{report.Guard{}, "changed nothing on this load"},
	} {
		page := small()
		page.Runs[0].Bill = &report.Bill{}
		page.Guards = []report.Guard{c.guard}
		if !strings.Contains(written(t, page), "<td>"+c.expected+"</td>") {
			t.Errorf("%+v is not said to be %q", c.guard, c.expected)
		}
	}
}

func TestAllColumnsOfAGuardSayHowMuchMoreThereIsWithIt(t *testing.T) {
	t.Parallel()
	page := small()
	page.Runs[0].Bill = &report.Bill{}
	page.Guards = []report.Guard{{Costs: 900, Hours: 9, Prevented: 27, Scalings: 4}, {Costs: -901, Hours: -8, Prevented: -28, Scalings: -5}, {}}
	shown := html.UnescapeString(written(t, page))
	for _, row := range [][]string{{"+¥900", "+9", "−27", "−4"}, {"−¥901", "−8", "+28", "+5"}, {"¥0", "0", "0", "0"}} {
		var cells []string
		for _, cell := range row {
			cells = append(cells, `<td class="n" data-sort="[^"]*">`+regexp.QuoteMeta(cell)+`</td>`)
		}
		if !regexp.MustCompile(strings.Join(cells, "")).MatchString(shown) {
			t.Errorf("no row has %q", row)
		}
	}
}

func TestMoneyIsWrittenInItsSmallestUnit(t *testing.T) {
	t.Parallel()
	for amount, expected := range map[int64]string{0: "$0.00", 5: "$0.05", -5: "−$0.05", 123456: "$1,234.56", -100000: "−$1,000.00"} {
		if got := (report.Currency{Symbol: "$", Digits: 2}).Text(amount); got != expected {
			t.Errorf("%d cents are %q, expected %q", amount, got, expected)
		}
	}
	if got := (report.Currency{Symbol: "¥"}).Text(-1234567); got != "−¥1,234,567" {
		t.Errorf("yen are %q", got)
	}
}

func TestTheSamePageGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	if first, second := written(t, weeks(3, seed)), written(t, weeks(3, seed)); first != second {
		t.Error("two pages of the same input differ")
	}
}

func TestThePolicyAllowsThePagesOwnScriptsAndStylesOnly(t *testing.T) {
	t.Parallel()
	page := written(t, small())
	match := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if match == nil {
		t.Fatal("the page has no content security policy")
	}
	policy := html.UnescapeString(match[1])
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	parts := regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1)
	if len(parts) != 4 {
		t.Fatalf("%d scripts and styles, expected 4", len(parts))
	}
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part[2]))
		if digest := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(policy, digest) {
			t.Errorf("the policy does not allow the %s that begins with %.60q", part[1], part[2])
		}
	}
	if got := strings.Count(policy, "sha256-"); got != 4 {
		t.Errorf("the policy allows %d digests, expected 4", got)
	}
}

func TestThePageNamesNoOtherAddress(t *testing.T) {
	t.Parallel()
	for _, match := range regexp.MustCompile(`(?i)(?:src|href|action|url)\s*[=(]\s*["']?([^"'\s)>]*)`).FindAllStringSubmatch(withoutScripts(written(t, small())), -1) {
		if address := match[1]; !strings.HasPrefix(address, "#") && address != "data:," {
			t.Errorf("the page names %s", address)
		}
	}
}

func TestPartsThatDoNotFitTogetherAreRefused(t *testing.T) {
	t.Parallel()
	for expected, spoil := range map[string]func(*report.Page){
		"no run":                          func(p *report.Page) { p.Runs = nil },
		"none of 6 steps is scored":       func(p *report.Page) { p.Scored = 6 },
		"take whole seconds":              func(p *report.Page) { p.Step = 1500 * time.Millisecond },
		"take an IANA name":               func(p *report.Page) { p.Zone = time.FixedZone("here", 3600) },
		`run "target": its need has 5`:    func(p *report.Page) { p.Runs[0].Need = p.Runs[0].Need[1:] },
		`run "target": its serving has 0`: func(p *report.Page) { p.Runs[0].Serving = nil },
		"its paid has 1 steps":            func(p *report.Page) { p.Runs[0].Paid = []int{1} },
		`point "a" has no finite cost`:    func(p *report.Page) { p.Points = []report.Point{{Name: "a", Cost: math.Inf(1)}} },
	} {
		page := small()
		spoil(page)
		if err := report.Write(io.Discard, page); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("the error is %v, expected one with %q", err, expected)
		}
	}
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	t.Parallel()
	if err := report.Write(full{}, small()); !errors.Is(err, errFull) {
		t.Errorf("the error is %v", err)
	}
}

var errFull = errors.New("the disk is full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// small is a page of one run of six hours, an hour a step, which is too small in the
// first, the third and the fifth.
func small() *report.Page {
	start := time.Date(2026, 10, 5, 21, 0, 0, 0, time.UTC)
	return &report.Page{
		Group: "web", Start: start, Step: time.Hour, Currency: report.Currency{Symbol: "¥"},
		Runs: []report.Run{{
			Name: "target", Role: report.Proposed,
			Load: []float64{1.5, 1.2, 2.5, 2.5, 3.1, math.NaN()}, Need: []int{2, 2, 3, 3, 4, 4}, Serving: []int{1, 2, 3, 3, 3, 4},
			Decisions: []report.Decision{
				{At: start.Add(5 * time.Hour), From: 3, To: 4, Reason: "target", Words: []string{"policy target cpu wants 4"}},
				{At: start, From: 1, To: 2, Reason: "target"},
			},
		}},
	}
}

func constantRun(steps int) report.Run {
	run := report.Run{Name: "constant", Load: make([]float64, steps), Need: make([]int, steps), Serving: make([]int, steps)}
	for i := range steps {
		run.Load[i], run.Need[i], run.Serving[i] = 1, 1, 1
	}
	return run
}

// data is what a page's script finds.
func data(t testing.TB, page string) map[string]any {
	t.Helper()
	_, rest, found := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, ended := strings.Cut(rest, "</script>")
	if !found || !ended {
		t.Fatal("the page has no data")
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("the data: %v", err)
	}
	return all
}

func withoutScripts(page string) string {
	return regexp.MustCompile(`(?s)(<(script|style)[^>]*>).*?(</(?:script|style)>)`).ReplaceAllString(page, "$1$3")
}

// elements are the names of all elements of a page, in their order, and the names of
// their attributes.
func elements(t testing.TB, page string) []string {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(withoutScripts(page)))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		if element, ok := token.(xml.StartElement); ok {
			all = append(all, element.Name.Local)
			for _, attribute := range element.Attr {
				all = append(all, "@"+attribute.Name.Local)
			}
		}
	}
}

// called is a page in which people wrote the same text wherever they can.
func called(text string) *report.Page {
	page := small()
	page.Title, page.Group, page.Origin, page.Answer, page.Made, page.PointCost = text, text, text, text, text, text
	page.Warnings, page.Assumptions, page.LeftOut = []string{text}, []string{text}, []string{text}
	page.Currency.Symbol = text
	run := &page.Runs[0]
	run.Name, run.Note = text, text
	run.Decisions[0].Reason, run.Decisions[0].Words = text, []string{text}
	run.Metrics = []report.Metric{{Name: text, Unit: text, Text: text, Help: text, Key: true}}
	run.Bill = &report.Bill{Note: text, Days: []report.Day{{Date: page.Start, Amount: 3}}}
	page.Points = []report.Point{{Name: text, Settings: text}}
	page.Guards = []report.Guard{{Name: text, Does: text}}
	page.WhatIfs = []report.WhatIf{{Name: text, Words: text, Metrics: run.Metrics}}
	return page
}

var hostile = []string{
	"</script><script>alert(1)</script>",
	"<!--<script>", "-->", "]]>", "</title><h1>", "</style>", "\"'><img src=x onerror=alert(1)>", "javascript:alert(1)",
	"{{.}}", "${alert(1)}", "`", "\\", "\\u003c/script>", "&lt;script&gt;", "&amp;", "\u2028\u2029", "\u202egnp.exe", "日本語", "a\nb\tc",
}

func TestWhatPeopleWroteStaysText(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		expectText(t, text)
	}
}

func FuzzWhatPeopleWroteStaysText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Add("\xff\xfe\x00\x1b[31m")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" {
			t.Skip("what is not there has no element")
		}
		expectText(t, text)
	})
}

// expectText holds that a text changes no element of the page, and that the script finds
// it as it was written.
func expectText(t *testing.T, text string) {
	t.Helper()
	page := written(t, called(text))
	if scripts := strings.Count(strings.ToLower(page), "<script"); scripts != strings.Count(written(t, called("web")), "<script") {
		t.Errorf("%q: the page has %d scripts", text, scripts)
	}
	if isXML(text) { // the parser of this test knows no control characters
		if got, expected := elements(t, page), elements(t, written(t, called("web"))); !slices.Equal(got, expected) {
			t.Errorf("%q changes the elements of the page:\n%v\nexpected\n%v", text, got, expected)
		}
	}
	found := data(t, page)["runs"].([]any)[0].(map[string]any)
	if name := found["name"].(string); replaced(name) != replaced(text) {
		t.Errorf("the script finds %q, expected %q", name, text)
	}
}

// replaced makes any number of bytes that are no UTF-8 the same.
func replaced(text string) string {
	return regexp.MustCompile("�+").ReplaceAllString(strings.ToValidUTF8(text, "�"), "�")
}

func isXML(text string) bool {
	return xml.Unmarshal(fmt.Appendf(nil, "<a>%s</a>", html.EscapeString(text)), &struct{}{}) == nil
}

func TestWhatAForecastExpectedIsDrawnWhereItExpectedAnything(t *testing.T) {
	t.Parallel()
	page := &report.Page{Start: time.Unix(0, 0), Step: time.Minute, Runs: []report.Run{constantRun(3), constantRun(3)}}
	nothing := math.NaN()
	page.Runs[0].Expected = &report.Band{Middle: []float64{nothing, 2, 2.5}, Low: []float64{nothing, 1.5, 2}, High: []float64{nothing, 3, 3.25}}
	all := data(t, written(t, page))
	runs := all["runs"].([]any)
	for name, want := range map[string][]any{"expected": {nil, 2., 2.5}, "low": {nil, 1.5, 2.}, "high": {nil, 3., 3.25}} {
		index, known := runs[0].(map[string]any)[name].(float64)
		if !known {
			t.Fatalf("%s is not drawn", name)
		}
		if got := all["curves"].([]any)[int(index)].([]any); !slices.Equal(got, want) {
			t.Errorf("%s is drawn as %v, want %v", name, got, want)
		}
		if runs[1].(map[string]any)[name] != nil {
			t.Errorf("%s is drawn of a run without a forecast", name)
		}
	}
	page.Runs[0].Expected.High = nil
	if err := report.Write(io.Discard, page); err == nil || !strings.Contains(err.Error(), "highest expected load has 0 steps") {
		t.Errorf("the error is %v", err)
	}
}
