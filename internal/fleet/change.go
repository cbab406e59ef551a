package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// errEnding is the error for what is to begin while everything ends.
var errEnding = errors.New("autoscaled is ending: start it again")

// orderPoll is how often it is asked whether the answer to an order has come.
const orderPoll = 200 * time.Millisecond

// Halt ends a group's turns for good, and returns when nothing of it is under way any more
// but an order: its steps come to their end, or are broken off after some seconds.
// Its machines and records stay as they are, and it stays in the status until another is put
// in its place, or it is dropped.
func (f *Fleet) Halt(name string) {
	f.changing.RLock()
	defer f.changing.RUnlock()
	now := f.members()
	if i := slices.IndexFunc(now.groups, func(g *Group) bool { return g.Name == name }); i >= 0 {
		f.haltGroup(now.groups[i])
	}
	if i := slices.IndexFunc(now.advisors, func(a *Advisor) bool { return a.Name == name }); i >= 0 {
		now.advisors[i].Stop()
		f.school.drop(now.advisors[i].would.foresight)
	}
}

func (f *Fleet) haltGroup(g *Group) {
	f.halt(g)
	g.hands.Lock()
	g.halted = true
	g.hands.Unlock()
	g.closeCrew(context.Background())
	g.Observer.unsubscribe(g.Name, g.snapshots)
	f.school.drop(g.foresights[:]...)
}

// AwaitOrder waits until no answer to an order for a halted group is outstanding: what it
// bought is on record then, or its answer is lost, and the account looks for it. It returns
// false when ctx ended before.
func (f *Fleet) AwaitOrder(ctx context.Context, name string) bool {
	g, err := f.group(name)
	for err == nil && g.ordering() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(orderPoll):
		}
	}
	return true
}

// ordering says that the answer to an order for the group is outstanding.
func (g *Group) ordering() bool {
	lost := 0
	for _, order := range g.Crew.Account.Unsettled() {
		switch {
		case order.Group != g.Name:
		case order.State == actions.IntentOpen:
			return true
		case order.State == actions.IntentUnknown:
			lost += order.Count
		}
	}
	return g.Crew.Account.Pending(g.Name) > lost // what is about to be written down counts as well
}

// Dismiss makes a halted group's account take it for one that is not configured, so that
// what appears late is taken on record by nobody, or by the one that is put in its place.
func (f *Fleet) Dismiss(name string) {
	if g, err := f.group(name); err == nil {
		g.Crew.Account.Dismiss(g.Crew)
	}
}

// Put makes a group that acts part of the fleet, in the place of a halted one of its name,
// and lets it run. Its crew must be the one that its account serves. What was last seen and
// decided of the old one is shown of the new one until it has looked and decided itself.
func (f *Fleet) Put(g *Group) error {
	if old, err := f.group(g.Name); err == nil {
		g.succeed(old)
	}
	return f.put(g.Name, func() {
		f.Groups = append(f.Groups, g)
		if f.running != nil {
			f.school.add(g.foresights[:]...)
			f.begin(g, g.Run)
		}
	})
}

// PutAdvisor is Put of a group that recommends. What one of its name would have now, the new one
// goes on with.
func (f *Fleet) PutAdvisor(a *Advisor) error {
	now := f.members().advisors
	if i := slices.IndexFunc(now, func(old *Advisor) bool { return old.Name == a.Name }); i >= 0 {
		a.succeed(now[i])
	}
	return f.put(a.Name, func() {
		f.Advisors = append(f.Advisors, a)
		if f.running != nil {
			f.school.add(a.would.foresight)
			a.Start(f.running)
		}
	})
}

// succeed goes on with what the group would be, as a stopped advisor knew it.
func (a *Advisor) succeed(old *Advisor) {
	a.would.virtualState = old.would.clone()
	a.decider.succeed(&old.decider)
	a.desired = old.desired
	a.targeted.Store(old.targeted.Load())
}

// succeed shows of the group what its halted predecessor last saw and decided, until the
// group has looked, and decided, itself. It acts on none of that.
func (g *Group) succeed(old *Group) {
	g.decider.succeed(&old.decider)
	g.inherited = old.instances()
	old.mu.Lock()
	defer old.mu.Unlock()
	g.held, g.timeToServe = old.held, old.timeToServe
}

