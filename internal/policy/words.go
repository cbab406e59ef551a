package policy

import (
	"fmt"
	"strconv"
	"time"
)

// String says in words what a policy recommends, and on what.
func (r Recommendation) String() string {
	value, _ := r.Value.Value()
	switch {
	case r.Foreseen != nil && (!r.Foreseen.speaks() || r.Verdict == Want):
		return r.foreseen()
	case r.Signal == "" && r.Verdict == Abstain:
		return r.Policy + " is outside its windows"
	case r.Signal == "":
		return fmt.Sprintf("%s wants %d at least: one of its windows holds", r.Policy, r.Count)
	case r.Verdict == Abstain:
		return fmt.Sprintf("%s has no say: %s is %s", r.Policy, r.Signal, r.shown())
	case r.Verdict == Want && r.Target == 0:
		return fmt.Sprintf("%s wants %d: %s is %s%s", r.Policy, r.Count, r.Signal, r.shown(), r.part())
	case r.Verdict == Want:
		return fmt.Sprintf("%s wants %d: %s is %s%s, target %s", r.Policy, r.Count, r.Signal, number(value), r.part(), number(r.Target))
	case r.Foreseen.speaks(): // it may make the group grow by that all the same
		return fmt.Sprintf("%s cannot tell: %s; %s", r.Policy, r.lacks(), r.Foreseen.ahead(worth))
	}
	return fmt.Sprintf("%s cannot tell: %s", r.Policy, r.lacks())
}

// lacks says why a policy cannot tell.
func (r Recommendation) lacks() string {
	if _, ok := r.Value.Value(); ok {
		return fmt.Sprintf("only %d of %d instances show %s", r.Measured, r.Of, r.Signal)
	}
	return fmt.Sprintf("%s is %s", r.Signal, r.Value.Why())
}

// whereWhy is what there is to know beyond lacks.
func (r Recommendation) whereWhy() string {
	if r.Value.Why() == Warming {
		return "no instance has served for long enough yet"
	}
	return "`autoscaled signals` says why"
}

// foreseen is String of a forecast.
func (r Recommendation) foreseen() string {
	silence := r.Foreseen.Abstains
	_, ok := r.Value.Value()
	switch said := fmt.Sprintf("%s abstains (%s: %s)", r.Policy, silence, silence.Text()); {
	case r.Foreseen.speaks() && !ok:
		return fmt.Sprintf("%s wants %d: %s; %s", r.Policy, r.Count, r.lacks(), r.Foreseen.ahead(worth))
	case r.Foreseen.speaks():
		return fmt.Sprintf("%s wants %d: %s", r.Policy, r.Count, r.Foreseen)
	case r.Verdict == Want:
		return fmt.Sprintf("%s, holds %s at %s as a target: it is %s%s, wants %d", said, r.Signal, number(r.Target), r.shown(), r.part(), r.Count)
	case r.Verdict == Unknown:
		return fmt.Sprintf("%s, and cannot tell as a target: %s is %s on %d of %d", said, r.Signal, r.shown(), r.Measured, r.Of)
	default:
		return said
	}
}

func (r Recommendation) shown() string {
	if value, ok := r.Value.Value(); ok {
		return number(value)
	}
	return r.Value.Why().String()
}

// part says of how many instances a value is, when not of all.
func (r Recommendation) part() string {
	if r.Measured == r.Of {
		return ""
	}
	return fmt.Sprintf(" on %d of %d (the others count at their worst)", r.Measured, r.Of)
}

// Words explain the decision to a person, line by line.
func (e Explanation) Words() []string {
	lines := []string{fmt.Sprintf("%s: from %d to %d (%s): %s", e.At.Format(time.RFC3339), e.Current.Count, e.Desired.Count, e.Reason, e.Reason.Text())}
	for _, r := range e.Recommendations {
		lines = append(lines, "policy "+r.String())
		if r.Foreseen.speaks() {
			lines = append(lines, "  "+r.Foreseen.Kept())
			if costs := r.Foreseen.Costs; len(costs) > 0 {
				lines = append(lines, "  what budgets cost here: "+CostsText(costs, Percent))
			}
		}
	}
	lines = append(lines, fmt.Sprintf("together the policies want %d", e.Wanted))
	for _, effect := range e.Effects {
		lines = append(lines, "guard "+effect.String())
	}
	if e.Capped.Reason != "" {
		lines = append(lines, fmt.Sprintf("%d more are wanted than the group may have (%s), since %s", e.Capped.Unmet, e.Capped.Reason, e.Capped.Since.Format(time.RFC3339)))
	}
	if e.Nearest == nil {
		lines = append(lines, "no change of one signal that has a value would have altered it")
		for _, r := range e.Recommendations {
			if r.Verdict == Unknown {
				lines = append(lines, fmt.Sprintf("  %s: %s", r.lacks(), r.whereWhy()))
			}
		}
		return lines
	}
	lines = append(lines, "the smallest change that would have altered it: "+e.Nearest.String())
	for _, turning := range e.Turning {
		if turning.Signal != e.Nearest.Signal {
			lines = append(lines, "  "+turning.String())
		}
	}
	return lines
}

