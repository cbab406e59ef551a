package forecast

import "math"

const (
	sizesMost = 72   // reach twenty thousand above the first
	finer     = 8    // sizes are tried one by one at first, then in steps of an eighth of the way
	leastTail = 1e-7 // what is less likely needs no size: a step of twenty years
	depth     = 20   // to be short by a twentieth harms twice as much as to be just short
)

// sizes are those that are weighed for a step, with what each harms: the likelihood of being
// short, and more the deeper.
type sizes struct {
	size [sizesMost]int32
	tail [sizesMost]float64
	harm [sizesMost]float64
	n    int
}

// weigh tries sizes up to most.
func (s *sizes) weigh(m *model, f *made, most int) {
	e := &m.ensemble
	first := max(1, min(most, int(math.Expm1(e.middle(f)-2*e.spread(f)))))
	s.n = 0
	for size := first; s.n < sizesMost; size += 1 + (size-first)/finer {
		size = min(size, most)
		s.size[s.n] = int32(size)
		s.tail[s.n] = e.tail(f, math.Log1p(float64(size)))
		s.n++
		if size == most || s.tail[s.n-1] < leastTail {
			break
		}
	}
	deep := 0.0
	for i := s.n - 1; i >= 0; i-- {
		if i < s.n-1 {
			deep += float64(s.size[i+1]-s.size[i]) * (s.tail[i] + s.tail[i+1]) / 2
		} else {
			deep += s.tail[i]
		}
		s.harm[i] = s.tail[i] + depth*deep/float64(s.size[i])
	}
}

// cheapest is the index of the size whose cost and harm at a price are least, from the given
// index on: a newsvendor's choice (K. J. Arrow, T. Harris and J. Marschak, Optimal inventory
// policy, Econometrica 19, 1951).
func (s *sizes) cheapest(price float64, from int) (best int) {
	least := math.Inf(1)
	for i := from; i < s.n; i++ {
		cost := float64(s.size[i]) + price*s.harm[i]
		if cost < least {
			best, least = i, cost
		}
		if float64(s.size[i]) > least {
			break
		}
	}
	return best
}

// atMost is the least size that is short no more likely than so.
func (s *sizes) atMost(likely float64) int {
	for i := range s.n {
		if s.tail[i] <= likely {
			return int(s.size[i])
		}
	}
	return int(s.size[s.n-1])
}
