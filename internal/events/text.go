package events

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// noTime is that of an event whose status does not tell when.
var noTime time.Time

// maxText bounds an event's text, in characters.
const maxText = 500

// line is one line of text, whatever foreign text is in it.
func line(format string, args ...any) string {
	return oneLine(fmt.Sprintf(format, args...))
}

func oneLine(text string) string {
	return words.Clip(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return unicode.ReplacementChar
		}
	}, text), maxText)
}

// of makes a severity that of the group: what only is recommended hurts nobody.
func (s Severity) of(g *fleet.GroupStatus) Severity {
	switch {
	case g.Mode != "recommend" || s == Info:
		return s
	case s == Critical:
		return Warning
	default:
		return Info
	}
}

func decisionText(g *fleet.GroupStatus, from, to int) string {
	text := fmt.Sprintf("%d to %d", from, to)
	if g.Mode == "recommend" {
		text = "would go from " + text
	}
	d := &g.Decision
	if d.From == d.To { // the change itself is not in the newest decision
		return line("%s since the look before; by now: %s", text, d.Reason.Text())
	}
	text += fmt.Sprintf(" (%s): %s", d.Reason, d.Reason.Text())
	if len(d.Policies) > 0 {
		text += "; " + strings.Join(d.Policies, "; ")
	}
	return oneLine(text)
}

// capText names what keeps the group from being larger.
func capText(g *fleet.GroupStatus) string {
	if g.Capped.Reason == policy.ReasonAtCeiling {
		return "a schedule allows"
	}
	return fmt.Sprintf("max allows (%d)", g.Max)
}

func holdSeverity(hold policy.Hold) Severity {
	switch hold {
	case policy.HoldBrake, policy.HoldLaunches:
		return Critical
	case policy.HoldBake, policy.HoldYoung:
		return Info
	default:
		return Warning
	}
}

// holdText says what a hold means, and what ends it.
func holdText(hold policy.Hold) string {
	switch hold {
	case policy.HoldBrake:
		return "too many instances fail at once, so none is replaced: look at what they have in common"
	case policy.HoldLaunches:
		return "launch after launch never came to serve, so nothing is ordered: look at them and at the template, then resume the group"
	case policy.HoldRoom:
		return "more is missing than max leaves room for: look at the instances that are quarantined or left alone"
	case policy.HoldDoubt:
		return "what the account shows cannot be trusted just now, so none is sent away"
	case policy.HoldBake:
		return "instances of the changed template must serve for a while before the next are replaced"
	case policy.HoldYoung:
		return "those that could be sent away have not served for long enough"
	default:
		return fmt.Sprintf("not done for now (%s)", hold)
	}
}

// driftText says what was done to the instance.
func driftText(kind actions.DriftKind) string {
	switch kind {
	case actions.DriftStopped:
		return "turned off"
	case actions.DriftEnded:
		return "given an end"
	case actions.DriftRemoved:
		return "taken out of the pool"
	case actions.DriftAdded:
		return "put into the pool"
	case actions.DriftStarted:
		return "turned on"
	default:
		return string(kind)
	}
}
