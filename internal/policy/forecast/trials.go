package forecast

import "math"

const (
	prices     = 20   // reach 40 000: a group that is short less than once a week
	priceRatio = 1.75 // from one price to the next; between them they are interpolated
	triedFor   = week // a price is judged by its week: each day of it counts
	triedFirst = hour // weight of what is assumed at first: short 5/price of the time
	leastShort = 1e-5 // share that is taken for none at all: logarithms need one
)

// trials are the prices of a shortage that are tried alongside: what a group that had always
// used one would have had, and how often it would have been short.
type trials struct {
	plans  [prices][farthest]uint16
	wanted [prices][farthest]uint16 // the size of the group as it would have been decided
	short  [prices]float64          // share of the steps
	cost   [prices]float64          // mean size
	need   float64                  // mean need
	known  float64                  // weight of what the shares are of, in steps
}

// priceOf is the price at a place of the list, in steps of an instance.
func priceOf(i float64) float64 { return math.Pow(priceRatio, i) }

var priceList = func() (list [prices]float64) {
	for i := range list {
		list[i] = priceOf(float64(i))
	}
	return list
}()

func (t *trials) begin() {
	for i := range t.short {
		t.short[i] = min(1, 5/priceList[i])
	}
}

func (t *trials) learn(m *model, load float64) {
	if m.readings < 2*int64(m.ahead) {
		return
	}
	if t.known == 0 {
		t.known = float64(m.steps(triedFirst))
	}
	t.known = min(t.known+1, float64(m.steps(triedFor)))
	need := sizeFor(load)
	t.need += (float64(need) - t.need) / t.known
	now := m.slot(m.step - 1)
	for i := range prices {
		serving := uint16(math.MaxUint16)
		for _, size := range t.wanted[i][:m.ahead] {
			serving = min(serving, size)
		}
		short := 0.0
		if need > serving {
			short = 1
		}
		t.short[i] += (short - t.short[i]) / t.known
		t.cost[i] += (float64(t.wanted[i][now]) - t.cost[i]) / t.known
	}
}

// plan makes every price's plan.
func (t *trials) plan(m *model, s *sizes, at int) {
	from := 0
	for i := range prices {
		from = s.cheapest(priceList[i], from)
		t.plans[i][at] = uint16(s.size[from])
		wanted := uint16(1)
		for _, size := range t.plans[i][:m.ahead] {
			wanted = max(wanted, size)
		}
		t.wanted[i][at] = wanted
	}
}

// priceFor is the least price that would have been short no more than so, and the lowest if
// that was not.
func (t *trials) priceFor(share float64) float64 {
	i, part := t.between(share)
	return priceOf(float64(i) + part)
}

// costFor is what the least such price would have had over what was needed, if there is one.
func (t *trials) costFor(share float64) (ratio float64, ok bool) {
	i, part := t.between(share)
	if t.short[prices-1] > share || t.need <= 0 {
		return 0, false
	}
	return (t.cost[i] + (t.cost[i+1]-t.cost[i])*part) / t.need, true
}

// between is where the least price that would have been short no more than so lies: so far
// from one on the list to the next.
func (t *trials) between(share float64) (i int, part float64) {
	for t.short[i] > share && i < prices-1 {
		i++
	}
	if i == 0 {
		return 0, 0
	}
	before, after := math.Log(t.short[i-1]+leastShort), math.Log(t.short[i]+leastShort)
	part = (before - math.Log(share)) / (before - after + 1e-9)
	return i - 1, max(0, min(part, 1))
}
