package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outlook is what was foreseen for a rule when its group was evaluated. Package forecast
// makes it. Loads are in instances that show the rule's Value. All of its numbers are finite.
type Outlook struct {
	Policy   string  `json:"policy"`             // the rule's name
	Abstains Silence `json:"abstains,omitempty"` // empty: it speaks

	Count  int           `json:"count"`             // instances that will be needed when what is ordered now serves
	Within time.Duration `json:"within_ns"`         // how long that takes
	Soon   int           `json:"soon,omitempty"`    // instances that will be needed when one that stands by is back; 0: none stands by, and Count alone counts
	Back   time.Duration `json:"back_ns,omitempty"` // how long that takes
	Load   float64       `json:"load"`              // of the newest step
	By     string        `json:"by,omitempty"`      // the forecaster that weighs most; empty where nobody asked for the details
	Error  float64       `json:"error,omitempty"`   // its mean error of late, as a share of the load

	Expected float64 `json:"expected"` // load when what is ordered now serves: the middle
	Low      float64 `json:"low"`      // between which nine of ten such loads lie
	High     float64 `json:"high"`

	Short  float64 `json:"short"`            // share of the time in which the group really was short, of late
	Repays bool    `json:"repays,omitempty"` // it was short for longer than its budget allows, and plans for more until that is made good
	Costs  []Cost  `json:"costs,omitempty"`  // what budgets cost on this group, dearest last; empty while that is not known
}

// Cost is what a budget costs: what the group would have had of late, over what it needed.
type Cost struct {
	Short float64 `json:"short"` // share of the time
	Ratio float64 `json:"ratio"`
}

// Silence is why an outlook abstains.
type Silence string

// The silences.
const (
	SilenceYoung  Silence = "young"      // too little was seen as yet
	SilenceBlind  Silence = "no_data"    // nothing has been read for long
	SilenceRecord Silence = "bad_record" // reaction alone would have served better of late
)

// Silences lists every silence.
func Silences() []Silence { return []Silence{SilenceYoung, SilenceBlind, SilenceRecord} }

var silenceTexts = map[Silence]string{
	SilenceYoung:  "too little was seen as yet",
	SilenceBlind:  "nothing has been read for long",
	SilenceRecord: "reaction alone would have served better of late",
}

// Text is the silence in words.
func (s Silence) Text() string { return silenceTexts[s] }

// clone is a copy that shares nothing with the outlook.
func (o *Outlook) clone() Outlook {
	cloned := *o
	cloned.Costs = slices.Clone(o.Costs)
	return cloned
}

// outlook is that of the named rule, or nil.
func (in *Inputs) outlook(policy string) *Outlook {
	for i := range in.Outlooks {
		if in.Outlooks[i].Policy == policy {
			return &in.Outlooks[i]
		}
	}
	return nil
}

// Foreseen is what a rule that forecasts made of its outlook.
type Foreseen struct {
	Outlook
	Planned  int       `json:"planned,omitempty"` // instances to have now by the outlook and the schedules ahead; meaningless if it abstains
	Standby  int       `json:"standby,omitempty"` // instances that stand by and are counted on
	Floor    int       `json:"floor,omitempty"`   // of a schedule that begins before what is ordered at the next evaluation would serve; 0: none does
	Begins   time.Time `json:"begins,omitzero"`   // when it begins
	Reaction int       `json:"reaction"`          // what reaction alone would have the group have

	Budget   float64 `json:"budget,omitempty"`   // of the rule
	Quantile float64 `json:"quantile,omitempty"` // of the rule
}

// speaks says that there is an outlook which does not abstain.
func (f *Foreseen) speaks() bool { return f != nil && f.Abstains == "" }

