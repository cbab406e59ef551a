package forecast

// inputs is how many a regression has.
const inputs = 12

// regression is recursive least squares with forgetting (A. H. Sayed, Adaptive Filters, 2008,
// §30.6), made robust by holding each error to what is usual (P. J. Huber, Robust estimation
// of a location parameter, Annals of Mathematical Statistics 35, 1964).
type regression struct {
	spread [inputs * (inputs + 1) / 2]float64 // of the weights, by the noise: a symmetric matrix, of each row what is left of the diagonal, and it
	weight [inputs]float64
}

const (
	spreadFirst = 10  // wide: the weights are between −1 and 1
	spreadMost  = 1e4 // where an input never moves it would grow for ever
)

// begin assumes that each weight is 0, and how far off that may be.
func (r *regression) begin(spread float64) {
	at := 0
	for i := range inputs {
		r.spread[at] = spread
		at += i + 2 // to the next of the diagonal
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
	at := 0
	for i := range inputs {
		sum := 0.0
		for j := range i {
			sum += r.spread[at] * in[j]
			gain[j] += r.spread[at] * in[i]
			at++
		}
		gain[i] = sum + r.spread[at]*in[i]
		at++
	}
	norm := 1 - forget
	for i := range inputs {
		norm += in[i] * gain[i]
	}
	off := max(-most, min(came-r.says(x), most)) / norm
	grow := 1 / (1 - forget)
	trace := 0.0
	at = 0
	for i, own := range gain {
		r.weight[i] += own * off
		by := own / norm
		for _, other := range gain[:i+1] {
			r.spread[at] = (r.spread[at] - by*other) * grow
			at++
		}
		trace += r.spread[at-1]
	}
	if trace > spreadMost {
		for i := range r.spread {
			r.spread[i] *= spreadMost / trace
		}
	}
}
