package events

import (
	"reflect"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// Compare says what is different in after, the later of two looks. With no look before,
// what is wrong begins, and nothing else has happened. Events have no number, and no
// time where the status tells none.
func Compare(before, after *fleet.Status) Batch {
	var b Batch
	if before == nil {
		b.first(after)
		return b
	}
	if !reflect.DeepEqual(before.Accounts, after.Accounts) {
		b.Accounts = after.Accounts
	}
	b.lasting(accountConditions(before), accountConditions(after))
	old := make(map[string]*fleet.GroupStatus, len(before.Groups))
	for i := range before.Groups {
		old[before.Groups[i].Name] = &before.Groups[i]
	}
	for i := range after.Groups {
		g := &after.Groups[i]
		was, known := old[g.Name]
		delete(old, g.Name)
		switch {
		case !known:
			b.added(g)
		case !alike(was, g):
			b.changed(was, g)
		}
	}
	for i := range before.Groups {
		if g := &before.Groups[i]; old[g.Name] != nil {
			b.removed(g)
		}
	}
	return b
}

// alike says that two states of a group are the same. Most that are not differ in when
// they were decided, and that is asked first.
func alike(a, b *fleet.GroupStatus) bool {
	return a.Decision.At.Equal(b.Decision.At) && reflect.DeepEqual(a, b)
}

// first is what there is to tell after a look without one before.
func (b *Batch) first(after *fleet.Status) {
	b.Accounts, b.Groups = after.Accounts, after.Groups
	b.lasting(nil, accountConditions(after))
	for i := range after.Groups {
		b.begun(&after.Groups[i])
	}
}

// begun tells what lasts in a group of which nothing was known.
func (b *Batch) begun(g *fleet.GroupStatus) {
	b.lasting(nil, groupConditions(g))
	if g.Drill.UnderWay() {
		b.tell(drillEvent(g, g.Drill))
	}
}

func (b *Batch) added(g *fleet.GroupStatus) {
	b.Groups = append(b.Groups, *g)
	b.tell(addedEvent(g))
	b.begun(g)
}

func (b *Batch) removed(g *fleet.GroupStatus) {
	b.Gone = append(b.Gone, g.Name)
	b.lasting(groupConditions(g), nil)
	b.drill(g, &fleet.GroupStatus{})
	b.tell(removedEvent(g))
}

func (b *Batch) changed(was, is *fleet.GroupStatus) {
	b.Groups = append(b.Groups, *is)
	if e, decided := decisionEvent(was, is); decided {
		b.tell(e)
	}
	b.instances(was, is)
	b.lasting(groupConditions(was), groupConditions(is))
	b.drill(was, is)
}

// drill tells of a fire drill that began or ended between two states of its group.
func (b *Batch) drill(was, is *fleet.GroupStatus) {
	before, now := was.Drill, is.Drill
	switch {
	case now == nil && before.UnderWay():
		b.tell(drillEvent(was, &fleet.Drill{ID: before.ID, Instance: before.Instance, Outcome: fleet.DrillFailed, Step: before.Step, Reason: "its group is gone"}))
	case now == nil:
	case before == nil || before.ID != now.ID || before.UnderWay() != now.UnderWay():
		b.tell(drillEvent(is, now))
	}
}

func (b *Batch) tell(e Event) { b.Events = append(b.Events, e) }

// lasting tells what of the conditions began, changed and ended.
func (b *Batch) lasting(before, after []condition) {
	if len(before) == 0 && len(after) == 0 {
		return
	}
	old := make(map[Subject]condition, len(before))
	for _, c := range before {
		old[c.Subject()] = c
	}
	for _, c := range after {
		was, known := old[c.Subject()]
		delete(old, c.Subject())
		if !known || was.Reason != c.Reason || was.version != c.version {
			b.tell(c.Event)
		}
	}
	for _, c := range before {
		if _, ended := old[c.Subject()]; ended {
			b.tell(c.ended())
		}
	}
}
