package plan

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/elasticity"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Result is what became of a scenario. A brief one has no series, decisions and contracts.
type Result struct {
	Name  string
	Start time.Time
	Step  time.Duration
	From  int // the first step that is scored

	// Of each step: the load in instances that are full, the instances that it needs, those
	// that served, those that were paid, the decided size, and whether the load was at least
	// this, or is not known.
	Load     []float64
	Need     []int
	Serving  []int
	Paid     []int
	Desired  []int
	Censored []bool

	Decisions []Moment // that changed the size
	Contracts []billing.Contract

	Metrics elasticity.Metrics // of the scored steps
	Bill    billing.Bill       // of the scored steps, as if what is there at the first were ordered then; zero without a model
	Flow    Flow
	Capped  Bound // more was wanted than max allows; never of a classic scaler, which does not say
	Refused Bound // the quota refused an order

	Forecasts []Forecast // of the rules that forecast, in the order of the spec

	Recorded int // steps at the beginning in which the record answered, since the decisions were its own
}

// Forecast is how a rule that forecasts came out.
type Forecast struct {
	Policy    string
	Budget    float64 // of the rule; 0: it has a quantile
	Quantile  float64 // of the rule
	Short     float64 // share of the scored steps in which instances showed more than the rule's value
	Abstained float64 // share of the scored steps in which its outlook abstained

	Costs []policy.Cost // what budgets cost on the load up to the end, dearest last; empty while that is not known, and in a brief result

	// Of each step, what was expected of it when an order could still be in time: the middle,
	// and between what nine of ten lie, in instances that are full. High is 0 where nothing
	// was expected. Nil in a brief result.
	Expected, Low, High []float32
}

// Flow is where the load of the scored steps went, in billionths of what one full instance
// does in a step. Served and Lost add up to Offered.
type Flow struct{ Offered, Served, Lost int64 }

// Bound is how often a bound was in the way, in all steps.
type Bound struct {
	Steps int
	First time.Time // zero: never
}

func (b *Bound) hit(at time.Time) {
	if b.Steps == 0 {
		b.First = at
	}
	b.Steps++
}

// Moment is a decision that changed the size of a group.
type Moment struct {
	Step     int
	At       time.Time
	From, To int
	Wanted   int           // as the policies together wanted; of a classic scaler as it decided
	Reason   policy.Reason // empty: of a classic scaler
	Recorded bool          // the daemon made it, too

	rested *rested
}

// rested is what a decision rested on.
type rested struct {
	spec   *policy.Spec
	inputs policy.Inputs
	memory policy.Memory
}

// explainedMost bounds how many decisions of a result can be explained, and so its memory.
const explainedMost = 10_000

// Explain says why the decision fell as it did, and what would have altered it. It is false
// for a classic scaler's, and for what follows ten thousand others.
func (m *Moment) Explain() (policy.Explanation, bool) {
	if m.rested == nil {
		return policy.Explanation{}, false
	}
	return policy.Explain(m.rested.spec, &m.rested.inputs, m.At, m.rested.memory), true
}