// instances are those of the group, and until it has looked as its predecessor saw them.
func (g *Group) instances() []actions.InstanceStatus {
	list := g.Crew.Instances()
	if g.looked.Load() {
		return list
	}
	for i := range list {
		is := &list[i]
		if j := slices.IndexFunc(g.inherited, func(in actions.InstanceStatus) bool { return in.Code == is.Code }); j >= 0 {
			was := g.inherited[j]
			was.Goal, was.GoalSince, was.Protected, was.Quarantine, was.Outdated = is.Goal, is.GoalSince, is.Protected, is.Quarantine, is.Outdated
			*is = was
		}
	}
	return list
}

// succeed shows what the observer's halted predecessor last found, until the first look: its
// snapshot itself goes to nobody.
func (o *Observer) succeed(old *Observer) {
	before := old.status()
	old.mu.Lock()
	class := old.class
	old.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before = before
	o.doubt, o.doubtWhy, o.class, o.trouble = before.Mode, before.ModeWhy, class, before.LookTrouble
}

// put takes the halted group of the name off the lists, and has add put another there.
func (f *Fleet) put(name string, add func()) error {
	f.changing.RLock()
	defer f.changing.RUnlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		return errEnding
	}
	if f.running != nil { // else nobody reads the lists yet, and no name comes twice
		f.takeOff(name)
	}
	add()
	return nil
}

// takeOff takes a group off the lists. f.mu must be held.
func (f *Fleet) takeOff(name string) {
	f.Groups = slices.DeleteFunc(slices.Clone(f.Groups), func(g *Group) bool { return g.Name == name })
	f.Advisors = slices.DeleteFunc(slices.Clone(f.Advisors), func(a *Advisor) bool { return a.Name == name })
}

// Drop takes a halted group out of the fleet, with its series.
func (f *Fleet) Drop(name string) {
	d, err := f.decider(name)
	f.Dismiss(name)
	f.mu.Lock()
	f.takeOff(name)
	f.mu.Unlock()
	if err == nil {
		d.Metrics.Forget(name)
	}
}

// PutObserver makes an observer part of the fleet, in the place of a halted one of its
// account, and lets it run.
func (f *Fleet) PutObserver(o *Observer) error {
	f.changing.RLock()
	defer f.changing.RUnlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		return errEnding
	}
	if i := slices.IndexFunc(f.Observers, func(old *Observer) bool { return old.Account == o.Account }); i >= 0 {
		o.succeed(f.Observers[i])
	}
	f.Observers = append(slices.DeleteFunc(slices.Clone(f.Observers), func(old *Observer) bool { return old.Account == o.Account }), o)
	if f.running != nil {
		f.begin(o, o.Run)
	}
	return nil
}

// PutOrders makes the orders of an account part of the fleet, in the place of closed ones.
func (f *Fleet) PutOrders(a *actions.Account) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Accounts = append(slices.DeleteFunc(slices.Clone(f.Accounts), func(old *actions.Account) bool { return old.Name == a.Name }), a)
}

// CloseOrders waits for an order of the account that is under way, for as long as at the end
// of everything; then it is broken off, and whoever takes over looks for what it bought.
func (f *Fleet) CloseOrders(account string) {
	for _, a := range f.members().accounts {
		if a.Name == account {
			closeAccount(context.Background(), a)
		}
	}
}

// HaltObserver ends the looks at an account.
func (f *Fleet) HaltObserver(account string) {
	f.changing.RLock()
	defer f.changing.RUnlock()
	for _, o := range f.members().observers {
		if o.Account == account {
			f.halt(o)
		}
	}
}

// DropOrders takes the closed orders of an account out of the fleet.
func (f *Fleet) DropOrders(account string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Accounts = slices.DeleteFunc(slices.Clone(f.Accounts), func(a *actions.Account) bool { return a.Name == account })
}

// DropObserver takes a halted observer out of the fleet, with the series of its account.
func (f *Fleet) DropObserver(account string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Observers = slices.DeleteFunc(slices.Clone(f.Observers), func(o *Observer) bool {
		if o.Account == account {
			o.Metrics.forgetAccount(account)
		}
		return o.Account == account
	})
}

// byHand does for a person what goes to the crew beside the group's goroutine, unless the
// group has been halted: another may have taken up its records since.
func (g *Group) byHand(do func() error) error {
	g.hands.RLock()
	defer g.hands.RUnlock()
	if g.halted {
		return g.gone()
	}
	return do()
}

// gone is the error for a command to a group that does not run any more.
func (g *Group) gone() error {
	return fmt.Errorf("group %s does not run just now: ask again in a moment, when it has taken up its new configuration, or start autoscaled again", g.Name)
}
