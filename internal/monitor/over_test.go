package monitor

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestValuesOfAWindowMakeOne(t *testing.T) {
	t.Parallel()
	points := []point{{1, second(0)}, {5, second(10)}, {3, second(20)}}
	half := math.Exp2(-1) // of a span of 20 s, a value loses half its weight in 10 s
	for name, want := range map[string]float64{
		"":     3,
		"avg":  3,
		"max":  5,
		"min":  1,
		"p50":  3,
		"p90":  5,
		"ewma": (half*half*1 + half*5 + 3) / (half*half + half + 1),
	} {
		how, err := overOf(name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		var r ring
		for _, p := range points {
			r.push(p, 3)
		}
		if got := how(&r, second(20), 20*time.Second); math.Abs(got-want) > 1e-12 {
			t.Errorf("%q of 1, 5 and 3 is %v, want %v", name, got, want)
		}
	}
}

func TestEWMATakesNoNoticeOfHowOftenItWasRead(t *testing.T) {
	t.Parallel()
	var seldom, often ring
	for n := range 61 {
		p := point{min(1, float64(n/30)), second(float64(n))} // 0, then 1 from the half of the span on
		often.push(p, 61)
		if n%2 == 0 {
			seldom.push(p, 61)
		}
	}
	a, b := ewma(&seldom, second(60), time.Minute), ewma(&often, second(60), time.Minute)
	if math.Abs(a-b) > 0.02 || a < 0.6 || a > 0.72 { // two thirds of the weight are in the newer half
		t.Errorf("%v from every second value, and %v from all", a, b)
	}
}

func TestOverOfAnUnknownNameIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sum", "mean", "p100"} {
		if _, err := overOf(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestARingHoldsTheNewest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5).Draw(t, "most")
		var r ring
		var want []float64
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				if r.count > 0 {
					r.dropOldest()
					want = want[1:]
				}
			case 1:
				if r.count > 0 {
					r.dropNewest()
					want = want[:len(want)-1]
				}
			default:
				r.push(point{value: float64(n)}, most)
				want = append(want, float64(n))
				want = want[max(0, len(want)-most):]
			}
			var got []float64
			for i := range r.count {
				got = append(got, r.at(i).value)
			}
			if !slices.Equal(got, want) || r.count > 0 && r.newest().value != want[len(want)-1] {
				t.Fatalf("holds %v, want %v", got, want)
			}
		}
	})
}
