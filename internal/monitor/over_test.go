package monitor

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestValuesOfAWindowMakeOne(t *testing.T) {
	t.Parallel()
	points := []point{{1, stampOf(second(0))}, {5, stampOf(second(10))}, {3, stampOf(second(20))}}
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
		p := point{min(1, float64(n/30)), stampOf(second(float64(n)))} // 0, then 1 from the half of the span on
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
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				if r.len() > 0 {
					r.dropOldest()
					want = want[1:]
				}
			case 1:
				if r.len() > 0 {
					r.dropNewest()
					want = want[:len(want)-1]
				}
			case 2:
				r.clear()
				want = nil
			default:
				r.push(point{float64(n), stampOf(second(float64(n)))}, most)
				want = append(want, float64(n))
				want = want[max(0, len(want)-most):]
			}
			var got []float64
			for i := range r.len() {
				got = append(got, r.at(i).value)
			}
			if !slices.Equal(got, want) || r.len() > 0 && r.last.value != want[len(want)-1] {
				t.Fatalf("holds %v, want %v", got, want)
			}
		}
	})
}

func TestTheValueThatMOfNReach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 8).Draw(t, "of")
		needs := config.Reach{Count: rapid.IntRange(1, of).Draw(t, "count"), Of: of}
		values := rapid.SliceOfN(rapid.Float64Range(-5, 5), needs.Count, 20).Draw(t, "values")
		var r ring
		for i, v := range values {
			r.push(point{v, stampOf(second(float64(i)))}, 20)
		}
		got := reached(needs)(&r, second(20), time.Minute)
		newest := values[max(0, len(values)-of):]
		atLeast, above := 0, 0
		for _, v := range newest {
			if v >= got {
				atLeast++
			}
			if v > got {
				above++
			}
		}
		if atLeast < needs.Count || above >= needs.Count {
			t.Fatalf("%v: %d reach it and %d exceed it of %v, want %d", got, atLeast, above, newest, needs.Count)
		}
	})
}

func TestASignalOfMOfNGrowsOnMAndShrinksOnN(t *testing.T) {
	t.Parallel()
	signal := with(ofAll("load"), func(s *config.Signal) { s.Over, s.Window = "2 of 3", 3*interval })
	s := newScripted(t, groupOf(10*time.Minute, signal), 0)
	values := []float64{9, 8, 1, 1}
	for n, want := range []policy.Sample{
		policy.Missing(policy.Filling, tick(0)), // one sample tells nothing
		policy.Doubted(8, policy.Filling, tick(1)),
		policy.ValueAt(8, tick(2)),
		policy.ValueAt(1, tick(3)),
	} {
		got := s.read(tick(n), func(string, int) reading.Reading { return says(values[n], tick(n)) })[0].Group
		if got != want {
			t.Errorf("sample %d: got %v, want %v", n, got, want)
		}
	}
	for n := 4; n < 6; n++ { // two samples are lost: of the newest three only one is there
		got := s.read(tick(n), func(string, int) reading.Reading { return silent(tick(n)) })[0].Group
		if _, ok := got.Value(); ok {
			t.Errorf("sample %d: it may shrink on %v although samples are lost", n, got)
		}
	}
}
