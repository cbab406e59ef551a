package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor"
	source "github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestThatNoAlertFiresConcernsNobody(t *testing.T) {
	t.Parallel()
	for format, quiet := range map[config.PushFormat]bool{config.PushValue: false, config.PushDirection: true, config.PushAlertmanager: true, config.PushGrafana: true, config.PushZabbix: true} {
		m, err := monitor.New(monitor.Options{Group: config.Group{Name: "web", Interval: time.Second, Signals: []config.Signal{
			{Name: "alerts", Staleness: time.Minute, Push: &config.Push{Token: secret.New("sixteen-letters!"), Format: format}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		signals := m.Read(t.Context(), now, nil, nil)
		s := signalStatus(signals[0], m.Faults(), now)
		if s.Quiet != quiet || s.FaultExpected != quiet || s.Value != nil || strings.HasPrefix(s.Why, "absent: no alert") != quiet {
			t.Errorf("%s: its status is %+v", format, s)
		}
		if report := ReportSignals(signals, m.Faults(), now)[0]; report.Quiet != quiet {
			t.Errorf("%s: the report is %+v", format, report)
		}
		g := GroupStatus{Decision: DecisionStatus{At: now}, Signals: []SignalStatus{s}}
		if g.NeedsAttention() == quiet {
			t.Errorf("%s: it concerns somebody: %v", format, g.Concerns())
		}
	}
}

func TestTheStatusOfASignalTellsTheWorstOfItsFaults(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	signal := policy.Signal{Name: "cpu", Group: policy.ValueAt(1, now)}
	fault := func(instance string, err error) monitor.Fault {
		return monitor.Fault{Signal: "cpu", Instance: instance, Err: err}
	}
	stale := errors.New("it is stale")
	for name, c := range map[string]struct {
		faults   []monitor.Fault
		count    int
		text     string
		expected bool
	}{
		"none":                    {nil, 0, "", false},
		"of another signal":       {[]monitor.Fault{{Signal: "cpu2", Err: stale}}, 0, "", false},
		"one":                     {[]monitor.Fault{fault("a", stale)}, 1, "a: it is stale", false},
		"of all":                  {[]monitor.Fault{fault("", stale)}, 1, "it is stale", false},
		"an ordinary one":         {[]monitor.Fault{fault("a", source.ErrFirst)}, 1, "a: " + source.ErrFirst.Error(), true},
		"behind an ordinary one":  {[]monitor.Fault{fault("a", source.ErrFirst), fault("b", stale)}, 2, "b: it is stale", false},
		"the first of several":    {[]monitor.Fault{fault("a", stale), fault("b", errors.New("other")), fault("c", source.ErrFirst)}, 3, "a: it is stale", false},
		"the first ordinary ones": {[]monitor.Fault{fault("a", source.ErrFirst), fault("b", source.ErrFirst)}, 2, "a: " + source.ErrFirst.Error(), true},
	} {
		got := signalStatus(signal, c.faults, now)
		if got.Faults != c.count || got.Fault != c.text || got.FaultExpected != c.expected || got.Value == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
