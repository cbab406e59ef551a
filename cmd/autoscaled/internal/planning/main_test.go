package planning

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// began is when the histories of the tests begin: a midnight of Tokyo.
var began = time.Date(2026, time.March, 31, 15, 0, 0, 0, time.UTC)

// groupOf is a configuration of the group web with signals and the rest of it.
func groupOf(t *testing.T, signals, rest string) *config.Config {
	t.Helper()
	text := fmt.Sprintf(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 1
    max: 20
    template: {source: gc00000001, type: V40}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80}}]
    signals: {%s}
    %s
`, signals, strings.ReplaceAll(rest, "\n", "\n    "))
	c, err := config.Parse("web.yaml", []byte(text), config.Env{SkipSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// onRequests is a subject that gives each instance 70 requests per second.
func onRequests(t *testing.T) Subject {
	t.Helper()
	return subject(t, groupOf(t, "requests: {promql: requests}", "policies: [{target: {signal: requests, per_instance: 70}}]"), report.Proposed)
}

// onCPU is a subject that keeps its instances at 60 %.
func onCPU(t *testing.T) Subject {
	t.Helper()
	return subject(t, groupOf(t, "cpu: {snmp: {profile: cpu_busy}}", "policies: [{target: {signal: cpu, value: 60%}}]"), report.Proposed)
}

func subject(t *testing.T, c *config.Config, role report.Role) Subject {
	t.Helper()
	s, err := NewSubject(c, "web", role)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// table is a history with a row a minute.
func table(header string, minutes int, row func(minute int) string) string {
	var b strings.Builder
	b.WriteString("timestamp," + header + "\n")
	for minute := range minutes {
		fmt.Fprintf(&b, "%s,%s\n", began.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339), row(minute))
	}
	return b.String()
}

// steady is a history of the same row throughout.
func steady(header, row string, minutes int) string {
	return table(header, minutes, func(int) string { return row })
}

// written writes a file and returns its path.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAs reads a table.
func readAs(t *testing.T, s Source, text string, subjects ...Subject) (*History, error) {
	t.Helper()
	s.CSV, s.Table = "history.csv", strings.NewReader(text)
	return s.Read(t.Context(), subjects)
}

// read is readAs of what must be good.
func read(t *testing.T, s Source, text string, subjects ...Subject) *History {
	t.Helper()
	h, err := readAs(t, s, text, subjects...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// made is a study without a bill unless the options have prices.
func made(t *testing.T, o Options) *Study {
	t.Helper()
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.Parallel = 2
	study, err := Make(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return study
}

// expectError holds that an error says something.
func expectError(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %v, and should say %q", err, says)
	}
}
