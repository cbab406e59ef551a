package policy

import "time"

// Forecast orders ahead of the load: the group gets as many instances as it will need, by
// the outlook that its inputs hold, when what is ordered now comes to serve. It only ever
// adds: it never wants fewer than carry the present load. It knows the floors of schedules
// ahead as well.
//
// Signal, Value, Each and Quorum are those of a [Target], but that Value is what an instance
// shows that carries as much as it should at most. How often the group may be short of that
// is the Budget.
type Forecast struct {
	Signal string
	Value  float64 // > 0
	Each   bool    `json:",omitempty"`
	Quorum float64

	Budget   float64 `json:",omitempty"` // share of the time in which instances may show more than Value, above 0 and below 1; or
	Quantile float64 `json:",omitempty"` // likelihood with which each plan is to suffice, above 0 and below 1

	Fallback float64 // value at which reaction holds the signal while the outlook abstains; 0: then the rule abstains too

	TimeToServe  time.Duration // from an order to serving, as long as the group has not learned its own
	TimeToReturn time.Duration // likewise of an instance that stands by
}

// What reaction alone would do: it holds the signal at Fallback, or, where there is none, at
// what most groups are held at.
const (
	reactionShare     = 0.7 // of Value
	reactionTolerance = 0.1
)

// recommend says what the outlook makes of the present load. One that abstains leaves the
// group to reaction at Fallback, or to the other rules.
func (f *Forecast) recommend(name string, spec *Spec, in *Inputs, now time.Time) Recommendation {
	full, alone, carrying := f.full(), f.reaction(), in.settled()
	r, reaction := full.recommendOf(carrying, f.served(in), now), alone.recommend(carrying, now)
	foreseen := f.foresee(name, spec, in, reaction, now)
	if r.Load > 0 { // the outlook is of a whole step
		foreseen.Load = r.Load
	}
	switch {
	case !foreseen.speaks() && f.Fallback == 0:
		r.Verdict, r.Count = Abstain, 0
	case !foreseen.speaks():
		reaction.Load = r.Load // in the same instances as when it speaks
		r = reaction
	case r.Verdict == Want:
		r.Count = max(r.Count, foreseen.Planned)
	case foreseen.Planned > in.Size.Count: // what cannot be read may be wanted all the same, never let go
		r.Verdict, r.Count = Want, foreseen.Planned
	}
	r.Foreseen = foreseen
	return r
}

// foresee is what the rule makes of its outlook. None counts as one that abstains.
func (f *Forecast) foresee(name string, spec *Spec, in *Inputs, reaction Recommendation, now time.Time) *Foreseen {
	seen := &Foreseen{Budget: f.Budget, Quantile: f.Quantile, Reaction: in.Size.Count}
	if reaction.Verdict == Want {
		seen.Reaction = reaction.Count
	}
	outlook := in.outlook(name)
	if outlook == nil {
		seen.Outlook = Outlook{Policy: name, Abstains: SilenceYoung}
		return seen
	}
	seen.Outlook = outlook.clone()
	if seen.speaks() {
		seen.plan(spec, in, now)
	}
	return seen
}

// full is the target that carries the present load and no more, reaction the one that would
// take the rule's place.
func (f *Forecast) full() Target {
	return Target{Signal: f.Signal, Value: f.Value, Each: f.Each, Quorum: f.Quorum}
}

func (f *Forecast) reaction() Target {
	t := f.full()
	t.Value, t.ToleranceOut, t.ToleranceIn = f.Fallback, reactionTolerance, reactionTolerance
	if f.Fallback == 0 {
		t.Value = reactionShare * f.Value
	}
	return t
}

// served is the signal without the instances that do not serve as yet: a plan counts on
// them already, and they carry nothing that could be missing.
func (f *Forecast) served(in *Inputs) *Input {
	input := in.signal(f.Signal)
	if input == nil || !input.PerInstance {
		return input
	}
	settled := *input
	settled.Missing = in.unread(input)
	return &settled
}

// wantsMore holds the group at what the plan says; where the outlook abstains, at what
// reaction would.
func (f *Forecast) wantsMore(in *Inputs, says Recommendation, n int) bool {
	t := f.full()
	in = in.settled()
	switch {
	case says.Foreseen.speaks():
		return says.Count > n || t.wantsMore(in, n)
	case f.Fallback == 0:
		return false
	}
	t = f.reaction()
	return t.wantsMore(in, n)
}
