package daemon_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

const metricsPage = "../../../../docs/metrics.md"

var update = flag.Bool("update", false, "write into docs/metrics.md what the daemon shows")

// updateMetrics writes into the page what the families are.
func updateMetrics(t *testing.T, families []*dto.MetricFamily) {
	t.Helper()
	before, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(metricsPage, []byte(withMetrics(string(before), families)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// withMetrics is the page with the types and labels that metrics have. One that it lacks
// gets a row at the end of the last table, with its help as its meaning.
func withMetrics(page string, families []*dto.MetricFamily) string {
	known := shown(families)
	help := map[string]string{}
	for _, family := range families {
		help[family.GetName()] = family.GetHelp()
	}
	page = metricRow.ReplaceAllStringFunc(page, func(row string) string {
		parts := metricRow.FindStringSubmatch(row)
		name := parts[1]
		is, ok := known[name]
		delete(known, name)
		if !ok || is == described(parts) { // labels may be in the order that reads best
			return row
		}
		meaning := strings.TrimSuffix(strings.SplitN(row, " | ", 4)[3], " |")
		return rowOf(name, is, meaning)
	})
	rows := metricRow.FindAllStringIndex(page, -1)
	end := rows[len(rows)-1][1]
	var added strings.Builder
	for _, name := range slices.Sorted(maps.Keys(known)) {
		added.WriteString("\n" + rowOf(name, known[name], help[name]))
	}
	return page[:end] + added.String() + page[end:]
}

func rowOf(name string, is description, meaning string) string {
	labels := strings.Fields(is.labels)
	for i, label := range labels {
		labels[i] = "`" + label + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", name, is.kind, strings.Join(labels, ", "), meaning)
}

func TestThePageOfMetricsTakesOverWhatTheDaemonShows(t *testing.T) {
	t.Parallel()
	const page = "| `autoscaled_old` | gauge | `group`, `account` | What *it* is. |\n| `autoscaled_changed` | gauge |  | It was | so. |\n\nEnd."
	families := []*dto.MetricFamily{
		family("autoscaled_old", dto.MetricType_GAUGE, "Old.", "account", "group"),
		family("autoscaled_changed", dto.MetricType_COUNTER, "Changed.", "group"),
		family("autoscaled_new", dto.MetricType_GAUGE, "What is new."),
	}
	const want = "| `autoscaled_old` | gauge | `group`, `account` | What *it* is. |\n| `autoscaled_changed` | counter | `group` | It was | so. |\n" +
		"| `autoscaled_new` | gauge |  | What is new. |\n\nEnd."
	if got := withMetrics(page, families); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func family(name string, kind dto.MetricType, help string, labels ...string) *dto.MetricFamily {
	metric := &dto.Metric{}
	for _, label := range labels {
		metric.Label = append(metric.Label, &dto.LabelPair{Name: &label})
	}
	return &dto.MetricFamily{Name: &name, Type: &kind, Help: &help, Metric: []*dto.Metric{metric}}
}
