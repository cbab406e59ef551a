package config

import (
	"fmt"
	"math"
	"slices"
)

// Target holds a signal at a value. For a signal of each instance, Value is what each
// should show. For a signal of the group it is the share of one instance; or, with Each,
// what the group's mean should be.
type Target struct {
	Signal       string
	Value        float64 // shares such as 60% are 0.6; > 0
	Each         bool    // of a signal of the group: it shows what each instance does, such as a utilisation
	ToleranceOut float64 // no change while value ≤ (1+this)×target; default 0.1
	ToleranceIn  float64 // no change while value ≥ (1−this)×target; default 0.1
}

func readTarget(s *section, signals []Signal) *Target {
	defer s.close()
	signal := signalOf(s, signals)
	target := &Target{
		Signal:       signal.Name,
		ToleranceOut: read(s, "tolerance_out", 0.1, share),
		ToleranceIn:  read(s, "tolerance_in", 0.1, share),
	}
	target.Value, target.Each = s.readAim("target", signal)
	if signal.hasSource() && (signal.PerInstance() || target.Each) {
		s.checkReachable(target, signal)
	}
	return target
}

// maxAim bounds what an instance can be said to show.
const maxAim = math.MaxFloat64

// readAim reads what each instance is to show, under value, or to have of an amount of the
// group, under per_instance. Each says that the signal is of the group and yet shows what
// each does. The kind names the choice between the two.
func (s *section) readAim(kind string, signal Signal) (aim float64, each bool) {
	value := read(s, "value", 0, positive(maxAim))
	perInstance := read(s, "per_instance", 0, positive(maxAim))
	s.about.bind(Rule{One: []string{"value", "per_instance"}})
	switch {
	case !signal.hasSource():
		return 0, false
	case signal.PerInstance():
		s.insist("value", "per_instance", "the signal is about each instance: write value, what each should show")
		return value, false
	case s.choice(kind, "per_instance", "value") == "value":
		return value, true
	}
	return perInstance, false
}

// signalOf reads which signal of its group a section is about. It returns one without a
// name when there is none, which is reported.
func signalOf(s *section, signals []Signal) Signal {
	s.require("signal")
	name := read(s, "signal", "", reference("signal", signalNames(signals)))
	for _, signal := range signals {
		if signal.Name == name {
			if signal.saysWays() && s.name != "webhook" {
				s.fault("signal", "says up or down, which is no quantity: name it in a webhook policy, or write format: value in its push section")
			}
			return signal
		}
	}
	return Signal{}
}

func signalNames(signals []Signal) []string {
	names := make([]string, len(signals))
	for i, signal := range signals {
		names[i] = signal.Name
	}
	return names
}

// hasSource says that the signal was read well enough to tell what it is about.
func (s Signal) hasSource() bool {
	return s.SNMP != nil || s.Scrape != nil || s.PromQL != "" || s.Push != nil || s.Query != "" || len(s.FirstOf) > 0 || s.Formula != ""
}

// checkReachable reports a target that the signal cannot exceed, so that the
// group would never grow: a share ends at 1, and others at their max.
func (s *section) checkReachable(target *Target, signal Signal) {
	threshold := target.Value * (1 + target.ToleranceOut)
	switch most := signal.top(); {
	case most == 0 || threshold < most:
	case signal.isShare():
		s.fault("value", "the group would never grow: %s, and value with tolerance_out is %.4g%%: write for example 60%%", signal.topInWords(), threshold*100)
	default:
		s.fault("value", "the group would never grow: %s, and value with tolerance_out is %.4g: write less", signal.topInWords(), threshold)
	}
}

// checkBound reports a bound that the signal is never above, or always below. Reached
// says whether a value that is just at the bound counts as beyond it.
func (s *section) checkBound(side string, bound float64, signal Signal, reached bool) {
	most, remedy := signal.top(), "write less"
	if signal.isShare() {
		remedy = "write for example 60%"
	}
	switch {
	case most == 0:
	case side == "above" && (bound > most || bound == most && !reached):
		s.fault(side, "is never so: %s: %s", signal.topInWords(), remedy)
	case side == "below" && (bound > most || bound == most && reached):
		s.fault(side, "is always so: %s: %s", signal.topInWords(), remedy)
	}
}

// top is the largest value that the signal can have; 0: that is not known.
func (s Signal) top() float64 {
	switch {
	case s.Statistic == "sum":
		return 0
	case s.isShare():
		return 1
	}
	return s.Most()
}

func (s Signal) topInWords() string {
	if s.isShare() {
		return s.SNMP.Profile + " never exceeds 100%"
	}
	return fmt.Sprintf("the signal's max is %g", s.Most())
}

// isShare says that the signal is a share by its profile.
func (s Signal) isShare() bool {
	return s.SNMP != nil && slices.Contains(shareProfiles, s.SNMP.Profile)
}
