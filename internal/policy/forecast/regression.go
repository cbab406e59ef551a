package forecast

// inputs is how many a regression has.
const inputs = 12

// regression is recursive least squares with forgetting (A. H. Sayed, Adaptive Filters, 2008,
// §30.6), made robust by holding each error to what is usual (P. J. Huber, Robust estimation
// of a location parameter, Annals of Mathematical Statistics 35, 1964).
type regression struct {
	spread [inputs][inputs]float64 // of the weights, by the noise
	weight [inputs]float64
}

const (
	spreadFirst = 10  // wide: the weights are between −1 and 1
	spreadMost  = 1e4 // where an input never moves it would grow for ever
)

// begin assumes that each weight is 0, and how far off that may be.
func (r *regression) begin(spread float64) {
	for i := range r.spread {
		r.spread[i][i] = spread
	}
}

func (r *regression) says(x *[inputs]float32) (y float64) {
	for i := range x {
		y += r.weight[i] * float64(x[i])
	}
	return y
}

// learn moves the weights by what came, an error of most at most. What is older counts less,
// by forget a step.
func (r *regression) learn(x *[inputs]float32, came, most, forget float64) {
	var gain, in [inputs]float64
	for i := range x {
		in[i] = float64(x[i])
	}
	norm := 1 - forget
	for i := range inputs {
		sum, row := 0.0, &r.spread[i]
		for j := range inputs {
			sum += row[j] * in[j]
		}
		gain[i] = sum
		norm += in[i] * sum
	}
	off := max(-most, min(came-r.says(x), most)) / norm
	grow := 1 / (1 - forget)
	trace := 0.0
	for i := range inputs {
		r.weight[i] += gain[i] * off
		row, by := &r.spread[i], gain[i]/norm
		for j := range inputs {
			row[j] = (row[j] - by*gain[j]) * grow
		}
		trace += row[i]
	}
	if trace > spreadMost {
		shrink := spreadMost / trace
		for i := range inputs {
			for j := range inputs {
				r.spread[i][j] *= shrink
			}
		}
	}
}
