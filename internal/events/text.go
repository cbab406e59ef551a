package events

import (
	"fmt"
	"strings"
	"time"
	"unicode"

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

// severityIn makes a severity that of the group: what only is recommended hurts nobody, and
// nobody needs to be told of it by night.
func severityIn(g *fleet.GroupStatus, s Severity) Severity {
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
	text += ": " + d.Reason.Text()
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

// holdText says what a hold means, and what ends it.
func holdText(hold policy.Hold) string {
	switch text := hold.Text(); hold {
	case policy.HoldBrake:
		return text + ": look at what they have in common"
	case policy.HoldLaunches:
		return text + ": look at them and at the template, then resume the group"
	case policy.HoldRoom:
		return text + ": look at the instances that are quarantined or left alone"
	default:
		return text
	}
}

// modeText says what a group of the mode does.
func modeText(mode string) string {
	switch mode {
	case "act":
		return "it acts"
	case "out_only":
		return "it only grows"
	case "recommend":
		return "it only recommends"
	default:
		return mode
	}
}

// noValueText says that a signal has no value, and why. That it has none for want of one says nothing.
func noValueText(s *fleet.SignalStatus) string {
	text := "signal " + s.Name + " has no value"
	why, fault, _ := strings.Cut(s.Why, ": ")
	for _, absence := range policy.Absences() {
		if absence.String() == why && absence != policy.Absent {
			text += ": " + absence.Text()
		}
	}
	if fault != "" {
		text += ": " + fault
	}
	return oneLine(text)
}
