package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"gopkg.in/yaml.v3"
)

// alertRule is a rule for Prometheus: of an alert, or of a recorded series.
type alertRule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

// name says which of the rules of an alert it is.
func (r alertRule) name() string {
	return strings.TrimSpace(r.Alert + " " + r.Labels["severity"] + " " + r.Labels["cause"])
}

// alertRules are those that we deliver: of alerts, and of recorded series.
func alertRules(t *testing.T) (alerts, recorded []alertRule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alertRule } }
	if err := yaml.Unmarshal([]byte(page(t, "deploy/prometheus/autoscaled.rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				recorded = append(recorded, rule)
			} else {
				alerts = append(alerts, rule)
			}
		}
	}
	return alerts, recorded
}

// vocabulary is what an expression may speak of: the labels of each metric, which of them are counters
// (so are the parts of a histogram), and the values that labels have. What docs/metrics.md says is held
// against a running daemon by a test of package daemon.
type vocabulary struct {
	metrics  map[string][]string
	counters map[string]bool
	page     string
}

func known(t *testing.T) vocabulary {
	t.Helper()
	v := vocabulary{map[string][]string{"up": nil}, map[string]bool{}, page(t, "docs/metrics.md")}
	row := regexp.MustCompile("(?m)^\\| `(autoscaled_[a-z_]+)` \\| ([a-z]+) \\| ([a-z0-9_`, ]*) \\|")
	for _, found := range row.FindAllStringSubmatch(v.page, -1) {
		labels := strings.FieldsFunc(found[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
		v.add(found[1], found[2], labels)
	}
	if len(v.metrics) < 50 {
		t.Fatalf("the page documents only %d metrics", len(v.metrics))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		v.add(family.GetName(), strings.ToLower(family.GetType().String()), nil)
	}
	_, recorded := alertRules(t)
	for _, rule := range recorded {
		v.metrics[rule.Record] = nil
		for _, metric := range metricName.FindAllString(rule.Expr, -1) { // what is recorded has the labels of what it is made of
			v.metrics[rule.Record] = append(v.metrics[rule.Record], v.metrics[metric]...)
		}
	}
	return v
}

func (v vocabulary) add(name, kind string, labels []string) {
	if kind != "histogram" {
		v.metrics[name], v.counters[name] = labels, kind == "counter"
		return
	}
	v.add(name+"_bucket", "counter", append(slices.Clone(labels), "le"))
	v.add(name+"_sum", "counter", labels)
	v.add(name+"_count", "counter", labels)
}

var (
	quoted     = regexp.MustCompile(`"[^"]*"`)
	metricName = regexp.MustCompile(`\b(?:autoscaled|go|process)_[a-z0-9_]+\b|\bautoscaled:[a-z0-9_:]+|\bup\b`)
	selector   = regexp.MustCompile(`([a-z][a-z0-9_:]*)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	grouping   = regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	growth     = regexp.MustCompile(`\b(?:rate|irate|increase)\(\s*`)
)

// target labels are put there by Prometheus.
var targetLabels = []string{"job", "instance"}

// faults says what in an expression nobody would ever find.
func (v vocabulary) faults(expr string) (faults []string) {
	var labels []string
	names := metricName.FindAllString(quoted.ReplaceAllString(grouping.ReplaceAllString(expr, ""), `""`), -1)
	for _, name := range names {
		of, ok := v.metrics[name]
		if !ok {
			faults = append(faults, "there is no metric "+name)
		}
		labels = append(labels, of...)
	}
	if len(names) == 0 {
		faults = append(faults, "it speaks of no metric")
	}
	faults = append(faults, v.growthFaults(expr)...)
	for _, found := range selector.FindAllStringSubmatch(expr, -1) {
		faults = append(faults, v.selectorFaults(found[1], found[2])...)
	}
	for _, found := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(found[1], ",") {
			if label = strings.TrimSpace(label); label != "" && !slices.Contains(slices.Concat(labels, targetLabels), label) {
				faults = append(faults, "no metric of it has a label "+label)
			}
		}
	}
	return faults
}

func (v vocabulary) selectorFaults(metric, matchers string) (faults []string) {
	for _, m := range matcher.FindAllStringSubmatch(matchers, -1) {
		label, values := m[1], m[3]
		if slices.Contains(targetLabels, label) {
			continue
		}
		if !slices.Contains(v.metrics[metric], label) {
			faults = append(faults, fmt.Sprintf("%s has no label %s", metric, label))
		}
		for value := range strings.SplitSeq(values, "|") {
			if value != "$group" && value != "none" && !strings.Contains(v.page, "`"+value+"`") {
				faults = append(faults, fmt.Sprintf("%s never has %s %q", metric, label, value))
			}
		}
	}
	return faults
}

// growthFaults: of a counter, which begins at zero with each start, only the growth says something; and only a
// counter grows: where a gauge falls, rate and increase take that for a start.
func (v vocabulary) growthFaults(expr string) (faults []string) {
	calls := growth.FindAllStringIndex(expr, -1)
	for _, at := range metricName.FindAllStringIndex(expr, -1) {
		name, before := expr[at[0]:at[1]], len(calls)
		calls = slices.DeleteFunc(calls, func(call []int) bool { return call[1] == at[0] })
		switch grows := len(calls) < before; {
		case v.counters[name] && !grows:
			faults = append(faults, name+" is a counter, and stands outside of rate and increase")
		case !v.counters[name] && grows:
			faults = append(faults, name+" is no counter, and stands in rate or increase")
		}
	}
	if len(calls) > 0 {
		faults = append(faults, "rate or increase is not of a metric")
	}
	return faults
}

// groupFaults says what would be shown of groups that were not chosen.
func (v vocabulary) groupFaults(expr string) (faults []string) {
	for _, at := range metricName.FindAllStringIndex(expr, -1) {
		name := expr[at[0]:at[1]]
		matchers, _, _ := strings.Cut(expr[at[1]:], "}")
		if slices.Contains(v.metrics[name], "group") && (!strings.HasPrefix(matchers, "{") || !strings.Contains(matchers, `group=~"$group"`)) {
			faults = append(faults, name+` is not narrowed to group=~"$group"`)
		}
	}
	return faults
}

func TestTheExpressionsOfAlertsSpeakOfMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	v := known(t)
	alerts, recorded := alertRules(t)
	for _, rule := range slices.Concat(alerts, recorded) {
		for _, fault := range v.faults(rule.Expr) {
			t.Errorf("%s%s: %s", rule.name(), rule.Record, fault)
		}
	}
}

func TestAnExpressionThatNothingCanMatchIsFound(t *testing.T) {
	t.Parallel()
	v := known(t)
	for expr, want := range map[string]string{
		`autoscaled_group_desired > 1`: "there is no metric autoscaled_group_desired",
		`autoscaled:group_due > 1`:     "there is no metric autoscaled:group_due",
		`go_heap_bytes`:                "there is no metric go_heap_bytes",
		`autoscaled_group_info{account="gio",mode="act",kind="x"}`: "autoscaled_group_info has no label kind",
		`autoscaled_account_orders{state="asked"} > 0`:             `autoscaled_account_orders never has state "asked"`,
		`sum by (groups) (autoscaled_group_desired_instances)`:     "no metric of it has a label groups",
		`vector(1)`:                                       "it speaks of no metric",
		`autoscaled_step_duration_seconds > 1`:            "there is no metric autoscaled_step_duration_seconds",
		`sum(autoscaled_orders_total)`:                    "autoscaled_orders_total is a counter, and stands outside of rate and increase",
		`autoscaled_scheduler_lag_seconds_bucket{le="1"}`: "autoscaled_scheduler_lag_seconds_bucket is a counter, and stands outside of rate and increase",
		`delta(process_cpu_seconds_total[5m])`:            "process_cpu_seconds_total is a counter, and stands outside of rate and increase",
		`rate(autoscaled_signal_value[5m])`:               "autoscaled_signal_value is no counter, and stands in rate or increase",
		`increase( go_goroutines[5m])`:                    "go_goroutines is no counter, and stands in rate or increase",
		`rate(sum(autoscaled_signal_value)[5m:1m])`:       "rate or increase is not of a metric",
	} {
		if faults := v.faults(expr); !slices.Contains(faults, want) {
			t.Errorf("%s: %q, want %q", expr, faults, want)
		}
	}
	for _, expr := range []string{
		`increase(autoscaled_orders_total[15m]) > 0`, `histogram_quantile(0.9, sum by (le) (rate(autoscaled_step_duration_seconds_bucket[5m])))`, `autoscaled_signal_value`,
	} {
		if faults := v.faults(expr); len(faults) > 0 {
			t.Errorf("%s is good, and has %q", expr, faults)
		}
	}
}

func TestEveryAlertSaysHowMuchAndHasAPage(t *testing.T) {
	t.Parallel()
	alerts, _ := alertRules(t)
	index, pages := page(t, "docs/alerts/README.md"), map[string]bool{}
	for _, rule := range alerts {
		if rule.Labels["severity"] != "critical" && rule.Labels["severity"] != "warning" {
			t.Errorf("%s: its severity is %q", rule.name(), rule.Labels["severity"])
		}
		told := rule.Annotations["summary"] + rule.Annotations["description"]
		if !strings.Contains(told, "{{ $value") && !strings.Contains(told, "{{ $labels.signal") { // a signal's value is 1 when it has none
			t.Errorf("%s does not tell its value", rule.name())
		}
		path := "docs/alerts/" + rule.Alert + ".md"
		if url := rule.Annotations["runbook_url"]; !strings.HasSuffix(url, "/blob/main/"+path) {
			t.Errorf("%s: its page is at %s", rule.name(), url)
		}
		text := page(t, path)
		if !strings.HasPrefix(text, "# "+rule.Alert+"\n") {
			t.Errorf("%s does not begin with its name", path)
		}
		if cause := rule.Labels["cause"]; !strings.Contains(text, "`"+cause+"`") {
			t.Errorf("%s does not tell of the cause %s", path, cause)
		}
		if !strings.Contains(index, "("+rule.Alert+".md)") {
			t.Errorf("docs/alerts/README.md does not lead to %s", path)
		}
		pages[rule.Alert+".md"] = true
	}
	files, err := os.ReadDir(filepath.Join("../..", "docs/alerts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := file.Name(); name != "README.md" && !pages[name] {
			t.Errorf("docs/alerts/%s is about no alert", name)
		}
	}
}

// TestEveryAlertIsTestedToFireAndNotTo counts the cases; promtool runs them in test/alerts.sh.
func TestEveryAlertIsTestedToFireAndNotTo(t *testing.T) {
	t.Parallel()
	fires, silent := map[string]int{}, map[string]int{}
	for _, path := range []string{"deploy/prometheus/autoscaled.rules.test.yaml", "deploy/prometheus/autoscaled.rules.long.test.yaml"} {
		var file struct {
			Tests []struct {
				AlertRuleTest []struct {
					Alertname string
					ExpAlerts []struct {
						ExpLabels map[string]string `yaml:"exp_labels"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		if err := yaml.Unmarshal([]byte(page(t, path)), &file); err != nil {
			t.Fatal(err)
		}
		for _, test := range file.Tests {
			for _, tried := range test.AlertRuleTest {
				for _, alert := range tried.ExpAlerts {
					fires[alertRule{Alert: tried.Alertname, Labels: alert.ExpLabels}.name()]++
				}
				if len(tried.ExpAlerts) == 0 {
					silent[tried.Alertname]++
				}
			}
		}
	}
	alerts, _ := alertRules(t)
	for _, rule := range alerts {
		if fires[rule.name()] == 0 || silent[rule.Alert] < 3 {
			t.Errorf("%s: tested %d times to fire, its alert %d times not to", rule.name(), fires[rule.name()], silent[rule.Alert])
		}
	}
}

// dashboard is what we read of Grafana's model of a dashboard.
type dashboard struct {
	SchemaVersion int
	Panels        []panel
	Annotations   struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct{ Name, Type string }
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               *dataSource
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []target
	FieldConfig              struct {
		Defaults  struct{ Unit string }
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Transformations []struct {
		Options struct{ RenameByName map[string]string }
	}
}

type target struct {
	RefID, Expr, LegendFormat string
	Datasource                dataSource
}

type dataSource struct{ Type, UID string }

// unit is that in which the panel shows the target.
func (p panel) unit(of target) string {
	name := of.LegendFormat
	for _, transformation := range p.Transformations {
		name = cmp.Or(transformation.Options.RenameByName["Value #"+of.RefID], name)
	}
	for _, override := range p.FieldConfig.Overrides {
		for _, property := range override.Properties {
			if override.Matcher.ID == "byName" && override.Matcher.Options == name && property.ID == "unit" {
				return fmt.Sprint(property.Value)
			}
		}
	}
	return p.FieldConfig.Defaults.Unit
}

// units are Grafana's, by the suffix of the metric that is shown. Other metrics are numbers, in none of these.
var units = map[string]string{"_seconds": "s", "_bytes": "bytes", "_ratio": "percentunit"}

// unitFaults says what the panel shows in another unit than it is in.
func (p panel) unitFaults() (faults []string) {
	for _, target := range p.Targets {
		if strings.HasSuffix(target.Expr, "== 1") {
			continue // a flag may lie on any scale
		}
		metric, want := metricName.FindString(target.Expr), ""
		plain := strings.TrimSuffix(strings.TrimSuffix(metric, "_bucket"), "_total")
		for suffix, unit := range units {
			if strings.HasSuffix(plain, suffix) {
				want = unit
			}
		}
		if strings.HasSuffix(metric, "_seconds_total") && strings.Contains(target.Expr, "rate(") {
			want = "percentunit" // seconds of each second
		}
		got := p.unit(target)
		if taken := slices.Contains(slices.Collect(maps.Values(units)), got); got != want && (want != "" || taken) {
			faults = append(faults, fmt.Sprintf("%s is shown in %q, not in %q", metric, got, want))
		}
	}
	return faults
}

func ourDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(page(t, "deploy/grafana/autoscaled.json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 20 {
		t.Fatalf("the dashboard has only %d panels", len(d.Panels))
	}
	return d
}

func TestTheDashboardShowsMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	v, text := known(t), page(t, "deploy/grafana/autoscaled.json")
	_, recorded := alertRules(t)
	for _, rule := range recorded {
		if strings.Contains(text, rule.Record) {
			t.Errorf("it shows %s, which is only there with our rules", rule.Record)
		}
	}
	d := ourDashboard(t)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			for _, fault := range slices.Concat(v.faults(target.Expr), v.groupFaults(target.Expr)) {
				t.Errorf("panel %s: %s: %s", p.Title, target.Expr, fault)
			}
		}
		for _, fault := range p.unitFaults() {
			t.Errorf("panel %s: %s", p.Title, fault)
		}
	}
	for _, annotation := range d.Annotations.List {
		if annotation.Expr != "" {
			for _, fault := range v.faults(annotation.Expr) {
				t.Errorf("annotation %s: %s", annotation.Name, fault)
			}
		}
	}
	for _, query := range regexp.MustCompile(`label_values\(([a-z_]+), ([a-z]+)\)`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(v.metrics[query[1]], query[2]) {
			t.Errorf("a variable is made of label %s of %s", query[2], query[1])
		}
	}
}

func TestAPanelOfAllGroupsIsFound(t *testing.T) {
	t.Parallel()
	v := known(t)
	for expr, want := range map[string]string{
		`autoscaled_signal_value`:                                                 `autoscaled_signal_value is not narrowed to group=~"$group"`,
		`rate(autoscaled_steps_total{step="order"}[5m])`:                          `autoscaled_steps_total is not narrowed to group=~"$group"`,
		`autoscaled_group_override{group="$group"} == 1`:                          `autoscaled_group_override is not narrowed to group=~"$group"`,
		`autoscaled_group_min_instances + autoscaled_group_info{group=~"$group"}`: `autoscaled_group_min_instances is not narrowed to group=~"$group"`,
		`autoscaled_signal_value{signal="cpu",group=~"$group"}`:                   "",
		`sum(autoscaled_account_orders)`:                                          "",
	} {
		if faults := strings.Join(v.groupFaults(expr), "; "); faults != want {
			t.Errorf("%s: %q, want %q", expr, faults, want)
		}
	}
}

func TestAPanelInAnotherUnitIsFound(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`time() - autoscaled_account_snapshot_timestamp_seconds`:                                   "s",
		`histogram_quantile(0.9, sum by (le) (rate(autoscaled_scheduler_lag_seconds_bucket[5m])))`: "s",
		`autoscaled_history_bytes`:                       "bytes",
		`autoscaled_signal_measured_ratio`:               "percentunit",
		`rate(process_cpu_seconds_total[5m])`:            "percentunit",
		`increase(process_cpu_seconds_total[5m])`:        "s",
		`sum(rate(autoscaled_provider_calls_total[5m]))`: "reqps",
		`autoscaled_group_desired_instances`:             "short",
	} {
		for _, unit := range []string{"s", "bytes", "percentunit", "reqps", "short", ""} {
			p := panel{Targets: []target{{RefID: "A", Expr: expr}}}
			p.FieldConfig.Defaults.Unit = unit
			number := !slices.Contains([]string{"s", "bytes", "percentunit"}, want) // of what is not judged
			good := unit == want || number && !slices.Contains([]string{"s", "bytes", "percentunit"}, unit)
			if faults := p.unitFaults(); (len(faults) == 0) != good {
				t.Errorf("%s in %q has %q", expr, unit, faults)
			}
		}
	}
}

