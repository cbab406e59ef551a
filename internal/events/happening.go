package events

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// decisionEvent says that another size was decided. What was decided in between two looks
// is told as one change.
func decisionEvent(was, is *fleet.GroupStatus) (Event, bool) {
	d, from := &is.Decision, was.Desired
	if was.Decision.At.IsZero() {
		from = d.From // before its first decision a group shows no size
	}
	if d.At.IsZero() || d.At.Equal(was.Decision.At) || from == is.Desired {
		return Event{}, false
	}
	to, reason := is.Desired, string(d.Reason)
	if d.From == d.To { // an earlier one changed the size
		reason = ""
	}
	return Event{
		At: d.At, Kind: KindDecision, Severity: KindDecision.Severity(), Group: is.Name, Reason: reason,
		From: &from, To: &to, Text: decisionText(is, from, to),
	}, true
}

func addedEvent(g *fleet.GroupStatus) Event {
	return Event{Kind: KindAdded, Severity: KindAdded.Severity(), Group: g.Name, Text: fmt.Sprintf("the group is configured now: %s, %d to %d", modeText(g.Mode), g.Min, g.Max)}
}

func removedEvent(g *fleet.GroupStatus) Event {
	return Event{Kind: KindRemoved, Severity: KindRemoved.Severity(), Group: g.Name, Text: "the group is configured no more"}
}

// drillEvent says how a fire drill of the group stands: it began, or is over.
func drillEvent(g *fleet.GroupStatus, d *fleet.Drill) Event {
	e := Event{Kind: KindDrill, Severity: KindDrill.Severity(), Group: g.Name, By: d.By, Reason: string(d.Outcome), Text: line("%s", d)}
	switch {
	case d.UnderWay():
		e.At = d.Began
	default:
		e.Over = true
	}
	if d.Outcome == fleet.DrillFailed {
		e.Severity = Warning
	}
	return e
}

// instances tells which instances came, went, and came into another phase. Before its first
// decision a group has not seen its instances, and shows a phase that is none.
func (b *Batch) instances(was, is *fleet.GroupStatus) {
	seen := !was.Decision.At.IsZero()
	old := make(map[string]*actions.InstanceStatus, len(was.Instances))
	for i := range was.Instances {
		old[was.Instances[i].Code] = &was.Instances[i]
	}
	event := func(kind Kind, in *actions.InstanceStatus, text string) {
		b.tell(Event{Kind: kind, Severity: kind.Severity(), Group: is.Name, Instance: in.Code, Reason: string(in.Phase), Text: text})
	}
	for i := range is.Instances {
		in := &is.Instances[i]
		before := old[in.Code]
		delete(old, in.Code)
		switch {
		case before == nil:
			event(KindCame, in, fmt.Sprintf("%s is on record now: %s, %s", in.Code, in.Phase.Text(), in.Goal.Text()))
		case before.Phase != in.Phase && seen:
			event(KindPhase, in, fmt.Sprintf("%s: %s (before: %s), %s", in.Code, in.Phase.Text(), before.Phase.Text(), in.Goal.Text()))
		}
	}
	for i := range was.Instances {
		if in := &was.Instances[i]; old[in.Code] != nil {
			event(KindWent, in, fmt.Sprintf("%s is on record no more (before: %s)", in.Code, in.Phase.Text()))
		}
	}
}
