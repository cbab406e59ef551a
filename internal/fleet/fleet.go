// Package fleet runs groups: it looks at the cloud, reads the signals, asks policy,
// sets goals, hands the instances to actions, and writes down what it decided.
//
// It promises:
//   - one goroutine at a time owns a group; no group waits for another, nor for a look at the
//     cloud, nor for a provider call;
//   - one observer per account looks at the cloud, whatever the number of groups;
//   - a decision is on disk, with the memory that it leaves, before anything acts
//     on it;
//   - a group in mode recommend runs in an [Advisor], which has no way to reach a
//     writing method of a provider.
//
// Cmd wires it together and httpd shows its state. It calls monitor, policy,
// actions, cloud and store, and is the only one to set goals.
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// How long Run lets work under way end after its context has ended.
const (
	stepGrace  = 4 * time.Second  // steps: they can be repeated
	orderGrace = 29 * time.Second // an order's answer: it is worth more
)

// Fleet is every group of this installation with the accounts that they run on. Its lists
// are for whoever builds it; from Run on they change by its own methods alone.
type Fleet struct {
	Observers []*Observer
	Accounts  []*actions.Account
	Groups    []*Group
	Advisors  []*Advisor

	mu      sync.RWMutex // guards the lists, which are replaced and never changed in place, and the next block
	running context.Context
	loops   map[any]loop // of what runs: *Observer, *Group
	ending  bool         // nothing is started any more

	changing sync.RWMutex // held for reading while something is started or halted
	school   school
}

// members are who belongs to the fleet at one time.
type members struct {
	observers []*Observer
	accounts  []*actions.Account
	groups    []*Group
	advisors  []*Advisor
}

func (f *Fleet) members() members {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return members{f.Observers, f.Accounts, f.Groups, f.Advisors}
}

// loop is something that runs until it is stopped.
type loop struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// Run runs everything until ctx ends, and returns when all that it started has
// ended.
func (f *Fleet) Run(ctx context.Context) error {
	f.mu.Lock()
	f.running, f.loops = ctx, map[any]loop{}
	for _, o := range f.Observers {
		f.begin(o, o.Run)
	}
	for _, g := range f.Groups {
		f.school.add(g.foresights[:]...)
		f.begin(g, g.Run)
	}
	for _, a := range f.Advisors {
		f.school.add(a.would.foresight)
		a.Start(ctx)
	}
	f.mu.Unlock()
	f.school.teach(ctx)
	return f.end(context.WithoutCancel(ctx))
}

// begin starts a loop. f.mu must be held.
func (f *Fleet) begin(of any, run func(context.Context) error) {
	ctx, stop := context.WithCancel(f.running)
	ended := make(chan struct{})
	f.loops[of] = loop{stop, ended}
	go func() {
		defer close(ended)
		_ = run(ctx) // which fails at nothing
	}()
}

// halt ends a loop, if there is one, and returns when it has ended.
func (f *Fleet) halt(of any) {
	f.mu.Lock()
	l, runs := f.loops[of]
	delete(f.loops, of)
	f.mu.Unlock()
	if runs {
		l.stop()
		<-l.ended
	}
}

// end waits until everything has ended that ran.
func (f *Fleet) end(ctx context.Context) error {
	f.mu.Lock()
	f.ending = true
	f.mu.Unlock()
	f.changing.Lock() // what is being started or halted
	defer f.changing.Unlock()
	now := f.members()
	for _, o := range now.observers {
		f.halt(o)
	}
	for _, g := range now.groups {
		f.halt(g)
	}
	for _, a := range now.advisors {
		a.Stop()
	}
	f.close(ctx, now)
	return nil
}

func (f *Fleet) close(ctx context.Context, all members) {
	var closing sync.WaitGroup
	for _, g := range all.groups {
		closing.Go(func() { g.closeCrew(ctx) })
	}
	for _, a := range all.accounts {
		closing.Go(func() { closeAccount(ctx, a) })
	}
	closing.Wait()
}

func (g *Group) closeCrew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stepGrace)
	defer cancel()
	g.Crew.Close(ctx)
}

func closeAccount(ctx context.Context, a *actions.Account) {
	ctx, cancel := context.WithTimeout(ctx, orderGrace)
	defer cancel()
	a.Close(ctx)
}

// Status describes every account and group.
func (f *Fleet) Status() Status {
	var s Status
	now := f.members()
	for _, o := range now.observers {
		s.Accounts = append(s.Accounts, o.status())
	}
	for _, a := range now.accounts {
		for i := range s.Accounts {
			if s.Accounts[i].Name == a.Name {
				s.Accounts[i].Orders, s.Accounts[i].Trouble = a.Unsettled(), a.Trouble()
			}
		}
	}
	for _, g := range now.groups {
		s.Groups = append(s.Groups, g.status())
	}
	for _, a := range now.advisors {
		s.Groups = append(s.Groups, a.status())
	}
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// Group describes one group. The error is an [UnknownGroupError] when there is none of the
// name.
func (f *Fleet) Group(name string) (GroupStatus, error) {
	if g, err := f.group(name); err == nil {
		return g.status(), nil
	}
	for _, a := range f.members().advisors {
		if a.Name == name {
			return a.status(), nil
		}
	}
	_, err := f.decider(name)
	return GroupStatus{}, err
}

// Override puts an operator's order about a group into force, until it is resumed or the
// order is over, also across restarts. A group that is paused stays as it is: nothing is
// decided, ordered or moved, and steps and orders under way come to their end.
func (f *Fleet) Override(ctx context.Context, group string, override policy.Override) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.Override(ctx, override)
}

// Resume ends an override, and lifts the quarantines of the group's instances, as by says; why may be empty.
func (f *Fleet) Resume(ctx context.Context, group, by, why string) error {
	g, err := f.group(group)
	if err != nil {
		return err
	}
	return g.Resume(ctx, by, why)
}

// group is the named one, which acts. The error is an [UnknownGroupError], or a
// [RefusedError] for a group that only recommends.
func (f *Fleet) group(name string) (*Group, error) {
	now := f.members()
	for _, g := range now.groups {
		if g.Name == name {
			return g, nil
		}
	}
	if slices.ContainsFunc(now.advisors, func(a *Advisor) bool { return a.Name == name }) {
		return nil, RefusedError{Why: fmt.Sprintf("group %s only recommends: write `mode: act` in its section of the configuration to have it steered", name)}
	}
	return nil, now.unknown(name)
}
