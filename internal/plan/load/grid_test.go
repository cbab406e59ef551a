package load

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// evenly is one signal with values so far apart.
func evenly(apart time.Duration, values ...float64) *readings {
	r := &readings{columns: []column{{Quantity: Quantity{Name: "requests"}, values: values}}}
	for i := range values {
		r.at = append(r.at, noon.Add(time.Duration(i)*apart).UnixNano())
	}
	return r
}

func totals(t interface{ Fatal(...any) }, r *readings, o Options) []float64 {
	l, _, err := r.load("a test", o)
	if err != nil {
		t.Fatal(err)
	}
	return l.Signals[0].Totals
}

func TestFinerValuesAreAveragedAndCoarserOnesJoined(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for behaviour, test := range map[string]struct {
		r    *readings
		o    Options
		want []float64
	}{
		"as fine as the steps":          {evenly(time.Minute, 1, 5, 2), Options{}, []float64{1, 5, 2}},
		"finer":                         {evenly(20*time.Second, 1, 2, 6, 4, 4, 4, 7), Options{}, []float64{3, 4, 7}},
		"coarser":                       {evenly(4*time.Minute, 0, 8, 4), Options{}, []float64{0, 2, 4, 6, 8, 7, 6, 5, 4}},
		"in longer steps":               {evenly(time.Minute, 1, 3, 5, 7), Options{Step: 2 * time.Minute}, []float64{2, 6}},
		"what is missing is passed by":  {evenly(20*time.Second, 1, nan, 3, nan, nan, 4, nan), Options{}, []float64{2, 4, nan}},
		"three steps are crossed":       {evenly(time.Minute, 1, nan, nan, 4), Options{}, []float64{1, 2, 3, 4}},
		"four are a gap":                {evenly(time.Minute, 1, nan, nan, nan, 5), Options{}, []float64{1, nan, nan, nan, 5}},
		"unless that may be crossed":    {evenly(time.Minute, 1, nan, nan, nan, 5), Options{Bridge: 4 * time.Minute}, []float64{1, 2, 3, 4, 5}},
		"nothing lies before the first": {evenly(time.Minute, nan, nan, 4), Options{}, []float64{nan, nan, 4}},
	} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			if got := totals(t, test.r, test.o); !same(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestStepsBeginAtWholeOnes(t *testing.T) {
	t.Parallel()
	r := evenly(time.Minute, 1, 2, 3)
	for i := range r.at {
		r.at[i] += int64(17 * time.Second)
	}
	l, _, err := r.load("a test", Options{})
	if err != nil || !l.Start.Equal(noon) || !same(l.Signals[0].Totals, []float64{1, 2, 3}) {
		t.Errorf("got %+v, %v", l, err)
	}
}

func TestAStepIsCensoredIfAnyValueBehindItIs(t *testing.T) {
	t.Parallel()
	r := evenly(30*time.Second, 10, 95, 10, 10, 95, 10)
	r.columns[0].Ceiling = 100
	g, err := r.grid(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, marks := g.resample(r.at, r.columns[0].values, r.saturated(&r.columns[0])); len(marks) != 3 || !marks[0] || marks[1] || !marks[2] {
		t.Errorf("of finer values: %v", marks)
	}
	r = evenly(3*time.Minute, 95, 10, 20)
	r.columns[0].Ceiling = 100
	if g, err = r.grid(Options{}); err != nil {
		t.Fatal(err)
	}
	if _, marks := g.resample(r.at, r.columns[0].values, r.saturated(&r.columns[0])); len(marks) != 7 || !marks[0] || !marks[1] || !marks[2] || marks[3] || marks[4] {
		t.Errorf("of coarser values: %v", marks)
	}
	r.columns[0].values[0], r.columns[0].values[1] = 10, 95
	if _, marks := g.resample(r.at, r.columns[0].values, r.saturated(&r.columns[0])); len(marks) != 7 || marks[0] || !marks[1] || !marks[5] || marks[6] {
		t.Errorf("of coarser values, with the one in the middle: %v", marks)
	}
	r.columns[0].values[1] = 94.9
	if _, marks := g.resample(r.at, r.columns[0].values, r.saturated(&r.columns[0])); marks != nil {
		t.Errorf("of unsaturated ones: %v", marks)
	}
}

// TestResamplingConservesTheMean holds for values that fill the steps evenly.
func TestResamplingConservesTheMean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		each := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 10, 12}).Draw(t, "values in a step")
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e9), 2*each, 20*each).Draw(t, "values")
		values = values[:len(values)/each*each]
		got := totals(t, evenly(time.Minute/time.Duration(each), values...), Options{})
		if !near(meanOf(got), meanOf(values)) {
			t.Fatalf("the mean is %g, and was %g", meanOf(got), meanOf(values))
		}
	})
}

