package policy

import (
	"math"
	"time"
)

// Version is that of the rules by which Decide decides. It grows whenever the same
// arguments give another decision than before.
const Version = 1

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
		t := turning(in, i, e.Desired.Count, decide)
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
)

// turning looks for the smallest change of the ith signal.
func turning(in *Inputs, i, desired int, decide func(*Inputs) Decision) Turning {
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
		by, found := smallest(unit*firstStep, most, func(by float64) bool { return at(t.From+direction*by).Desired.Count != desired })
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

// smallest is the least amount, up to most, that turns, and of which the half does not.
func smallest(step, most float64, turns func(float64) bool) (by float64, found bool) {
	low := 0.0
	for by = min(step, most); ; by = min(2*by, most) {
		if math.IsNaN(by) || by <= 0 {
			return 0, false
		}
		if turns(by) {
			break
		}
		if by >= most {
			return 0, false
		}
		low = by
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
