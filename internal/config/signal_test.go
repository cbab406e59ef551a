package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// signalsOf reads the signals of a group.
func signalsOf(t *testing.T, written string) map[string]Signal {
	t.Helper()
	text := `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 0
    max: 3
    template: {source: gc00000001, type: V40}
    policies: [{target: {signal: cpu, value: 60%}}]
    signals:
      cpu: {snmp: {profile: cpu_busy}}
` + written
	config, err := Parse("signals.yaml", []byte(text), furnished().env())
	if err != nil {
		t.Fatal(err)
	}
	signals := map[string]Signal{}
	for _, signal := range config.Groups["web"].Signals {
		signals[signal.Name] = signal
	}
	return signals
}

func TestASignalMadeOfOthersIsAboutWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	signals := signalsOf(t, `
      of-instances: {formula: of-both + 1, statistic: max}
      of-both: {formula: cpu / rate}
      of-group: {formula: rate * 2}
      one-of-instances: {first_of: [of-both, cpu], quorum: 80%}
      one-of-group: {first_of: [of-group, rate]}
      checked: {promql: up, check: {signal: cpu, within: 10%}}
      rate: {promql: rate}
`)
	for name, want := range map[string]bool{
		"cpu": true, "of-instances": true, "of-both": true, "of-group": false, "one-of-instances": true, "one-of-group": false,
		"checked": false, "rate": false,
	} {
		if got := signals[name].PerInstance(); got != want {
			t.Errorf("%s: per instance is %v", name, got)
		}
	}
}

func TestCountersMustMoveUnlessTheFileSaysOtherwise(t *testing.T) {
	t.Parallel()
	signals := signalsOf(t, `
      load: {snmp: {profile: load1}}
      in: {snmp: {profile: network_in}}
      errors: {snmp: {profile: network_errors}}
      own: {snmp: {oid: 1.3.6.1.4.1.1.1, kind: counter}}
      requests: {scrape: {metric: requests, kind: counter}}
      resting: {scrape: {metric: requests, kind: counter}, frozen_after: 0s}
      queue: {scrape: {metric: queue}}
      moving: {promql: queue, frozen_after: 1m}
`)
	for name, want := range map[string]time.Duration{
		"cpu": 0, "load": 0, "in": 5 * time.Minute, "errors": 0, "own": 5 * time.Minute, "requests": 5 * time.Minute, "resting": 0, "queue": 0, "moving": time.Minute,
	} {
		if got := signals[name].FrozenAfter; got != want {
			t.Errorf("%s may stand still for %s, want %s", name, got, want)
		}
	}
}

func TestStatisticsAndWindowsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	signals := signalsOf(t, `
      a: {scrape: {metric: a}, statistic: p95, window: 5m, over: ewma, ceiling: 100%}
      b: {snmp: {oid: 1.3.6.1.4.1.1.1, max: 7}, statistic: median, window: 2h46m40s, over: p50}
`)
	a, b := signals["a"], signals["b"]
	if a.Statistic != "p95" || a.Window != 5*time.Minute || a.Over != "ewma" || a.Most() != 1 {
		t.Errorf("got %+v", a)
	}
	if b.Statistic != "median" || b.Over != "p50" || b.Most() != 7 {
		t.Errorf("got %+v", b)
	}
}

func TestSignalsComeBehindThoseThatTheyUse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e"}
		signals := make([]Signal, len(names))
		for i, name := range names {
			signals[i] = Signal{Name: name, FirstOf: rapid.SliceOfN(rapid.SampledFrom(append(names, "nobody")), 0, 2).Draw(t, "uses")}
			if rapid.Bool().Draw(t, "checked") {
				signals[i].Check = &CrossCheck{Signal: rapid.SampledFrom(names).Draw(t, "against")}
			}
		}
		order, circle := InOrder(signals)
		if circle != nil {
			for i, name := range circle[1:] {
				user := signals[slices.Index(names, circle[i])]
				if !slices.Contains(user.Uses(), name) {
					t.Fatalf("%v is no circle: %s does not use %s", circle, user.Name, name)
				}
			}
			if len(circle) < 2 || circle[0] != circle[len(circle)-1] {
				t.Fatalf("%v is not closed", circle)
			}
			return
		}
		if len(order) != len(signals) {
			t.Fatalf("%v of %d", order, len(signals))
		}
		for at, i := range order {
			for _, used := range signals[i].Uses() {
				if j := slices.Index(names, used); j >= 0 && slices.Index(order, j) >= at {
					t.Fatalf("%v: %s comes before %s, which it uses", order, names[i], used)
				}
			}
		}
	})
}

func TestAFormulaIsHeldAgainstTheNamesOfTheGroup(t *testing.T) {
	t.Parallel()
	parse := formulaOf([]string{"busy", "in-flight", "in"})
	for text, says := range map[string]string{
		"busy / in-flight":  "",
		"busy-in-flight":    "write `busy - in-flight`",
		"in-flight-busy":    "write `in-flight - busy`",
		"bussy * 2":         "did you mean `busy`?",
		"min(2, 3)":         "names no signal",
		"busy *":            "at character 7",
		"zzzzzzzzzzzz + in": "valid: busy, in, in-flight",
	} {
		_, err := parse.parse(text)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}
