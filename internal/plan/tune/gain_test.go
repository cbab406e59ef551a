package tune

import (
	"math"
	"math/rand/v2"
	"testing"
)

func lottery(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestDaysThatAreAllAlikeLeaveNoDoubt(t *testing.T) {
	t.Parallel()
	var now, present []dayFigures
	for range 5 {
		now, present = append(now, dayFigures{80, 3}), append(present, dayFigures{100, 1})
	}
	got := gainOf(now, present, lottery(1))
	want := Gain{Cost: Interval{-0.2, -0.2, -0.2}, OverloadMinutes: Interval{10, 10, 10}, Days: 5, CheaperDays: 5, WorseDays: 5}
	if math.Abs(got.Cost.Low+0.2) > 1e-12 || math.Abs(got.Cost.High+0.2) > 1e-12 {
		t.Errorf("cost %+v, and should be −20 %%", got.Cost)
	}
	if got.Cost = want.Cost; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOfFewDaysOneThatDisagreesLeavesTheGainOpen(t *testing.T) {
	t.Parallel()
	present := []dayFigures{{100, 0}, {100, 0}, {100, 0}, {100, 0}}
	now := []dayFigures{{70, 0}, {70, 0}, {101, 0}, {70, 0}}
	got := gainOf(now, present, lottery(1))
	if got.Cost.High < 0 || got.Cost.Low > -0.29 || got.CheaperDays != 3 || got.DearerDays != 1 {
		t.Errorf("got %+v", got)
	}
	now[2].cost = 80
	if got := gainOf(now, present, lottery(1)); got.Cost.High >= 0 {
		t.Errorf("got %+v: on all four days it was cheaper by far", got)
	}
}

func TestADearDayWeighsMoreThanACheapOne(t *testing.T) {
	t.Parallel()
	got := gainOf([]dayFigures{{500, 0}, {20, 0}}, []dayFigures{{1000, 0}, {10, 0}}, lottery(1))
	if want := -490.0 / 1010; math.Abs(got.Cost.Value-want) > 1e-12 {
		t.Errorf("got %v, want %v", got.Cost.Value, want)
	}
}

func TestWhatCostsNothingHasNoGain(t *testing.T) {
	t.Parallel()
	got := gainOf(make([]dayFigures, 4), make([]dayFigures, 4), lottery(1))
	if got != (Gain{Days: 4}) {
		t.Errorf("got %+v", got)
	}
}

// The truth has to be within the interval 19 times of 20, whatever days are like.
func TestTheIntervalHoldsTheTruth(t *testing.T) {
	t.Parallel()
	const trials, truth = 300, -5.0
	for name, c := range map[string]struct {
		days  int
		draw  func(*rand.Rand) float64 // with a mean of 0
		least float64
	}{
		"5 days, even":    {5, func(r *rand.Rand) float64 { return 6 * r.NormFloat64() }, 0.91},
		"9 days, even":    {9, func(r *rand.Rand) float64 { return 6 * r.NormFloat64() }, 0.93},
		"30 days, even":   {30, func(r *rand.Rand) float64 { return 6 * r.NormFloat64() }, 0.93},
		"9 days, skewed":  {9, func(r *rand.Rand) float64 { return 6 * (r.ExpFloat64() - 1) }, 0.87},
		"30 days, skewed": {30, func(r *rand.Rand) float64 { return 6 * (r.ExpFloat64() - 1) }, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random, within, wide := lottery(1), 0, 0.0
			for range trials {
				now, present := make([]dayFigures, c.days), make([]dayFigures, c.days)
				for i := range now {
					present[i] = dayFigures{cost: 100}
					now[i] = dayFigures{cost: 100 + truth + c.draw(random)}
				}
				cost := gainOf(now, present, random).Cost
				if cost.Low <= truth/100 && truth/100 <= cost.High {
					within++
				}
				wide += cost.High - cost.Low
			}
			share := float64(within) / trials
			t.Logf("%.1f %% within, %.3f wide", 100*share, wide/trials)
			if share < c.least || share > 0.985 {
				t.Errorf("seed 1: the truth is within %.1f %% of the intervals", 100*share)
			}
		})
	}
}

func TestStudentsQuantileIsThatOfTheTables(t *testing.T) {
	t.Parallel()
	for freedom, want := range map[int]float64{3: 3.182, 4: 2.776, 8: 2.306, 29: 2.045, 1000: 1.962} {
		if got := student(freedom); math.Abs(got-want) > 0.01 {
			t.Errorf("%d degrees of freedom: got %v, want %v", freedom, got, want)
		}
	}
}
