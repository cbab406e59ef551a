package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// norris is a calibration of ozone monitors: x, y (NIST Statistical Reference Datasets, Norris).
var norris = [][2]float64{
	{0.2, 0.1}, {337.4, 338.8}, {118.2, 118.1}, {884.6, 888.0}, {10.1, 9.2}, {226.5, 228.1}, {666.3, 668.5}, {996.3, 998.5}, {448.6, 449.1},
	{777.0, 778.9}, {558.2, 559.2}, {0.4, 0.3}, {0.6, 0.1}, {775.5, 778.1}, {666.9, 668.8}, {338.0, 339.3}, {447.5, 448.9}, {11.6, 10.8},
	{556.0, 557.7}, {228.1, 228.3}, {995.8, 998.0}, {887.6, 888.8}, {120.2, 119.6}, {0.3, 0.3}, {0.3, 0.6}, {556.8, 557.6}, {339.1, 339.3},
	{887.2, 888.0}, {999.0, 998.5}, {779.0, 778.9}, {11.1, 10.2}, {118.3, 117.6}, {229.2, 228.9}, {669.1, 668.4}, {448.9, 449.2}, {0.5, 0.2},
}

func TestTheRegressionFindsTheCertifiedLine(t *testing.T) {
	t.Parallel()
	var r regression
	r.begin(800) // wide: the first assumption pulls by a millionth
	for _, p := range norris {
		r.learn(&[inputs]float32{0: 1, 1: float32(p[0])}, p[1], math.Inf(1), 0)
	}
	const intercept, slope = -0.262323073774029, 1.00211681802045 // as NIST certifies
	if math.Abs(r.weight[0]-intercept) > 1e-3*-intercept || math.Abs(r.weight[1]-slope) > 1e-6 {
		t.Errorf("got %.9f and %.12f, certified are %v and %v", r.weight[0], r.weight[1], intercept, slope)
	}
}

func TestForgettingIsLeastSquaresWithFadingWeights(t *testing.T) {
	t.Parallel()
	const n, spread, forget = 400, 3.0, 0.01
	random := rand.New(rand.NewPCG(1, 2))
	var r regression
	r.begin(spread)
	// The normal equations, with the first assumption as one reading of each weight.
	left, right := mat.NewSymDense(inputs, nil), mat.NewVecDense(inputs, nil)
	for i := range inputs {
		left.SetSym(i, i, math.Pow(1-forget, n)/spread)
	}
	for k := range n {
		var x [inputs]float32
		row := mat.NewVecDense(inputs, nil)
		y := random.NormFloat64()
		for j := range x {
			x[j] = float32(random.NormFloat64())
			row.SetVec(j, float64(x[j]))
			y += float64(x[j]) * float64(j) * math.Sin(float64(k)/100)
		}
		r.learn(&x, y, math.Inf(1), forget)
		weight := math.Pow(1-forget, float64(n-1-k))
		left.SymRankOne(left, weight, row)
		right.AddScaledVec(right, weight*y, row)
	}
	var want mat.VecDense
	if err := want.SolveVec(left, right); err != nil {
		t.Fatal(err)
	}
	for j := range inputs {
		if math.Abs(r.weight[j]-want.AtVec(j)) > 1e-9 {
			t.Errorf("input %d: got %v, want %v", j, r.weight[j], want.AtVec(j))
		}
	}
}

// airPassengers is the monthly number of airline passengers in thousands, 1949 to 1960
// (G. E. P. Box and G. M. Jenkins, Time Series Analysis, 1970, series G).
var airPassengers = []float64{
	112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,
	115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
	145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
	171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
	196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
	204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
	242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
	284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
	315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,
	340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
	360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
	417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
}

