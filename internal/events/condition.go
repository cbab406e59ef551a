package events

import (
	"fmt"
	"slices"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// condition is something that lasts: the event that begins it, and what ends it.
type condition struct {
	Event
	over    string // the text of the event that ends it
	version string // another one is told as a change, as is another Reason
}

// ended is the event that ends the condition.
func (c *condition) ended() Event {
	e := c.Event
	e.At, e.Over, e.Text = noTime, true, c.over
	return e
}

// groupConditions are the conditions of a group, those of its instances last.
func groupConditions(g *fleet.GroupStatus) (list []condition) {
	add := func(kind Kind, c condition) {
		c.Kind, c.Group = kind, g.Name
		if c.Severity == "" {
			c.Severity = kind.Severity()
		}
		c.Severity = severityIn(g, c.Severity)
		list = append(list, c)
	}
	if g.Trouble != "" {
		add(KindTrouble, condition{Event: Event{Text: line("nothing is done until this succeeds: %s", g.Trouble)}, over: "things can be written down again"})
	}
	if c := g.Capped; c != nil {
		add(KindCapped, condition{
			Event: Event{At: c.Since, Reason: string(c.Reason), Text: fmt.Sprintf("%d more are wanted than %s: raise it, or find the load", c.Unmet, capText(g))},
			over:  "no more are wanted than the group may have",
		})
	}
	for _, hold := range g.Held {
		add(KindHeld, condition{
			Event: Event{About: string(hold), Reason: string(hold), Severity: fleet.HoldSeverity(hold), Text: holdText(hold)},
			over:  "not any more: " + hold.Text(),
		})
	}
	if o := g.Override; o != nil {
		severity := Info
		if o.Pauses() {
			severity = Warning
		}
		var size *int
		if o.Kind.Counts() {
			size = &o.Count
		}
		add(KindOverride, condition{
			Event:   Event{At: o.Since, Reason: string(o.Kind), By: o.By, To: size, Severity: severity, Text: oneLine(o.Text())},
			over:    line("no override is in force any more; it was: %s", o.Text()),
			version: line("%s %s", o.Since.UTC(), o),
		})
	}
	if c, lasts := rolloutCondition(g.Rollout); lasts {
		add(KindRollout, c)
	}
	if g.Shadow != nil && g.Shadow.Promoted {
		add(KindShadow, condition{Event: Event{Text: "the shadow is promoted: its rules decide"}, over: "the policies of the file decide again"})
	}
	for _, f := range g.Foreseen {
		if f.Abstains != "" {
			add(KindForecast, condition{
				Event: Event{About: f.Policy, Reason: string(f.Abstains), Text: fmt.Sprintf("%s abstains: %s", f.Policy, f.Abstains.Text())},
				over:  f.Policy + " forecasts again",
			})
		}
	}
	for i := range g.Instances {
		for _, c := range instanceConditions(&g.Instances[i]) {
			add(c.Kind, c)
		}
	}
	return list
}

func rolloutCondition(r *policy.Rollout) (condition, bool) {
	if r == nil || r.State == policy.RolloutDone || r.State == "" {
		return condition{}, false
	}
	c := condition{
		Event:   Event{At: r.Since, Reason: string(r.State), Text: line("instances of %s are replaced by those of %s", r.Previous, r.Configured)},
		over:    line("the rollout of %s is over", r.Configured),
		version: r.Configured,
	}
	if r.State == policy.RolloutGivenUp {
		c.Severity = Warning
		c.Text = line("the rollout of %s was given up: %s; correct the template, and name a new version", r.Configured, r.Why)
	}
	return c, true
}

func instanceConditions(in *actions.InstanceStatus) (list []condition) {
	if in.Quarantine != "" {
		list = append(list, condition{
			Event: Event{Kind: KindQuarantine, Instance: in.Code, Text: line("%s is quarantined: %s", in.Code, in.Quarantine)},
			over:  in.Code + " is not quarantined any more",
		})
	}
	if !in.Failing.IsZero() {
		list = append(list, condition{
			Event: Event{Kind: KindFailing, At: in.Failing, Instance: in.Code, Text: in.Code + " does not answer its probe"},
			over:  in.Code + " does not fail any more",
		})
	}
	if d := in.Drift; d != nil {
		list = append(list, condition{
			Event:   Event{Kind: KindDrift, At: d.Since, Instance: in.Code, Reason: string(d.Kind), Text: in.Code + " was " + d.Kind.Text()},
			over:    in.Code + " is not changed by somebody else any more",
			version: d.Since.UTC().String(),
		})
	}
	return list
}

// accountConditions are the conditions of accounts, save that looks fail: one that fails is no news.
func accountConditions(s *fleet.Status) (list []condition) {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		add := func(kind Kind, c condition) {
			c.Kind, c.Account = kind, a.Name
			if c.Severity == "" {
				c.Severity = kind.Severity()
			}
			list = append(list, c)
		}
		if a.Mode != "" && a.Mode != actions.DoubtNone {
			add(KindMode, condition{Event: Event{Reason: string(a.Mode), Text: line("%s: %s", a.Mode.Text(), a.ModeWhy)}, over: "the account can be trusted again"})
		}
		for _, o := range a.Orders {
			if c, lasts := orderCondition(&o); lasts {
				add(KindOrder, c)
			}
		}
		if a.Trouble != "" && lacks(s, a.Name) && !slices.ContainsFunc(a.Orders, lost) { // one that is lost says itself why
			add(KindNoOrder, condition{Event: Event{Text: failedOrderText(a)}, over: "orders do not fail any more"})
		}
	}
	return list
}

// failedOrderText tells why the last order failed, unless what is told of the account's mode does.
func failedOrderText(a *fleet.AccountStatus) string {
	if words.Unsaid(a.Trouble, a.ModeWhy) != a.Trouble {
		return "the last order failed: the cause is what keeps the account from being trusted"
	}
	return line("the last order failed: %s", a.Trouble)
}

// lacks says that a group on the account has fewer instances than were decided: else it does not matter
// that an order failed.
func lacks(s *fleet.Status, account string) bool {
	return slices.ContainsFunc(s.Groups, func(g fleet.GroupStatus) bool {
		return g.Account == account && g.Mode != "recommend" && g.Serving+g.Becoming < g.Desired
	})
}

func lost(o actions.OrderStatus) bool { return o.State != actions.IntentOpen }

// orderCondition is that of an order whose answer was lost.
func orderCondition(o *actions.OrderStatus) (condition, bool) {
	c := condition{
		Event: Event{At: o.At, Group: o.Group, About: o.ID, Reason: string(o.State)},
		over:  fmt.Sprintf("order %s (%d for %s) is settled", o.ID, o.Count, o.Group),
	}
	switch o.State {
	case actions.IntentUnknown:
		c.Text = fmt.Sprintf("order %s: the answer is lost, and the account is searched for the %d that it may have bought for %s", o.ID, o.Count, o.Group)
	case actions.IntentAsking:
		c.Severity = Critical
		c.Text = fmt.Sprintf("order %s: what came of the %d for %s is for a person to say, and nothing is ordered on this account until then: see `autoscaled orders`", o.ID, o.Count, o.Group)
	default:
		return condition{}, false
	}
	return c, true
}
