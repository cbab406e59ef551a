package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// cluttered is a group whose signals have all that a signal can have.
func cluttered() fleet.GroupSignals {
	at := func(code string, sample policy.Sample) policy.InstanceSample {
		return policy.InstanceSample{Instance: code, Sample: sample}
	}
	signals := []policy.Signal{{
		Name: "cpu", PerInstance: true, Statistic: policy.Average, Ceiling: 1, Instances: []policy.InstanceSample{
			at("gc00000002", policy.ValueAt(0.41372, before(2*time.Second))),
			at("gc00000003", policy.ValueAt(0.45, before(14*time.Second))),
			at("gc00000004", policy.Doubted(0.88, policy.Frozen, before(3*time.Second))),
			at("gc00000005", policy.Missing(policy.Failed, now)),
			at("gc00000006", policy.Missing(policy.Warming, now)),
		},
	}, {
		Name: "net", PerInstance: true, Statistic: policy.Percentile(90), Instances: []policy.InstanceSample{
			at("gc00000002", policy.ValueAt(1_234_567.8, before(time.Second))), at("gc00000003", policy.ValueAt(0, before(time.Second))),
		},
	}, {
		Name: "mem", PerInstance: true, Ceiling: 1, Instances: []policy.InstanceSample{
			at("gc00000002", policy.Missing(policy.Failed, now)), at("gc00000003", policy.Missing(policy.Failed, now)),
		},
	}, {
		Name: "rate", Group: policy.ValueAt(37.512, before(5*time.Second)),
	}, {
		Name: "queue", Group: policy.Missing(policy.Stale, now),
	}, {
		Name: "errors", Group: policy.Doubted(12, policy.Disagrees, before(4*time.Second)),
	}, {
		Name: "empty", PerInstance: true,
	}}
	faults := []monitor.Fault{
		{Signal: "cpu", Instance: "gc00000003", Err: errors.New("page stands in for agent, which is failed: snmp 10.0.0.3:161: no answer in 2 × 2s")},
		{Signal: "cpu", Instance: "gc00000004", Why: policy.Frozen, Err: errors.New("it stands still")},
		{Signal: "cpu", Instance: "gc00000005", Why: policy.Failed, Err: errors.New("snmp 10.0.0.5:161: nobody listens on that port")},
		{Signal: "net", Err: errors.New("all 2 instances have something; the first: no answer")},
		{Signal: "mem", Why: policy.Failed, Err: errors.New("none of the 2 instances answers")},
		{Signal: "queue", Why: policy.Stale, Err: errors.New("its newest value is of 2026-04-01T11:00:00Z")},
		{Signal: "errors", Why: policy.Disagrees, Err: errors.New("it showed 12 while rate showed 37.51")},
	}
	return fleet.GroupSignals{Group: "web", ReadAt: before(4 * time.Second), Signals: fleet.ReportSignals(signals, faults, now)}
}

func TestSignalsShowsEachInstanceAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printGroupSignals(&out, cluttered(), now); err != nil {
		t.Fatal(err)
	}
	golden(t, "signals.txt", out.String())
}

func TestSignalsOfARunningDaemonCanBeReadByPrograms(t *testing.T) {
	t.Parallel()
	want := cluttered()
	out, _, err := execute(t, "signals", "web", "--json", "--socket", serve(t, &fakeFleet{signals: want}))
	var got fleet.GroupSignals
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: it prints\n%s", err, out)
	}
}

func TestSignalsThatWereNotReadYetAreNotShownAsMissing(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "signals", "web", "--socket", serve(t, &fakeFleet{signals: fleet.GroupSignals{Group: "web"}}))
	if err != nil || out != "group web: nothing is read yet\n" {
		t.Errorf("%v: it prints %q", err, out)
	}
}