func TestASeasonIsSmoothedByTheTextbook(t *testing.T) {
	t.Parallel()
	if mean := stat.Mean(airPassengers, nil); math.Abs(mean-280.2986) > 1e-4 {
		t.Fatalf("the series is another: mean %v", mean)
	}
	for _, alpha := range []float64{1, dayMoves, weekMoves} {
		profile := make([]float32, 12)
		for i := range profile {
			profile[i] = float32(math.NaN())
		}
		level := make([]float64, 12)
		var ours, textbook float64
		for i, v := range airPassengers {
			month := i % 12
			if i >= 12 {
				ours += math.Abs(v - float64(profile[month]))
				textbook += math.Abs(v - level[month])
				level[month] = alpha*v + (1-alpha)*level[month]
			} else {
				level[month] = v
			}
			move(profile, int64(i), v, alpha)
		}
		ours, textbook = ours/132, textbook/132
		if math.Abs(ours-textbook) > 1e-3 {
			t.Errorf("alpha %v: mean error %v, by the textbook %v", alpha, ours, textbook)
		}
		if naive := 4228. / 132; alpha == 1 && math.Abs(ours-naive) > 1e-3 { // the sum of all differences to the year before
			t.Errorf("the seasonal naive error is %v, known is %v", ours, naive)
		}
	}
}

func TestTheEnsembleBeatsWhatItIsMadeOf(t *testing.T) {
	t.Parallel()
	// Months are taken for two hours each, so that a year is a day.
	m := New(Settings{Step: 2 * time.Hour, Ahead: 1, Budget: 0.01})
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var ours, naive, seasonal float64
	expected, n := 0.0, 0.0
	for i, v := range airPassengers {
		if i >= 48 {
			n++
			ours += math.Abs(v-expected) / v
			naive += math.Abs(v-airPassengers[i-1]) / v
			seasonal += math.Abs(v-airPassengers[i-12]) / v
		}
		expected = m.Observe(Reading{At: at.Add(time.Duration(i) * 2 * time.Hour), Load: v, Serving: 1000}).Expected
	}
	t.Logf("mean error %.1f %%; of the last month %.1f %%, of the year before %.1f %%", 100*ours/n, 100*naive/n, 100*seasonal/n)
	if ours > 0.75*min(naive, seasonal) {
		t.Errorf("mean error %.3f; of the last month %.3f, of the year before %.3f", ours/n, naive/n, seasonal/n)
	}
}

func TestTheFirstAssumptionIsALaplaceDistribution(t *testing.T) {
	t.Parallel()
	var e misses
	e.begin()
	laplace := distuv.Laplace{Mu: 0, Scale: 1}
	for at := 1.0; at < bins; at++ {
		if got, want := e.tail(at), laplace.Survival(edge(at)); math.Abs(got-want) > 1e-6 {
			t.Errorf("above %.2f: got %v, want %v", edge(at), got, want)
		}
	}
	for _, x := range []float64{-2, -0.5, 0.5, 2} {
		// A bin is a quarter as wide as the error it holds.
		if got, want := e.density(place(x)), laplace.Prob(x); math.Abs(got-want) > 0.3*want {
			t.Errorf("density at %v: got %v, want %v", x, got, want)
		}
	}
}

func TestTheTailIsThatOfTheErrorsSeen(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for name, d := range map[string]interface {
		Quantile(float64) float64
		Prob(float64) float64
	}{
		"normal":  distuv.Normal{Mu: 0.5, Sigma: 1.3},
		"laplace": distuv.Laplace{Mu: 0, Scale: 0.7},
	} {
		var e misses
		e.begin()
		for range 50_000 {
			e.add(place(d.Quantile(random.Float64())), 1e-5)
		}
		for _, p := range []float64{0.01, 0.1, 0.5, 0.9, 0.99, 0.999} {
			if got := e.tail(place(d.Quantile(p))); math.Abs(got-(1-p)) > 0.012 {
				t.Errorf("%s: above its %v-quantile lie %.4f", name, p, got)
			}
		}
		if got, want := e.density(place(0.9)), d.Prob(0.9); math.Abs(got-want) > 0.2*want {
			t.Errorf("%s: density %.4f, want %.4f", name, got, want)
		}
	}
}