// TestJoiningConservesTheArea holds for values that lie on whole steps: what is under the
// straight lines is the sum of the steps, with those at both ends counting half.
func TestJoiningConservesTheArea(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		apart := rapid.IntRange(1, 30).Draw(t, "steps apart")
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e9), 2, 30).Draw(t, "values")
		got := totals(t, evenly(time.Duration(apart)*time.Minute, values...), Options{})
		if want := area(values) * float64(apart); !near(area(got), want) {
			t.Fatalf("the area is %g, and was %g", area(got), want)
		}
		for i, value := range values {
			if got[i*apart] != value {
				t.Fatalf("value %d is %g, and was %g", i, got[i*apart], value)
			}
		}
	})
}

// TestEachStepIsWhatItsNeighbourhoodSays compares with a slow search, on values at any
// instants with any of them missing.
func TestEachStepIsWhatItsNeighbourhoodSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &readings{columns: []column{{}}}
		at := noon.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "first")))
		for range rapid.IntRange(2, 40).Draw(t, "number") {
			r.at = append(r.at, at.UnixNano())
			value := rapid.Float64Range(0, 1000).Draw(t, "value")
			if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
				value = math.NaN()
			}
			r.columns[0].values = append(r.columns[0].values, value)
			at = at.Add(time.Duration(rapid.Int64Range(1, int64(5*time.Minute)).Draw(t, "pause")))
		}
		g, err := r.grid(Options{Step: time.Duration(rapid.Int64Range(int64(time.Second), int64(3*time.Minute)).Draw(t, "step"))})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := g.resample(r.at, r.columns[0].values, nil)
		for step, value := range got {
			if want := g.expected(r, step); !near(value, want) && !(math.IsNaN(value) && math.IsNaN(want)) {
				t.Fatalf("step %d is %g, want %g", step, value, want)
			}
		}
	})
}

// expected is what step is, by looking at all values.
func (g grid) expected(r *readings, step int) float64 {
	begin := g.startNS + int64(step)*g.stepNS
	var inside []float64
	before, after := -1, -1
	for i, at := range r.at {
		switch {
		case math.IsNaN(r.columns[0].values[i]):
		case at < begin:
			before = i
		case at < begin+g.stepNS:
			inside = append(inside, r.columns[0].values[i])
		case after < 0:
			after = i
		}
	}
	switch {
	case len(inside) > 0:
		return meanOf(inside)
	case before < 0 || after < 0 || r.at[after]-r.at[before] > 3*int64(g.spacing):
		return math.NaN()
	}
	a, b := r.columns[0].values[before], r.columns[0].values[after]
	return a + (b-a)*float64(begin-r.at[before])/float64(r.at[after]-r.at[before])
}

func meanOf(values []float64) (mean float64) {
	for _, value := range values {
		mean += value / float64(len(values))
	}
	return mean
}

// area is under the straight lines between values.
func area(values []float64) (sum float64) {
	for i := 1; i < len(values); i++ {
		sum += (values[i-1] + values[i]) / 2
	}
	return sum
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }
