package daemon_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func TestACostThatNobodyKnowsSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		billing string
		dry     bool
		code    httpd.Code
	}{
		"write billing at providers.gio":              {code: httpd.NotFound},
		"no history is kept; write history.retention": {billing: "gp-gio", dry: true, code: httpd.NotFound},
	} {
		s := newScene(t)
		if c.billing != "" {
			s.replace("    call_timeout: 5s\n", "    call_timeout: 5s\n    billing: "+c.billing+"\n")
		}
		d, _, err := s.new(t, func(o *daemon.Options) { o.DryRun = c.dry })
		if err != nil {
			t.Fatal(err)
		}
		var problem httpd.Error
		if _, err := d.Cost(t.Context(), "web"); !errors.As(err, &problem) || problem.Code != c.code || !strings.Contains(problem.Text, says) {
			t.Errorf("error is %v, want %s: %q", err, c.code, says)
		}
		var unknown fleet.UnknownGroupError
		if _, err := d.Cost(t.Context(), "wbe"); !errors.As(err, &unknown) {
			t.Errorf("of an unknown group it is %v", err)
		}
		ended(t, d)
	}
}

func TestACostIsOfWhatTheRunningDaemonDecided(t *testing.T) {
	t.Parallel()
	s := newScene(t).replace("mode: act", "mode: recommend").replace("    call_timeout: 5s\n", "    call_timeout: 5s\n    billing: gp-gio\n")
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	client := httpd.NewClient(filepath.Join(s.directory, "control.sock"))
	eventually(t, "a decision is in the history, and its cost is told", func() bool {
		moments, err := client.Decisions(t.Context(), "web", time.Now().Add(-time.Hour), time.Now(), true)
		return err == nil && len(moments.Moments) > 0
	})
	cost, err := client.Cost(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(cost.Model, "Nobody pays this: the group only recommends") || !strings.Contains(cost.Model, "The prices are made up.") {
		t.Errorf("the model does not say what the sums are: %s", cost.Model)
	}
	if cost.Currency != "JPY" || cost.Month < cost.Today || cost.MonthExpected == nil || *cost.MonthExpected < cost.Month {
		t.Errorf("it costs %+v", cost)
	}
}

func TestTheMetricsTellWhatAGroupCosts(t *testing.T) {
	t.Parallel()
	s, _ := priced(t, "10")
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	costs := func() map[string]float64 {
		values := map[string]float64{}
		for _, family := range gather(t, d.Registry) {
			if name, is := strings.CutPrefix(family.GetName(), "autoscaled_group_cost_"); is {
				for _, metric := range family.GetMetric() {
					key := name
					for _, label := range metric.GetLabel() {
						key += " " + label.GetValue()
					}
					values[key] = metric.GetGauge().GetValue()
				}
			}
		}
		return values
	}
	eventually(t, "costs are shown", func() bool { return len(costs()) == 3 })
	want, err := d.Cost(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	shown := costs()
	if got := shown["month_expected JPY web"]; got < 20 || got > *want.MonthExpected+20 || got < *want.MonthExpected-20 { // two machines, at 10 an hour
		t.Errorf("%v is shown, and %v told", shown, *want.MonthExpected)
	}
	if today, month := shown["today JPY web"], shown["month JPY web"]; today <= 0 || month < today || month > want.Month+20 {
		t.Errorf("%v is shown, and %+v told", shown, want)
	}
}