// plan finds what is to be had now, so that what will be needed is there in time: those that
// stand by come back sooner than those that are ordered. What is left to the next evaluation
// is there an interval later.
func (f *Foreseen) plan(spec *Spec, in *Inputs, now time.Time) {
	if f.Soon > 0 {
		f.Standby = max(0, in.Standby)
	}
	f.Planned = max(f.Soon, f.Count-f.Standby)
	for i := range spec.Policies {
		bounds := spec.Policies[i].Schedule
		if bounds == nil {
			continue
		}
		begins, ok := bounds.beginsWithin(f.Within+spec.Interval, now)
		if !ok {
			continue
		}
		floor := bounds.Min
		if begins.After(now.Add(f.Back + spec.Interval)) {
			floor -= f.Standby
		}
		if floor = min(floor, spec.Max); floor > f.Floor {
			f.Floor, f.Begins = floor, begins
		}
	}
	f.Planned = max(f.Planned, f.Floor)
}

// String says in words what is foreseen.
func (f *Foreseen) String() string {
	return fmt.Sprintf("%s now, %s", worth(f.Load), f.ahead(amount))
}

// ahead says in words what is foreseen, and not what is now. The function says how the load
// that is expected is written.
func (f *Foreseen) ahead(load func(float64) string) string {
	text := load(f.Expected)
	if f.By != "" {
		text += fmt.Sprintf(" (%s to %s)", amount(f.Low), amount(f.High))
	}
	text += " expected in " + minutes(f.Within)
	if f.By != "" {
		text += fmt.Sprintf(" by %s, error %s of late", f.By, Percent(f.Error))
	}
	text += f.leads()
	if f.Floor > 0 && f.Floor == f.Planned {
		text += fmt.Sprintf("; a schedule that begins at %s wants %d", f.Begins.Format(time.RFC3339), f.Floor)
	}
	return text + fmt.Sprintf("; reaction alone would have %d", f.Reaction)
}

// leads says in words what is needed when those that stand by are back, and when what is
// ordered serves; that which the plan rests on comes last. It is empty if none stands by.
func (f *Foreseen) leads() string {
	if f.Standby == 0 {
		return ""
	}
	soon := fmt.Sprintf("%d in %s, when those that stand by are back", f.Soon, minutes(f.Back))
	later := fmt.Sprintf("%d in %s, of which %d stand by", f.Count, minutes(f.Within), min(f.Standby, f.Count))
	if f.Soon > f.Count-f.Standby {
		soon, later = later, soon
	}
	text := fmt.Sprintf("; needed are %s, and %s", soon, later)
	if most := max(f.Soon, f.Count-f.Standby); f.Planned == most {
		text += fmt.Sprintf(": %d are planned", most)
	}
	return text
}

// Kept says in words how the rule keeps its budget.
func (f *Foreseen) Kept() string {
	text := fmt.Sprintf("short %s of the time of late", Percent(f.Short))
	switch {
	case f.Budget == 0:
		text += fmt.Sprintf(", with plans of which %s are to suffice", Percent(f.Quantile))
	case f.Short > f.Budget:
		text += ", above its budget of " + Percent(f.Budget)
	default:
		text += ", within its budget of " + Percent(f.Budget)
	}
	if f.Repays {
		text += "; it plans for more until that is made good"
	}
	return text
}

// CostsText says in words what budgets cost, those that cost the same together. The function
// says how a share is written.
func CostsText(costs []Cost, share func(float64) string) string {
	var parts []string
	for len(costs) > 0 {
		first, alike := costs[0], 1
		for alike < len(costs) && costs[alike].Ratio == first.Ratio {
			alike++
		}
		budgets := share(first.Short)
		if alike > 1 {
			budgets += " to " + share(costs[alike-1].Short)
		}
		parts = append(parts, fmt.Sprintf("at most %s short needs %s × the ideal", budgets, decimal(first.Ratio, 2)))
		costs = costs[alike:]
	}
	return strings.Join(parts, ", ")
}

// Percent is a share in percent, as people write it: 0.8%.
func Percent(share float64) string { return number6(100*share) + "%" }

// amount is a number of instances, in tenths; in hundredths where there are few.
func amount(v float64) string {
	if v < 2 {
		return decimal(v, 2)
	}
	return decimal(v, 1)
}

// worth is a load in instances.
func worth(v float64) string { return amount(v) + " instances' worth" }

// decimal is v with so many digits behind the point, but for zeros at the end.
func decimal(v float64, digits int) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', digits, 64), "0"), ".")
}

// minutes is a span without what is 0 at its end: 11m, 1h.
func minutes(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
