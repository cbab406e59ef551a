package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// finely is the load by so short a step.
func finely(l *load.Load, step time.Duration) *load.Load {
	times := int(l.Step / step)
	fine := &load.Load{Start: l.Start, Step: step}
	for _, signal := range l.Signals {
		var totals []float64
		for _, total := range signal.Totals {
			totals = append(totals, slices.Repeat([]float64{total}, times)...)
		}
		fine.Signals = append(fine.Signals, load.Signal{Name: signal.Name, Totals: totals})
	}
	return fine
}

// everyMinute picks what a series of finer steps held at the end of each minute.
func everyMinute(series []int, step time.Duration) (picked []int) {
	times := int(time.Minute / step)
	for i := times - 1; i < len(series); i += times {
		picked = append(picked, series[i])
	}
	return picked
}

// alikeInMinutes says that a spec of a short interval leads to the same sizes when it is
// evaluated by the minute as when it is by its interval.
func alikeInMinutes(t *testing.T, spec *policy.Spec, l *load.Load, want ...int) {
	t.Helper()
	s := scenario(l)
	s.Spec = spec
	expect(t, "by the minute desired", replay(t, s).Desired, want...)
	s.Load = finely(l, spec.Interval)
	expect(t, "by the interval desired", everyMinute(replay(t, s).Desired, spec.Interval), want...)
}

// quick is an exact spec that is evaluated every 10 s.
func quick() *policy.Spec {
	spec := exact()
	spec.Interval, spec.Gap = 10*time.Second, 30*time.Second
	return spec
}

func TestStepsLongerThanTheIntervalInterruptNoWindow(t *testing.T) {
	t.Parallel()
	spec := quick()
	spec.In.Stabilization = 3 * time.Minute
	spec.Gap += spec.In.Stabilization / 10
	alikeInMinutes(t, spec, phases(phase{2, 4}, phase{6, 2}), 4, 4, 4, 4, 2, 2, 2, 2)
}

func TestOutOfSoManyEvaluationsStaysAsMuchTime(t *testing.T) {
	t.Parallel()
	spec, above := quick(), 150.0
	spec.Policies = []policy.Rule{{Name: "threshold", Threshold: &policy.Threshold{
		When: []policy.Condition{{Signal: "rate", Above: &above}}, Change: policy.Change{Count: 1}, Hits: 18, Of: 18,
	}}}
	s := scenario(phases(phase{2, 1}, phase{5, 2}))
	s.Spec = spec
	// Three minutes of it: those that end at minutes 4, 5 and 6.
	expect(t, "desired", replay(t, s).Desired, 1, 1, 1, 1, 2, 3, 4)
}

func TestARateOfLessThanAStepIsOneOfAStep(t *testing.T) {
	t.Parallel()
	spec := quick()
	spec.Out.Rates = []policy.Rate{{Count: 2, Period: 30 * time.Second}}
	s := scenario(phases(phase{1, 1}, phase{5, 14}))
	s.Spec = spec
	expect(t, "by number desired", replay(t, s).Desired, 1, 5, 9, 13, 14, 14)
	spec.Out.Rates = []policy.Rate{{Share: 1, Period: 30 * time.Second}}
	expect(t, "by share desired", replay(t, s).Desired, 1, 4, 14, 14, 14, 14)
	spec.Out.Rates, spec.In.Rates = nil, []policy.Rate{{Share: 0.5, Period: 30 * time.Second}}
	s.Load = phases(phase{1, 16}, phase{3, 1})
	expect(t, "shrinking by share desired", replay(t, s).Desired, 16, 4, 1, 1)
}

func TestAnIntervalOfSeveralStepsIsDecidedOnOnceInIt(t *testing.T) {
	t.Parallel()
	s := scenario(rate(1, 2, 3, 4, 5, 6, 7, 8))
	s.Spec.Interval = 150 * time.Second // 2.5 steps: decided at minutes 0, 3, 6
	expect(t, "desired", replay(t, s).Desired, 1, 1, 1, 4, 4, 4, 7, 7)
}
