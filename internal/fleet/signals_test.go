package fleet_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestTheSignalsOfAGroupAreToldWithTheirAge(t *testing.T) {
	for mode, recommend := range map[string]bool{"act": false, "recommend": true} {
		t.Run(mode, func(t *testing.T) {
			tell(t, setting{recommend: recommend}, func(t *testing.T, w *world) {
				if told, err := w.fleet.Signals("web"); err != nil || !told.ReadAt.IsZero() || len(told.Signals) != 0 {
					t.Errorf("before the first reading: %+v, %v", told, err)
				}
				w.load.change(func(l *load) {
					l.faults = []monitor.Fault{{Signal: "load", Why: policy.Present, Err: errors.New("page stands in for agent")}}
				})
				w.until("it decided", time.Minute, func() bool { return !w.status().Decision.At.IsZero() })
				time.Sleep(w.interval / 2)
				told, err := w.fleet.Signals("web")
				if err != nil || told.Group != "web" || len(told.Signals) != 1 {
					t.Fatalf("told %+v, %v", told, err)
				}
				load := told.Signals[0]
				if load.Name != "load" || load.Value == nil || *load.Value != 200 || load.Quality != "present" || load.Fault != "page stands in for agent" {
					t.Errorf("told %+v", load)
				}
				if age := w.now().Sub(told.ReadAt).Seconds(); load.AgeSeconds == nil || *load.AgeSeconds < age || *load.AgeSeconds > age+2*w.interval.Seconds() {
					t.Errorf("it is told to be %v s old, and was read %v s ago", load.AgeSeconds, age)
				}
				if s := w.status().Signals[0]; s.Faults != 1 || s.Fault != "page stands in for agent" || s.FaultExpected {
					t.Errorf("the status is %+v", s)
				}
				w.load.lose()
				w.until("the value is missing", time.Minute, func() bool { return w.status().Signals[0].Value == nil })
				told, err = w.fleet.Signals("web")
				if load := told.Signals[0]; err != nil || load.Value != nil || load.AgeSeconds != nil || load.Quality != "failed" {
					t.Errorf("without a value: %+v, %v", load, err)
				}
			})
		})
	}
}

func TestThereAreNoSignalsOfAnUnknownGroup(t *testing.T) {
	tell(t, setting{recommend: true}, func(t *testing.T, w *world) {
		_, err := w.fleet.Signals("wev")
		var unknown fleet.UnknownGroupError
		if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "did you mean `web`?") {
			t.Errorf("error is %v", err)
		}
	})
}

func ref(v float64) *float64 { return &v }

func TestEachInstanceIsToldWithWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	signals := []policy.Signal{{
		Name: "cpu", PerInstance: true, Statistic: policy.Maximum, Ceiling: 1, Instances: []policy.InstanceSample{
			{Instance: "a", Sample: policy.ValueAt(0.4, at(2))},
			{Instance: "b", Sample: policy.ValueAt(0.5, at(12))},
			{Instance: "c", Sample: policy.Doubted(0.9, policy.Frozen, at(3))},
			{Instance: "d", Sample: policy.Missing(policy.Failed, now)},
		},
	}, {
		Name: "rate", Group: policy.Doubted(7, policy.Disagrees, at(1)),
	}, {
		Name: "sum", PerInstance: true, Statistic: policy.Sum, Instances: []policy.InstanceSample{
			{Instance: "a", Sample: policy.ValueAt(1e308, at(2))}, {Instance: "b", Sample: policy.ValueAt(1e308, at(2))},
		},
	}}
	faults := []monitor.Fault{
		{Signal: "cpu", Instance: "b", Err: errors.New("another stands in")},
		{Signal: "cpu", Instance: "d", Why: policy.Failed, Err: errors.New("timed out")},
		{Signal: "rate", Why: policy.Disagrees, Err: errors.New("it disagrees")},
	}
	want := []fleet.SignalReport{{
		Name: "cpu", Statistic: "max", Ceiling: 1, Measured: 2, Of: 4,
		Shown: fleet.Shown{Value: ref(0.5), Quality: "present", AgeSeconds: ref(12)},
		Instances: []fleet.InstanceReport{
			{Instance: "a", Shown: fleet.Shown{Value: ref(0.4), Quality: "present", AgeSeconds: ref(2)}},
			{Instance: "b", Shown: fleet.Shown{Value: ref(0.5), Quality: "present", AgeSeconds: ref(12), Fault: "another stands in"}},
			{Instance: "c", Shown: fleet.Shown{Doubted: ref(0.9), Quality: "frozen", AgeSeconds: ref(3)}},
			{Instance: "d", Shown: fleet.Shown{Quality: "failed", Fault: "timed out"}},
		},
	}, {
		Name: "rate", Of: 1, Shown: fleet.Shown{Doubted: ref(7), Quality: "disagrees", AgeSeconds: ref(1), Fault: "it disagrees"},
	}}
	got := fleet.ReportSignals(signals, faults, now)
	if !reflect.DeepEqual(got[:2], want) {
		t.Errorf("got\n%+v\nwant\n%+v", got[:2], want)
	}
	if sum := got[2]; sum.Value != nil || sum.Quality != "not_finite" || len(sum.Instances) != 2 {
		t.Errorf("a sum that is too large: %+v", sum)
	}
}
