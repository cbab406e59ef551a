package config

import (
	"fmt"
	"slices"
)

// Policy is one rule: exactly one of its kinds is set.
type Policy struct {
	Name string // default: kind/signal, or schedule, made unique with /2, /3, …
	Only string // out or in: it only ever makes the group grow, or shrink; empty: both

	Target    *Target
	Step      *Step
	Threshold *Threshold
	Schedule  *Schedule
	Size      string // a signal of the group: it says the size
	Webhook   string // a pushed signal of the group: each value is a change
	Forecast  *Forecast
}

// title is what the policy is called when the file does not say; empty: it could not be read.
func (p Policy) title() string {
	switch {
	case p.Target != nil:
		return "target/" + p.Target.Signal
	case p.Step != nil:
		return "step/" + p.Step.Signal
	case p.Threshold != nil && len(p.Threshold.When) > 0:
		return "threshold/" + p.Threshold.When[0].Signal
	case p.Schedule != nil:
		return "schedule"
	case p.Size != "":
		return "size/" + p.Size
	case p.Webhook != "":
		return "webhook/" + p.Webhook
	case p.Forecast != nil:
		return "forecast/" + p.Forecast.Signal
	}
	return ""
}

// ways says whether the policy can make the group grow, and whether it can make it shrink.
func (p Policy) ways() (grows, shrinks bool) {
	switch {
	case p.Step != nil:
		return len(p.Step.Above) > 0, len(p.Step.Below) > 0
	case p.Threshold != nil && p.Threshold.Size == nil:
		return p.Threshold.Change.grows(), p.Threshold.Change.shrinks()
	}
	return true, true
}

// readPolicies reads the policies of a group whose signals, min and max are known.
func readPolicies(s *section, group Group, known definitions) []Policy {
	items := s.some("policies", s.items("policies"), "there is no policy: add one")
	policies := make([]Policy, 0, len(items))
	taken := map[string]bool{}
	for _, item := range items {
		policy := readPolicy(item, group, known)
		title := policy.title()
		switch {
		case title == "": // reported already
			continue
		case policy.Name == "":
			policy.Name = freeName(title, taken)
		case taken[policy.Name]:
			item.fault("name", "`%s` is the name of an earlier policy: choose another", policy.Name)
		}
		if i := slices.IndexFunc(policies, policy.foreseesAs); i >= 0 {
			item.fault("forecast", "%s forecasts the same signal already: keep one", policies[i].Name)
		}
		taken[policy.Name] = true
		policies = append(policies, policy)
	}
	fillFallbacks(policies)
	return policies
}

// freeName returns base, or base with the first number that makes it differ from
// what is taken.
func freeName(base string, taken map[string]bool) string {
	free := base
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s/%d", base, n)
	}
	return free
}

func readPolicy(s *section, group Group, known definitions) Policy {
	defer s.close()
	policy := Policy{
		Name: read(s, "name", "", name),
		Only: read(s, "only", "", oneOf("in", "out")),
	}
	switch s.choice("policy kind", "target", "step", "threshold", "schedule", "size", "webhook", "forecast") {
	case "target":
		policy.Target = readTarget(s.section("target"), group.Signals)
	case "step":
		policy.Step = readStep(s.section("step"), group.Signals)
	case "threshold":
		policy.Threshold = readThreshold(s.section("threshold"), group)
	case "schedule":
		policy.Schedule = readSchedule(s.section("schedule"), group)
		s.exclude("schedule", "has no meaning for a schedule, which bounds the group: remove it, and write only min, or only max", "only")
		return policy
	case "size":
		policy.Size = readSize(s.section("size"), group.Signals)
	case "webhook":
		policy.Webhook = readWebhook(s.section("webhook"), group.Signals)
	case "forecast":
		policy.Forecast = readForecast(s.section("forecast"), group, known)
	}
	s.about.bind(Rule{If: with("only", "in"), None: []string{"forecast"}})
	switch grows, shrinks := policy.ways(); {
	case policy.Only == "in" && policy.Forecast != nil:
		s.fault("only", "a forecast only ever adds, so that nothing is left of it: remove only")
	case policy.Only == "out" && shrinks && !grows:
		s.fault("only", "the policy never makes the group grow, so that nothing is left of it: remove only")
	case policy.Only == "in" && grows && !shrinks:
		s.fault("only", "the policy never makes the group shrink, so that nothing is left of it: remove only")
	}
	return policy
}

// readSize returns the name of the signal that says the size.
func readSize(s *section, signals []Signal) string {
	defer s.close()
	signal := signalOf(s, signals)
	if signal.hasSource() && signal.PerInstance() {
		s.fault("signal", "is about each instance, and only what is about the group can say its size: name another")
	}
	return signal.Name
}

// readWebhook returns the name of the signal whose values are changes.
func readWebhook(s *section, signals []Signal) string {
	defer s.close()
	signal := signalOf(s, signals)
	if signal.hasSource() && signal.Push == nil {
		s.fault("signal", "is not pushed, so that its values are no wishes for a change: name one with push, or write for example a target")
	}
	return signal.Name
}
