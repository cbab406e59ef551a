package forecast

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// votes are the weights of the forecasters: exponential in the logarithm of how likely each
// held what came (V. Vovk, Aggregating strategies, COLT 1990; N. Cesa-Bianchi and G. Lugosi,
// Prediction, Learning, and Games, 2006, §3.3). As long as nothing fades, and readings count
// whole, the mixture is at most ln(pool) worse in all than the best of them.
type votes struct {
	score  [pool]float64
	weight [pool]float64 // they add up to 1
}

func (v *votes) begin() {
	for i := range v.weight {
		v.weight[i] = 1.0 / pool
	}
}

// fade has what was scored until now count less.
func (v *votes) fade(by float64) {
	for i := range v.score {
		v.score[i] *= by
	}
}

func (v *votes) add(i int, score float64) { v.score[i] += score }

// count makes weights of the scores.
func (v *votes) count() {
	best := floats.Max(v.score[:])
	for i, score := range v.score {
		v.weight[i] = math.Exp(score - best)
	}
	floats.Scale(1/floats.Sum(v.weight[:]), v.weight[:])
}
