package tune

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Gain is what is had on the days held out, over the present spec. The intervals hold the truth
// 19 times out of 20, as far as days like these come again, each by itself; a little less
// often with fewer days than a week has.
type Gain struct {
	Cost            Interval // share of the present cost that there is more; below 0 it is cheaper
	OverloadMinutes Interval // that there are more, of all days held out
	Days            int

	CheaperDays, DearerDays int
	BetterDays, WorseDays   int // with less and with more overload
}

// Interval is a figure, and between what it may truly lie.
type Interval struct{ Value, Low, High float64 }

const (
	drawn      = 4000
	confidence = 0.95
)

// gainOf compares the days of one spec with those of the present one. It draws as many days
// as there are, again and again, whole ones: what happens within a day hangs together.
func gainOf(now, present []dayFigures, random *rand.Rand) Gain {
	n := len(now)
	g := Gain{Days: n}
	for i := range now {
		count(now[i].cost-present[i].cost, &g.CheaperDays, &g.DearerDays)
		count(now[i].overloadMinutes-present[i].overloadMinutes, &g.BetterDays, &g.WorseDays)
	}
	sums := func(day func(int) int) (costShare, overload float64) {
		var more, before float64
		for i := range n {
			k := day(i)
			more += now[k].cost - present[k].cost
			before += present[k].cost
			overload += now[k].overloadMinutes - present[k].overloadMinutes
		}
		if before > 0 {
			more /= before
		}
		return more, overload
	}
	costs, overloads := make([]float64, drawn), make([]float64, drawn)
	for i := range drawn {
		costs[i], overloads[i] = sums(func(int) int { return random.IntN(n) })
	}
	cost, overload := sums(func(i int) int { return i })
	g.Cost, g.OverloadMinutes = intervalOf(cost, costs, n), intervalOf(overload, overloads, n)
	return g
}

func count(more float64, fewer, greater *int) {
	switch {
	case more < 0:
		*fewer++
	case more > 0:
		*greater++
	}
}

// intervalOf is the interval that so many draws of n days each say. Few days vary less among
// themselves than all do, and tell less of how much that is, so it is stretched by as much
// as Student's interval of a mean is wider than one that leaves this out.
func intervalOf(value float64, draws []float64, n int) Interval {
	slices.Sort(draws)
	tail := int((1 - confidence) / 2 * float64(len(draws)))
	stretch := math.Sqrt(float64(n)/float64(n-1)) * student(n-1) / normal
	return Interval{value, value - stretch*max(0, value-draws[tail]), value + stretch*max(0, draws[len(draws)-1-tail]-value)}
}

// normal is the quantile of the normal distribution that leaves half of what is not in the
// confidence above.
var normal = math.Sqrt2 * math.Erfinv(confidence)

// student is the same quantile of Student's distribution, by Fisher's series in that of the normal one (M. Abramowitz, I. Stegun,
// Handbook of Mathematical Functions, 26.7.5). From three degrees of freedom on it is right
// to a hundredth.
func student(freedom int) float64 {
	z, v := normal, float64(freedom)
	power := func(n float64) float64 { return math.Pow(z, n) }
	return z + (power(3)+z)/(4*v) +
		(5*power(5)+16*power(3)+3*z)/(96*v*v) +
		(3*power(7)+19*power(5)+17*power(3)-15*z)/(384*v*v*v) +
		(79*power(9)+776*power(7)+1482*power(5)-1920*power(3)-945*z)/(92160*v*v*v*v)
}
