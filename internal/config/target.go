package config

import (
	"math"
	"slices"
)

func readTarget(s *section, signals []Signal) *Target {
	defer s.close()
	s.require("signal")
	target := &Target{
		Signal:       read(s, "signal", "", reference("signal", signalNames(signals))),
		ToleranceOut: read(s, "tolerance_out", 0.1, share),
		ToleranceIn:  read(s, "tolerance_in", 0.1, share),
	}
	value := read(s, "value", 0, positive(math.MaxFloat64))
	perInstance := read(s, "per_instance", 0, positive(math.MaxFloat64))

	i := slices.IndexFunc(signals, func(signal Signal) bool { return signal.Name == target.Signal })
	switch {
	case i < 0 || !signals[i].hasSource():
	case signals[i].PerInstance():
		target.Value = value
		s.insist("value", "per_instance", "the signal is about each instance: write value, what each should show")
		s.checkReachable(target, signals[i])
	default:
		target.Value = perInstance
		s.insist("per_instance", "value", "the signal is about the group: write per_instance, the share of one instance")
	}
	return target
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
	return s.PerInstance() || s.Scrape != nil || s.PromQL != "" || s.Query != "" || s.Derived()
}

// checkReachable reports a target that the signal cannot exceed, so that the
// group would never grow: a share ends at 1, and others at their max.
func (s *section) checkReachable(target *Target, signal Signal) {
	if signal.Statistic == "sum" {
		return
	}
	threshold := target.Value * (1 + target.ToleranceOut)
	switch most := signal.Most(); {
	case signal.SNMP != nil && slices.Contains(shareProfiles, signal.SNMP.Profile) && threshold >= 1:
		s.fault("value", "the group would never grow: %s never exceeds 100%%, and value with tolerance_out is %.4g%%: write for example 60%%",
			signal.SNMP.Profile, threshold*100)
	case most > 0 && threshold >= most:
		s.fault("value", "the group would never grow: the signal's max is %g, and value with tolerance_out is %.4g: write less", most, threshold)
	}
}
