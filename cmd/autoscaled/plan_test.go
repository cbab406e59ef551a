package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/planning"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// planFiles are two configurations, whose targets differ, and a history of two days in a
// folder.
type planFiles struct {
	t                   *testing.T
	folder              string
	config, other, load string
}

func newPlanFiles(t *testing.T) *planFiles {
	t.Helper()
	f := &planFiles{t: t, folder: t.TempDir()}
	f.config = f.write("web.yaml", planConfig)
	f.other = f.write("other.yaml", strings.Replace(planConfig, "per_instance: 70", "per_instance: 50", 1))
	var b strings.Builder
	b.WriteString("timestamp,requests\n")
	for minute := range 2 * 24 * 60 {
		loads := []int{100, 300, 600, 900, 500, 200}
		fmt.Fprintf(&b, "%s,%d\n", time.Date(2026, 3, 31, 15, minute, 0, 0, time.UTC).Format(time.RFC3339), loads[minute/60%24/4])
	}
	f.load = f.write("load.csv", b.String())
	return f
}

const planConfig = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:NO_SUCH_KEY, secret_key: env:NO_SUCH_KEY}
groups:
  web:
    provider: gio
    min: 1
    max: 30
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80}}]
    signals:
      requests: {promql: requests}
    policies:
      - target: {signal: requests, per_instance: 70}
