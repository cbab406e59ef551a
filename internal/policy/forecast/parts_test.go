package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/raced"
)

func TestAPlaceHasItsEdge(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{-5, -1, -0.3, -0.01, 0, 0.004, 0.1, 0.7, 3, 7} {
		if got := edge(place(x)); math.Abs(got-x) > 1e-9 {
			t.Errorf("%v: got %v", x, got)
		}
	}
}

func TestTheForecasterThatWeighsMostSpeaks(t *testing.T) {
	t.Parallel()
	for c := range centres {
		e := ensemble{}
		e.votes.begin() // no scale of it weighs much by itself
		for i := range scales {
			e.votes.weight[c*scales+i] *= 1.1
		}
		if got := e.leader(); got != c {
			t.Errorf("%s: got %s", centreNames[c], centreNames[got])
		}
	}
}

func TestAPlanOfAQuantileSufficesThatOften(t *testing.T) {
	t.Parallel()
	if raced.Passes(4) {
		t.Skip("one run of four under the race detector")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, quantile := range []float64{0.5, 0.9, 0.99} {
		m := newModel(settings{ahead: 11, quantile: quantile})
		at, enough, n := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), 0, 0
		for i := range 10 * minutesADay {
			load := 200 * math.Exp(0.1*random.NormFloat64())
			if i > 2*minutesADay {
				if n++; load <= float64(m.plans[m.slot(m.step+1)]) { // made eleven steps before the one that comes
					enough++
				}
			}
			m.Observe(Reading{At: at.Add(time.Duration(i) * time.Minute), Load: load, Serving: 500})
		}
		if share := float64(enough) / float64(n); share < quantile-0.01 || share > quantile+0.6*(1-quantile) {
			t.Errorf("quantile %v: %.4f", quantile, share)
		}
	}
}

func TestARegressionFindsTheWeights(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var r regression
	r.begin(spreadFirst)
	var x [inputs]float32
	for i := range 5000 {
		for j := range x {
			x[j] = float32(random.NormFloat64())
		}
		y := 0.7*float64(x[2]) - 0.2*float64(x[7]) + 0.01*random.NormFloat64()
		if i%50 == 0 {
			y = 1000 // a mistake
		}
		r.learn(&x, y, 0.1, 1e-3)
	}
	for j, want := range [inputs]float64{2: 0.7, 7: -0.2} {
		if math.Abs(r.weight[j]-want) > 0.03 {
			t.Errorf("input %d: got %.3f, want %.3f", j, r.weight[j], want)
		}
	}
}

func TestTheLoadThatIsRarelyExceededIsFound(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	m := newModel(settings{ahead: 11, budget: 0.01})
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 2 * minutesADay {
		m.Observe(Reading{At: at.Add(time.Duration(i) * time.Minute), Load: 20 * math.Exp(0.3*random.NormFloat64()), Serving: 99})
		if i < minutesADay {
			continue
		}
		f := m.newest()
		for _, likely := range []float64{0.95, 0.5, 0.05} {
			load := m.loadAbove(f, likely)
			above, below := m.ensemble.tail(f, math.Log1p(load)-leastScale), m.ensemble.tail(f, math.Log1p(load)+leastScale)
			if above < likely || below > likely {
				t.Fatalf("reading %d: above %.2f lie %.4f to %.4f, not %v", i, load, below, above, likely)
			}
		}
	}
}

func TestADearerShortageWantsNoFewer(t *testing.T) {
	t.Parallel()
	s := sizes{n: 4, size: [sizesMost]int32{1, 2, 3, 4}, harm: [sizesMost]float64{1, 0.3, 0.05, 0}}
	for price, want := range map[float64]int{0.5: 0, 2: 1, 6: 2, 100: 3} {
		if got := s.cheapest(price, 0); got != want {
			t.Errorf("price %v: got %d, want %d", price, got, want)
		}
	}
}
