package page

import (
	"fmt"
	"slices"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// level says how soon somebody should look.
type level int

const (
	note     level = iota // worth knowing
	warning               // in working hours
	critical              // now
)

func (l level) String() string { return [...]string{"note", "warning", "critical"}[l] }

// concern is something about a group that a person should know of.
type concern struct {
	Level  level
	Key    string // of the catalogue: badge.Key names it, todo.Key says what to do
	Count  int    // how many it is about; 0: does not count
	Detail string // in the daemon's words
}

// concernKeys are all that concerns are called by, besides held.HOLD and override.KIND.
var concernKeys = []string{
	"trouble", "capped", "quarantined", "failing", "signal", "fault", "stuck", "left_alone", "rollout_given_up", "rollout", "drill", "recommend", "out_only", "undecided",
}

// concernsOf are those of a group, the gravest first.
func concernsOf(g *fleet.GroupStatus) []concern {
	var list []concern
	add := func(l level, key string, count int, detail string) {
		list = append(list, concern{l, key, count, detail})
	}
	if g.Trouble != "" {
		add(critical, "trouble", 0, g.Trouble)
	}
	if g.Capped != nil {
		add(critical, "capped", g.Capped.Unmet, "")
	}
	for _, hold := range g.Held {
		add(levelOf(hold), "held."+string(hold), 0, "")
	}
	list = append(list, instanceConcerns(g.Instances)...)
	if g.Failing > 0 {
		add(warning, "failing", g.Failing, "")
	}
	for i := range g.Signals {
		s := &g.Signals[i]
		switch {
		case s.FaultExpected:
		case s.Value == nil:
			add(warning, "signal", 0, s.Name+": "+s.Why)
		case s.Faults > 0:
			add(note, "fault", s.Faults, s.Name+": "+s.Fault)
		}
	}
	if o := g.Override; o != nil {
		add(warning, "override."+string(o.Kind), 0, "")
	}
	list = append(list, changeConcerns(g)...)
	if g.Mode == "recommend" { // nothing hangs on it
		for i := range list {
			list[i].Level = max(note, list[i].Level-1)
		}
	}
	slices.SortStableFunc(list, func(a, b concern) int { return int(b.Level - a.Level) })
	return list
}

// levelOf is how grave a hold is: some are the ordinary course of things.
func levelOf(hold policy.Hold) level {
	switch hold {
	case policy.HoldBake, policy.HoldYoung:
		return note
	case policy.HoldBrake, policy.HoldLaunches:
		return critical
	default:
		return warning
	}
}

// instanceConcerns are about the instances, together.
func instanceConcerns(instances []actions.InstanceStatus) (list []concern) {
	for i := range instances {
		in := &instances[i]
		switch {
		case in.Quarantine != "":
			list = counted(list, "quarantined", in.Code, in.Quarantine)
		case in.LeftAlone:
			list = counted(list, "left_alone", in.Code, in.Trouble)
		case in.Trouble != "":
			list = counted(list, "stuck", in.Code, in.Trouble)
		}
	}
	return list
}

// counted adds an instance to the concern of the key, whose detail is that of the first.
func counted(list []concern, key, code, detail string) []concern {
	for i := range list {
		if list[i].Key == key {
			list[i].Count++
			return list
		}
	}
	if detail != "" {
		detail = code + ": " + detail
	}
	return append(list, concern{warning, key, 1, detail})
}

// changeConcerns are about what somebody does with the group.
func changeConcerns(g *fleet.GroupStatus) (list []concern) {
	switch r := g.Rollout; {
	case r == nil:
	case r.State == policy.RolloutGivenUp:
		list = append(list, concern{Level: warning, Key: "rollout_given_up", Detail: fmt.Sprintf("%s → %s: %s", r.Previous, r.Configured, r.Why)})
	case r.State == policy.RolloutUnderWay:
		list = append(list, concern{Level: note, Key: "rollout", Detail: fmt.Sprintf("%s → %s", r.Previous, r.Configured)})
	}
	if g.Drill.UnderWay() {
		list = append(list, concern{Level: note, Key: "drill", Detail: g.Drill.String()})
	}
	switch g.Mode {
	case "recommend", "out_only":
		list = append(list, concern{Level: note, Key: g.Mode})
	}
	if g.Decision.At.IsZero() {
		list = append(list, concern{Level: note, Key: "undecided"})
	}
	return list
}

// gravest is the highest level of the concerns.
func gravest(concerns []concern) level {
	if len(concerns) == 0 {
		return note
	}
	return concerns[0].Level // they are sorted
}

// accountLevel is how soon somebody should look at an account.
func accountLevel(a *fleet.AccountStatus) level {
	l := note
	if a.LookTrouble != "" || a.Trouble != "" || a.Mode != "" && a.Mode != actions.DoubtNone {
		l = warning
	}
	for _, order := range a.Orders {
		if order.State == actions.IntentAsking {
			return critical
		}
		l = max(l, warning)
	}
	return l
}
