package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// badge is a word that says of a group what is out of the ordinary.
type badge struct {
	text     string
	severity fleet.Severity
}

// badgesOf are the group's, the worst first.
func badgesOf(g fleet.GroupStatus) (badges []badge) {
	for _, c := range g.Concerns() {
		b := badge{badgeText(g, c), c.Severity}
		if b.text != "" && !slices.Contains(badges, b) { // signals all have the same
			badges = append(badges, b)
		}
	}
	return badges
}

// badgeText is empty for what the row shows already, and for what is as it should be.
func badgeText(g fleet.GroupStatus, c fleet.Concern) string {
	switch c.Kind {
	case fleet.ConcernHeld:
		if c.Severity == fleet.Info {
			return ""
		}
		return "HELD: " + strings.ToUpper(strings.ReplaceAll(c.About, "_", " "))
	case fleet.ConcernOverride:
		return overrideBadge(*g.Override)
	}
	text := badgeTexts[c.Kind]
	if strings.Contains(text, "%d") {
		return fmt.Sprintf(text, c.Count)
	}
	return text
}

var badgeTexts = map[fleet.ConcernKind]string{
	fleet.ConcernTrouble:     "STUCK",
	fleet.ConcernCapped:      "CAPPED, %d MORE",
	fleet.ConcernQuarantined: "QUARANTINE %d",
	fleet.ConcernLeftAlone:   "LEFT ALONE %d",
	fleet.ConcernDrifted:     "CHANGED BY HAND %d",
	fleet.ConcernStuck:       "CANNOT MOVE ON %d",
	fleet.ConcernFailing:     "FAILING %d",
	fleet.ConcernSignal:      "NO DATA",
	fleet.ConcernPast:        "BACKFILL UNREAD",
	fleet.ConcernForeign:     "NOT OURS %d",
	fleet.ConcernGivenUp:     "ROLLOUT GIVEN UP",
	fleet.ConcernRollout:     "ROLLOUT",
	fleet.ConcernDrill:       "DRILL",
	fleet.ConcernUnseen:      "NOT LOOKED AT YET",
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
func wantsAttention(g fleet.GroupStatus) bool { return g.NeedsAttention() }
