package actions

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// Assign sets goals, each instance's at most once, together with the caller's own
// documents: all of it is written, or nothing is changed. It leaves out what would
// let the group exceed max plus surge. Only fleet calls it.
func (c *Crew) Assign(assignments []policy.Assignment, with ...store.Writable) error {
	room, now := c.room(), c.Now()
	documents := with
	var changed []*instance
	var before []instanceRecords
	defer func() {
		for _, in := range changed {
			in.mu.Unlock()
		}
	}()
	for _, a := range assignments {
		in := c.instance(a.Code)
		if in == nil {
			continue
		}
		in.mu.Lock()
		more := occupies(a.Goal) && !occupies(in.goal.Value.Goal)
		if a.Goal == in.goal.Value.Goal || more && room <= 0 {
			in.mu.Unlock()
			continue
		}
		changed, before = append(changed, in), append(before, instanceRecords{in.goal.Value, in.facts.Value})
		in.goal.Value = goalRecord{a.Goal, now}
		if more {
			room--
		}
		if occupies(a.Goal) {
			in.facts.Value.Left, in.facts.Value.StopAsked, in.facts.Value.Rested = time.Time{}, time.Time{}, time.Time{}
		}
		documents = append(documents, in.goal, in.facts)
	}
	if len(documents) == 0 {
		return nil
	}
	if err := c.Journal.Write(documents...); err != nil {
		for i, in := range changed {
			in.goal.Value, in.facts.Value = before[i].goal, before[i].facts
		}
		return fmt.Errorf("set goals in group %s: %w", c.Group, err)
	}
	for _, in := range changed {
		in.retryAt = time.Time{} // the newest decision does not wait for the old one's pause
		c.Log.Info("goal", zap.String("instance", in.code), zap.String("goal", string(in.goal.Value.Goal)))
	}
	return nil
}

// instanceRecords are the records of an instance as they were.
type instanceRecords struct {
	goal  goalRecord
	facts Facts
}

// occupies says that an instance with this goal counts against max plus surge.
func occupies(goal policy.Goal) bool { return goal == policy.InService || goal == policy.Ready }

// Room is how many more instances may be brought up, those ordered and not yet on record
// included.
func (c *Crew) Room() int { return max(0, c.room()) }

// room is how many more instances may be wanted in service, those ordered and not
// yet on record included. No lock may be held.
func (c *Crew) room() int {
	ordered := c.Account.ordered(c.Group) // first, so that one recorded meanwhile counts twice rather than never
	return c.Max + c.Surge - ordered - c.active()
}

// active is the number of instances that serve, are becoming or are in a fire drill, as to
// their goal, also those in quarantine.
func (c *Crew) active() int {
	n := 0
	for _, in := range c.sorted() {
		in.mu.Lock()
		if occupies(in.goal.Value.Goal) {
			n++
		}
		in.mu.Unlock()
	}
	return n
}

// Order buys count machines for the group, in the background. It returns at once;
// the account says what became of it.
func (c *Crew) Order(count int) { c.Account.order(c, purchase{group: c.Group, count: count}) }

// OrderDrill is Order of one machine for a fire drill: its goal will be ready.
func (c *Crew) OrderDrill() { c.Account.order(c, purchase{group: c.Group, count: 1, drill: true}) }
