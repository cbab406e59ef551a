package main

import (
	"fmt"
	"strings"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// badge is a word that says of a group what is out of the ordinary.
type badge struct {
	text     string
	severity events.Severity
}

// badgesOf are the group's, the worst first.
func badgesOf(g fleet.GroupStatus) (badges []badge) {
	add := func(severity events.Severity, is bool, format string, args ...any) {
		if is {
			badges = append(badges, badge{fmt.Sprintf(format, args...), severity})
		}
	}
	quarantined, drifted, blind := counted(g)
	add(events.Critical, g.Trouble != "", "STUCK")
	add(events.Critical, g.Failing > 0, "FAILING %d", g.Failing)
	for _, hold := range g.Held {
		if holdSign(hold) != "" {
			badges = append(badges, badge{"HELD: " + strings.ToUpper(strings.ReplaceAll(string(hold), "_", " ")), events.Critical})
		}
	}
	if g.Override != nil {
		badges = append(badges, badge{overrideBadge(*g.Override), events.Warning})
	}
	if g.Capped != nil {
		badges = append(badges, badge{fmt.Sprintf("CAPPED, %d MORE", g.Capped.Unmet), events.Warning})
	}
	add(events.Warning, quarantined > 0, "QUARANTINE %d", quarantined)
	add(events.Warning, blind, "NO DATA")
	add(events.Warning, drifted > 0, "CHANGED BY HAND %d", drifted)
	if g.Rollout != nil {
		add(events.Warning, g.Rollout.State == policy.RolloutGivenUp, "ROLLOUT GIVEN UP")
		add(events.Info, g.Rollout.State == policy.RolloutUnderWay, "ROLLOUT")
	}
	add(events.Info, g.Drill.UnderWay(), "DRILL")
	return badges
}

// counted counts the instances that are set aside or were changed by somebody else, and says
// whether a signal has no value that should have one.
func counted(g fleet.GroupStatus) (quarantined, drifted int, blind bool) {
	for _, in := range g.Instances {
		if in.Quarantine != "" {
			quarantined++
		}
		if in.Drift != nil {
			drifted++
		}
	}
	for _, s := range g.Signals {
		blind = blind || s.Value == nil && !s.FaultExpected
	}
	return quarantined, drifted, blind
}

func overrideBadge(o policy.Override) string {
	switch o.Kind {
	case policy.PauseAll:
		return "PAUSED"
	case policy.PauseIn:
		return "NO SHRINKING"
	case policy.PauseOut:
		return "NO GROWING"
	case policy.AtLeast:
		return fmt.Sprintf("AT LEAST %d", o.Count)
	default:
		return fmt.Sprintf("HELD AT %d", o.Count)
	}
}

// wantsAttention says that somebody should look at the group.
func wantsAttention(g fleet.GroupStatus) bool {
	for _, b := range badgesOf(g) {
		if b.severity != events.Info {
			return true
		}
	}
	return false
}