`

func (f *planFiles) write(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// plan plans on the history with further arguments, and returns what is said without the
// folder's name.
func (f *planFiles) plan(arguments ...string) (out, errs string, err error) {
	f.t.Helper()
	line := append([]string{"plan", f.config, "--history", f.load, "--capacity", "100"}, arguments...)
	out, errs, err = execute(f.t, line...)
	return strings.ReplaceAll(out, f.folder+"/", ""), strings.ReplaceAll(errs, f.folder+"/", ""), err
}

// good is plan of what must succeed.
func (f *planFiles) good(arguments ...string) string {
	f.t.Helper()
	out, errs, err := f.plan(arguments...)
	if err != nil || errs != "" {
		f.t.Fatalf("%v: %v\n%s", arguments, err, errs)
	}
	return out
}

// document is what a plan says as JSON.
func (f *planFiles) document(arguments ...string) planning.Document {
	f.t.Helper()
	var d planning.Document
	if out := f.good(append(arguments, "-o", "json")...); json.Unmarshal([]byte(out), &d) != nil {
		f.t.Fatalf("it is no JSON:\n%s", out)
	}
	return d
}

func TestAPlanIsShownForAPerson(t *testing.T) {
	t.Parallel()
	golden(t, "plan.txt", newPlanFiles(t).good())
}

func TestAPlanShowsAllThatIsAskedForAPerson(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	golden(t, "plan_asked.txt", f.good("--against", f.other, "--step", "20m", "--classics", "--guards", "--what-if", "load x1.5", "--what-if", "lose 50% at 20:00 for 1h", "--grow", "5%",
		"--quota", "16", "--failing", "5%", "--time-to-serve", "4m,8m,15m"))
}

func TestWhatAGuardPreventsIsShownAsLess(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	f.config = f.write("web.yaml", planConfig+"    scale_in: {stabilization: 40m}\n")
	var b strings.Builder
	b.WriteString("timestamp,requests\n")
	for minute := range 24 * 60 {
		fmt.Fprintf(&b, "%d,%d\n", 1_790_000_000+60*minute, 400+400*(minute/20%2))
	}
	f.load = f.write("load.csv", b.String())
	if out := f.good("--guards"); !regexp.MustCompile(`\nscale_in.stabilization +[^ ]+ +\+[0-9,.]+ +−[1-9][0-9]{2} min +−[1-9][0-9]+  40m\n`).MatchString(out) {
		t.Errorf("it says\n%s", out)
	}
}

func TestAPlanAgainstWhatIsInForceBeginsWithTheDifference(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	out := f.good("--against", f.other)
	first, _, _ := strings.Cut(out, "\n")
	if !strings.HasPrefix(first, "last 2 days: ") || !strings.Contains(first, " % cost, ") || !strings.Contains(out, "other.yaml (in force)") {
		t.Errorf("it begins with %q:\n%s", first, out)
	}
	same := f.good("--against", f.config)
	if !strings.HasPrefix(same, "last 2 days: ±0 scale-outs, ±0 scale-ins, ±0.0 % cost, as many overload minutes\n") {
		t.Errorf("against itself:\n%s", same)
	}
}

func TestAPlanOfAForecastSaysHowItKeptItsBudgetAndWhatItExpected(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	f.config = f.write("ahead.yaml", strings.Replace(planConfig, "target: {signal: requests, per_instance: 70}", "forecast: {signal: requests, per_instance: 100}", 1))
	out := f.good("--score-after", "16h")
	for _, part := range []string{"forecast/requests: short for ", " of the time, with a budget of 1 %", "! forecast/requests learns from this history alone"} {
		if !strings.Contains(out, part) {
			t.Errorf("it does not say %q: %s", part, out)
		}
	}
	if out := f.good("--against", f.other, "--score-after", "16h"); !strings.Contains(out, "ahead.yaml, forecast/requests: short for ") || strings.Contains(out, "other.yaml, ") {
		t.Errorf("of two it is said: %s", out)
	}
	rows, err := csv.NewReader(strings.NewReader(f.good("-o", "csv", "--series"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	begin, later := rows[61], rows[1+38*60] // 900 requests since two hours
	if rows[0][8] != "expected_instances" || begin[8] != "" || begin[10] != "" {
		t.Errorf("under %q, of the first hour %q is expected", rows[0], begin)
	}
	low, lowErr := strconv.ParseFloat(later[9], 64)
	high, highErr := strconv.ParseFloat(later[10], 64)
	if lowErr != nil || highErr != nil || low > 9 || high < 9 {
		t.Errorf("of 9 instances' worth %q is expected", later)
	}
}

func TestAPlanThatExceedsALimitEndsWithStatus4(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	cheaper := newPlanFiles(t) // the other way round
	cheaper.config, cheaper.other = cheaper.other, cheaper.config
	for name, c := range map[string]struct {
		files     *planFiles
		arguments []string
		status    int
		says      string
	}{
		"within":           {f, []string{"--against", f.other, "--max-cost", "+0%", "--max-overload", "1h", "--max-lost", "5%"}, 0, ""},
		"costs more":       {cheaper, []string{"--against", cheaper.other, "--max-cost", "+1%"}, 4, "exceeded: --max-cost +1% allows ¥"},
		"overloaded more":  {f, []string{"--against", f.other, "--max-overload", "+1m"}, 4, "exceeded: --max-overload +1m allows "},
		"loses more":       {f, []string{"--max-lost", "0.01%"}, 4, "exceeded: --max-lost 0.01% allows 0.01 % of the load, and it loses "},
		"of two the one":   {f, []string{"--max-cost", "1000000", "--max-overload", "1m"}, 4, "exceeded: --max-overload 1m allows 1m, and it is overloaded for "},
		"also beside JSON": {f, []string{"-o", "json", "--max-lost", "0.01%"}, 4, "exceeded: --max-lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, err := c.files.plan(c.arguments...)
			if out == "" || !strings.HasPrefix(errs, c.says) || strings.Count(errs, "exceeded") > 1 {
				t.Errorf("it says %q, want %q", errs, c.says)
			}
			if c.status == 0 && err != nil || c.status != 0 && statusOf(err) != c.status {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

func TestAPlanIsWrittenForPrograms(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	d := f.document("--classics", "--score-after", "1d")
	if d.Group != "web" || len(d.Runs) != 9 || d.History.Steps != 2*24*60 || d.History.ScoredFrom.Sub(d.History.Start) != 24*time.Hour || d.Runs[0].Series != nil || !d.Billing.ExamplePrices {
		t.Errorf("it is %+v", d)
	}
	if d = f.document("--series"); len(d.Runs[0].Series.Need) != d.History.Steps {
		t.Errorf("the series has %d steps", len(d.Runs[0].Series.Need))
	}
	rows := func(text string) [][]string {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	policies := rows(f.good("-o", "csv", "--classics", "--against", f.other))
	if len(policies) != 11 || policies[0][0] != "policy" || policies[1][0] != "web.yaml" || policies[2][1] != "in_force" || policies[10][1] != "limit" {
		t.Errorf("the policies are %v", policies)
	}
	series := rows(f.good("-o", "csv", "--series"))
	if scored := rows(f.good("-o", "csv", "--series", "--score-after", "2h")); scored[120][7] != "false" || scored[121][7] != "true" {
		t.Errorf("of two hours that are not scored the last is %v, and then comes %v", scored[120], scored[121])
	}
	if len(series) != 1+2*24*60 || series[1][0] != "2026-03-31T15:00:00Z" || strings.Join(series[1][1:], " ") != "1 1 1 2 2 false true" {
		t.Errorf("the series begins with %v", series[:2])
	}
}

func TestAPlansReportIsWritten(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	path := filepath.Join(f.folder, "plan.html")
	f.good("--html", path)
	page, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(page), "Capacity plan of web") || !strings.Contains(string(page), "autoscaled ") {
		t.Errorf("%v\n%.300s", err, page)
	}
	_, _, err = f.plan("--html", f.folder+"/none/plan.html")
	if err == nil || !strings.Contains(err.Error(), "write the report: ") {
		t.Errorf("into no folder: %v", err)
	}
}

func TestAReportIsWrittenOverNothingButAnEarlierOne(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	report := filepath.Join(f.folder, "plan.html")
	f.good("--html", report)
	f.good("--html", report)
	other := filepath.Join(f.folder, "keep.yaml")
	if err := os.WriteFile(other, []byte("groups: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.plan("--html", other)
	if content, _ := os.ReadFile(other); err == nil || !strings.Contains(err.Error(), "keep.yaml is there and no earlier report") || string(content) != "groups: {}\n" {
		t.Errorf("%v, and the file holds %.60q", err, content)
	}
}

// Each flag must be heard: it changes what a plan says.
func TestEveryFlagOfAPlanMakesADifference(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	prices := f.write("prices.yaml", "currency: JPY\nzone: UTC\nunit: hour\nprice: \"5\"\nanchor: contract\nstopped: nothing\n")
	plain := f.good()
	for _, flags := range [][]string{
		{"--from", "2026-04-02"}, {"--to", "2026-04-02T12:00"}, {"--last", "1d"}, {"--step", "5m"}, {"--peak", "11"}, {"--capacity", "requests=120"},
		{"--time-to-serve", "1h"}, {"--return", "40m"}, {"--failing", "50%"}, {"--failing", "50%", "--repair", "1m"}, {"--quota", "7"}, {"--failing", "50%", "--seed", "9"},
		{"--billing", "sakura-cloud"}, {"--billing", prices}, {"--billing", "none"}, {"--score-after", "12h"}, {"--zone", "America/New_York"},
		{"--classics"}, {"--guards"}, {"--what-if", "slower x4"}, {"--grow", "1%"}, {"--tune"}, {"--against", f.other}, {f.other},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			compared := plain
			if len(flags) > 2 { // the last one changes what those before say
				compared = f.good(flags[:2]...)
			}
			if f.good(flags...) == compared {
				t.Error("it makes no difference")
			}
		})
	}
}

func TestATableOfMeansIsReadAsItsFlagsSay(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	f.config = f.write("cpu.yaml", strings.NewReplacer("requests: {promql: requests}", "cpu: {snmp: {profile: cpu_busy}}", "{signal: requests, per_instance: 70}", "{signal: cpu, value: 60%}").Replace(planConfig))
	var b strings.Builder
	b.WriteString("timestamp,value\n")
	for minute := range 120 {
		fmt.Fprintf(&b, "%d,55\n", 1_790_000_000+60*minute)
	}
	f.load = f.write("cpu.csv", b.String())
	need := func(arguments ...string) int {
		line := append([]string{"plan", f.config, "--history", f.load, "-o", "json"}, arguments...)
		out, _, err := execute(t, line...)
		var d planning.Document
		if err != nil || json.Unmarshal([]byte(out), &d) != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, out)
		}
		return d.History.PeakNeed
	}
	for want, arguments := range map[int][]string{
		3: {"--serving", "4", "--percent"},
		2: {"--signal", "cpu", "--value", "mean", "--serving", "3", "--percent"},
		1: {"--value", "total", "--percent"},
		7: {"--peak", "7"},
	} {
		if got := need(arguments...); got != want {
			t.Errorf("%v: %d are needed, want %d", arguments, got, want)
		}
	}
}

func TestAPlanNamesWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	shop := strings.NewReplacer("  web:", "  shop:", "pool: web", "pool: shop").Replace(planConfig[strings.Index(planConfig, "  web:"):])
	two := f.write("two.yaml", planConfig+shop)
	bad := f.write("bad.csv", "timestamp,requests\n2026-04-01T00:00:00Z,12\n2026-04-01T00:01:00Z,zwölf\n")
	for says, arguments := range map[string][]string{
		"bad.csv:3:22: requests: `zwölf` is no number":                                    {f.config, "--history", bad},
		"nothing says how much one instance carries: add for example --capacity":          {f.config, "--history", f.load},
		"two.yaml has 2 groups: say which with --group shop or web":                       {two, "--history", f.load},
		"web.yaml has no group `wob`: did you mean `web`?":                                {f.config, "--group", "wob", "--history", f.load},
		"open the configuration: open /nowhere.yaml":                                      {"/nowhere.yaml"},
		"there is no history to replay":                                                   {f.config},
		"there is more than one history: keep one of":                                     {f.config, "--history", f.load, "--prometheus"},
		"--example brings its own configuration":                                          {f.config, "--example"},
		`invalid argument "yaml" for "-o, --output" flag: write table, json, csv or text`: {"--example", "-o", "yaml"},
	} {
		if _, _, err := execute(t, append([]string{"plan"}, arguments...)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", arguments, err, says)
		}
	}
	for flag, says := range map[string]string{
		"--last soon":          "--last: `soon` is no length of time",
		"--step fast":          "--step: `fast` is no length of time",
		"--step 1ms":           "a step of 1ms is too short: take a second at least",
		"--from then":          "--from: `then` is no time",
		"--to now":             "--to: `now` is no time",
		"--failing often":      "--failing: `often` is no share",
		"--failing 100%":       "cannot fail: give one from 0 to below 1",
		"--repair soon":        "--repair: `soon` is no length of time",
		"--grow 5":             "--grow: `5` is 500 %: write 5% if that is meant",
		"--zone Tokio":         "--zone Tokio: unknown zone: write for example Asia/Tokyo",
		"--value sum":          "--value sum: valid: mean, total",
		"--billing gp-gi":      "did you mean `gp-gio`?",
		"--what-if rain":       "--what-if rain: nothing of the kind can be asked",
		"--max-cost +5%":       "--max-cost +5%: more than what? name the configuration in force",
		"--max-overload 9":     "--max-overload 9: `9` is no length of time",
		"--max-lost 9":         "--max-lost 9: `9` is 900 %",
		"--score-after 9d":     "the history is too short: it has 2d",
		"--capacity rqs=3":     "--capacity rqs=3: no signal is named `rqs`",
		"--time-to-serve 9m,8": "--time-to-serve: `8` is no length of time",
		"--return 9m,8m":       "--return: `9m,8m` are 2 times: write one",
		"--serving -1":         "--serving, --peak and --quota are numbers of instances: write 1 or more",
		"--peak 2000000000":    "--serving, --peak and --quota are numbers of instances: 2000000000 is more than any group has; write 100000 or fewer",
		"--query requests=up":  "--query says what Prometheus is asked: add --prometheus or --prometheus-url",
		"--signal qps":         "--signal qps: group web has no such signal: valid: requests",
		"--against /nowhere":   "open the configuration: open /nowhere",
		"--budget 1%":          "--budget says what tuning may do: add --tune",
		"--tune --budget 3":    "--budget: `3` is 300 %",
	} {
		out, _, err := f.plan(strings.Fields(flag)...)
		if err == nil || errors.Is(err, errSilent) || !strings.Contains(err.Error(), says) || out != "" {
			t.Errorf("%s: %v, want %q", flag, err, says)
		}
	}
}

func TestTheExampleIsPlannedWithoutAnything(t *testing.T) {
	t.Parallel()
	out, errs, err := execute(t, "plan", "--example")
	if err != nil || errs != "" {
		t.Fatal(err, errs)
	}
	golden(t, "plan_example.txt", out)
}

// recordedBy makes a history of group web in a directory: what its configuration decides
// on a queue that rises and falls, every ten seconds of three hours, of instances that serve
// six minutes after they are wanted.
func recordedBy(t *testing.T, file string, begin time.Time) (directory string, made []policy.Decision) {
	t.Helper()
	c, err := config.Check(file)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := planning.NewSubject(c, "web", "")
	if err != nil {
		t.Fatal(err)
	}
	directory = filepath.Join(t.TempDir(), "history")
	kept, err := history.Open(history.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := record.NewRecorder(&subject.Spec, func(at time.Time, kind byte, payload []byte) bool { return kept.Append("web", at, kind, payload) })
	if err != nil {
		t.Fatal(err)
	}
	var memory policy.Memory
	var arrivals []time.Time
	size := 3
	for n := range 3 * 60 * 6 {
		now := begin.Add(time.Duration(n) * 10 * time.Second)
		for len(arrivals) > 0 && !now.Before(arrivals[0]) {
			arrivals = arrivals[1:]
		}
		jobs := 100 + 90*math.Sin(float64(n)/100)
		inputs := policy.Observation{
			Size: policy.Size{Count: size, Type: subject.Spec.Type}, Becoming: len(arrivals), Signals: []policy.Signal{{Name: "jobs", Group: policy.ValueAt(jobs, now)}},
		}.Inputs()
		before := memory.Clone()
		decision := policy.Decide(&subject.Spec, &inputs, now, &memory)
		recorder.Add(&inputs, &before, &memory, decision)
		for range decision.Change() {
			arrivals = append(arrivals, now.Add(6*time.Minute))
		}
		if size = decision.Desired.Count; decision.Change() != 0 {
			made = append(made, decision)
		}
		arrivals = arrivals[:min(len(arrivals), size)]
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	return directory, made
}

func TestAPlanOfADaemonsRecordGivesItsDecisions(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	f.config = f.write("jobs.yaml", strings.NewReplacer("mode: act", "", "requests: {promql: requests}", "jobs: {promql: jobs}", "{signal: requests, per_instance: 70}", "{signal: jobs, per_instance: 10}",
		"min: 1", "mode: act\n    min: 1").Replace(planConfig))
	begin := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	directory, made := recordedBy(t, f.config, begin)
	if len(made) < 10 {
		t.Fatalf("the daemon decided %v", made)
	}
	stored := func(arguments ...string) (d planning.Document) {
		t.Helper()
		out, _, err := execute(t, append([]string{"plan", f.config, "--capacity", "20", "-o", "json", "--store"}, arguments...)...)
		if err != nil || json.Unmarshal([]byte(out), &d) != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, out)
		}
		return d
	}
	for _, source := range []string{directory, filepath.Dir(directory)} {
		d := stored(source)
		if len(d.Runs[0].Decisions) != len(made) || d.Runs[0].RecordedSteps != 180 || d.History.Steps != 180 {
			t.Fatalf("of %d decisions %d are the same, for %d of %d steps", len(made), len(d.Runs[0].Decisions), d.Runs[0].RecordedSteps, d.History.Steps)
		}
		for i, decision := range d.Runs[0].Decisions {
			if !decision.Recorded || !decision.At.Equal(made[i].At) || decision.To != made[i].Desired.Count || decision.Reason != string(made[i].Reason) {
				t.Errorf("decision %d is %+v, and was %+v", i, decision, made[i])
			}
		}
		said := strings.Join(d.Assumptions, "\n")
		for _, says := range []string{"A new instance serves 6m (of ", "All is as the daemon recorded it"} {
			if !strings.Contains(said, says) {
				t.Errorf("it lacks %q:\n%s", says, said)
			}
		}
	}
	if d := stored(directory, "--last", "1h"); d.History.Steps < 60 || d.History.Steps > 61 || !d.Runs[0].Decisions[0].Recorded {
		t.Errorf("the last hour has %d steps, and decided was %+v", d.History.Steps, d.Runs[0].Decisions[0])
	}
	if d := stored(directory, "--tune"); d.Runs[0].RecordedSteps != 0 || d.Tuning.Refused == "" {
		t.Errorf("when tuning, the record answers for %d steps: %+v", d.Runs[0].RecordedSteps, d.Tuning)
	}
	if d := stored(directory, "--classics"); d.Runs[0].RecordedSteps != 0 || !strings.Contains(strings.Join(d.Assumptions, "\n"), "All runs are modelled") {
		t.Errorf("compared with others, the record answers for %d steps: %v", d.Runs[0].RecordedSteps, d.Assumptions)
	}
	f.config = f.write("other.yaml", strings.NewReplacer("{signal: requests, per_instance: 70}", "{signal: jobs, per_instance: 9}", "requests: {promql: requests}", "jobs: {promql: jobs}").Replace(planConfig))
	if d := stored(directory); d.Runs[0].RecordedSteps >= 180 || !strings.Contains(strings.Join(d.Assumptions, "\n"), " decide") {
		t.Errorf("of another configuration the record answers for %d steps: %v", d.Runs[0].RecordedSteps, d.Assumptions)
	}
	for says, flags := range map[string][]string{
		"holds no decision of group web in that time":  {"--store", directory, "--from", "2026-05-01"},
		"--store /nowhere: there is no such directory": {"--store", "/nowhere"},
	} {
		if _, _, err := execute(t, append([]string{"plan", f.config, "--capacity", "20"}, flags...)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", flags, err, says)
		}
	}
}

// What a Prometheus server knows is asked for without a configured one.
func TestAPlanAsksPrometheus(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("query") != "sum(requests)" {
			t.Errorf("asked is %v (%v)", r.Form, err)
		}
		asked.Add(1)
		var from, to, step float64
		for name, into := range map[string]*float64{"start": &from, "end": &to, "step": &step} {
			*into, _ = strconv.ParseFloat(r.Form.Get(name), 64)
		}
		var points []string
		for at := from; at <= to; at += step {
			points = append(points, fmt.Sprintf(`[%.3f,"450"]`, at))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
	}))
	defer server.Close()
	out, _, err := execute(t, "plan", f.config, "--prometheus-url", server.URL, "--query", "requests=sum(requests)", "--capacity", "100", "--from", "2026-04-01", "--to", "2026-04-02", "-o", "json")
	var d planning.Document
	if err != nil || json.Unmarshal([]byte(out), &d) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d.History.PeakNeed != 5 || d.History.Steps != 24*60 || asked.Load() != 2 || !d.History.Start.Equal(time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("asked %d times, and got %+v", asked.Load(), d.History)
	}
}

func TestTuningShowsTheFrontAndAPatch(t *testing.T) {
	t.Parallel()
	f := newPlanFiles(t)
	var b strings.Builder
	b.WriteString("timestamp,requests\n")
	for n := range 21 * 24 * 3 {
		fmt.Fprintf(&b, "%s,%d\n", time.Date(2026, 3, 31, 15, 20*n, 0, 0, time.UTC).Format(time.RFC3339), 500+400*(n/36%2))
	}
	f.load = f.write("load.csv", b.String())
	f.config = f.write("web.yaml", strings.Replace(planConfig, "per_instance: 70", "per_instance: 40", 1))
	out := f.good("--step", "20m", "--tune", "--budget", "20%")
	for _, says := range []string{"\nproposal ", "\ntuned on 1 Apr to 15 Apr by ", "TUNED: COST  OVERLOAD     LOST  SCORED: COST  OVERLOAD     LOST  SETTINGS\nnow  ", "  as it is\n", "\n▶ ", "\nproposed: ", "\ngroups:\n  web:\n"} {
		if !strings.Contains(out, says) {
			t.Errorf("it lacks %q:\n%s", says, out)
		}
	}
}

func TestProgressIsALineOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		done   int
		passed time.Duration
	}{
		"replaying":                 {0, time.Second},
		"replaying: 25 %":           {25, 900 * time.Millisecond},
		"replaying: 25 %, 30s left": {25, 10 * time.Second},
		"replaying: 50 %, 3m left":  {50, 3 * time.Minute},
		"replaying: 100 %":          {100, 3 * time.Minute},
	} {
		if got := progressText("replaying", c.done, 100, c.passed); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The page shows what the program prints, and names all that it has.
func TestThePageOnPlanningIsTrue(t *testing.T) {
	t.Parallel()
	text := page(t, "docs/planning.md")
	printed, err := os.ReadFile("testdata/plan_example.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "\n```text\n"+string(printed)+"```\n") {
		t.Error("docs/planning.md does not show what `plan --example` prints: put testdata/plan_example.txt there, and the figures below it right")
	}
	flags := regexp.MustCompile(`(?m)^ [ a-z,-]{4,6}--([a-z-]+)`).FindAllStringSubmatch(planCommand().Flags().FlagUsages(), -1)
	if len(flags) < 30 {
		t.Errorf("only %d flags are found", len(flags))
	}
	for _, flag := range flags {
		if !regexp.MustCompile("`--" + flag[1] + "[ `]").MatchString(text) {
			t.Errorf("docs/planning.md does not name --%s", flag[1])
		}
	}
	study := planning.Study{Prices: &billing.Model{}}
	for _, figure := range study.Figures() {
		if !strings.Contains(text, "`"+figure.Key+"`") {
			t.Errorf("docs/planning.md does not name the figure %s", figure.Key)
		}
	}
}
