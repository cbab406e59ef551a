package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckSaysInOneLineWhatAGoodFileIsAbout(t *testing.T) {
	t.Parallel()
	out, errs, err := execute(t, "check", "../../configs/minimal.yaml", "../../configs/prometheus.yaml")
	if err != nil || errs != "" {
		t.Fatalf("error is %v: %s", err, errs)
	}
	want := "../../configs/minimal.yaml: good: 1 group: web (recommend, 2 to 6)\n" +
		"../../configs/prometheus.yaml: good: 2 groups: web (recommend, 2 to 20), worker (recommend, 1 to 10)\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestCheckSaysInALineEachWhatForecastsPromise(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "forecasts.yaml")
	if err := os.WriteFile(file, []byte(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 1
    max: 3
    template: {source: gc00000001, type: V40}
    signals:
      cpu: {snmp: {profile: cpu_busy}}
      busy: {promql: avg(busy), ceiling: 100}
      requests: {promql: sum(requests)}
    policies:
      - forecast: {signal: cpu, value: 80%, fallback: 60%}
      - forecast: {signal: requests, per_instance: 12500, budget: 0.5%, time_to_serve: 15m}
    shadow:
      policies:
        - target: {signal: cpu, value: 60%}
        - forecast: {signal: busy, value: 80, quantile: 99.9%}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, err := execute(t, "check", file)
	if err != nil || errs != "" {
		t.Fatalf("error is %v: %s", err, errs)
	}
	want := file + `: good: 1 group: web (recommend, 1 to 3)
  web: forecast/cpu orders about 10m ahead, so that cpu is above 80% for at most 1% of the time; while it abstains, cpu is held at 60%
  web: forecast/requests orders about 15m ahead, so that requests is above 12500 an instance for at most 0.5% of the time; while it abstains, requests is held at 8750 an instance
  web/shadow: forecast/busy orders about 10m ahead, so that 99.9% of its plans keep busy at 80 or below; while it abstains, the others decide
`
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestCheckNamesEveryFaultOfEveryFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	minimal, err := os.ReadFile("../../configs/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	faulty := filepath.Join(directory, "faulty.yaml")
	text := strings.NewReplacer("min: 2", "min: 9", "pool: web", "pol: web", "value: 60%", "value: 160%").Replace(string(minimal))
	if err := os.WriteFile(faulty, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, err := execute(t, "check", faulty, filepath.Join(directory, "missing.yaml"), "../../configs/minimal.yaml")
	if err == nil || err.Error() != "" {
		t.Errorf("the error is %v, and should be a silent one", err)
	}
	if !strings.Contains(out, "minimal.yaml: good") {
		t.Errorf("the good file is not reported:\n%s", out)
	}
	golden(t, "check_faults.txt", strings.ReplaceAll(errs, directory+"/", ""))
}

func TestCheckTellsProgramsWhereEachFaultIs(t *testing.T) {
	t.Parallel()
	faulty := filepath.Join(t.TempDir(), "faulty.yaml")
	if err := os.WriteFile(faulty, []byte("grops: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, err := execute(t, "check", faulty, faulty+".missing", "../../configs/minimal.yaml", "-o", "json")
	var got []checked
	if statusOf(err) != failedStatus || errs != "" || json.Unmarshal([]byte(out), &got) != nil || len(got) != 3 {
		t.Fatalf("error is %v, said %q, as JSON\n%s", err, errs, out)
	}
	fault := problem{"", 1, 1, "grops", "unknown key `grops`: did you mean `groups`?"}
	if got[0].Good || got[0].File != faulty || got[0].Problems[0].Line != fault.Line || got[0].Problems[0].Text != fault.Text {
		t.Errorf("the faulty file is %+v", got[0])
	}
	if got[1].Good || len(got[1].Problems) != 1 || !got[2].Good || got[2].Summary == "" {
		t.Errorf("the others are %+v", got[1:])
	}
}

func TestACommandSaysWhatItIsMissing(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check"}, {"pause"}, {"resume"}, {"adopt"}, {"disown"}, {"protect"}, {"unprotect"}, {"preflight"}, {"orders", "extra"}, {"run", "extra"}, {"rnu"}, {"simulator", "--speed", "0"}} {
		if _, _, err := execute(t, args...); err == nil || err.Error() == "" {
			t.Errorf("%v: error is %v", args, err)
		}
	}
}

func TestRunReportsAFaultyConfigurationBeforeItStartsAnything(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faulty.yaml")
	if err := os.WriteFile(file, []byte("grops: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := execute(t, "run", "--config", file)
	if err == nil || !strings.Contains(err.Error(), "faulty.yaml:1:1: unknown key `grops`: did you mean `groups`?") {
		t.Errorf("error is %v", err)
	}
}
