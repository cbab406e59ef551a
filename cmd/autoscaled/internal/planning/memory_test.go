package planning

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// ofSteps is a maker of a study of so many steps.
func ofSteps(steps int, step time.Duration, o Options) *maker {
	if o.Subjects == nil {
		o.Subjects = make([]Subject, 1)
	}
	return &maker{Options: o, study: &Study{Load: &load.Load{Step: step, Signals: []load.Signal{{Totals: make([]float64, steps)}}}}}
}

func TestMoreThanFitsIntoMemoryIsRefusedWithTheStepThatWouldDo(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * 60
	others := make([]Subject, 100)
	against := []Subject{{}, {Role: report.InForce}}
	for name, c := range map[string]struct {
		steps    int
		step     time.Duration
		o        Options
		says     string // empty: it fits
		parallel int
	}{
		"a year of minutes":           {year, time.Minute, Options{Classics: true, Monthly: 1.05, Tune: true}, "", 2},
		"against what is in force":    {year, time.Minute, Options{Subjects: against, Monthly: 1.05}, "", 2},
		"on many cores":               {28 * 24 * 60, time.Minute, Options{Subjects: others, Parallel: 500}, "", 72},
		"all steps of a few policies": {28 * 24 * 60, time.Minute, Options{Classics: true, Series: true, Parallel: 2}, "", 2},
		"a month of seconds":          {2_592_000, time.Second, Options{}, "2,592,000 steps of 1s in 3 runs take too much memory: take --step 5s, less of the history with --last, or fewer comparisons", 0},
		"all steps of many policies":  {year, time.Minute, Options{Classics: true, Series: true}, "525,600 steps of 1m in 10 runs take too much memory: take --step 2m,", 0},
		"growth in short steps":       {60_480, 10 * time.Second, Options{Monthly: 1.05}, "60,480 steps of 10s in 3 runs and a year of growth take too much memory: take --step 30s,", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.o.Parallel == 0 {
				c.o.Parallel = 2
			}
			m := ofSteps(c.steps, c.step, c.o)
			err := m.fit(t.Context())
			if c.says != "" {
				expectError(t, err, c.says)
				return
			}
			if err != nil || m.Parallel != c.parallel {
				t.Errorf("%d are replayed at a time, want %d (%v)", m.Parallel, c.parallel, err)
			}
		})
	}
}

func TestTheStepThatIsToldWouldDo(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 50 * time.Minute, 3 * time.Hour} {
		for _, times := range []float64{1.001, 1.5, 4, 700} {
			if told := roundStep(step, times); float64(told) < times*float64(step) || told%time.Second != 0 {
				t.Errorf("%v times %v is told as %v", step, times, told)
			}
		}
	}
}

func TestTheClassicsAreAsManyAsIsReckonedWith(t *testing.T) {
	t.Parallel()
	if list := classics(&plan.Scenario{Spec: &policy.Spec{}}, usualTarget, []float64{1}); len(list) != classicsCount {
		t.Errorf("they are %d, and %d are reckoned with", len(list), classicsCount)
	}
}

func TestAStepThatLeavesHardlyAnyIsRefused(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	o := Options{Subjects: []Subject{s}, History: read(t, Source{Step: 2 * time.Hour}, steady("requests", "50", 17*60), s), Capacities: Capacities{"requests": 100}, Zone: time.UTC}
	_, err := Make(t.Context(), o)
	expectError(t, err, "of the history are scored, and that is 9 steps of 2h")
	o.History = read(t, Source{Step: time.Hour}, steady("requests", "50", 18*60), s)
	made(t, o)
	o.ScoreAfter = 9 * time.Hour
	_, err = Make(t.Context(), o)
	expectError(t, err, "9 hours of the history are scored, and that is 9 steps of 1h: a plan needs 10 at least; take a shorter --step, or more history")
}
