package elasticity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
)

// expect compares figures by name, to nine digits.
func expect(t *testing.T, figures map[string][2]float64) {
	t.Helper()
	for name, figure := range figures {
		if got, want := figure[0], figure[1]; math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) || math.IsNaN(got) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// loadOf is a load that needs just so many instances.
func loadOf(need []int) []float64 {
	load := make([]float64, len(need))
	for i, n := range need {
		load[i] = float64(n)
	}
	return load
}

// Six steps of ten minutes, reckoned by hand.
//
//	need     1    2    4    4    2    1
//	serving  2    2    2    3    4    2
//	load    0.5  2.0  3.5  4.0  1.5  0
func sixSteps() elasticity.Run {
	return elasticity.Run{
		Step:     10 * time.Minute,
		Load:     []float64{0.5, 2, 3.5, 4, 1.5, 0},
		Need:     []int{1, 2, 4, 4, 2, 0},
		Serving:  []int{2, 2, 2, 3, 4, 2},
		Paid:     []int{2, 4, 4, 4, 4, 2},
		Desired:  []int{2, 4, 4, 4, 3, 2},
		Censored: []bool{false, false, true, true, false, false},
	}
}

func TestARunOfSixStepsMeasuresAsReckonedByHand(t *testing.T) {
	t.Parallel()
	m := elasticity.Measure(sixSteps())
	const thetaU, thetaO, tauU, tauO, upsilon = (2.0/4 + 1.0/4) / 6, (1.0/1 + 2.0/2 + 1.0/1) / 6, 2.0 / 6, 3.0 / 6, 4.0 / 5
	expect(t, map[string][2]float64{
		"theta U": {m.ThetaU, thetaU},
		"theta O": {m.ThetaO, thetaO},
		"tau U":   {m.TauU, tauU},
		"tau O":   {m.TauO, tauO},
		// Need: + + 0 − −, supply: 0 0 + + −.
		"upsilon": {m.Upsilon, upsilon},
		// Supply changes by 0+0+1+1+2 = 4, need by 1+2+0+2+1 = 6, within an hour.
		"jitter":           {m.JitterPerHour, -2},
		"sigma":            {m.Sigma, math.Pow(math.Pow(thetaU, 5)+math.Pow(thetaO, 5)+math.Pow(tauU, 5)+math.Pow(tauO, 5)+math.Pow(upsilon, 5), 0.2)},
		"overload minutes": {m.OverloadMinutes, 20},
		"short":            {m.ShortHours, 3.0 / 6},
		"spare":            {m.SpareHours, 4.0 / 6},
		"load":             {m.LoadHours, 11.5 / 6},
		"lost":             {m.LostHours, 2.5 / 6},
		"lost share":       {m.LostLoad, 2.5 / 11.5},
		"instance-hours":   {m.InstanceHours, 20.0 / 6},
		"optimum":          {m.OptimumHours, 14.0 / 6},
		"against optimum":  {m.AgainstOptimum, 20.0 / 14},
		"censored":         {m.Censored, 2.0 / 6},
	})
	if m.Steps != 6 || m.Duration != time.Hour || m.CensoredSteps != 2 {
		t.Errorf("got %d steps, %v, %d censored", m.Steps, m.Duration, m.CensoredSteps)
	}
	if m.Scalings != 3 || m.ScalingOut != 1 || m.ScalingIn != 2 {
		t.Errorf("got %d scalings, %d out and %d in", m.Scalings, m.ScalingOut, m.ScalingIn)
	}
}

// The worked example is that of BUNGEE's own tests: in 20 minutes an area of 13 below the
// need and of 16 above it, 6 minutes with too few and 8 with too many, 17 changes of supply
// to 9 of need.
func TestTheWorkedExampleOfBUNGEEHolds(t *testing.T) {
	t.Parallel()
	need := slices.Concat(slices.Repeat([]int{1}, 7), slices.Repeat([]int{5}, 9), []int{3, 2, 2, 4})
	serving := slices.Concat([]int{1, 1, 2, 1, 1}, slices.Repeat([]int{3}, 4), []int{7, 7, 6, 8, 8}, slices.Repeat([]int{2}, 6))
	m := elasticity.Measure(elasticity.Run{Step: time.Minute, Load: loadOf(need), Need: need, Serving: serving})
	expect(t, map[string][2]float64{
		"area below": {m.ShortHours * 60, 13},
		"area above": {m.SpareHours * 60, 16},
		"tau U":      {m.TauU, 6.0 / 20},
		"tau O":      {m.TauO, 8.0 / 20},
		"jitter":     {m.JitterPerHour / 60, (17.0 - 9) / 20},
	})
}

func TestAPerfectScalerHasNothingToBeBlamedFor(t *testing.T) {
	t.Parallel()
	need := []int{1, 2, 1, 3, 7, 6, 8, 2}
	m := elasticity.Measure(elasticity.Run{Step: time.Minute, Load: loadOf(need), Need: need, Serving: need, Paid: need, Desired: need})
	expect(t, map[string][2]float64{
		"theta U": {m.ThetaU, 0}, "theta O": {m.ThetaO, 0}, "tau U": {m.TauU, 0}, "tau O": {m.TauO, 0},
		"upsilon": {m.Upsilon, 0}, "jitter": {m.JitterPerHour, 0}, "sigma": {m.Sigma, 0}, "lost": {m.LostLoad, 0},
		"against optimum": {m.AgainstOptimum, 1},
	})
	if m.Scalings != 7 || m.ScalingOut != 4 || m.ScalingIn != 3 {
		t.Errorf("got %d scalings, %d out and %d in", m.Scalings, m.ScalingOut, m.ScalingIn)
	}
}

func TestWhatMayBeLeftOutIsThatOfTheInstancesThatServe(t *testing.T) {
	t.Parallel()
	run := sixSteps()
	run.Paid, run.Desired, run.Censored = nil, nil, nil
	m := elasticity.Measure(run)
	expect(t, map[string][2]float64{"instance-hours": {m.InstanceHours, 15.0 / 6}, "censored": {m.Censored, 0}})
	if m.ScalingOut != 2 || m.ScalingIn != 1 {
		t.Errorf("got %d out and %d in", m.ScalingOut, m.ScalingIn)
	}
}

func TestNoRunHasAFigureThatIsNotFinite(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]elasticity.Run{
		"no steps":   {Step: time.Minute},
		"one step":   {Step: time.Minute, Load: []float64{0}, Need: []int{0}, Serving: []int{0}},
		"no load":    {Step: time.Minute, Load: []float64{0, 0}, Need: []int{0, 0}, Serving: []int{1, 1}},
		"no servers": {Step: time.Minute, Load: []float64{3, 4}, Need: []int{3, 4}, Serving: []int{0, 0}},
		"no step":    {Load: []float64{3, 4}, Need: []int{3, 4}, Serving: []int{1, 3}},
	} {
		m := elasticity.Measure(run)
		for i, figure := range []float64{
			m.Censored, m.ThetaU, m.ThetaO, m.TauU, m.TauO, m.Upsilon, m.JitterPerHour, m.Sigma, m.OverloadMinutes,
			m.ShortHours, m.SpareHours, m.LoadHours, m.LostHours, m.LostLoad, m.InstanceHours, m.OptimumHours, m.AgainstOptimum,
		} {
			if math.IsNaN(figure) || math.IsInf(figure, 0) {
				t.Errorf("%s: figure %d is %v", name, i, figure)
			}
		}
	}
	m := elasticity.Measure(elasticity.Run{Step: time.Minute, Load: []float64{3, 4}, Need: []int{3, 4}, Serving: []int{0, 0}})
	expect(t, map[string][2]float64{"without servers all is lost": {m.LostLoad, 1}, "and missing": {m.ThetaU, 1}})
}