func TestWhatIsOlderCountsLessInTheTail(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var e misses
	e.begin()
	var seen, weights []float64
	const n, forget = 20_000, 1e-3
	for i := range n {
		x := random.NormFloat64() + float64(i)/5000 // it drifts
		e.add(place(x), forget)
		seen, weights = append(seen, x), append(weights, math.Pow(1-forget, float64(n-1-i)))
	}
	stat.SortWeighted(seen, weights)
	for _, p := range []float64{0.1, 0.5, 0.9, 0.99} {
		q := stat.Quantile(p, stat.Empirical, seen, weights)
		if got := e.tail(place(q)); math.Abs(got-(1-p)) > 0.02 {
			t.Errorf("above the %v-quantile %.2f lie %.4f", p, q, got)
		}
	}
}

// The bound holds for whatever is scored, not only by chance (Cesa-Bianchi and Lugosi, §3.3).
func TestTheVotesAreHardlyWorseThanTheBestForecaster(t *testing.T) {
	t.Parallel()
	for range 200 {
		seed := uint64(time.Now().UnixNano())
		random := rand.New(rand.NewPCG(seed, 0))
		var v votes
		v.begin()
		var mixture float64
		var alone [pool]float64
		for k := range 300 {
			density := 0.0
			var scores [pool]float64
			for i := range scores {
				scores[i] = random.NormFloat64() * 3
				if (i+k/100)%3 == 0 { // who is good changes, against the votes
					scores[i] += 2
				}
				density += v.weight[i] * math.Exp(scores[i])
				alone[i] -= scores[i]
			}
			mixture -= math.Log(density)
			for i, score := range scores {
				v.add(i, score)
			}
			v.count()
		}
		best := math.Inf(1)
		for _, loss := range alone {
			best = min(best, loss)
		}
		if mixture > best+math.Log(pool)+1e-6 {
			t.Fatalf("seed %d: the loss is %v, of the best %v", seed, mixture, best)
		}
	}
}

func TestTheCheapestSizeIsThatOfANewsvendor(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		s := sizes{n: 1 + random.IntN(sizesMost)}
		size, harm := int32(1+random.IntN(5)), 3*random.Float64()
		for i := range s.n {
			s.size[i], s.harm[i] = size, harm
			size += 1 + int32(random.IntN(3))
			harm *= random.Float64()
		}
		price := math.Exp(10 * random.Float64())
		least := math.Inf(1)
		for i := range s.n {
			least = min(least, float64(s.size[i])+price*s.harm[i])
		}
		got := s.cheapest(price, 0)
		if cost := float64(s.size[got]) + price*s.harm[got]; cost > least {
			t.Fatalf("seed %d: %d costs %v, and another %v", seed, s.size[got], cost, least)
		}
	}
}

// With a share of the steps that a price would have been short, and what was really short
// beyond the budget, the group aims lower.
func TestWhatIsOwedLowersTheShareThatIsAimedAt(t *testing.T) {
	t.Parallel()
	m := New(Settings{Ahead: 11, Budget: 0.01})
	before := m.budget.price(m)
	for range 60 {
		m.budget.learn(m, 1, true)
	}
	after := m.budget.price(m)
	if after <= before {
		t.Errorf("after an hour that was short the price is %v, before %v", after, before)
	}
	if most := m.trials.priceFor(0.01 * leastLeft); after > most {
		t.Errorf("the price is %v, above the most of %v", after, most)
	}
	for range 3 * minutesADay {
		m.budget.learn(m, 0, true)
	}
	if again := m.budget.price(m); again >= after {
		t.Errorf("days later it is %v still", again)
	}
	for range 60 * minutesADay {
		m.budget.learn(m, 0, true)
	}
	if again := m.budget.price(m); again != before || m.budget.owed != 0 {
		t.Errorf("two months later it is %v, at first it was %v", again, before)
	}
}

const minutesADay = 1440