// String says in words what a guard made of a count.
func (e Effect) String() string {
	return fmt.Sprintf("%d becomes %d: %s", e.From, e.To, e.Reason.Text())
}

// String says in words what would have altered the decision.
func (t Turning) String() string {
	if !t.Exists {
		return fmt.Sprintf("no change of %s alone alters it", t.Signal)
	}
	return fmt.Sprintf("with %s at %s in place of %s it would be %d (%s)", t.Signal, number6(t.To), number6(t.From), t.Desired, t.Reason)
}

var reasonTexts = map[Reason]string{
	ReasonWant:           "the policies want exactly this",
	ReasonSteady:         "the policies want the present size",
	ReasonAtMax:          "max allows no more",
	ReasonAtMin:          "min demands as much",
	ReasonAtCeiling:      "a schedule allows no more just now",
	ReasonAtFloor:        "a schedule, or an operator, demands as much",
	ReasonUnknown:        "data is missing, so the group does not shrink",
	ReasonAbstained:      "no policy has a say just now",
	ReasonStabilizingOut: "not as much was wanted throughout the stabilization of scaling out",
	ReasonStabilizingIn:  "more was wanted within the stabilization of scaling in",
	ReasonFlapping:       "the group went to and fro, so that the stabilization is longer for a while, and within that more was wanted",
	ReasonCooldownOut:    "the last growth is too recent",
	ReasonCooldownIn:     "the last change is too recent",
	ReasonRateOut:        "it grew as fast as its rates allow",
	ReasonRateIn:         "it shrank as fast as its rates allow",
	ReasonProjected:      "with fewer a policy would make the group grow again",
	ReasonLoadLost:       "the load fell as it never did before, which looks like an outage: no shrinking for a while",
	ReasonWarming:        "an instance is still becoming one or warms up, so the group does not shrink",
	ReasonOutOnly:        "the group's mode lets it only grow",
	ReasonPaused:         "an operator paused the group, or this direction",
	ReasonHeld:           "an operator holds the group at this size",
	ReasonPutBack:        "instances that are leaving come back at once",
	ReasonDoubt:          "the cloud cannot be trusted just now, so the group does not shrink",
	ReasonClock:          "wall time jumped, so that changes wait for one span",
}

// Text is the reason in words.
func (r Reason) Text() string { return reasonTexts[r] }

func number(v float64) string  { return strconv.FormatFloat(v, 'g', 4, 64) }
func number6(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// Text is the goal in words, of an instance.
func (g Goal) Text() string { return goalTexts[g] }

var goalTexts = map[Goal]string{
	InService: "to be in service",
	Standby:   "to stand by",
	Released:  "to be released",
	Ready:     "to be ready (drill)",
}

// Text is the hold in words.
func (h Hold) Text() string { return holdTexts[h] }

var holdTexts = map[Hold]string{
	HoldBrake:    "too many fail at once, so none is replaced",
	HoldLaunches: "launch after launch never served, so nothing is ordered",
	HoldRoom:     "more is missing than max leaves room for",
	HoldDoubt:    "the account cannot be trusted, so none is sent away",
	HoldBake:     "those of the changed template must serve for a while first",
	HoldYoung:    "those that could go have not served for long enough",
}

// Text says in a few words why there is no value.
func (a Absence) Text() string { return absenceTexts[a] }

var absenceTexts = [...]string{
	Present:     "good",
	Absent:      "no value",
	Stale:       "too old",
	Failed:      "not readable",
	NotFinite:   "not a number",
	OutOfRange:  "impossible value",
	Warming:     "warming up",
	Frozen:      "stands still",
	UnitChanged: "unit changed",
	Disagrees:   "others disagree",
	Skewed:      "clock is off",
	Filling:     "not watched for long enough",
	Censored:    "saturated",
	Overloaded:  "not asked",
}
