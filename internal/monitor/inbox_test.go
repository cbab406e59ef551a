package monitor

import (
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func pushed(t *testing.T) *Monitor {
	t.Helper()
	m, err := New(Options{Group: groupOf(10*time.Minute, config.Signal{
		Name: "jobs", Staleness: 30 * time.Second, Push: &config.Push{Token: secret.New("sixteen-letters!")},
	})})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAPushedValueCountsUntilItIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pushed(t)
		read := func() policy.Sample { return m.Read(t.Context(), time.Now(), nil, nil)[0].Group }
		if why := read().Why(); why != policy.Absent {
			t.Errorf("before anything is pushed it is %v", why)
		}
		at := time.Now()
		if kept, err := m.Push("jobs", 40, at.Add(-10*time.Second)); err != nil || !kept {
			t.Fatal(err)
		}
		if got := read(); got != policy.ValueAt(40, at.Add(-10*time.Second)) {
			t.Errorf("got %v", got)
		}
		time.Sleep(21 * time.Second)
		if got := read(); got.Why() != policy.Stale {
			t.Errorf("31 s after it was measured it is %v", got)
		}
	})
}

// What was pushed is told from what was pushed before by its date, of which a history keeps the
// wall clock's. That is no fixed span away from the process's own clock.
func TestAPushedValueHasTheSameDateAtEachReading(t *testing.T) {
	t.Parallel()
	m, at := pushed(t), time.Now()
	if _, err := m.Push("jobs", 40, at); err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		if got := m.Read(t.Context(), time.Now(), nil, nil)[0].Group; got.At().Round(0) != at.Round(0) {
			t.Fatalf("it is of %s, and was pushed at %s", got.At(), at)
		}
	}
}

func TestAnInboxThatIsEmptySaysWhatToSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for format, says := range map[config.PushFormat]string{
			"":                      "POST a value to /v1/push/web/jobs",
			config.PushValue:        "POST a value to /v1/push/web/jobs",
			config.PushDirection:    "no alert has come since the start: POST to /v1/push/web/jobs/up, /down or /keep",
			config.PushAlertmanager: "POST what alertmanager sends to /v1/push/web/jobs/up, /down or /keep",
		} {
			m, err := New(Options{Group: groupOf(10*time.Minute, config.Signal{
				Name: "jobs", Staleness: 30 * time.Second, Push: &config.Push{Token: secret.New("sixteen-letters!"), Format: format},
			})})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.inboxes["jobs"].read().Err; err == nil || !strings.HasSuffix(err.Error(), says) {
				t.Errorf("%s: %v, want %q", format, err, says)
			}
		}
	})
}

func TestAPushThatComesLateChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pushed(t)
		now := time.Now()
		for _, push := range []struct {
			value float64
			age   time.Duration
			kept  bool
		}{{2, time.Second, true}, {1, 2 * time.Second, false}, {3, time.Second, false}} {
			if kept, err := m.Push("jobs", push.value, now.Add(-push.age)); err != nil || kept != push.kept {
				t.Errorf("%v: kept is %v (%v)", push, kept, err)
			}
		}
		if value, _ := m.Read(t.Context(), now, nil, nil)[0].Group.Value(); value != 2 {
			t.Errorf("it shows %v", value)
		}
	})
}

func TestAPushThatCannotBeIsRefusedWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pushed(t)
		now := time.Now()
		for says, push := range map[string]func() (bool, error){
			"no such signal": func() (bool, error) { return m.Push("cpu", 1, now) },
			"finite number":  func() (bool, error) { return m.Push("jobs", math.NaN(), now) },
			"set the clock":  func() (bool, error) { return m.Push("jobs", 1, now.Add(time.Minute)) },
		} {
			if kept, err := push(); kept || err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("want %q: %v", says, err)
			}
		}
		if why := m.Read(t.Context(), now, nil, nil)[0].Group.Why(); why != policy.Absent {
			t.Errorf("a refused push left %v", why)
		}
	})
}

func TestAPushFromALittleAheadHidesNoLaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pushed(t)
		_, _ = m.Push("jobs", 1, time.Now().Add(20*time.Second))
		time.Sleep(time.Second)
		if kept, err := m.Push("jobs", 2, time.Now()); !kept || err != nil {
			t.Errorf("the true one is kept: %v (%v)", kept, err)
		}
	})
}

func TestPushesAndReadingsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	m := pushed(t)
	var pushing sync.WaitGroup
	for n := range 4 {
		pushing.Go(func() {
			for i := range 250 {
				_, _ = m.Push("jobs", float64(n), time.Now().Add(time.Duration(i)))
			}
		})
	}
	for range 100 {
		m.Read(t.Context(), time.Now(), nil, nil)
	}
	pushing.Wait()
	if value, ok := m.Read(t.Context(), time.Now(), nil, nil)[0].Group.Value(); !ok || value < 0 || value > 3 {
		t.Errorf("it shows %v", value)
	}
}

func TestThatNoAlertFiresIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, format := range append(config.PushFormats(), "") {
			m, err := New(Options{Group: groupOf(10*time.Minute, config.Signal{
				Name: "jobs", Staleness: 30 * time.Second, Push: &config.Push{Token: secret.New("sixteen-letters!"), Format: format},
			}, config.Signal{Name: "twice", Formula: "2 * jobs"})})
			if err != nil {
				t.Fatal(err)
			}
			check := func(when string, why policy.Absence) {
				t.Helper()
				signals, faults := m.Read(t.Context(), time.Now(), nil, nil), m.Faults()
				if signals[0].Group.Why() != why || len(faults) != 2 {
					t.Fatalf("%s, %s: %v, and %v", format, when, signals[0], faults)
				}
				alerts := format != config.PushValue && format != ""
				if f := faults[0]; f.Quiet() != alerts || f.Expected() != alerts {
					t.Errorf("%s, %s: it is quiet: %v, and expected: %v", format, when, f.Quiet(), f.Expected())
				}
				if f := faults[1]; f.Quiet() || f.Expected() {
					t.Errorf("%s, %s: of what is made of it %v is expected", format, when, f)
				}
			}
			check("at the start", policy.Absent)
			if _, err := m.Push("jobs", 1, time.Now()); err != nil {
				t.Fatal(err)
			}
			if m.Read(t.Context(), time.Now(), nil, nil); len(m.Faults()) != 0 {
				t.Errorf("%s: while it has a value: %v", format, m.Faults())
			}
			time.Sleep(31 * time.Second)
			check("long after a push", policy.Stale)
		}
	})
}