func TestTheDashboardIsWellLaidOut(t *testing.T) {
	t.Parallel()
	d := ourDashboard(t)
	if d.SchemaVersion < 36 { // from which on a data source is named by type and uid
		t.Errorf("its schema is that of version %d", d.SchemaVersion)
	}
	variables := map[string]string{}
	for _, variable := range d.Templating.List {
		variables[variable.Name] = variable.Type
	}
	if want := map[string]string{"datasource": "datasource", "group": "query"}; !maps.Equal(variables, want) {
		t.Errorf("its variables are %v, want %v", variables, want)
	}
	ids := map[int]string{}
	for i, p := range d.Panels {
		if before, taken := ids[p.ID]; taken || p.ID <= 0 {
			t.Errorf("%s has id %d, as has %s", p.Title, p.ID, before)
		}
		ids[p.ID] = cmp.Or(p.Title, "a panel")
		if at := p.GridPos; p.Title == "" || at.W <= 0 || at.H <= 0 || at.X < 0 || at.Y < 0 || at.X+at.W > 24 {
			t.Errorf("panel %d %q is at %+v", p.ID, p.Title, at)
		}
		for _, other := range d.Panels[:i] {
			if overlap(p, other) {
				t.Errorf("%s lies over %s", p.Title, other.Title)
			}
		}
		if p.Type != "row" {
			checkTargets(t, p)
		}
	}
}

func overlap(a, b panel) bool {
	p, q := a.GridPos, b.GridPos
	return p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H
}

// checkTargets checks that a panel says what it shows, and asks the chosen data source.
func checkTargets(t *testing.T, p panel) {
	t.Helper()
	chosen := dataSource{Type: "prometheus", UID: "${datasource}"}
	if p.Description == "" || len(p.Targets) == 0 || p.Datasource == nil || *p.Datasource != chosen {
		t.Errorf("panel %s: %q, %d targets, data source %v", p.Title, p.Description, len(p.Targets), p.Datasource)
	}
	names := map[string]bool{}
	for _, target := range p.Targets {
		if names[target.RefID] || target.RefID == "" || target.Datasource != chosen {
			t.Errorf("panel %s: target %q asks %v", p.Title, target.RefID, target.Datasource)
		}
		names[target.RefID] = true
	}
}
