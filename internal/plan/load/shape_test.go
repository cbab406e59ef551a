package load

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// shaped is a load of six minutes, with two signals and everything known of them but one step.
func shaped() *Load {
	return &Load{
		Origin: "a test", Start: noon, Step: time.Minute, Serving: []int{1, 2, 3, 4, 5, 6},
		Signals: []Signal{
			{Name: "requests", Totals: []float64{100, 200, 400, math.NaN(), 800, 600}},
			{Name: "cpu", Totals: []float64{10, 20, 40, 60, 80, 60}, Censored: []bool{false, false, false, false, true, false}},
		},
	}
}

func written(l *Load) string { return fmt.Sprintf("%+v", *l) }

func TestShapesLeaveTheLoadAsItIs(t *testing.T) {
	t.Parallel()
	must := func(l *Load, err error) *Load {
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := shaped()
	for name, shape := range map[string]*Load{
		"scaled": l.Scale(2), "grown": l.Grow(1.1),
		"to a peak": must(l.ToPeak("requests", 4, 250)),
		"a part":    must(l.Between(noon, noon.Add(time.Hour))),
		"a crowd":   must(l.FlashCrowd(8, noon, time.Minute)),
	} {
		for i := range shape.Signals {
			clear(shape.Signals[i].Totals)
			clear(shape.Signals[i].Censored)
			shape.Signals[i].Name = "?"
		}
		clear(shape.Serving)
		if written(l) != written(shaped()) {
			t.Fatalf("%s shares with the load, which is now %+v", name, l)
		}
	}
}

func TestALoadIsScaled(t *testing.T) {
	t.Parallel()
	l := shaped().Scale(1.5)
	if !same(l.Signals[0].Totals, []float64{150, 300, 600, math.NaN(), 1200, 900}) || !same(l.Signals[1].Totals, []float64{15, 30, 60, 90, 120, 90}) {
		t.Errorf("got %+v", l)
	}
	if l.Serving != nil || !l.Signals[1].Censored[4] {
		t.Errorf("got %+v: nobody knows how many served another load, and what is censored stays so", l)
	}
}

func TestALoadIsScaledToThePeakOfSoManyInstances(t *testing.T) {
	t.Parallel()
	l, err := shaped().ToPeak("requests", 40, 250)
	if err != nil {
		t.Fatal(err)
	}
	if peak, step := l.Signals[0].Peak(); peak != 10_000 || step != 4 {
		t.Errorf("the peak is %g at %d", peak, step)
	}
	if got := l.Signals[1].Totals[0]; got != 125 {
		t.Errorf("the other signal shows %g, want it scaled alike", got)
	}
	for i := 1; i < 1000; i++ { // the peak is exactly what they carry: a little more would need another
		odd := shaped()
		odd.Signals[0].Totals[2] = 1000 + float64(i)/7
		if odd, err = odd.ToPeak("requests", 40, 1); err != nil || odd.Signals[0].Totals[2] != 40 {
			t.Fatalf("a peak of 1000 + %d/7 becomes %v, %v", i, odd.Signals[0].Totals[2], err)
		}
	}
	idle := shaped()
	clear(idle.Signals[0].Totals)
	for says, shape := range map[string]func() (*Load, error){
		"no signal jobs":            func() (*Load, error) { return shaped().ToPeak("jobs", 1, 1) },
		"never above 0":             func() (*Load, error) { return idle.ToPeak("requests", 1, 1) },
		"0 instances":               func() (*Load, error) { return shaped().ToPeak("requests", 0, 1) },
		"capacity 0":                func() (*Load, error) { return shaped().ToPeak("requests", 1, 0) },
		"capacity NaN":              func() (*Load, error) { return shaped().ToPeak("requests", 1, math.NaN()) },
		"capacity +Inf carry":       func() (*Load, error) { return shaped().ToPeak("requests", 1, math.Inf(1)) },
		"but from 2026-04-01T12:00": func() (*Load, error) { return shaped().Between(noon.Add(-time.Hour), noon) },
		"no step there":             func() (*Load, error) { return shaped().Between(noon.Add(6*time.Minute), noon.Add(time.Hour)) },
		"2026-04-01T12:02:00Z to 2": func() (*Load, error) { return shaped().Between(noon.Add(2*time.Minute), noon.Add(time.Minute)) },
		"put a flash crowd":         func() (*Load, error) { return shaped().FlashCrowd(8, noon.Add(time.Hour), time.Hour) },
		"12:00:00Z for 0s":          func() (*Load, error) { return shaped().FlashCrowd(8, noon, 0) },
	} {
		if _, err := shape(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

func TestAPartOfALoadHasItsInstants(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to time.Duration
		want     []int
	}{
		{0, 6 * time.Minute, []int{1, 2, 3, 4, 5, 6}},
		{-time.Hour, time.Hour, []int{1, 2, 3, 4, 5, 6}},
		{time.Minute, 3 * time.Minute, []int{2, 3}},
		{time.Second, 3*time.Minute + time.Second, []int{2, 3, 4}},
		{5 * time.Minute, 6 * time.Minute, []int{6}},
	} {
		l, err := shaped().Between(noon.Add(test.from), noon.Add(test.to))
		if err != nil {
			t.Fatal(err)
		}
		first := noon.Add(time.Duration(test.want[0]-1) * time.Minute)
		if !slices.Equal(l.Serving, test.want) || !l.Start.Equal(first) || l.Len() != len(test.want) || len(l.Signals[1].Censored) != len(test.want) {
			t.Errorf("from %v to %v: %+v", test.from, test.to, l)
		}
	}
}

func TestGrowthCompounds(t *testing.T) {
	t.Parallel()
	l := &Load{Start: noon, Step: time.Hour, Signals: []Signal{{Name: "requests", Totals: slices.Repeat([]float64{100}, 366*24)}}}
	got := l.Grow(1.05).Signals[0].Totals
	year := int(365.25 * 24)
	for step, want := range map[int]float64{0: 100, year / 12: 105, year / 2: 100 * math.Pow(1.05, 6)} {
		if math.Abs(got[step]-want) > 0.01 {
			t.Errorf("after %d hours it is %g, want %g", step, got[step], want)
		}
	}
	if !same(l.Grow(1).Signals[0].Totals, l.Signals[0].Totals) {
		t.Error("without growth it is another load")
	}
}

func TestAFlashCrowdComesAndGoes(t *testing.T) {
	t.Parallel()
	l, err := shaped().FlashCrowd(8, noon.Add(time.Minute), 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !same(l.Signals[1].Totals, []float64{10, 160, 320, 60, 80, 60}) {
		t.Errorf("got %v", l.Signals[1].Totals)
	}
}

func TestGapsAndPeaksOfALoad(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, test := range []struct {
		totals []float64
		gaps   Gaps
		peak   float64
		step   int
	}{
		{[]float64{1, 2, 2}, Gaps{}, 2, 1},
		{[]float64{nan, 0, nan, nan, 0, nan}, Gaps{Count: 3, Steps: 4, Longest: 2, LongestBegin: 2}, 0, 1},
		{[]float64{1, nan, 1, nan}, Gaps{Count: 2, Steps: 2, Longest: 1, LongestBegin: 1}, 1, 0},
		{[]float64{nan, nan}, Gaps{Count: 1, Steps: 2, Longest: 2}, 0, -1},
		{nil, Gaps{}, 0, -1},
	} {
		s := Signal{Totals: test.totals}
		peak, step := s.Peak()
		if got := s.Gaps(); got != test.gaps || peak != test.peak || step != test.step {
			t.Errorf("%v: %+v, %g at %d", test.totals, got, peak, step)
		}
	}
	if n := (&Load{}).Len(); n != 0 {
		t.Errorf("a load without signals has %d steps", n)
	}
}