func TestStatusTellsInOneLineThatSomethingIsWrongWithAValue(t *testing.T) {
	t.Parallel()
	value := 0.5
	status := func(s fleet.SignalStatus) string {
		s.Name, s.Value, s.Measured, s.Of = "cpu", &value, 3, 3
		return printed(t, fleet.Status{Groups: []fleet.GroupStatus{{Name: "web", Signals: []fleet.SignalStatus{s}}}})
	}
	const stands, first = "gc00000003: page stands in for agent", "gc00000003: one reading of a counter makes no rate"
	for line, s := range map[string]fleet.SignalStatus{
		"\n  ! cpu: " + stands + "; see `autoscaled signals web`\n":              {Faults: 1, Fault: stands},
		"\n  ! cpu: " + stands + " (and 2 more); see `autoscaled signals web`\n": {Faults: 3, Fault: stands},
		"\n  cpu: " + first + "; see `autoscaled signals web`\n":                 {Faults: 1, Fault: first, FaultExpected: true},
	} {
		if got := status(s); strings.Count(got, line) != 1 {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if got := status(fleet.SignalStatus{}); strings.Contains(got, "cpu: ;") || strings.Contains(got, "autoscaled signals") {
		t.Errorf("nothing is wrong, and it says\n%s", got)
	}
}

func TestWhatWasNeverPushedIsNotCalledAnAnswer(t *testing.T) {
	t.Parallel()
	signals := []policy.Signal{{Name: "jobs", Group: policy.Missing(policy.Absent, now)}}
	faults := []monitor.Fault{{Signal: "jobs", Why: policy.Absent, Err: errors.New("nobody has pushed since the start")}}
	var out strings.Builder
	if err := printSignals(&out, fleet.ReportSignals(signals, faults, now)); err != nil {
		t.Fatal(err)
	}
	if want := "\nsignal jobs: no value: absent, its source has no value to show\n  ! nobody has pushed since the start\n"; out.String() != want {
		t.Errorf("it prints %q, want %q", out.String(), want)
	}
}

func TestThatNoAlertFiresIsNoTrouble(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	const fault = "no alert has come since the start: POST to /v1/push/web/alerts/up, /down or /keep"
	if err := printSignals(&out, []fleet.SignalReport{{Name: "alerts", Of: 1, Shown: fleet.Shown{Quality: "absent", Fault: fault, Quiet: true}}}); err != nil {
		t.Fatal(err)
	}
	if want := "\nsignal alerts: " + fault + "\n"; out.String() != want {
		t.Errorf("it prints %q, want %q", out.String(), want)
	}
	status := printed(t, fleet.Status{Groups: []fleet.GroupStatus{{Name: "web", Signals: []fleet.SignalStatus{
		{Name: "alerts", Why: "absent: " + fault, Of: 1, Faults: 1, Fault: fault, FaultExpected: true, Quiet: true},
		{Name: "rate", Why: "absent: one reading of a counter makes no rate", Of: 1, Faults: 1, FaultExpected: true},
	}}}})
	if strings.Contains(status, "!") || !strings.Contains(status, "\n  signal alerts: no alert\n  signal rate has no value: absent: one reading") {
		t.Errorf("it prints\n%s", status)
	}
}

func TestEveryAbsenceIsExplained(t *testing.T) {
	t.Parallel()
	for _, absence := range policy.Absences()[1:] {
		if text := absenceText(absence.String()); !strings.Contains(text, ", ") {
			t.Errorf("%s is only said to be %q", absence, text)
		}
	}
}

func TestQuantitiesReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, ceiling float64
		want           string
	}{
		{0, 0, "0"}, {0, 1, "0%"}, {1, 1, "100%"}, {0.4137, 1, "41.4%"}, {0.00125, 1, "0.125%"}, {1.04, 1, "104%"},
		{37.512, 0, "37.51"}, {1_234_567.8, 0, "1235000"}, {-4.25, 0, "-4.25"}, {0.00001234, 0, "0.00001234"},
		{1e20, 0, "1e+20"}, {1e-9, 0, "1e-09"}, {0.5, 100, "0.5"}, {12, 100, "12"},
	} {
		if got := quantity(c.value, c.ceiling); got != c.want {
			t.Errorf("%v of %v: got %s, want %s", c.value, c.ceiling, got, c.want)
		}
	}
	if got := fmt.Sprint(plain(99_999, 4)); got != "100000" {
		t.Errorf("got %s", got)
	}
}
