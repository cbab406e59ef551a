package fleet

import (
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
)

// buildsKept is how many of the newest builds a group learns from.
const buildsKept = 20

// learn takes the time from order to service of each instance that has come to serve for
// the first time since the last turn. What was taken on record ready-made tells nothing, nor
// does what was not to serve all the time.
func (g *Group) learn(s *state, instances []actions.InstanceStatus) {
	unborn := map[string]bool{}
	for _, in := range instances {
		switch {
		case in.Made.IsZero():
		case in.Joined.IsZero():
			always, known := g.unborn[in.Code]
			unborn[in.Code] = in.Goal == policy.InService && (always || !known)
		case g.unborn[in.Code] && in.Joined.After(in.Since):
			s.Builds = append(s.Builds, in.Joined.Sub(in.Since).Round(time.Second))
		}
	}
	g.unborn = unborn
	s.Builds = s.Builds[max(0, len(s.Builds)-buildsKept):]
	s.learnReturns(instances)
}

// learnReturns takes the time from the goal to service of each instance that stood by and
// serves since the last turn.
func (s *state) learnReturns(instances []actions.InstanceStatus) {
	var returning []string
	for _, in := range instances {
		switch {
		case standsBy(in):
			returning = append(returning, in.Code)
		case in.Goal != policy.InService || !slices.Contains(s.Returning, in.Code):
		case in.Joined.After(in.GoalSince):
			s.Returns = append(s.Returns, in.Joined.Sub(in.GoalSince).Round(time.Second))
		default:
			returning = append(returning, in.Code)
		}
	}
	s.Returning = returning
	s.Returns = s.Returns[max(0, len(s.Returns)-buildsKept):]
}

// standsBy says that the instance is stopped and could come back.
func standsBy(in actions.InstanceStatus) bool {
	return in.Goal == policy.Standby && in.Phase.Stage() == policy.Stopped && in.Quarantine == "" && !in.LeftAlone
}

// leads are the times that the group has learned, for the rules of the spec.
func (s *state) leads(spec *policy.Spec) forecast.Leads {
	return forecast.Leads{Serve: s.timeToServeBeside(assumedLead(spec)), Return: nineOfTen(s.Returns)}
}

// timeToServeBeside is timeToServe where as long as fewer than ten builds are known, the assumed
// time stands in for the others: a single one that went wrong, or well, moves nothing.
func (s *state) timeToServeBeside(assumed time.Duration) time.Duration {
	missing := 10 - len(s.Builds)
	if missing == 10 || missing <= 0 {
		return s.timeToServe()
	}
	return nineOfTen(append(slices.Repeat([]time.Duration{assumed}, missing), s.Builds...))
}

// assumedLead is how long instances take to serve as the spec's rules assume; 0 where none does.
func assumedLead(spec *policy.Spec) (lead time.Duration) {
	for i := range spec.Policies {
		if rule := spec.Policies[i].Forecast; rule != nil {
			lead = max(lead, rule.TimeToServe)
		}
	}
	return lead
}

// timeToServe is how long nine of ten builds took at most; 0 before the first.
func (s *state) timeToServe() time.Duration { return nineOfTen(s.Builds) }

// nineOfTen is the shortest time that nine of ten do not exceed; 0 of none.
func nineOfTen(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(9*len(sorted)+9)/10-1]
}
