package events

import (
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// doubts are conditions that are told only when they are seen to last: a signal that has
// no value now and then, or a look that failed, is no news. They begin at the third time
// that they were found, and end with the first at which they are not.
type doubts map[Subject]*doubt

type doubt struct {
	condition
	seen  int
	stamp time.Time // of the newest time
	round bool      // found in the look under way
}

// ripe is how many times a doubt is found before it is told.
const ripe = 3

// lookPace is how far apart two failed looks are to count as two.
const lookPace = 30 * time.Second

// look says which doubts began and ended with the look at now.
func (d doubts) look(status *fleet.Status, now time.Time) (told []Event) {
	for i := range status.Accounts {
		a := &status.Accounts[i]
		told = d.account(told, a, unseen(status, a.Name), now)
	}
	for i := range status.Groups {
		g := &status.Groups[i]
		for j := range g.Signals {
			if s := &g.Signals[j]; s.Silent() {
				told = d.find(told, signalCondition(g, s), g.Decision.At)
			}
		}
	}
	var ended []Event
	for subject, one := range d {
		if one.round {
			one.round = false
			continue
		}
		if delete(d, subject); one.seen >= ripe {
			ended = append(ended, one.ended())
		}
	}
	slices.SortFunc(ended, func(a, b Event) int { return strings.Compare(a.Account+a.Group+a.About, b.Account+b.Group+b.About) })
	return append(told, ended...)
}

// account finds that looks fail, unless the account's mode says it already.
func (d doubts) account(told []Event, a *fleet.AccountStatus, unseen int, now time.Time) []Event {
	if a.LookTrouble == "" {
		return told
	}
	c := condition{
		Event: Event{Kind: KindLook, Severity: KindLook.Severity(), Account: a.Name, Text: line("%s", a.LookTrouble)},
		over:  "looks at the account succeed again",
	}
	if unseen > 0 {
		c.Severity, c.Text = Critical, line("%d groups do nothing before a look succeeds: %s", unseen, a.LookTrouble)
	}
	if a.Mode == actions.DoubtBlind {
		if begun := d[c.Subject()]; begun != nil { // it goes on
			begun.round = true
		}
		return told
	}
	return d.find(told, c, now.Truncate(lookPace))
}

// unseen counts the groups that act on the account, and have not seen it since they were
// started: they do nothing.
func unseen(s *fleet.Status, account string) (n int) {
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Unseen && g.Account == account && g.Mode != "recommend" {
			n++
		}
	}
	return n
}

func (d doubts) find(told []Event, c condition, stamp time.Time) []Event {
	one := d[c.Subject()]
	if one == nil {
		one = &doubt{condition: c}
		d[c.Subject()] = one
	}
	one.round = true
	if stamp.Equal(one.stamp) {
		return told
	}
	one.stamp = stamp
	if one.seen++; one.seen == ripe {
		told = append(told, c.Event)
	}
	return told
}

func signalCondition(g *fleet.GroupStatus, s *fleet.SignalStatus) condition {
	why, _, _ := strings.Cut(s.Why, ":")
	return condition{
		Event: Event{
			Kind: KindSignal, Severity: severityIn(g, KindSignal.Severity()), Group: g.Name, About: s.Name, Reason: why,
			Text: noValueText(s),
		},
		over: "signal " + s.Name + " has a value again",
	}
}
