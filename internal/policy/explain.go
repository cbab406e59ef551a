package policy

import (
	"math"
	"slices"
	"time"
)

// Version is that of the rules by which Decide decides. It grows whenever the same
// arguments give another decision than before.
const Version = 2

// Explanation is a decision with what would have altered it.
type Explanation struct {
	Decision
	Turning []Turning `json:"turning"` // for each signal that has a value, in their order
	Nearest *Turning  `json:"nearest"` // the smallest of them, relative to the value; nil: no change of one signal alters the decision
}

// Turning is the smallest change of one signal that alters a decision: at To the group
// would get Desired instances, and so little a change as half of it alters nothing.
type Turning struct {
	Signal  string  `json:"signal"`
	From    float64 `json:"from"`   // the signal's value; of the instances, their statistic
	Exists  bool    `json:"exists"` // some change alters the decision; the rest is meaningless otherwise
	To      float64 `json:"to,omitempty"`
	Desired int     `json:"desired,omitempty"`
	Reason  Reason  `json:"reason,omitempty"`
}

// Explain decides again, as Decide did, and looks for what would have altered the
// decision. Memory is as it was before the decision, and stays so.
func Explain(spec *Spec, in *Inputs, now time.Time, memory Memory) Explanation {
	decide := func(in *Inputs) Decision {
		copied := memory.Clone()
		return Decide(spec, in, now, &copied)
	}
	e := Explanation{Decision: decide(in)}
	for i := range in.Signals {
		if !in.Signals[i].Present {
			continue
		}
		t := turning(in, i, bounds(spec, in.Signals[i].Name), e.Desired.Count, decide)
		e.Turning = append(e.Turning, t)
	}
	for i := range e.Turning {
		if t := &e.Turning[i]; t.Exists && (e.Nearest == nil || t.relative() < e.Nearest.relative()) {
			e.Nearest = t
		}
	}
	return e
}

// relative is how large the change is, of the value.
func (t *Turning) relative() float64 {
	if t.From == 0 {
		return math.Inf(1)
	}
	return math.Abs(t.To-t.From) / math.Abs(t.From)
}

const (
	farthest   = 1e6 // times the value, up to which a change is looked for
	firstStep  = 1e-6
	bisections = 60
	beside     = 1e-9 // as a share of a bound: surely on one side of it
)

// bounds are what the rules compare the signal with: between two of them, a rule may hold
// in a span so narrow that strides would pass over it.
func bounds(spec *Spec, signal string) (values []float64) {
	for _, rule := range spec.Policies {
		if rule.Step != nil && rule.Step.Signal == signal {
			for _, band := range slices.Concat(rule.Step.Above, rule.Step.Below) {
				values = append(values, band.Bound)
			}
		}
		if rule.Threshold != nil {
			for _, c := range rule.Threshold.When {
				if c.Signal == signal {
					values = append(values, c.bound())
				}
			}
		}
	}
	return values
}

// turning looks for the smallest change of the ith signal.
func turning(in *Inputs, i int, bounds []float64, desired int, decide func(*Inputs) Decision) Turning {
	t := Turning{Signal: in.Signals[i].Name, From: in.Signals[i].Value}
	changed := *in
	changed.Signals = append([]Input(nil), in.Signals...)
	at := func(value float64) Decision {
		changed.Signals[i] = in.Signals[i].Moved(value)
		return decide(&changed)
	}
	unit := math.Abs(t.From)
	if unit == 0 {
		unit = 1
	}
	for _, direction := range []float64{1, -1} {
		most := farthest * unit
		switch ceiling := in.Signals[i].most(); {
		case direction < 0 && (in.Signals[i].PerInstance || t.From > 0):
			most = max(0, t.From) // no load is carried below 0
		case ceiling > 0:
			most = ceiling - t.From // nor beyond what it can show
		}
		var likely []float64
		for _, bound := range bounds {
			for _, value := range []float64{bound - beside*math.Abs(bound), bound, bound + beside*math.Abs(bound)} {
				likely = append(likely, direction*(value-t.From))
			}
		}
		by, found := smallest(unit*firstStep, most, likely, func(by float64) bool { return at(t.From+direction*by).Desired.Count != desired })
		if found && (!t.Exists || by < math.Abs(t.To-t.From)) {
			t.To, t.Exists = t.From+direction*by, true
		}
	}
	if t.Exists {
		decision := at(t.To)
		t.Desired, t.Reason = decision.Desired.Count, decision.Reason
	}
	return t
}

// most is the largest value that the signal can show; 0: there is none.
func (in *Input) most() float64 {
	if in.PerInstance && in.Statistic == Sum {
		return in.Ceiling * float64(in.Trusted)
	}
	return in.Ceiling
}

// smallest is the least amount found, up to most, that turns, and of which the half does
// not. It is looked for in doubling strides and at the likely amounts.
func smallest(step, most float64, likely []float64, turns func(float64) bool) (by float64, found bool) {
	if math.IsNaN(most) || most <= 0 {
		return 0, false
	}
	amounts := []float64{most}
	for amount := step; amount < most; amount *= 2 {
		amounts = append(amounts, amount)
	}
	for _, amount := range likely {
		if amount > 0 && amount < most {
			amounts = append(amounts, amount)
		}
	}
	slices.Sort(amounts)
	i := slices.IndexFunc(amounts, turns)
	if i < 0 {
		return 0, false
	}
	by = amounts[i]
	low := 0.0
	if i > 0 {
		low = amounts[i-1]
	}
	for turns(by / 2) {
		by, low = by/2, 0
	}
	for range bisections {
		middle := low + (by-low)/2
		if middle <= low || middle >= by {
			break
		}
		if turns(middle) {
			by = middle
		} else {
			low = middle
		}
	}
	return by, true
}

// Moved is the signal as if it had the value: of the instances, as if each showed as much
// more or less, in proportion.
func (in Input) Moved(value float64) Input {
	if !in.PerInstance {
		in.Value, in.Growth = value, value
		return in
	}
	value = max(0, value)
	if in.Value > 0 {
		factor := value / in.Value
		for _, part := range []*float64{&in.Total, &in.Claimed, &in.Largest, &in.Idle, &in.Picked, &in.Worst, &in.Growth} {
			*part *= factor
		}
		in.Value = value
		return in
	}
	each := value // all of them showed 0
	if in.Statistic == Sum {
		each = value / float64(in.Trusted)
	}
	in.Total, in.Claimed = each*float64(in.Trusted), in.Claimed+each*float64(in.Trusted)
	in.Largest, in.Value, in.Growth = max(in.Largest, each), value, max(in.Growth, value)
	if !in.Statistic.adds() {
		in.Picked, in.Worst = each, each*(1-in.WorstFill)
		if in.Missing == 0 {
			in.Idle = each
		}
	}
	return in
}
