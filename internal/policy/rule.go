package policy

import (
	"fmt"
	"slices"
	"time"
)

// Verdict is the kind of a recommendation.
type Verdict uint8

// The verdicts.
const (
	Abstain Verdict = iota // no say just now; blocks nothing
	Want                   // this many
	Unknown                // cannot tell; forbids shrinking
)

var verdictNames = [...]string{"abstain", "want", "unknown"}

func (v Verdict) String() string { return verdictNames[v] }

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the name of a verdict.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdictNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("read a recommendation: %q is no verdict", text)
	}
	*v = Verdict(i)
	return nil
}

// Way is a direction to which a rule is bound. A schedule bounds the size both ways.
type Way string

// The ways.
const (
	BothWays Way = ""
	OnlyOut  Way = "out" // it never makes the group shrink, and keeps it from shrinking only where it would have it grow again, or cannot tell
	OnlyIn   Way = "in"  // it never makes the group grow
)

// Rule is one policy: exactly one of its kinds is set.
type Rule struct {
	Name string
	Only Way `json:",omitempty"`

	Target    *Target    `json:",omitempty"`
	Step      *Step      `json:",omitempty"`
	Threshold *Threshold `json:",omitempty"`
	Size      *SizeOf    `json:",omitempty"`
	Webhook   *Webhook   `json:",omitempty"`
	Schedule  *Schedule  `json:",omitempty"`
	Forecast  *Forecast  `json:",omitempty"`
}

// Targets are rules of one target each.
func Targets(targets ...Target) []Rule {
	rules := make([]Rule, len(targets))
	for i := range targets {
		rules[i] = Rule{Name: targets[i].Name, Target: &targets[i]}
	}
	return rules
}

// Recommendation is what one policy says in one evaluation.
type Recommendation struct {
	Policy   string  `json:"policy"`
	Signal   string  `json:"signal,omitempty"` // the signal that the rest is about; empty for a schedule
	Verdict  Verdict `json:"verdict"`
	Count    int     `json:"count"`            // with Want: this many instances; of a schedule its floor
	Value    Sample  `json:"value"`            // the signal, over the instances that have a value
	Target   float64 `json:"target,omitempty"` // what the policy holds the signal at, or compares it with
	Measured int     `json:"measured"`         // how many readings had a value
	Of       int     `json:"of"`               // of how many
	Load     float64 `json:"load,omitempty"`   // of a target or forecast: what the instances carry together, in instances at their target; the missing ones as much as the others

	Foreseen *Foreseen `json:"foreseen,omitempty"` // of a forecast: what it rests on
}

// recommend is what the rule says.
func (r *Rule) recommend(spec *Spec, in *Inputs, now time.Time, memory *Memory) Recommendation {
	var says Recommendation
	switch {
	case r.Target != nil:
		says = r.Target.recommend(in, now)
	case r.Step != nil:
		says = r.Step.recommend(in, now)
	case r.Threshold != nil:
		says = r.Threshold.recommend(r.Name, spec, in, now, memory)
	case r.Size != nil:
		says = r.Size.recommend(in, now)
	case r.Webhook != nil:
		says = r.Webhook.recommend(r.Name, in, now, memory)
	case r.Schedule != nil:
		says = r.Schedule.recommend(now)
	case r.Forecast != nil:
		says = r.Forecast.recommend(r.Name, spec, in, now)
	}
	says.Policy = r.Name
	current := in.Size.Count
	switch {
	case r.Schedule != nil:
	case r.Only == OnlyOut && says.Verdict == Want && says.Count <= current:
		says.Verdict = Abstain
	case r.Only == OnlyIn && says.Verdict == Want:
		says.Count = min(says.Count, current)
	}
	return says
}

// wantsMore says whether the rule, which says so much now, would want more than n instances
// if the load stayed as it is and n carried it.
func (r *Rule) wantsMore(in *Inputs, says Recommendation, n int) bool {
	switch {
	case r.Only == OnlyIn:
		return false
	case r.Target != nil:
		return r.Target.wantsMore(in, n)
	case r.Step != nil:
		return r.Step.wantsMore(in, n)
	case r.Threshold != nil:
		return r.Threshold.wantsMore(in, n)
	case r.Size != nil, r.Webhook != nil:
		return says.Count > n
	case r.Forecast != nil:
		return r.Forecast.wantsMore(in, says, n)
	}
	return false
}

// reading is what a recommendation says of a signal before its verdict.
func reading(in *Inputs, signal string, target float64, now time.Time) (Recommendation, *Input) {
	input := in.signal(signal)
	return readingOf(input, signal, target, now), input
}

func readingOf(input *Input, signal string, target float64, now time.Time) Recommendation {
	r := Recommendation{Signal: signal, Target: target, Verdict: Unknown}
	if input == nil {
		r.Value = Missing(Absent, now)
		return r
	}
	r.Value, r.Measured, r.Of = input.summary(now, false)
	return r
}

// Signals are the names of the signals that the rule decides on.
func (r *Rule) Signals() []string {
	switch {
	case r.Target != nil:
		return []string{r.Target.Signal}
	case r.Step != nil:
		return []string{r.Step.Signal}
	case r.Size != nil:
		return []string{r.Size.Signal}
	case r.Webhook != nil:
		return []string{r.Webhook.Signal}
	case r.Forecast != nil:
		return []string{r.Forecast.Signal}
	case r.Threshold != nil:
		names := make([]string, len(r.Threshold.When))
		for i, condition := range r.Threshold.When {
			names[i] = condition.Signal
		}
		return names
	}
	return nil
}

// Mean says that a signal of the group shows what each of its instances does, by what a rule
// takes it for.
func (s *Spec) Mean(signal string) bool {
	return slices.ContainsFunc(s.Policies, func(r Rule) bool {
		switch {
		case r.Target != nil:
			return r.Target.Each && r.Target.Signal == signal
		case r.Forecast != nil:
			return r.Forecast.Each && r.Forecast.Signal == signal
		}
		return false
	})
}