// aYear is a run of a year of minutes, that follows its need some minutes late.
func aYear(seed uint64) elasticity.Run {
	const minutes, late = 365 * 24 * 60, 10
	random := rand.New(rand.NewPCG(seed, 1))
	run := elasticity.Run{
		Step: time.Minute, Load: make([]float64, minutes), Need: make([]int, minutes),
		Serving: make([]int, minutes), Paid: make([]int, minutes), Censored: make([]bool, minutes),
	}
	for i := range minutes {
		run.Load[i] = 10 + 8*math.Sin(2*math.Pi*float64(i)/1440) + random.Float64()
		run.Need[i] = int(math.Ceil(run.Load[i]))
		run.Serving[i] = run.Need[max(0, i-late)]
		run.Paid[i] = max(run.Serving[i], run.Need[i])
		run.Censored[i] = run.Load[i] > float64(run.Serving[i])
	}
	return run
}

func TestMeasuringAllocatesNothing(t *testing.T) { // AllocsPerRun wants the process for itself
	run := aYear(1)
	if n := testing.AllocsPerRun(2, func() { elasticity.Measure(run) }); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func TestARunIsTheSumOfItsParts(t *testing.T) {
	t.Parallel()
	run := aYear(2)
	whole, hours := elasticity.Measure(run), elasticity.Metrics{}
	for from := 0; from < len(run.Load); from += 1440 {
		to := min(from+1440, len(run.Load))
		m := elasticity.Measure(elasticity.Run{
			Step: run.Step, Load: run.Load[from:to], Need: run.Need[from:to], Serving: run.Serving[from:to],
			Paid: run.Paid[from:to], Censored: run.Censored[from:to],
		})
		hours.LostHours += m.LostHours
		hours.LoadHours += m.LoadHours
		hours.OverloadMinutes += m.OverloadMinutes
		hours.InstanceHours += m.InstanceHours
		hours.CensoredSteps += m.CensoredSteps
	}
	expect(t, map[string][2]float64{
		"lost": {hours.LostHours, whole.LostHours}, "load": {hours.LoadHours, whole.LoadHours},
		"overload": {hours.OverloadMinutes, whole.OverloadMinutes}, "instance-hours": {hours.InstanceHours, whole.InstanceHours},
		"censored": {float64(hours.CensoredSteps), float64(whole.CensoredSteps)},
	})
}

func BenchmarkAYearOfMinutes(b *testing.B) {
	run := aYear(1)
	b.ReportAllocs()
	for b.Loop() {
		elasticity.Measure(run)
	}
}
