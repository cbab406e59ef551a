package forecast

const (
	owedFor   = week    // the budget is one of about a week
	repaidIn  = 3 * day // what was short beyond it is made up for
	owedMost  = 3 * day // of the budget: more is not owed, or the group would pay for ever for one bad day
	leastLeft = 0.2     // of the budget, however much is owed
)

// budget is how much the group was really short beyond what it may be. What is owed lowers
// the share that is aimed at, as the integral does in conformal control (A. N. Angelopoulos,
// E. J. Candès and R. J. Tibshirani, Conformal PID control for time series prediction, 2023,
// after I. Gibbs and E. Candès, Adaptive conformal inference under distribution shift, 2021).
type budget struct {
	owed  float64 // steps
	last  float64 // price
	short float64 // share of the steps of late
	known float64 // weight of what the share is of, in steps
}

// learn takes the share of a step in which the group was short. By a load that is not
// believed nothing is owed.
func (b *budget) learn(m *model, short float64, believed bool) {
	may := m.settings.budget
	b.owed = b.owed*(1-m.share(owedFor)) - may
	if believed {
		b.owed += short
	}
	// What was not used is not saved up: it would be spent in one bad hour.
	b.owed = max(0, min(b.owed, float64(m.steps(owedMost))*may))
	b.known = min(b.known+1, float64(m.steps(owedFor)))
	b.short += (short - b.short) / b.known
}

// kept is the share of the time in which the group was short: of a week, and of a day as long as
// no more is known.
func (b *budget) kept(m *model) float64 {
	return b.short * min(1, b.known/float64(m.steps(day)))
}

// repays says that the group was short for longer than it may be, and by more than one step.
func (b *budget) repays() bool { return b.owed > 1 }

// price is what a shortage is to count for now.
func (b *budget) price(m *model) float64 {
	may := m.settings.budget
	left := max(may*leastLeft, may-b.owed/float64(m.steps(repaidIn)))
	b.last = m.trials.priceFor(left)
	return b.last
}
