package forecast

import "math"

const (
	bins       = 48 // up to errors of twenty times the scale: beyond are mistakes
	middleBin  = bins / 2
	perOctave  = 3   // bins, over which errors double: finer ones would alter no size
	firstBin   = 0.1 // of the scale: below it bins are even
	priorShare = 20  // weight of what is assumed at first, in readings
	unitMost   = 1e3 // of the newest: then weights are written anew, before they overflow
)

// misses is the distribution of a forecaster's errors, in units of their scale. The older one
// is, the less it counts.
type misses struct {
	beyond [bins]float32 // weight of the errors in this bin and above
	unit   float32       // weight of the newest
}

// begin takes for granted a Laplace distribution: tails are to be heavy as long as nothing is
// known.
func (e *misses) begin() {
	e.unit = 1
	for b := range bins {
		e.beyond[b] = priorShare * priorTails[b]
	}
	e.beyond[0] = priorShare
}

// priorTails is how likely an error at or above each bin is at first.
var priorTails = func() (tails [bins]float32) {
	for b := range bins {
		tails[b] = float32(laplaceAbove(edge(float64(b))))
	}
	return tails
}()

// laplaceAbove is how likely a Laplace variable of scale 1 is above x.
func laplaceAbove(x float64) float64 {
	tail := math.Exp(-math.Abs(x)) / 2
	if x < 0 {
		return 1 - tail
	}
	return tail
}

// place is where on the axis of the bins an error lies.
func place(x float64) float64 {
	bits := math.Float64bits(1 + math.Abs(x)*(1/firstBin))
	octave := float64(int(bits>>52) - 1023)
	within := float64(bits&(1<<52-1)) / (1 << 52)
	at := min((octave+within)*perOctave, middleBin-1)
	if x < 0 {
		return middleBin - at
	}
	return middleBin + at
}

// edge is the error at a place.
func edge(at float64) float64 {
	d := math.Abs(at-middleBin) / perOctave
	octave := math.Floor(d)
	x := firstBin * (math.Exp2(octave)*(1+d-octave) - 1)
	if at < middleBin {
		return -x
	}
	return x
}

func (e *misses) add(at, forget float64) {
	e.unit *= float32(1 / (1 - forget))
	for b := range e.beyond[:int(at)+1] {
		e.beyond[b] += e.unit
	}
	if e.unit > unitMost {
		for b := range e.beyond {
			e.beyond[b] /= e.unit
		}
		e.unit = 1
	}
}

// tail is the share of the errors above a place.
func (e *misses) tail(at float64) float64 {
	b := int(at)
	here, next := e.beyond[b], float32(0)
	if b+1 < bins {
		next = e.beyond[b+1]
	}
	return float64(here+(next-here)*float32(at-float64(b))) / float64(e.beyond[0])
}

// density is how likely an error at a place is, per unit of the scale.
func (e *misses) density(at float64) float64 {
	b := int(at)
	here, next := e.beyond[b], float32(0)
	if b+1 < bins {
		next = e.beyond[b+1]
	}
	octave := int(math.Abs(at-middleBin) / perOctave)
	wide := firstBin / perOctave * float64(int(1)<<octave)
	return float64(here-next) / float64(e.beyond[0]) / wide
}
