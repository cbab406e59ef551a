package forecast

import "math"

const (
	recordFor  = day // after which a record is forgotten: a bad day is to show, a bad hour is not
	worse      = 1.5 // × the loss of the reaction: the record is bad, and not by chance
	better     = 1.0 // × it: the record is good again
	farWorse   = 2.0 // × it: not even a group that was short too often is to follow the plans
	countsMost = 4   // × the mean need: a load beyond counts for less, or an hour in a wrong unit would outweigh the day
	condemned  = 30  // × it: for two days and more nobody follows them
)

// record compares what following the plans came to with what reaction alone would have: by
// the price of a shortage, over the last day.
type record struct {
	planned, reacted [farthest]uint16
	own, reaction    float64 // mean loss
	bad              bool
}

func (r *record) learn(m *model, load float64) {
	if m.readings < int64(m.steps(probation)) {
		return
	}
	share := m.share(recordFor) * min(1, countsMost*max(1, m.trials.need)/max(1, load))
	now := m.slot(m.step - 1)
	r.own += (loss(r.planned[:m.ahead], now, load, m.budget.last) - r.own) * share
	r.reaction += (loss(r.reacted[:m.ahead], now, load, m.budget.last) - r.reaction) * share
	limit := worse
	if r.bad {
		limit = better
	}
	r.bad = r.own > limit*r.reaction
}

// loss is what a step cost and harmed with the sizes that were decided.
func loss(sizes []uint16, now int, load, price float64) float64 {
	serving := uint16(math.MaxUint16)
	for _, size := range sizes {
		serving = min(serving, size)
	}
	cost := float64(sizes[now])
	if short := load - float64(serving); short > 0 {
		cost += price * (1 + depth*short/max(1, load))
	}
	return cost
}

// condemn is for a past that teaches nothing of the present: the record is bad until it has
// been good for days.
func (r *record) condemn() {
	r.bad, r.own = true, condemned*max(1, r.reaction)
}

// hopeless says that the plans did far worse than reaction, whatever else speaks for them.
func (r *record) hopeless() bool { return r.own > farWorse*r.reaction }

func (r *record) plan(m *model, at int) {
	r.planned[at], r.reacted[at] = 1, 1
	for i := range m.ahead {
		r.planned[at] = max(r.planned[at], m.plans[i])
		r.reacted[at] = max(r.reacted[at], m.react[i])
	}
}
